//! A key whose value is changed with an overlap: both values are one key, and the old one ends by itself, streams included.

use std::time::{Duration, Instant};

use serde_json::json;

use super::ground::{Ground, MODEL, Prepared};
use crate::world::{Call, Client, id_of, run};

async fn status(ground: &Prepared, key: &str) -> u16 {
    Client::new(ground.gateway).send(&Call::chat(key, MODEL, "hello")).await.status
}

/// Gives the key a new value.
async fn rotated(ground: &Prepared, handle: &str, overlap: u32) -> String {
    let parameters = json!({ "apiKeyId": handle, "overlapSeconds": overlap });
    let reset = ground.control.done(&ground.account.root, "ResetApiKey", parameters).await;
    assert_eq!(reset["apiKey"]["previousValueExpiresAt"].is_i64(), overlap > 0, "{reset}");
    id_of(&reset, "/apiKey/apiKeyValue")
}

#[test]
fn the_old_value_ends_within_a_second_of_the_overlaps_end() {
    let ground = Ground::new();
    run(async {
        let ground = ground.prepared().await;
        let (handle, old) = ground.key(&ground.alice).await;
        let mut stream = Client::new(ground.gateway).stream(&Call::stream(&old, MODEL, "[slow]")).await;
        stream.until("word-1").await;
        let asked = Instant::now();
        let new = rotated(&ground, &handle, 2).await;
        let answered = Instant::now();
        assert_eq!([status(&ground, &old).await, status(&ground, &new).await], [200, 200]);
        let rest = stream.rest().await;
        let overlap = Duration::from_secs(2);
        assert!(asked.elapsed() >= overlap && answered.elapsed() < overlap + Duration::from_secs(1));
        assert!(rest.contains("invalid_api_key") && !rest.contains("[DONE]"), "{rest}");
        assert_eq!([status(&ground, &old).await, status(&ground, &new).await], [401, 200]);
        let shown =
            ground.control.done(&ground.account.root, "GetApiKey", json!({ "apiKeyId": handle })).await;
        assert!(shown["apiKey"]["previousValueExpiresAt"].is_null(), "{shown}");
    });
}

#[test]
fn whatever_ends_a_key_ends_both_values_at_once() {
    let ground = Ground::new();
    run(async {
        let ground = ground.prepared().await;
        let root = &ground.account.root;
        for operation in ["DisableApiKey", "DeleteApiKey", "ResetApiKey"] {
            let (handle, old) = ground.key(&ground.alice).await;
            let new = rotated(&ground, &handle, 600).await;
            assert_eq!([status(&ground, &old).await, status(&ground, &new).await], [200, 200]);
            ground.control.done(root, operation, json!({ "apiKeyId": handle })).await;
            assert_eq!([status(&ground, &old).await, status(&ground, &new).await], [401, 401], "{operation}");
        }
        // There are never three: the value before last ends with the next change.
        let (handle, first) = ground.key(&ground.alice).await;
        let second = rotated(&ground, &handle, 600).await;
        let third = rotated(&ground, &handle, 600).await;
        let mut answers = Vec::new();
        for key in [&first, &second, &third] {
            answers.push(status(&ground, key).await);
        }
        assert_eq!(answers, [401, 200, 200]);
        let too_long = json!({ "apiKeyId": handle, "overlapSeconds": 604_801 });
        let refused = ground.control.call(root, "ResetApiKey", too_long).await;
        assert_eq!((refused.status, refused.code().as_str()), (400, "InvalidParameter.overlapSeconds"));
    });
}

/// A key's end may be set, moved and taken away; it comes by itself, and never lies in the past.
#[test]
fn a_key_expires_by_itself() {
    let ground = Ground::new();
    run(async {
        let ground = ground.prepared().await;
        let (control, root) = (&ground.control, &ground.account.root);
        let now = control.done(root, "GetApiKey", json!({ "apiKeyId": ground.key(root).await.0 })).await;
        let now = now["apiKey"]["gmtCreate"].as_i64().unwrap();
        for field in [json!(now), json!("soon")] {
            let parameters = json!({ "workspaceId": ground.workspace, "expiresAt": field });
            let refused = control.call(root, "CreateApiKey", parameters).await;
            assert_eq!((refused.status, refused.code().as_str()), (400, "InvalidParameter.expiresAt"));
        }
        let parameters = json!({ "workspaceId": ground.workspace, "expiresAt": now + 3_600_000 });
        let made = control.done(root, "CreateApiKey", parameters).await;
        assert_eq!(made["apiKey"]["expiresAt"], now + 3_600_000);
        let (handle, key) = (id_of(&made, "/apiKey/apiKeyId"), id_of(&made, "/apiKey/apiKeyValue"));
        let mut stream = Client::new(ground.gateway).stream(&Call::stream(&key, MODEL, "[slow]")).await;
        stream.until("word-1").await;
        let update = async |expires_at| {
            let parameters = json!({ "apiKeyId": handle, "expiresAt": expires_at });
            control.done(root, "UpdateApiKey", parameters).await["apiKey"]["expiresAt"].clone()
        };
        assert!(update(json!(0)).await.is_null());
        let begun = Instant::now();
        let shown = control.done(root, "CreateApiKey", json!({ "workspaceId": ground.workspace })).await;
        let end = shown["apiKey"]["gmtCreate"].as_i64().unwrap() + 1_500;
        assert_eq!(update(json!(end)).await, end);
        let rest = stream.rest().await;
        let lasted = begun.elapsed();
        assert!((1_500..2_600).contains(&lasted.as_millis()), "{lasted:?}");
        assert!(rest.contains("invalid_api_key") && !rest.contains("[DONE]"), "{rest}");
        assert_eq!(status(&ground, &key).await, 401);
        let disabled = control.done(root, "ListApiKeys", json!({ "apiKeyId": handle })).await;
        assert_eq!(disabled["apiKeys"][0]["expiresAt"], end, "it is shown after its end, too");
        update(json!(0)).await;
        assert_eq!(status(&ground, &key).await, 200);
    });
}
