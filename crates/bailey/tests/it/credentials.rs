//! What is told to whoever shows a credential that cannot be taken as it came.

use serde_json::json;

use crate::world::{Call, Credential, Database, Installation, id_of, run, until};

#[test]
fn a_temporary_key_without_its_token_is_told_where_the_token_goes() {
    let mut installation = Installation::new(Database::Sqlite);
    installation.found(&[]);
    installation.start();
    let key = Credential::basic("STS.abcdefghijklmnopqrst", "secret");
    run(async {
        let control = installation.control();
        for (who, advice) in [
            (key.signed(), "Send it in the header `x-acs-security-token`."),
            (key.in_parameters(), "Send it as a parameter."),
            (key.clone(), "HTTP Basic does not carry it; sign the request instead."),
        ] {
            let answer = control.call(&who, "GetCallerIdentity", json!({})).await;
            assert_eq!((answer.status, answer.code().as_str()), (400, "MissingSecurityToken"), "{who:?}");
            let message = format!("SecurityToken is mandatory for this action. {advice}");
            assert_eq!(answer.field("message"), json!(message), "{who:?}");
        }
    });
}

#[test]
fn a_json_body_holds_no_second_credential() {
    let mut installation = Installation::new(Database::Sqlite);
    let root = installation.found(&[]).root;
    installation.start();
    run(async {
        let control = installation.control();
        for who in [root.clone(), root.signed()] {
            let call = |body| {
                let call = Call::post("/", &body).with("x-acs-action", "GetCallerIdentity");
                call.with("x-acs-version", "2015-04-01")
            };
            let common = json!({ "RegionId": "cn-beijing", "Timestamp": "", "SignatureNonce": "1" });
            assert_eq!(control.send(&who, call(common)).await.status, 200, "{who:?}");
            for name in ["AccessKeyId", "Signature", "SecurityToken"] {
                let answer = control.send(&who, call(json!({ name: "another" }))).await;
                assert_eq!((answer.status, answer.code().as_str()), (400, "InvalidParameter"), "{name}");
                let told = format!("`{name}` is not a parameter of this operation");
                assert!(answer.field("message").as_str().unwrap().starts_with(&told), "{answer:?}");
            }
        }
    });
}

/// When an API key made its last call is told at once, and still after a stop: temporary keys count for their parent.
#[test]
fn the_last_use_of_an_api_key_outlives_the_server() {
    let (mut installation, account) = Installation::started(Database::Sqlite);
    let root = &account.root;
    let got = async |installation: &Installation, handle: &str| {
        let got = installation.control().done(root, "GetApiKey", json!({ "apiKeyId": handle })).await;
        got["apiKey"]["lastUsedAt"].as_i64()
    };
    // Asked where no use is on its way: it could come between the two.
    let shown = async |installation: &Installation, handle: &str| {
        let last = got(installation, handle).await;
        let parameters = json!({ "apiKeyId": handle });
        let listed = installation.control().done(root, "ListAllApiKeys", parameters).await;
        assert_eq!(listed["apiKeys"][0]["lastUsedAt"], json!(last), "{listed}");
        last
    };
    let (used, idle, told) = run(async {
        let (control, mut gateway) = (installation.control(), installation.gateway());
        control.demo_models(root, &["qwen-plus"]).await;
        let (used, value) = control.api_key(root, &account.default_workspace).await;
        let (idle, _) = control.api_key(root, &account.default_workspace).await;
        assert_eq!(shown(&installation, &used).await, None);
        let ask = Call::post("/api/v1/tokens", &json!({})).key(&value);
        let temporary = id_of(&gateway.send(&ask).await.json(), "/token");
        let mut told = None;
        for key in [&value, &temporary] {
            let before = told;
            assert_eq!(gateway.send(&Call::chat(key, "qwen-plus", "hello")).await.status, 200);
            until("the use is told", async || {
                told = got(&installation, &used).await;
                told > before
            })
            .await;
            assert_eq!(shown(&installation, &used).await, told);
        }
        assert_eq!(shown(&installation, &idle).await, None);
        (used, idle, told)
    });
    installation.stop();
    installation.start();
    run(async {
        assert_eq!(shown(&installation, &used).await, told);
        assert_eq!(shown(&installation, &idle).await, None);
    });
}

/// The domain of workspaces' hosts comes from the configuration.
#[test]
fn a_key_opens_the_host_of_its_own_workspace_only() {
    let mut installation = Installation::new(Database::Sqlite);
    let account = installation.found(&[]);
    installation.start_with(&[("BAILEY__GATEWAY_DOMAIN", "Models.Example.com")]);
    run(async {
        let (control, mut gateway) = (installation.control(), installation.gateway());
        control.demo_models(&account.root, &["qwen-plus"]).await;
        let (_, key) = control.api_key(&account.root, &account.default_workspace).await;
        let other = control.workspace(&account.root, "Other").await;
        let hosts = [
            (account.default_workspace.clone(), 200, ""),
            (account.default_workspace.to_uppercase(), 200, ""),
            (other, 403, "workspace_mismatch"),
            ("llm-0123456789abcdef".to_owned(), 403, "workspace_mismatch"),
        ];
        for (label, status, reason) in hosts {
            let host = format!("{label}.models.example.com:443");
            let answer = gateway.send(&Call::chat(&key, "qwen-plus", "hello").with("host", &host)).await;
            assert_eq!((answer.status, answer.header("x-bailey-reason")), (status, reason), "{host}");
            if status == 403 {
                assert_eq!(id_of(&answer.json(), "/error/code"), "Endpoint.AccessDenied");
            }
        }
        let plain = Call::chat(&key, "qwen-plus", "hello").with("host", "models.example.com");
        assert_eq!(gateway.send(&plain).await.status, 200);
    });
}
