//! A call ends when its right ends.

use std::time::{Duration, Instant};

use bailey_domain::model::Dialect;
use bailey_domain::{Change, Reason};
use bailey_testkit::Answer;

use super::crude::{Crude, Does};
use super::world::{World, until};

const KEY: &str = "sk-cutting";
const SECOND: Duration = Duration::from_secs(1);

fn member_gone(world: &World) -> Vec<Change> {
    vec![Change::MemberGone { workspace: world.workspace, user: world.alice }]
}

/// Checks the last event of a cut stream, and gives its code.
pub(crate) fn error_event(text: &str) -> String {
    let event = text.strip_suffix("\n\n").and_then(|text| text.rsplit("\n\n").next()).unwrap();
    let body: serde_json::Value = serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap();
    assert!(
        body["error"]["message"].is_string()
            && body["error"]["type"].is_string()
            && body["request_id"].is_string(),
        "{body}"
    );
    assert!(!text.contains("[DONE]"));
    body["error"]["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_stream_is_cut_when_its_owner_is_removed() {
    let world = World::start();
    world.key(KEY);
    let held = world.first.hold_next();
    let mut stream = world.chat_stream(KEY, "chat", "x").stream(world.address).await;
    let id = stream.headers["x-request-id"].to_str().unwrap().to_owned();
    held.send("one");
    stream.next().await.unwrap().unwrap();
    let begun = Instant::now();
    assert_eq!(world.apply(member_gone(&world)), 1);
    held.send("this must not pass");
    let rest = stream.rest().await;
    tokio::time::timeout(SECOND, held.abandoned()).await.expect("the upstream connection is closed");
    assert!(begun.elapsed() < SECOND, "{:?}", begun.elapsed());
    assert_eq!(error_event(&rest), "invalid_api_key");
    assert!(rest.contains(&id) && !rest.contains("must not pass"), "{rest}");
    let refused = world.refused().await;
    assert_eq!(refused.decision.reason, Some(Reason::OwnerNotMember));
    assert_eq!(refused.decision.request_id, id);
    assert_eq!(refused.decision.chain.last().unwrap().check, "membership");
    let usage = world.usage().await;
    assert_eq!((usage.cut, usage.status), (true, 200));
    world.no_more_records();
    until("nothing is in flight", || world.directory.census().flights == 0).await;
}

#[tokio::test]
async fn every_end_of_a_right_cuts_the_demo_too() {
    for (change, code) in [
        ("member", "invalid_api_key"),
        ("user", "invalid_api_key"),
        ("disabled", "invalid_api_key"),
        ("gone", "invalid_api_key"),
        ("grant", "Model.AccessDenied"),
        ("model", "model_not_found"),
    ] {
        let world = World::start();
        let facts = world.key_facts(KEY, |_| {});
        let Change::Key(key) = facts.clone() else { unreachable!() };
        world.apply(vec![facts]);
        let mut stream = world.chat_stream(KEY, "demo-chat", "[slow]").stream(world.address).await;
        while !stream.next().await.unwrap().unwrap().contains("word-2") {}
        let mut disabled = key.clone();
        disabled.disabled = true;
        let begun = Instant::now();
        world.apply(match change {
            "member" => member_gone(&world),
            "user" => vec![Change::UserGone { user: world.alice }],
            "disabled" => vec![Change::Key(disabled)],
            "gone" => vec![Change::KeyGone { key: key.id }],
            "grant" => vec![world.grant("demo-chat", false)],
            _ => vec![Change::ModelGone {
                account: world.account,
                model: super::world::model_name("demo-chat"),
            }],
        });
        let rest = stream.rest().await;
        assert!(begun.elapsed() < SECOND, "{change}");
        assert_eq!(error_event(&rest), code, "{change}");
        let refused = world.refused().await;
        assert!(refused.decision.reason.is_some() && refused.key == Some(key.id), "{change}: {refused:?}");
        let usage = world.usage().await;
        assert!(usage.cut && usage.output_tokens > 0, "{change}: what was said is counted");
    }
}

#[tokio::test]
async fn a_call_that_waits_for_its_upstream_is_refused_instead() {
    let world = World::start();
    world.key(KEY);
    for model in ["chat", "demo-chat"] {
        world.apply(vec![world.seat()]);
        world.first.answer_next(Answer::Silent);
        let call = tokio::spawn(world.chat(KEY, model, "[slow]").send(world.address));
        until("the call is in flight", || world.directory.census().flights == 1).await;
        if model == "chat" {
            world.first.requests_reach(1).await;
        }
        let begun = Instant::now();
        world.apply(member_gone(&world));
        let answer = call.await.unwrap();
        assert!(begun.elapsed() < SECOND);
        assert_eq!(answer.error(), (401, "invalid_api_key".to_owned(), None));
        assert_eq!(Some(world.refused().await.decision.request_id.as_str()), answer.header("x-request-id"));
        let usage = world.usage().await;
        assert_eq!((usage.cut, usage.status), (true, 401));
        until("the upstream is told", || world.first.open_connections() == 0).await;
    }
}

/// A whole answer that is too long to be collected cannot say why it ends, so it must not end as if it were whole.
#[tokio::test]
async fn a_long_answer_under_way_is_broken_off() {
    let world = World::start();
    world.key(KEY);
    let upstream = Crude::start(Does::StopsHalfway).await;
    world.apply(vec![world.provider("first", Dialect::OpenAi, &upstream.base_url(), true)]);
    let mut stream = world.chat(KEY, "chat", "x").stream(world.address).await;
    let mut passed = 0;
    while passed < 2 * 1024 * 1024 {
        passed += stream.next().await.unwrap().unwrap().len();
    }
    world.apply(member_gone(&world));
    assert!(matches!(stream.next().await, Some(Err(_))));
    world.refused().await;
    assert!(world.usage().await.cut);
    until("the upstream connection is closed", || upstream.counts().0 == 2).await;
}

#[tokio::test]
async fn an_event_that_is_open_is_closed_before_the_error() {
    let world = World::start();
    world.key(KEY);
    let held = world.first.hold_next();
    let mut stream = world.chat_stream(KEY, "chat", "x").stream(world.address).await;
    held.send_raw(format!("data: {{\"x\":\"{}", "y".repeat(2 * 1024 * 1024)));
    let mut passed = 0;
    while passed < 1024 * 1024 {
        passed += stream.next().await.unwrap().unwrap().len();
    }
    world.apply(member_gone(&world));
    let rest = stream.rest().await;
    assert!(rest.contains("\n\ndata: {\"error\":"));
    assert_eq!(error_event(&rest), "invalid_api_key");
}

#[tokio::test]
async fn others_go_on() {
    let world = World::start();
    world.key(KEY);
    world.apply(vec![world.key_facts("sk-root", |key| {
        key.owner = bailey_domain::access::Principal::Root;
    })]);
    let held = world.first.hold_next();
    let mut stream = world.chat_stream("sk-root", "chat", "x").stream(world.address).await;
    assert_eq!(world.apply(member_gone(&world)), 0);
    held.send("still here");
    assert!(stream.next().await.unwrap().unwrap().contains("still here"));
    held.finish();
    assert!(stream.rest().await.ends_with("data: [DONE]\n\n"));
    assert!(!world.usage().await.cut);
}
