//! Dialling: what may be reached, how long it may take, TLS.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bailey_domain::model::Dialect;
use bailey_gateway::Limits;
use bailey_testkit::Answer;
use tokio::net::TcpListener;

use super::crude::answer_once;
use super::world::World;

const KEY: &str = "sk-outbound";

fn leads_to(world: &World, base_url: &str, allow_private: bool) {
    world.apply(vec![world.provider("first", Dialect::OpenAi, base_url, allow_private)]);
}

#[tokio::test]
async fn private_addresses_are_not_dialled_unless_allowed() {
    let world = World::start();
    world.key(KEY);
    let port = world.first.address().port();
    for host in
        ["127.0.0.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]", "169.254.169.254", "2130706433", "127.1"]
    {
        leads_to(&world, &format!("http://{host}:{port}/v1"), false);
        let answer = world.chat(KEY, "chat", "x").send(world.address).await;
        assert_eq!(
            answer.error(),
            (503, "ModelUnavailable".to_owned(), Some("upstream_unavailable")),
            "{host}"
        );
    }
    assert_eq!(world.first.connections(), 0);
    leads_to(&world, &format!("http://localhost:{port}/v1"), true);
    assert_eq!(world.chat(KEY, "chat", "x").send(world.address).await.status, 200);
}

#[tokio::test]
async fn a_provider_that_cannot_be_called_is_unavailable() {
    let world = World::start();
    world.key(KEY);
    for base_url in ["", "not a url", "ftp://127.0.0.1/", "http://user:secret@127.0.0.1/v1"] {
        leads_to(&world, base_url, true);
        let answer = world.chat(KEY, "chat", "x").send(world.address).await;
        assert_eq!(answer.error().0, 503, "{base_url}");
    }
}

/// Not even where the provider may be at private addresses itself: the credential would go along.
#[tokio::test]
async fn a_redirect_is_not_followed() {
    let world = World::start();
    world.key(KEY);
    let to = format!("{}/chat/completions", world.second.base_url());
    for status in [301, 302, 303, 307, 308] {
        leads_to(&world, &world.first.base_url(), true);
        let headers = vec![("location".to_owned(), to.clone())];
        world.first.answer_next(Answer::Status { status, headers, body: serde_json::json!({}) });
        let answer = world.chat(KEY, "chat", "x").send(world.address).await;
        assert_eq!((answer.error().0, answer.header("location")), (503, None), "{status}");
    }
    assert_eq!((world.first.request_count(), world.second.connections()), (5, 0));
}

#[tokio::test]
async fn silence_before_the_first_byte_is_a_timeout() {
    let limits = Limits { first_byte_timeout: Duration::from_millis(80), ..Limits::default() };
    let world = World::with(limits, 100);
    world.key(KEY);
    world.first.answer_next(Answer::Silent);
    let begun = Instant::now();
    let answer = world.chat(KEY, "pair", "x").send(world.address).await;
    assert_eq!(answer.error(), (504, "RequestTimeOut".to_owned(), Some("upstream_timeout")));
    assert!(begun.elapsed() >= Duration::from_millis(80));
    assert_eq!(world.second.request_count(), 0, "the first may still be doing it");
    assert_eq!(world.refused().await.decision.reason.unwrap().name(), "upstream_timeout");
    world.no_more_records();
}

#[tokio::test]
async fn silence_between_pieces_ends_a_stream_with_an_error() {
    let limits = Limits { idle_timeout: Duration::from_millis(80), ..Limits::default() };
    let world = World::with(limits, 100);
    world.key(KEY);
    let held = world.first.hold_next();
    let mut stream = world.chat_stream(KEY, "chat", "x").stream(world.address).await;
    for _ in 0..4 {
        // Slow is fine; each piece starts the time anew.
        tokio::time::sleep(Duration::from_millis(40)).await;
        held.send("x");
        stream.next().await.unwrap().unwrap();
    }
    let rest = stream.rest().await;
    assert!(rest.starts_with("data: {\"error\":") && rest.contains("RequestTimeOut"), "{rest}");
    tokio::time::timeout(Duration::from_secs(5), held.abandoned()).await.unwrap();
}

#[tokio::test]
async fn a_name_that_answers_no_connection_is_passed_over_in_time() {
    let limits = Limits { connect_timeout: Duration::from_millis(100), ..Limits::default() };
    let world = World::with(limits, 100);
    world.key(KEY);
    // It accepts, but speaks no TLS, so the connection never comes to speak.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    leads_to(&world, &format!("https://{}/v1", silent.local_addr().unwrap()), true);
    let answer = world.chat(KEY, "pair", "x").send(world.address).await;
    assert_eq!((answer.status.as_u16(), world.second.request_count()), (200, 1));
}

#[tokio::test]
async fn https_upstreams_must_be_who_they_say() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let authority = made.cert.der().clone();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![authority.clone()], key)
            .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    answer_once(&mut stream).await;
                }
            });
        }
    });
    for (host, authorities, expected) in [
        ("localhost", vec![authority.clone()], 200),
        ("127.0.0.1", vec![authority.clone()], 503),
        ("localhost", Vec::new(), 503),
    ] {
        let world = World::trusting(authorities);
        world.key(KEY);
        leads_to(&world, &format!("https://{host}:{port}/v1"), true);
        for _ in 0..2 {
            assert_eq!(
                world.chat(KEY, "chat", "x").send(world.address).await.status.as_u16(),
                expected,
                "{host}"
            );
        }
    }
}
