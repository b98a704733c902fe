//! What is used is settled and recorded, once, and records never hold anything up.

use bailey_domain::access::Principal;
use bailey_domain::change::LimitLevel;
use bailey_gateway::Limits;
use bailey_testkit::Answer;
use serde_json::{Value, json};

use super::world::{World, until};

const KEY: &str = "sk-metering";

fn completion(usage: &Value) -> Answer {
    let body = json!({"id": "x", "object": "chat.completion", "choices": [], "usage": usage});
    Answer::Status { status: 200, headers: Vec::new(), body }
}

#[tokio::test]
async fn a_record_says_who_what_and_how_long() {
    let world = World::start();
    let key = world.key(KEY);
    let at_ms = world.now_ms();
    let held = world.first.hold_next();
    let mut stream = world.chat_stream(KEY, "chat", "x").stream(world.address).await;
    world.clock.advance_ms(250);
    held.finish();
    stream.rest().await;
    let usage = world.usage().await;
    assert_eq!((usage.account, usage.workspace, usage.key), (world.account, world.workspace, key));
    assert_eq!((usage.owner, &*usage.model, usage.at_ms), (Principal::User(world.alice), "chat", at_ms));
    assert_eq!((usage.first_byte_ms, usage.duration_ms), (Some(0), 250));
}

#[tokio::test]
async fn hostile_usage_counts_nothing_or_much_but_never_less() {
    let world = World::start();
    world.key(KEY);
    for (usage, expected) in [
        (json!({"prompt_tokens": -5, "completion_tokens": 7}), (0, 7)),
        (json!({"prompt_tokens": "many", "completion_tokens": null}), (0, 0)),
        (json!({"prompt_tokens": 1.9, "completion_tokens": 1e300}), (1, 100_000_000)),
        (json!({"prompt_tokens": u64::MAX, "completion_tokens": u64::MAX}), (100_000_000, 100_000_000)),
        (json!("free"), (0, 0)),
        (Value::Null, (0, 0)),
    ] {
        world.first.answer_next(completion(&usage));
        assert_eq!(world.chat(KEY, "chat", "x").send(world.address).await.status, 200);
        let recorded = world.usage().await;
        assert_eq!((recorded.input_tokens, recorded.output_tokens), expected, "{usage}");
    }
    world.no_more_records();
}

#[tokio::test]
async fn used_tokens_count_against_the_limits() {
    let world = World::start();
    world.key(KEY);
    world.limit(LimitLevel::Workspace(world.workspace), "chat", None, Some(10));
    for used in [4, 7] {
        world.first.answer_next(completion(&json!({"prompt_tokens": used, "completion_tokens": 0})));
        assert_eq!(world.chat(KEY, "chat", "x").send(world.address).await.status, 200);
    }
    let answer = world.chat(KEY, "chat", "x").send(world.address).await;
    assert_eq!(answer.error(), (429, "insufficient_quota".to_owned(), Some("tokens_workspace")));
    assert_eq!(answer.header("x-ratelimit-remaining-tokens"), Some("0"));
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_recorded_once_and_says_so() {
    let world = World::start();
    world.key(KEY);
    world.first.answer_next(Answer::Cut { chunks: 2 });
    let rest = world.chat_stream(KEY, "chat", "x").stream(world.address).await.rest().await;
    let last = rest.trim_end().rsplit("\n\n").next().unwrap();
    assert!(last.starts_with("data: {\"error\":") && last.contains("ModelUnavailable"), "{rest}");
    assert_eq!(world.refused().await.decision.reason.unwrap().name(), "upstream_unavailable");
    let usage = world.usage().await;
    assert_eq!((usage.status, usage.cut), (200, false));
    world.no_more_records();
}

#[tokio::test]
async fn records_that_do_not_fit_are_counted_and_refusals_leave_room() {
    let world = World::with(Limits::default(), 8);
    world.key(KEY);
    for _ in 0..20 {
        assert_eq!(world.chat("sk-wrong", "chat", "x").send(world.address).await.status, 401);
    }
    assert_eq!(world.gateway.lost(), 16, "refusals take half of the channel");
    for _ in 0..6 {
        assert_eq!(world.chat(KEY, "chat", "x").send(world.address).await.status, 200);
    }
    until("two records of use do not fit", || world.gateway.lost() == 18).await;
    for _ in 0..4 {
        world.refused().await;
    }
    for _ in 0..4 {
        world.usage().await;
    }
    world.no_more_records();
}
