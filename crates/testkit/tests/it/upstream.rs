//! The fake upstream seen by a plain HTTP client: normal answers, scripted ones, and each way to misbehave.

use std::time::Duration;

use bailey_testkit::{Answer, Upstream};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};

const SOON: Duration = Duration::from_secs(10);

async fn ask(upstream: &Upstream, path: &str, body: &Value) -> hyper::Result<Response<Incoming>> {
    let connection = TcpStream::connect(upstream.address()).await.unwrap();
    let (mut sender, driver) = http1::handshake(TokioIo::new(connection)).await?;
    tokio::spawn(driver);
    let request = Request::post(path).header("authorization", "Bearer upstream-key");
    sender.send_request(request.body(Full::new(Bytes::from(body.to_string()))).unwrap()).await
}

async fn json_of(response: Response<Incoming>) -> Value {
    serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap()
}

/// The pieces' text, whether the end mark came, and the error that ended the body, if any.
async fn read_stream(response: Response<Incoming>) -> (String, bool, Option<hyper::Error>) {
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();
    let (mut raw, mut failed) = (Vec::new(), None);
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => raw.extend_from_slice(&frame.into_data().unwrap()),
            Err(error) => failed = Some(error),
        }
    }
    let raw = String::from_utf8(raw).unwrap();
    let events = raw.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
    let chunks = events.filter_map(|event| serde_json::from_str::<Value>(event).ok());
    let text = chunks
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned))
        .collect();
    (text, raw.ends_with("data: [DONE]\n\n"), failed)
}

fn chat(stream: bool) -> Value {
    json!({"model": "m", "stream": stream, "messages": [{"role": "user", "content": "one two three"}]})
}

#[tokio::test]
async fn normal_answers_echo_count_and_are_recorded() {
    let upstream = Upstream::start().unwrap();
    let answer = json_of(ask(&upstream, "/v1/chat/completions?a=b", &chat(false)).await.unwrap()).await;
    assert_eq!(answer["choices"][0]["message"]["content"], "echo: one two three");
    assert_eq!(answer["usage"], json!({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}));
    let (text, done, failed) =
        read_stream(ask(&upstream, "/v1/chat/completions", &chat(true)).await.unwrap()).await;
    assert_eq!((text.as_str(), done, failed.is_none()), ("echo: one two three", true, true));
    let vectors =
        json_of(ask(&upstream, "/v1/embeddings", &json!({"input": ["a", "b", "a"]})).await.unwrap()).await;
    assert_eq!(vectors["data"][0]["embedding"], vectors["data"][2]["embedding"]);
    assert_ne!(vectors["data"][0]["embedding"], vectors["data"][1]["embedding"]);
    let models = json_of(ask(&upstream, "/v1/models", &json!({})).await.unwrap()).await;
    assert_eq!(models["data"][0]["id"], "fake-chat");
    assert_eq!(ask(&upstream, "/v1/nothing", &json!({})).await.unwrap().status(), 404);

    let requests = upstream.requests();
    assert_eq!((requests.len(), upstream.request_count(), upstream.connections()), (5, 5, 5));
    assert_eq!((requests[0].method.as_str(), requests[0].path()), ("POST", "/v1/chat/completions"));
    assert_eq!(requests[0].target, "/v1/chat/completions?a=b");
    assert_eq!(requests[0].header("authorization"), Some("Bearer upstream-key"));
    assert_eq!(requests[0].json(), chat(false));
}

#[tokio::test]
async fn scripted_answers_come_once_and_in_order_then_the_standing_one() {
    let upstream = Upstream::start().unwrap();
    let headers = vec![("retry-after".to_owned(), "7".to_owned())];
    upstream.answer_next(Answer::Status { status: 429, headers, body: json!({"slow": "down"}) });
    upstream.answer_next(Answer::Malformed);
    upstream.answer_always(Answer::error(500, "server_error", "broken"));
    let first = ask(&upstream, "/v1/chat/completions", &chat(false)).await.unwrap();
    assert_eq!((first.status().as_u16(), first.headers()["retry-after"].to_str().unwrap()), (429, "7"));
    let second = ask(&upstream, "/v1/chat/completions", &chat(false)).await.unwrap();
    let body = second.into_body().collect().await.unwrap().to_bytes();
    assert!(serde_json::from_slice::<Value>(&body).is_err());
    for _ in 0..2 {
        let standing = ask(&upstream, "/v1/chat/completions", &chat(false)).await.unwrap();
        assert_eq!(standing.status(), 500);
        assert_eq!(json_of(standing).await["error"]["message"], "broken");
    }
}

