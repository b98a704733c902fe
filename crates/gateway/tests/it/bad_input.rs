//! What is wrong with a request itself.

use bailey_gateway::Limits;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::client::{Answer, Call};
use super::world::{World, chat};

const KEY: &str = "sk-input";

async fn send(world: &World, body: impl Into<bytes::Bytes>) -> Answer {
    Call::post("/v1/chat/completions", body).key(KEY).send(world.address).await
}

fn world() -> World {
    let world = World::with(Limits { body_bytes: 200_000, ..Limits::default() }, 100);
    world.key(KEY);
    world
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_named() {
    let world = world();
    for (body, param, part) in [
        (&b""[..], None, "empty"),
        (b"{\"model\":\"m\"", None, "line 1 column 12"),
        (b"\xff\xfe", None, "UTF-8"),
        (b"[]", None, "JSON object"),
        (b"{\"messages\":[1]}", Some("model"), "missing"),
        (b"{\"model\":\"demo-chat\"}", Some("messages"), "missing"),
        (b"{\"model\":\"demo-chat\",\"messages\":[1],\"stream\":1}", Some("stream"), "true"),
        (b"{\"model\":\"demo-chat\",\"model\":\"chat\",\"messages\":[1]}", None, "duplicate field `model`"),
    ] {
        let answer = send(&world, body).await;
        assert_eq!(answer.error(), (400, "invalid_request_error".to_owned(), None));
        let error = &answer.json()["error"];
        assert_eq!(error["param"].as_str(), param);
        assert_eq!(error["type"], "invalid_request_error");
        assert!(error["message"].as_str().unwrap().contains(part), "{error}");
    }
    world.no_more_records();
}

#[tokio::test]
async fn only_plain_json_is_taken() {
    let world = world();
    let body = chat("demo-chat", "x");
    for kind in [
        "application/x-www-form-urlencoded",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "",
    ] {
        let answer = world
            .post("/v1/chat/completions", KEY, &body)
            .with("content-type", kind)
            .send(world.address)
            .await;
        assert_eq!(answer.error(), (415, "unsupported_media_type".to_owned(), None), "{kind}");
    }
    let coded = world.post("/v1/chat/completions", KEY, &body).with("content-encoding", "gzip");
    assert_eq!(coded.send(world.address).await.error().0, 415);
    for kind in ["Application/JSON", "application/json; charset=utf-8"] {
        let answer = world
            .post("/v1/chat/completions", KEY, &body)
            .with("content-type", kind)
            .send(world.address)
            .await;
        assert_eq!(answer.status, 200, "{kind}");
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_before_it_is_read() {
    let world = world();
    let answer = send(&world, vec![b' '; 200_001]).await;
    assert_eq!(answer.error(), (413, "request_too_large".to_owned(), None));
    assert!(answer.json()["error"]["message"].as_str().unwrap().contains("200000"));
    assert_eq!(send(&world, format!("{}{}", chat("demo-chat", "x"), " ".repeat(190_000))).await.status, 200);
    // The declared length is enough.
    let answer =
        raw(&world, &format!("authorization: Bearer {KEY}\r\ncontent-length: 999999999\r\n"), "{").await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    // Whoever asks before sending is not told to go on, but the answer.
    let headers =
        format!("authorization: Bearer {KEY}\r\nexpect: 100-continue\r\ncontent-length: 200001\r\n");
    let answer = raw(&world, &headers, "").await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    // Without a length, the bytes count.
    let chunk = format!("{:x}\r\n{}\r\n", 150_000, " ".repeat(150_000));
    let headers = format!("authorization: Bearer {KEY}\r\ntransfer-encoding: chunked\r\n");
    let answer = raw(&world, &headers, &format!("{chunk}{chunk}0\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn headers_over_32_kib_are_answered_431() {
    let world = world();
    for (length, status) in [(31 * 1024, "401"), (33 * 1024, "431")] {
        let headers = format!("content-length: 0\r\nx-long: {}\r\n", "x".repeat(length));
        let answer = raw(&world, &headers, "").await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{length}: {answer}");
    }
}

#[tokio::test]
async fn a_long_body_of_anybody_is_not_read() {
    let world = world();
    for headers in ["content-length: 100000\r\n", "transfer-encoding: chunked\r\n"] {
        for key in ["", "x-api-key: sk-unknown\r\n"] {
            // Not a byte of the body is sent, and the answer comes all the same.
            let answer = raw(&world, &format!("{key}{headers}"), "").await;
            assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
        }
    }
}

/// Sends a request as it is, reads what comes within the client's patience.
async fn raw(world: &World, headers: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The gateway may have answered and closed before all is sent.
    let _ = stream.write_all(body.as_bytes()).await;
    let mut answer = [0; 1024];
    let read = tokio::time::timeout(super::client::LONG, stream.read(&mut answer))
        .await
        .expect("an answer comes")
        .unwrap();
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

#[tokio::test]
async fn unknown_fields_of_any_depth_are_no_trouble() {
    let world = world();
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    let body = format!(r#"{{"model":"chat","x":{deep},"messages":[{{"role":"user","content":"a"}}]}}"#);
    assert_eq!(send(&world, body.clone()).await.status, 200);
    assert_eq!(world.first.requests()[0].body, body.replace(r#""chat""#, r#""org/real""#));
    let deep_message = json!({"model": "demo-chat", "messages": "M"}).to_string().replace("\"M\"", &deep);
    assert_eq!(send(&world, deep_message).await.error().0, 400);
}
