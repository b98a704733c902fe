//! What is used is settled and recorded, once, and records never hold anything up.

use bailey_domain::access::Principal;
use bailey_domain::budget::{Budget, BudgetLevel, Month};
use bailey_domain::change::{Change, LimitLevel};
use bailey_domain::limit::ModelLimits;
use bailey_domain::model::{Capability, Price};
use bailey_gateway::Limits;
use bailey_testkit::Answer;
use serde_json::{Value, json};

use super::client::Call;
use super::world::{World, chat, until};

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
    world.limit(LimitLevel::Workspace(world.workspace), "chat", None, Some(100));
    for used in [40, 57] {
        world.first.answer_next(completion(&json!({"prompt_tokens": used, "completion_tokens": 0})));
        assert_eq!(short(&world, 20).send(world.address).await.status, 200);
        world.usage().await;
    }
    let answer = short(&world, 20).send(world.address).await;
    assert_eq!(answer.error(), (429, "insufficient_quota".to_owned(), Some("tokens_workspace")));
    assert_eq!(answer.header("x-ratelimit-remaining-tokens"), Some("3"));
}

/// A chat whose answer is to be so short.
fn short(world: &World, max_tokens: u64) -> Call {
    let mut body = chat("chat", "x");
    body["max_tokens"] = json!(max_tokens);
    world.post("/v1/chat/completions", KEY, &body)
}

/// How many tokens are left of the workspace's hundred thousand, as a call is told that wants more than there are.
async fn left(world: &World) -> u64 {
    let answer = short(world, 1_000_000).send(world.address).await;
    assert_eq!(answer.status, 429);
    world.refused().await;
    answer.header("x-ratelimit-remaining-tokens").unwrap().parse().unwrap()
}

#[tokio::test]
async fn what_is_reserved_comes_back_at_once_however_a_call_ends() {
    const LIMIT: u64 = 100_000;
    let world = World::start();
    world.key(KEY);
    world.limit(LimitLevel::Workspace(world.workspace), "chat", None, Some(LIMIT));
    // One token is used up front, so that the question about more than there is is refused and not admitted.
    world.first.answer_next(completion(&json!({"prompt_tokens": 1, "completion_tokens": 0})));
    assert_eq!(short(&world, 10).send(world.address).await.status, 200);
    world.usage().await;
    assert_eq!(left(&world).await, LIMIT - 1);

    // In flight it holds what it may use: its length in bytes by three, and the output that it named.
    let held = world.first.hold_next();
    let mut body = chat("chat", "x");
    (body["stream"], body["max_completion_tokens"], body["n"]) = (json!(true), json!(300), json!(2));
    let call = world.post("/v1/chat/completions", KEY, &body);
    let mut stream = call.stream(world.address).await;
    held.send("once");
    stream.next().await.unwrap().unwrap();
    let input = u64::try_from(body.to_string().len()).unwrap().div_ceil(3);
    assert_eq!(left(&world).await, LIMIT - 1 - input - 600);
    // The client hangs up: what was passed on counts, the rest is there again.
    drop(stream);
    world.usage().await;
    drop(held);
    let after = left(&world).await;
    assert!((LIMIT - 1 - input - 300..LIMIT - 1 - input).contains(&after), "{after}");

    // An upstream that fails used nothing.
    world.first.answer_next(Answer::Status { status: 500, headers: Vec::new(), body: json!({}) });
    assert_eq!(short(&world, 50).send(world.address).await.status, 503);
    world.refused().await;
    assert_eq!(left(&world).await, after);

    // One that answers and says nothing of use is no free one, and counts no more than was reserved.
    for usage in [Value::Null, json!({"prompt_tokens": -9, "completion_tokens": -9})] {
        let before = left(&world).await;
        world.first.answer_next(completion(&usage));
        assert_eq!(short(&world, 5).send(world.address).await.status, 200);
        world.usage().await;
        let input = short_bytes(5).div_ceil(3);
        assert_eq!(before - left(&world).await, input + 5, "{usage}");
    }
}