#[tokio::test]
async fn a_held_stream_sends_what_the_test_says_and_notices_a_client_that_leaves() {
    let upstream = Upstream::start().unwrap();
    let held = upstream.hold_next();
    let response = timeout(SOON, ask(&upstream, "/v1/chat/completions", &chat(true))).await.unwrap().unwrap();
    timeout(SOON, upstream.requests_reach(1)).await.unwrap();
    let mut body = response.into_body();
    held.send("first");
    let frame = timeout(SOON, body.frame()).await.unwrap().unwrap().unwrap();
    assert!(String::from_utf8_lossy(frame.data_ref().unwrap()).contains("\"first\""));
    assert!(!held.is_abandoned());
    assert_eq!(upstream.open_connections(), 1);
    drop(body);
    timeout(SOON, held.abandoned()).await.unwrap();
    assert!(held.is_abandoned());
}

#[tokio::test]
async fn a_held_stream_ends_well_or_badly() {
    let upstream = Upstream::start().unwrap();
    let (well, badly) = (upstream.hold_next(), upstream.hold_next());
    well.send("whole");
    well.finish();
    let (text, done, failed) =
        read_stream(ask(&upstream, "/v1/chat/completions", &chat(true)).await.unwrap()).await;
    assert_eq!((text.as_str(), done, failed.is_none()), ("whole", true, true));
    let response = ask(&upstream, "/v1/chat/completions", &chat(true)).await.unwrap();
    badly.send("half");
    badly.cut();
    let (text, done, failed) = read_stream(response).await;
    assert!("half".starts_with(&text) && !done && failed.is_some());
}

#[tokio::test]
async fn streams_are_paced_cut_or_giant() {
    let upstream = Upstream::start().unwrap();
    upstream.answer_next(Answer::Stream { chunks: 3, every: Duration::from_millis(5) });
    upstream.answer_next(Answer::Cut { chunks: 2 });
    upstream.answer_next(Answer::Giant { bytes: 1 << 20 });
    let (text, done, _) =
        read_stream(ask(&upstream, "/v1/chat/completions", &chat(true)).await.unwrap()).await;
    assert_eq!((text.as_str(), done), ("0 1 2 ", true));
    let (_, done, failed) =
        read_stream(ask(&upstream, "/v1/chat/completions", &chat(true)).await.unwrap()).await;
    assert!(!done && failed.is_some());
    let (text, done, _) =
        read_stream(ask(&upstream, "/v1/chat/completions", &chat(true)).await.unwrap()).await;
    assert_eq!((text.len(), done), (1 << 20, true));
}

#[tokio::test]
async fn slow_silent_and_endless_answers_take_their_time() {
    let upstream = Upstream::start().unwrap();
    upstream.answer_next(Answer::Slow(Duration::from_millis(100)));
    let asked = std::time::Instant::now();
    assert_eq!(ask(&upstream, "/v1/chat/completions", &chat(false)).await.unwrap().status(), 200);
    assert!(asked.elapsed() >= Duration::from_millis(100));
    upstream.answer_next(Answer::Silent);
    let silent =
        timeout(Duration::from_millis(100), ask(&upstream, "/v1/chat/completions", &chat(false))).await;
    assert!(silent.is_err());
    upstream.answer_next(Answer::Endless { every: Duration::from_micros(10) });
    let mut body = ask(&upstream, "/v1/chat/completions", &chat(true)).await.unwrap().into_body();
    for _ in 0..50 {
        assert!(timeout(SOON, body.frame()).await.unwrap().unwrap().is_ok());
    }
    drop(upstream);
    assert!(timeout(SOON, body.collect()).await.unwrap().is_err());
}
