//! Asks every cell of `expected_gateway.txt`, by every carrier.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use super::table::key_rows;
use crate::world::{Account, Answer, Call, Client, Control, Credential, Database, Installation, id_of, run};

/// How a key is carried: header, and what stands before the key.
const CARRIERS: [(&str, &str); 3] = [("authorization", "Bearer "), ("x-api-key", ""), ("api-key", "")];
const ROOTS: [&str; 2] = ["/v1", "/compatible-mode/v1"];

/// The native path of temporary keys, which has one root only.
const TEMPORARY_KEYS: &str = "/api/v1/tokens";

/// The operations of the gateway.
fn calls(root: &str) -> [Call; 5] {
    let messages = json!([{ "role": "user", "content": "hello" }]);
    [
        Call::post(
            &format!("{root}/chat/completions"),
            &json!({ "model": "qwen-plus", "messages": messages }),
        ),
        Call::post(&format!("{root}/embeddings"), &json!({ "model": "text-embedding-v3", "input": "hello" })),
        Call::get(&format!("{root}/models")),
        Call::get(&format!("{root}/models/qwen-plus")),
        Call::post(TEMPORARY_KEYS, &json!({})),
    ]
}

/// The models that each valid key may list: exactly those that it may call.
fn listed(key: &str) -> &'static [&'static str] {
    match key {
        "of-another-workspace" => &[],
        "for-embeddings-only" => &["text-embedding-v3"],
        "of-another-account" => &["qwen-max", "text-embedding-v3"],
        "temporary-for-embeddings-only" => &["text-embedding-v3"],
        "of-default-workspace" | "temporary-of-default-workspace" => {
            &["qwen-plus", "qwen-turbo", "text-embedding-v3"]
        }
        _ => &["qwen-plus", "text-embedding-v3"],
    }
}

