//! Open streams are cut before the acknowledgement: what the upstream says afterwards reaches nobody.

use std::time::{Duration, Instant};

use bailey_testkit::{HeldStream, Upstream};
use serde_json::json;
use tokio::time::timeout;

use super::ground::{Ground, MODEL, Prepared};
use super::switches::{ArmedKey, OF_KEYS, Switch};
use crate::world::{Call, Client, LONG, Streamed, id_of, run};

/// Streams of the key that is hit, the first of them by a temporary one; besides one of the demo provider.
const STREAMS: usize = 3;
/// A demo stream would go on for a minute, so this much shows that it was cut.
const SOON: Duration = Duration::from_secs(5);

#[test]
fn every_switch_cuts_the_streams_that_it_ends_and_no_other() {
    let ground = Ground::new();
    let upstream = Upstream::start().unwrap();
    run(async {
        let mut ground = ground.prepared().await;
        let (control, root) = (ground.control.clone(), ground.account.root.clone());
        let base = json!({
            "name": "up", "dialect": "openai", "baseUrl": upstream.base_url(), "apiKey": "any", "allowPrivate": true,
        });
        control.done(&root, "CreateProvider", base).await;
        for model in [MODEL, "other-model"] {
            control.model(&root, model, "chat", "up").await;
        }
        control.grant(&root, &ground.workspace, "other-model", true).await;
        for switch in OF_KEYS {
            cut(switch, &mut ground, &upstream).await;
        }
    });
}

/// Opens a stream whose every word is in the test's hands, and waits for the first one.
async fn held(ground: &Prepared, upstream: &Upstream, key: &str, model: &str) -> (HeldStream, Streamed) {
    let held = upstream.hold_next();
    held.send("before");
    let mut stream = Client::new(ground.gateway).stream(&Call::stream(key, model, "hello")).await;
    stream.until("before").await;
    (held, stream)
}

async fn cut(switch: Switch, ground: &mut Prepared, upstream: &Upstream) {
    let ArmedKey { key, operation, parameters } = switch.arm_key(ground).await;
    // Somebody else's key in the same workspace; where the model is taken from everybody, for another model.
    let (_, other) = ground.key(&ground.account.root).await;
    let (survivor, mut surviving) = held(ground, upstream, &other, "other-model").await;
    let mut streams = Vec::new();
    let temporary = ground.temporary(&key).await;
    for number in 0..STREAMS {
        let key = if number == 0 { &temporary } else { &key };
        streams.push(held(ground, upstream, key, MODEL).await);
    }
    let answer = ground.control.done(&ground.account.root, operation, parameters).await;
    let acknowledged = Instant::now();
    for (held, _) in &streams {
        held.send("after");
    }
    if switch != Switch::DeleteUser {
        assert_eq!(answer["closedStreams"], STREAMS, "{switch:?}: {answer}");
    }
    for (held, mut stream) in streams {
        let rest = stream.rest().await;
        assert!(!rest.contains("after"), "{switch:?}: a word came after the acknowledgement: {rest}");
        assert!(!rest.contains("[DONE]"), "{switch:?}: it must not look as if it were whole: {rest}");
        let code =
            if switch == Switch::UpdateModelPermissions { "Model.AccessDenied" } else { "invalid_api_key" };
        assert!(rest.contains(code), "{switch:?}: the last event says why: {rest}");
        timeout(LONG, held.abandoned()).await.expect("the upstream is hung up on");
    }
    assert!(acknowledged.elapsed() < SOON, "{switch:?}");
    survivor.send("still here");
    surviving.until("still here").await;
    survivor.finish();
    assert!(surviving.rest().await.contains("[DONE]"), "{switch:?}");
}

#[test]
fn a_stream_of_the_demo_provider_is_cut_too() {
    let ground = Ground::new();
    run(async {
        let mut ground = ground.prepared().await;
        for switch in OF_KEYS {
            let ArmedKey { key, operation, parameters } = switch.arm_key(&mut ground).await;
            let mut stream = Client::new(ground.gateway).stream(&Call::stream(&key, MODEL, "[slow]")).await;
            stream.until("word-1").await;
            let answer = ground.control.done(&ground.account.root, operation, parameters).await;
            let acknowledged = Instant::now();
            if switch != Switch::DeleteUser {
                assert_eq!(answer["closedStreams"], 1, "{switch:?}: {answer}");
            }
            let rest = stream.rest().await;
            assert!(acknowledged.elapsed() < SOON && !rest.contains("[DONE]"), "{switch:?}: {rest}");
        }
    });
}

/// Nobody throws a switch here: the time is over, and the server sees it by itself.
#[test]
fn a_stream_ends_within_a_second_of_its_keys_end() {
    let ground = Ground::new();
    run(async {
        let ground = ground.prepared().await;
        let (_, key) = ground.key(&ground.alice).await;
        let mut gateway = Client::new(ground.gateway);
        let ask = Call::post("/api/v1/tokens?expire_in_seconds=2", &json!({})).key(&key);
        let asked = Instant::now();
        let temporary = id_of(&gateway.send(&ask).await.json(), "/token");
        let answered = Instant::now();
        let mut stream = Client::new(ground.gateway).stream(&Call::stream(&temporary, MODEL, "[slow]")).await;
        stream.until("word-1").await;
        let rest = stream.rest().await;
        let lasted = Duration::from_secs(2);
        assert!(asked.elapsed() >= lasted, "it was cut before its time");
        assert!(answered.elapsed() < lasted + Duration::from_secs(1), "{:?}", answered.elapsed());
        assert!(rest.contains("invalid_api_key") && !rest.contains("[DONE]"), "{rest}");
        assert_eq!(gateway.send(&Call::chat(&temporary, MODEL, "hello")).await.status, 401);
        assert_eq!(gateway.send(&Call::chat(&key, MODEL, "hello")).await.status, 200);
    });
}
