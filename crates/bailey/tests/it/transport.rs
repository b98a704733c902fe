//! `acs:SecureTransport`: what a proxy says that was named for it, and nobody else's word.

use serde_json::json;

use crate::world::{Credential, Database, Installation, run};

const SECURE: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"ram:ListUsers","Resource":"*",
    "Condition":{"Bool":{"acs:SecureTransport":"true"}}}]}"#;

/// The answers to a user who may list users over TLS only, for what the proxies on the way say.
fn answers(settings: &[(&str, &str)], said: &[&[&str]]) -> Vec<u16> {
    let mut installation = Installation::new(Database::Sqlite);
    let root = installation.found(&[]).root;
    installation.start_with(settings);
    run(async {
        let control = installation.control();
        let alice = control.user(&root, "alice").await;
        control.policy(&root, "secure", SECURE).await;
        control.attach_custom(&root, "secure", "alice").await;
        let mut statuses = Vec::new();
        for said in said {
            let call = control.prepared(&alice, "ListUsers", &json!({}));
            let call = said.iter().fold(call, |call, one| call.with("x-forwarded-proto", one));
            statuses.push(control.send(&Credential::Nothing, call).await.status);
            // Proxies that ask whether a request may go on say how it came to them in the same way.
            let call = alice.on(crate::world::Call::get("/authz/forward?action=ram:ListUsers"), "localhost");
            let call = said.iter().fold(call, |call, one| call.with("x-forwarded-proto", one));
            assert_eq!(control.send(&Credential::Nothing, call).await.status, statuses[statuses.len() - 1]);
        }
        // What others may is not asked as if they came like whoever asks.
        let asks = json!({ "subject": { "type": "user", "id": "alice" }, "action": "ram:ListUsers" });
        let call = control.prepared(&root, "Explain", &asks).with("x-forwarded-proto", "https");
        let told = control.send(&Credential::Nothing, call).await;
        assert_eq!(told.json()["decision"]["outcome"], "deny", "{}", told.json());
        statuses
    })
}

#[test]
fn a_request_came_over_tls_when_its_proxy_says_so() {
    let said: [&[&str]; 5] = [&[], &["https"], &["http"], &["https", "https"], &["https, http"]];
    let proxy = [("BAILEY__HTTPS_PROXIES", r#"["127.0.0.0/8"]"#)];
    assert_eq!(answers(&proxy, &said), [403, 200, 403, 403, 403]);
    let elsewhere = [("BAILEY__HTTPS_PROXIES", r#"["192.0.2.0/24"]"#)];
    for settings in [&[][..], &elsewhere] {
        assert_eq!(answers(settings, &said[..2]), [403, 403]);
    }
}