#[test]
fn every_key_by_every_carrier() {
    let (installation, here, abroad) = Installation::shared(Database::Sqlite);
    run(async {
        let keys = keys(&installation, &here, &abroad).await;
        let mut gateway = installation.gateway();
        let mut wrong = Vec::new();
        let mut refusals = BTreeSet::new();
        let rows = key_rows();
        assert_eq!(rows.iter().map(|row| row.key).collect::<BTreeSet<_>>(), keys.keys().copied().collect());
        for row in rows {
            for root in ROOTS {
                for (carrier, scheme) in CARRIERS {
                    for (call, expected) in calls(root).into_iter().zip(row.answers) {
                        let place = format!("{} {} by {carrier}", row.key, call.target);
                        let call = match &keys[row.key] {
                            Some(key) => call.with(carrier, &format!("{scheme}{key}")),
                            None => call,
                        };
                        let answer = gateway.send(&call).await;
                        let told = told(&answer);
                        if told != expected {
                            wrong.push(format!("{place}: expected {expected}, got {told}"));
                        }
                        if answer.status == 401 {
                            refusals.insert((
                                call.target == TEMPORARY_KEYS,
                                row.key == "none",
                                masked(&answer),
                            ));
                        }
                        if answer.status == 200 && call.target.ends_with("/models") {
                            let models = models(&answer);
                            if models != listed(row.key) {
                                wrong.push(format!("{place}: lists {models:?}"));
                            }
                        }
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{} cells are wrong:\n{}", wrong.len(), wrong.join("\n"));
        // Every way in which a key can be no good looks alike; to send none at all looks like nothing else.
        assert_eq!(refusals.len(), 4, "in each of both shapes: {refusals:#?}");
        carriers_do_not_add_up(&mut gateway, &keys).await;
    });
}

fn told(answer: &Answer) -> String {
    if answer.status == 200 {
        return "200".to_owned();
    }
    let parts = [
        answer.status.to_string(),
        answer
            .json()
            .pointer("/error/code")
            .map_or_else(|| answer.code(), |code| code.as_str().unwrap().to_owned()),
        answer.header("x-bailey-reason").to_owned(),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(":")
}

/// The answer but for its request id and date.
fn masked(answer: &Answer) -> String {
    let body = String::from_utf8(answer.body.to_vec()).unwrap();
    let headers = answer.headers.iter().filter(|(name, _)| *name != "date").collect::<Vec<_>>();
    format!("{} {headers:?} {body}", answer.status).replace(answer.header("x-request-id"), "REQUEST")
}

fn models(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let mut names: Vec<_> =
        body["data"].as_array().unwrap().iter().map(|model| id_of(model, "/id")).collect();
    names.sort();
    names
}

/// Two carriers that say different things are no credential, whichever of them is good; the same thing twice is one.
async fn carriers_do_not_add_up(gateway: &mut Client, keys: &BTreeMap<&'static str, Option<String>>) {
    let value = |name: &str| keys[name].clone().unwrap();
    for (first, _) in CARRIERS {
        for (second, _) in CARRIERS.into_iter().filter(|(second, _)| *second != first) {
            for other in ["junk", "disabled", "of-root"] {
                let carried = |carrier: &str, key: String| {
                    if carrier == "authorization" { format!("Bearer {key}") } else { key }
                };
                let [chat, ..] = calls("/v1");
                let good = chat.with(first, &carried(first, value("good")));
                let both = good.clone().with(second, &carried(second, value(other)));
                assert_eq!(gateway.send(&both).await.status, 401, "{first} is good, {second} is {other}");
                let same = good.with(second, &carried(second, value("good")));
                assert_eq!(gateway.send(&same).await.status, 200, "{first} and {second} say the same");
            }
        }
    }
}

/// A temporary key of a key.
async fn temporary(gateway: &mut Client, key: &str, seconds: u32) -> String {
    let call = Call::post(&format!("{TEMPORARY_KEYS}?expire_in_seconds={seconds}"), &json!({})).key(key);
    id_of(&gateway.send(&call).await.json(), "/token")
}

/// Makes the keys of the rows.
async fn keys(
    installation: &Installation,
    here: &Account,
    abroad: &Account,
) -> BTreeMap<&'static str, Option<String>> {
    let (control, gateway) = (&installation.control(), &mut installation.gateway());
    let root = &here.root;
    control.demo_models(root, &["qwen-plus", "qwen-turbo"]).await;
    control.demo_models(&abroad.root, &["qwen-max"]).await;
    let (home, beside) = (control.workspace(root, "Home").await, control.workspace(root, "Beside").await);
    for model in ["qwen-plus", "text-embedding-v3"] {
        control.grant(root, &home, model, true).await;
    }
    let user = async |name: &str| {
        let credential = control.user(root, name).await;
        control.known(root, name).await;
        control.seat(root, &home, name, &["administrator"]).await;
        credential
    };
    let alice = user("alice").await;
    control.seat(root, &beside, "alice", &["administrator"]).await;
    let (_, good) = control.api_key(&alice, &home).await;
    let mut keys = BTreeMap::new();
    let mut keep = |name, value: String| assert!(keys.insert(name, Some(value)).is_none());
    keep("junk", "sk-0000000000000000000000000000000000000000".to_owned());
    keep("access-key", alice.secret().to_owned());
    let expired = temporary(gateway, &good, 1).await;
    keep("truncated", good[..good.len() - 1].to_owned());
    keep("extended", format!("{good}A"));
    keep("good", good);
    for (name, of, operation) in [
        ("disabled", "temporary-of-disabled", "DisableApiKey"),
        ("deleted", "temporary-of-deleted", "DeleteApiKey"),
        ("reset", "temporary-of-reset", "ResetApiKey"),
    ] {
        let (handle, value) = control.api_key(&alice, &home).await;
        let temporary = temporary(gateway, &value, 1800).await;
        control.done(root, operation, json!({ "apiKeyId": handle })).await;
        keep(name, value);
        keep(of, temporary);
    }
    keep("handle", control.api_key(&alice, &home).await.0);
    keep("of-root", control.api_key(root, &home).await.1);
    keep("of-default-workspace", control.api_key(root, &here.default_workspace).await.1);
    keep("of-another-workspace", control.api_key(&alice, &beside).await.1);
    let scope = json!({ "type": "Custom", "modelAccessScope": { "allowAllModels": false, "accessibleModels": ["text-embedding-v3"] } });
    keep("for-embeddings-only", narrowed(control, &alice, &home, scope).await);
    let addresses = json!({ "type": "Custom", "accessIps": ["192.0.2.0/24"] });
    keep("from-another-address", narrowed(control, &alice, &home, addresses).await);
    keep("of-another-account", control.api_key(&abroad.root, &abroad.default_workspace).await.1);
    let seat = |name: &str| json!({ "workspaceId": home, "userName": name });
    for name in ["of-removed-member", "of-member-added-again", "of-member-restored"] {
        let owner = user(name).await;
        keep(name, control.api_key(&owner, &home).await.1);
        control.done(root, "RemoveMember", seat(name)).await;
        if name != "of-removed-member" {
            let mut again = seat(name);
            again["restoreKeys"] = json!(name == "of-member-restored");
            control.done(root, "AddMember", again).await;
        }
    }
    let owner = user("of-removed-user").await;
    keep("of-removed-user", control.api_key(&owner, &home).await.1);
    control.done(root, "RemoveUser", json!({ "userName": "of-removed-user" })).await;
    for name in ["of-deleted-user", "of-recreated-user"] {
        let owner = user(name).await;
        keep(name, control.api_key(&owner, &home).await.1);
        let key = json!({ "UserName": name, "UserAccessKeyId": owner.access_key() });
        control.done(root, "DeleteAccessKey", key).await;
        control.done(root, "DeleteUser", json!({ "UserName": name })).await;
        if name == "of-recreated-user" {
            user(name).await;
            let again = json!({ "workspaceId": beside, "userName": name, "restoreKeys": true });
            control.done(root, "AddMember", again).await;
        }
    }
    for (name, parent) in [
        ("temporary", "good"),
        ("temporary-of-default-workspace", "of-default-workspace"),
        ("temporary-for-embeddings-only", "for-embeddings-only"),
    ] {
        let temporary = temporary(gateway, keys[parent].as_deref().unwrap(), 1800).await;
        keys.insert(name, Some(temporary));
    }
    keys.insert("temporary-altered", keys["temporary"].as_ref().map(|key| key.replacen("st-A", "st-B", 1)));
    keys.insert("temporary-expired", Some(expired));
    keys.insert("none", None);
    // The expired one lasted a second, most of which is over.
    tokio::time::sleep(Duration::from_secs(1)).await;
    keys
}

async fn narrowed(control: &Control, owner: &Credential, workspace: &str, auth: Value) -> String {
    let made = control.done(owner, "CreateApiKey", json!({ "workspaceId": workspace, "auth": auth })).await;
    id_of(&made, "/apiKey/apiKeyValue")
}
