//! Upstreams that misbehave, and a flood of malformed requests: answers or clean ends, no panic, bounded memory.

use std::time::Duration;

use bailey_domain::clock::{Entropy as _, Fixed};
use bailey_domain::model::Dialect;
use bailey_gateway::Limits;
use bailey_testkit::Answer;

use super::client::Call;
use super::crude::{Crude, Does};
use super::world::{World, until};

const KEY: &str = "sk-hostile";

#[tokio::test]
async fn a_giant_answer_passes_and_is_metered() {
    let world = World::start();
    world.key(KEY);
    let bytes = 5 * 1024 * 1024;
    for is_stream in [false, true] {
        world.first.answer_next(Answer::Giant { bytes });
        let call = if is_stream {
            world.chat_stream(KEY, "chat", "one two")
        } else {
            world.chat(KEY, "chat", "one two")
        };
        let answer = call.send(world.address).await;
        assert_eq!(answer.status, 200);
        assert!(
            answer.body.len() > bytes
                && answer.body.ends_with(if is_stream { b"data: [DONE]\n\n" } else { b"}" })
        );
        let usage = world.usage().await;
        assert_eq!((usage.input_tokens, usage.output_tokens), (if is_stream { 1 } else { 2 }, 1));
    }
}

/// The most that the kernel keeps for one connection, sent and not yet read.
fn socket_buffers() -> u64 {
    let most = |direction: &str| -> u64 {
        let path = format!("/proc/sys/net/ipv4/tcp_{direction}");
        std::fs::read_to_string(path).unwrap().split_whitespace().last().unwrap().parse().unwrap()
    };
    most("rmem") + most("wmem")
}

/// More than a hundred mebibytes go through, and what the gateway holds of them does not depend on how many there are: when
/// the client stops reading, so does the upstream's writing, after what fits into the two connections between.
#[tokio::test]
async fn a_flood_waits_for_its_reader() {
    const OWN: u64 = 4 * 1024 * 1024;
    let most_held = 2 * socket_buffers() + OWN;
    let bytes = 100 * 1024 * 1024 + most_held;
    let world = World::start();
    world.key(KEY);
    for is_stream in [false, true] {
        world.first.answer_next(Answer::Flood { bytes });
        let call = if is_stream { world.chat_stream(KEY, "chat", "x") } else { world.chat(KEY, "chat", "x") };
        let before = world.first.flooded();
        let mut reading = call.stream(world.address).await;
        reading.next().await.unwrap().unwrap();
        let mut last = u64::MAX;
        until("nothing moves any more", || {
            let gone = world.first.flooded() - before;
            std::mem::replace(&mut last, gone) == gone
        })
        .await;
        // Whoever looks twice in a short time may see a pause; what counts is that it does not get further than this.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let held = world.first.flooded() - before;
        assert!((1..most_held).contains(&held), "{held} bytes are on the way");
        let mut got = 0;
        while let Some(piece) = reading.next().await {
            got += piece.unwrap().len() as u64;
        }
        assert!(got > bytes - 128 * 1024 && world.first.flooded() - before >= bytes, "{got}");
        let usage = world.usage().await;
        assert_eq!((usage.status, usage.input_tokens, usage.output_tokens), (200, 1, 1));
    }
}

/// The request is not sent again: the upstream has done the work.
#[tokio::test]
async fn a_whole_answer_that_breaks_off_is_unavailable() {
    let world = World::start();
    world.key(KEY);
    world.first.answer_next(Answer::CutBody);
    let answer = world.chat(KEY, "pair", "x").send(world.address).await;
    assert_eq!(answer.error(), (503, "ModelUnavailable".to_owned(), Some("upstream_unavailable")));
    assert_eq!(world.second.request_count(), 0);
    assert_eq!(world.refused().await.decision.reason.unwrap().name(), "upstream_unavailable");
}

#[tokio::test]
async fn a_stream_that_is_cut_within_an_event_ends_with_an_error_of_its_own() {
    let world = World::start();
    world.key(KEY);
    world.first.answer_next(Answer::CutWithin { chunks: 2 });
    let rest = world.chat_stream(KEY, "pair", "x").stream(world.address).await.rest().await;
    let events: Vec<&str> = rest.split("\n\n").filter(|event| !event.is_empty()).collect();
    assert_eq!(events.len(), 3, "two whole ones and the error; half a one does not pass: {rest}");
    let error = events[2].strip_prefix("data: ").unwrap();
    let error: serde_json::Value = serde_json::from_str(error).unwrap();
    assert_eq!(error["error"]["code"], "ModelUnavailable");
    assert_eq!(world.second.request_count(), 0);
    until("the upstream connection is closed", || world.first.open_connections() == 0).await;
}

#[tokio::test]
async fn a_body_in_small_pieces_is_waited_for() {
    let limits = Limits { idle_timeout: Duration::from_millis(300), ..Limits::default() };
    let world = World::with(limits, 100);
    world.key(KEY);
    world.first.answer_next(Answer::Trickle { pieces: 20, every: Duration::from_millis(30) });
    let begun = std::time::Instant::now();
    let answer = world.chat(KEY, "chat", "hello").send(world.address).await;
    assert!(begun.elapsed() >= Duration::from_millis(600), "longer than may pass without a piece");
    assert_eq!(answer.json()["choices"][0]["message"]["content"], "echo: hello");
    world.first.answer_next(Answer::Slow(Duration::from_millis(400)));
    assert_eq!(world.chat(KEY, "chat", "x").send(world.address).await.status, 200, "a slow head is not idle");
    world.first.answer_next(Answer::Trickle { pieces: 2, every: Duration::from_secs(5) });
    assert_eq!(world.chat(KEY, "pair", "x").send(world.address).await.error().0, 504);
    assert_eq!(world.second.request_count(), 0);
}

