//! Five hundred clients at once, an upstream that counts, and a clock that the test moves: over any rolling period never
//! one more than the limit, and under steady overload hardly one less.

use std::net::SocketAddr;

use bailey_domain::change::LimitLevel;
use bailey_domain::limit::{ModelLimits, Rate};
use bailey_gateway::Limits;
use bailey_testkit::Answer;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::world::{World, chat};

const CLIENTS: usize = 500;
const KEY: &str = "sk-crowd";
const PERIOD_MS: i64 = 1000;
const PERIODS: i64 = 2;

/// A client that keeps its connection.
async fn client(to: SocketAddr) -> SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(to).await.unwrap();
    let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

async fn ask(client: &mut SendRequest<Full<Bytes>>, body: Bytes) -> StatusCode {
    client.ready().await.unwrap();
    let request = Request::post("/v1/chat/completions")
        .header("host", "gateway")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {KEY}"))
        .body(Full::new(body))
        .unwrap();
    let response = client.send_request(request).await.unwrap();
    let status = response.status();
    response.into_body().collect().await.unwrap();
    status
}

/// How many of the crowd were admitted, at each moment that all of them came at once.
async fn crowd(world: &World, body: &Bytes) -> Vec<(i64, u64)> {
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(client(world.address).await);
    }
    let (begin, mut admitted) = (world.now_ms(), Vec::new());
    let mut step = 0;
    while world.now_ms() < begin + PERIODS * PERIOD_MS {
        let mut calls = JoinSet::new();
        for mut client in clients.drain(..) {
            let body = body.clone();
            calls.spawn(async move { (ask(&mut client, body).await, client) });
        }
        let mut count = 0;
        while let Some(answered) = calls.join_next().await {
            let (status, client) = answered.unwrap();
            assert!(matches!(status.as_u16(), 200 | 429), "{status}");
            count += u64::from(status == 200);
            clients.push(client);
        }
        admitted.push((world.now_ms(), count));
        // Steps of no regular length, so that they meet the borders of slots everywhere.
        step = (step * 7 + 5) % 17;
        world.clock.advance_ms(12 + step);
    }
    admitted
}

/// The most that any rolling period has.
fn most(admitted: &[(i64, u64)]) -> u64 {
    let within = |end: i64| {
        admitted
            .iter()
            .filter(move |(at, _)| *at > end - PERIOD_MS && *at <= end)
            .map(|(_, count)| count)
            .sum()
    };
    admitted.iter().map(|(end, _)| within(*end)).max().unwrap_or(0)
}

fn all(admitted: &[(i64, u64)]) -> u64 {
    admitted.iter().map(|(_, count)| count).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_of_five_hundred_clients_never_pass_the_limit_nor_fall_behind_it() {
    const LIMIT: u64 = 700;
    let world = World::threaded(2, Limits::default(), 1000);
    world.key(KEY);
    let rate = Rate { amount: LIMIT, period_seconds: 1 };
    let limits = ModelLimits { requests: Some(rate), ..ModelLimits::NONE };
    world.limits(LimitLevel::Workspace(world.workspace), "chat", limits);
    let admitted = crowd(&world, &chat("chat", "x").to_string().into()).await;
    assert_eq!(u64::try_from(world.first.request_count()).unwrap(), all(&admitted));
    assert_eq!(most(&admitted), LIMIT);
    let periods = u64::try_from(PERIODS).unwrap();
    assert!(all(&admitted) * 100 >= LIMIT * periods * 97, "{} in {periods} periods", all(&admitted));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_of_five_hundred_clients_never_pass_the_limit() {
    const LIMIT: u64 = 20_000;
    const USED: u64 = 40;
    let world = World::threaded(2, Limits::default(), 1000);
    world.key(KEY);
    let rate = Rate { amount: LIMIT, period_seconds: 1 };
    let limits = ModelLimits { tokens: Some(rate), ..ModelLimits::NONE };
    world.limits(LimitLevel::Account, "chat", limits);
    let usage = json!({"prompt_tokens": USED - 10, "completion_tokens": 10});
    let body = json!({"id": "x", "object": "chat.completion", "choices": [], "usage": usage});
    world.first.answer_always(Answer::Status { status: 200, headers: Vec::new(), body });
    let mut body = chat("chat", "x");
    body["max_tokens"] = json!(100);
    let admitted = crowd(&world, &body.to_string().into()).await;
    assert_eq!(u64::try_from(world.first.request_count()).unwrap(), all(&admitted));
    // What is reserved and not used is free again at once, so the next step fills what the last one left.
    let used = most(&admitted) * USED;
    assert!(used <= LIMIT && used * 100 >= LIMIT * 97, "{used} in one period");
}