fn short_bytes(max_tokens: u64) -> u64 {
    let mut body = chat("chat", "x");
    body["max_tokens"] = json!(max_tokens);
    u64::try_from(body.to_string().len()).unwrap()
}

/// The model with prices, in micro-units per thousand tokens.
fn priced(world: &World, prices: &[(&str, u64)]) -> Change {
    let mut change = world.model("chat", Capability::Chat, &[("first", "org/real")]);
    let Change::Model { model, .. } = &mut change else { unreachable!() };
    model.prices.extend(prices.iter().map(|&(kind, micro_per_thousand_tokens)| Price {
        kind: kind.to_owned(),
        micro_per_thousand_tokens,
    }));
    change
}

#[tokio::test]
async fn a_call_costs_what_its_model_says() {
    let world = World::start();
    world.key(KEY);
    world.apply(vec![priced(&world, &[("input", 100), ("output", 1000)])]);
    world.first.answer_next(completion(&json!({"prompt_tokens": 50, "completion_tokens": 7})));
    assert_eq!(short(&world, 10).send(world.address).await.status, 200);
    assert_eq!(world.usage().await.cost, 12);
    // Where nothing is said of use, it is what was counted: the whole short answer.
    world.first.answer_next(completion(&Value::Null));
    assert_eq!(short(&world, 10).send(world.address).await.status, 200);
    let usage = world.usage().await;
    assert_eq!(
        (usage.input_tokens, usage.cost),
        (0, (short_bytes(10).div_ceil(3) * 100 + 10_000).div_ceil(1000))
    );
}

#[tokio::test]
async fn a_budget_refuses_what_may_cost_too_much_and_settles_what_did() {
    let world = World::start();
    world.key(KEY);
    let level = BudgetLevel::Member(world.workspace, world.alice);
    let budget = Box::new(Budget::new(100, Vec::new(), true).unwrap());
    let account = world.account;
    let spent = Change::Budget { account, level, budget, month_of_ms: world.now_ms(), spent_micro: 30 };
    world.apply(vec![priced(&world, &[("output", 1000)]), spent]);
    let answer = short(&world, 71).send(world.address).await;
    assert_eq!(answer.error(), (429, "BudgetLimitExceeded".to_owned(), Some("budget")));
    let ms: i64 = answer.header("retry-after-ms").unwrap().parse().unwrap();
    assert_eq!(ms, Month::of(world.now_ms()).ends_ms() - world.now_ms());
    assert_eq!(world.refused().await.decision.chain.pop().unwrap().check, "member-budget");
    world.first.answer_next(completion(&json!({"prompt_tokens": 50, "completion_tokens": 7})));
    assert_eq!(short(&world, 70).send(world.address).await.status, 200);
    assert_eq!(world.usage().await.cost, 7);
    let spending = world.directory.spending(account, level, world.now_ms()).unwrap();
    assert_eq!((spending.spent_micro, spending.reserved_micro), (37, 0));
}

#[tokio::test]
async fn calls_at_a_time_leave_their_place_when_they_end() {
    let world = World::start();
    world.key(KEY);
    let limits = ModelLimits { concurrency: Some(2), ..ModelLimits::NONE };
    world.limits(LimitLevel::Workspace(world.workspace), "chat", limits);
    let held = [world.first.hold_next(), world.first.hold_next()];
    let mut streams = Vec::new();
    for _ in 0..2 {
        streams.push(world.chat_stream(KEY, "chat", "x").stream(world.address).await);
    }
    let answer = world.chat(KEY, "chat", "x").send(world.address).await;
    assert_eq!(answer.error(), (429, "limit_concurrency".to_owned(), Some("concurrency")));
    assert_eq!((answer.header("retry-after"), answer.header("retry-after-ms")), (Some("1"), Some("1000")));
    world.refused().await;
    drop(streams.pop());
    world.usage().await;
    drop(held);
    assert_eq!(world.chat(KEY, "chat", "x").send(world.address).await.status, 200);
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