#[tokio::test]
async fn a_never_ending_answer_ends_with_its_reader() {
    let world = World::start();
    world.key(KEY);
    world.first.answer_next(Answer::Endless { every: Duration::ZERO });
    let mut stream = world.chat_stream(KEY, "chat", "x").stream(world.address).await;
    for _ in 0..200 {
        stream.next().await.unwrap().unwrap();
    }
    drop(stream);
    world.usage().await;
    until("the upstream connection is closed", || world.first.open_connections() == 0).await;
}

#[tokio::test]
async fn malformed_answers_pass_or_end_cleanly() {
    let world = World::start();
    world.key(KEY);
    world.first.answer_always(Answer::Malformed);
    let answer = world.chat(KEY, "chat", "x").send(world.address).await;
    assert_eq!(answer.status, 200, "what the upstream says is the client's to read");
    let rest = world.chat_stream(KEY, "chat", "x").stream(world.address).await.rest().await;
    assert_eq!(rest, "data: {\"choices\":[{\n\n");
    for _ in 0..2 {
        assert_eq!(world.usage().await.output_tokens, 0);
    }
}

/// Not HTTP at all, heads that never end, bodies shorter and longer than they say.
#[tokio::test]
async fn upstreams_that_speak_something_else_are_unavailable() {
    let world = World::start();
    world.key(KEY);
    for says in [
        "SSH-2.0-OpenSSH\r\n".to_owned(),
        String::new(),
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!".to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nshort".to_owned(),
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(1024 * 1024)),
        format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(5000)),
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n".to_owned(),
        "HTTP/1.1 600 Odd\r\ncontent-length: 0\r\n\r\n".to_owned(),
    ] {
        let upstream = Crude::says(&says).await;
        world.apply(vec![world.provider("first", Dialect::OpenAi, &upstream.base_url(), true)]);
        let answer = world.chat(KEY, "chat", "x").send(world.address).await;
        let told = &says[..says.len().min(60)];
        assert_eq!(
            answer.error(),
            (503, "ModelUnavailable".to_owned(), Some("upstream_unavailable")),
            "{told}"
        );
        assert_eq!(world.refused().await.decision.reason.unwrap().name(), "upstream_unavailable");
    }
    // More than was announced is not the answer's, and is not taken for the next one either.
    let upstream = Crude::says("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nbad").await;
    world.apply(vec![world.provider("first", Dialect::OpenAi, &upstream.base_url(), true)]);
    for _ in 0..3 {
        assert_eq!(world.chat(KEY, "chat", "x").send(world.address).await.body, "{}");
    }
}

/// A request that a kept connection swallows is sent again once, on a new one; a new one's failure is final.
#[tokio::test]
async fn a_request_is_sent_again_only_when_a_kept_connection_swallowed_it() {
    let world = World::start();
    world.key(KEY);
    let upstream = Crude::start(Does::SwallowsTheSecond).await;
    world.apply(vec![world.provider("first", Dialect::OpenAi, &upstream.base_url(), true)]);
    for (requests, connections) in [(1, 1), (3, 2), (5, 3)] {
        assert_eq!(world.chat(KEY, "chat", "x").send(world.address).await.status, 200);
        assert_eq!(upstream.counts(), (requests, connections));
    }
    let never = Crude::says("").await;
    world.apply(vec![world.provider("first", Dialect::OpenAi, &never.base_url(), true)]);
    assert_eq!(world.chat(KEY, "chat", "x").send(world.address).await.status, 503);
    assert_eq!(never.counts(), (1, 1));
}

#[tokio::test]
async fn malformed_requests_get_an_answer_below_500() {
    let world = World::start();
    world.key(KEY);
    let entropy = Fixed::seeded(99);
    let whole = super::world::chat("demo-chat", "hello \u{e9}").to_string().into_bytes();
    for round in 0..400 {
        let mut body = whole.clone();
        for _ in 0..=round % 4 {
            let place = usize::try_from(entropy.number() % body.len() as u64).unwrap();
            match entropy.number() % 3 {
                0 => body[place] = u8::try_from(entropy.number() % 256).unwrap(),
                1 => drop(body.remove(place)),
                _ => body.insert(place, b"{}[]\",:\\n0"[usize::try_from(entropy.number() % 10).unwrap()]),
            }
        }
        let path = ["/v1/chat/completions", "/compatible-mode/v1/embeddings"][round % 2];
        let answer = Call::post(path, body.clone()).key(KEY).send(world.address).await;
        assert!(answer.status.as_u16() < 500, "{:?}: {:?}", String::from_utf8_lossy(&body), answer.body);
        if answer.status != 200 {
            answer.error();
        }
    }
    assert_eq!(world.directory.census().flights, 0);
}
