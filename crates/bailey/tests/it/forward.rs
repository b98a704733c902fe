//! `/authz/forward` as proxies ask it, and behind a real nginx: what is allowed passes with its identity, and nothing else.

use std::net::{Ipv4Addr, SocketAddr};

use bailey_testkit::{Nginx, TemporaryDirectory, free_address};
use http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::world::{Account, Answer, Call, Client, Control, Credential, Database, Installation, id_of, run};

struct Ground {
    control: Control,
    account: Account,
    alice: Credential,
    stranger: Credential,
    workspace: String,
    key_id: String,
    key: String,
    temporary: String,
}

impl Ground {
    async fn new(control: Control, mut gateway: Client, account: Account) -> Self {
        let root = account.root.clone();
        control.demo_models(&root, &["qwen-plus", "qwen-max"]).await;
        let alice = control.user(&root, "alice").await;
        let stranger = control.user(&root, "stranger").await;
        control.known(&root, "alice").await;
        control.attach(&root, "AliyunBailianDataFullAccess", "alice").await;
        let workspace = control.workspace(&root, "Research").await;
        control.grant(&root, &workspace, "qwen-plus", true).await;
        control.seat(&root, &workspace, "alice", &["api-key", "prompts"]).await;
        let (key_id, key) = control.api_key(&alice, &workspace).await;
        let ask = Call::post("/api/v1/tokens", &json!({})).key(&key);
        let temporary = id_of(&gateway.send(&ask).await.json(), "/token");
        Self { control, account, alice, stranger, workspace, key_id, key, temporary }
    }

    async fn ask(&self, who: &Credential, query: &str, headers: &[(&str, &str)]) -> Answer {
        let call = Call::get(&format!("/authz/forward?{query}"));
        let call = headers.iter().fold(call, |call, (name, value)| call.with(name, value));
        self.control.send(who, call).await
    }
}

/// The verdict in one line: the status and who it is, or why not.
fn verdict(answer: &Answer) -> String {
    assert!(answer.body.is_empty(), "{answer:?}");
    let told = [answer.header("x-bailey-subject"), answer.header("x-bailey-reason")].concat();
    assert_eq!(answer.status == 401, answer.headers.contains_key("www-authenticate"), "{answer:?}");
    format!("{} {told}", answer.status).trim_end().to_owned()
}

fn with_ground(settings: &[(&str, &str)], test: impl AsyncFnOnce(Ground, SocketAddr)) {
    let mut installation = Installation::new(Database::Sqlite);
    let account = installation.found(&[]);
    installation.start_with(settings);
    let address = installation.server().addresses().control;
    run(async {
        test(Ground::new(installation.control(), installation.gateway(), account).await, address).await;
    });
}

#[test]
fn a_credential_decides_about_itself() {
    with_ground(&[], async |ground, _| {
        let Ground { account, alice, stranger, workspace, key_id, key, temporary, .. } = &ground;
        let bearer = Credential::Bearer(key.clone());
        let temporary = Credential::Bearer(temporary.clone());
        let made_up = Credential::Bearer("st-junk".to_owned());
        let junk = Credential::Bearer("sk-junk".to_owned());
        let session = Credential::Bearer("no-session".to_owned());
        let (root, nobody) = (&account.root, Credential::Nothing);
        let wrong = Credential::basic(alice.access_key(), "wrong");
        let here = format!("action=sfm:CreateIndex&workspace={workspace}");
        let elsewhere = format!("action=sfm:CreateIndex&workspace={}", account.default_workspace);
        let named = format!("model=qwen-plus&workspace={workspace}");
        let misnamed = format!("model=qwen-plus&workspace={}", account.default_workspace);
        let page = |name: &str| format!("page={name}&workspace={workspace}");
        let (api_key, owner) = (format!("200 api_key/{key_id}"), format!("200 root/{}", account.id));
        let cases: &[(&Credential, &str, &str)] = &[
            (&bearer, "model=qwen-plus", &api_key),
            (&bearer, &named, &api_key),
            (&temporary, &named, &api_key),
            (&temporary, "model=qwen-max", "403 model_not_granted"),
            (&temporary, &here, "403 implicit_deny"),
            (&made_up, "model=qwen-plus", "401"),
            (&bearer, &misnamed, "403 workspace_mismatch"),
            (&bearer, "model=qwen-max", "403 model_not_granted"),
            (&bearer, "model=nothing", "403 model_unknown"),
            (&bearer, &here, "403 implicit_deny"),
            (&bearer, &page("prompts"), "403 implicit_deny"),
            (&junk, "model=qwen-plus", "401"),
            (&session, &here, "401"),
            (&nobody, &here, "401"),
            (&wrong, &here, "401"),
            (root, &here, &owner),
            (root, "action=sfm:CreateIndex&workspace=llm-0123456789abcdef", "403 workspace_access_denied"),
            (alice, &elsewhere, "403 workspace_access_denied"),
            (alice, &page("applications"), "403 page_missing"),
            (alice, "page=nothing", "403 page_missing"),
            (stranger, &here, "403 workspace_access_denied"),
            (alice, "action=modelstudio:CreateWorkspace", "403 implicit_deny"),
            // Whatever a proxy is told to ask, it gets one of three answers.
            (alice, "", "403 question_invalid"),
            (alice, "workspace=llm-1", "403 question_invalid"),
            (alice, "model=a&page=b", "403 question_invalid"),
            (alice, "model=%FF", "403 question_invalid"),
            (alice, "model=a&nonsense=b", "403 question_invalid"),
        ];
        for (who, query, expected) in cases {
            assert_eq!(verdict(&ground.ask(who, query, &[]).await), *expected, "{query}");
        }
        let forged = [("x-bailey-subject", "root/1"), ("x-request-id", "a")];
        let answer = ground.ask(alice, &here, &forged).await;
        assert!(verdict(&answer).starts_with("200 user/"), "{answer:?}");
        for method in [Method::POST, Method::DELETE, Method::HEAD, Method::from_bytes(b"PURGE").unwrap()] {
            let call = Call { method, ..Call::get(&format!("/authz/forward?{here}")) };
            assert_eq!(ground.control.send(alice, call).await.status, 200);
        }
        counting(&ground, &bearer).await;
        another_service(&ground, &here).await;
    });
}

/// A service credential is good and opens no original request: it is refused, not asked for again.
async fn another_service(ground: &Ground, query: &str) {
    let (control, root) = (&ground.control, &ground.account.root);
    let parameters =
        json!({ "UserPrincipalName": "alice", "ServiceName": "bailian", "ServiceCredentialName": "ci" });
    let made = control.done(root, "CreateServiceCredential", parameters).await;
    let id = id_of(&made, "/ServiceCredential/ServiceCredentialId");
    let secret = id_of(&made, "/ServiceCredential/ServiceCredentialSecret");
    let good = Credential::basic(&id, &secret);
    assert_eq!(verdict(&ground.ask(&good, query, &[]).await), "403 implicit_deny");
    let wrong = Credential::basic(&id, "wrong");
    assert_eq!(verdict(&ground.ask(&wrong, query, &[]).await), "401");
}

#[test]
fn a_network_policy_keeps_out_a_credential_that_is_good() {
    with_ground(&[], async |ground, _| {
        let Ground { control, account, alice, workspace, .. } = &ground;
        let listed = json!({
            "Status": "Active", "Statements": [{ "Type": "ClassicWhiteList", "IPList": ["203.0.113.0/24"] }],
        });
        let policy = json!({
            "UserPrincipalName": "alice", "UserAccessKeyId": alice.access_key(),
            "AccessKeyPolicy": listed.to_string(),
        });
        control.done(&account.root, "SetAccessKeyPolicy", policy).await;
        let here = format!("action=sfm:CreateIndex&workspace={workspace}");
        // The address is the original one.
        let inside = [("x-forwarded-for", "203.0.113.5")];
        assert!(verdict(&ground.ask(alice, &here, &inside).await).starts_with("200 user/"));
        for headers in [&[][..], &[("x-forwarded-for", "198.51.100.1")]] {
            assert_eq!(verdict(&ground.ask(alice, &here, headers).await), "403 ip_not_allowed");
        }
        // Whoever does not hold the secret hears nothing of the policy.
        let wrong = Credential::basic(alice.access_key(), "wrong");
        assert_eq!(verdict(&ground.ask(&wrong, &here, &[]).await), "401");
    });
}

/// A key is judged without taking anything from its limits, unless the proxy wants it counted.
async fn counting(ground: &Ground, bearer: &Credential) {
    let once = json!({
        "workspaceId": ground.workspace,
        "workspaceLimits": [{ "model": "qwen-plus", "requestLimit": 1, "requestLimitPeriod": 60 }],
    });
    let limited = ground.control.call(&ground.account.root, "UpdateModelLimits", once).await;
    assert_eq!(limited.status, 200, "{}", limited.json());
    let passed = format!("200 api_key/{}", ground.key_id);
    for _ in 0..3 {
        assert_eq!(verdict(&ground.ask(bearer, "model=qwen-plus", &[]).await), passed);
    }
    assert_eq!(verdict(&ground.ask(bearer, "model=qwen-plus&count=true", &[]).await), passed);
    assert_eq!(verdict(&ground.ask(bearer, "model=qwen-plus&count=true", &[]).await), "403 rate_workspace");
}

#[test]
fn the_original_request_is_believed_from_trusted_proxies_only() {
    let uri = |text: &'static str| [("x-original-uri", text)];
    with_ground(&[], async |ground, _| {
        let Ground { alice, workspace, .. } = &ground;
        let segment = format!("/{workspace}/docs");
        let under = format!("action=sfm:CreateIndex&workspace={workspace}&under=/docs");
        assert_eq!(
            ground
                .ask(alice, "action=sfm:CreateIndex&workspace=path:1", &[("x-forwarded-uri", &segment)])
                .await
                .status,
            200
        );
        for (target, status) in [
            ("/docs/a", 200),
            ("/docs//./a", 200),
            ("/%64ocs", 200),
            ("/x/../docs", 200),
            ("/docs/../admin", 403),
            ("/docs/%2e%2e/admin", 403),
            ("/docs/%252e%252e/admin", 403),
            ("/docs%2fa", 403),
            ("/docs/..;/admin", 403),
            ("/docs2", 403),
            ("/admin?x=/docs", 403),
            ("/docs\\..\\admin", 403),
        ] {
            let answer = ground.ask(alice, &under, &uri(target)).await;
            assert_eq!(answer.status, status, "{target}");
        }
        assert_eq!(verdict(&ground.ask(alice, &under, &[]).await), "403 forwarded_refused");
        let twice = [("x-original-uri", "/docs"), ("x-forwarded-uri", "/admin")];
        assert_eq!(verdict(&ground.ask(alice, &under, &twice).await), "403 forwarded_refused");
        let methods = format!("{under}&methods=GET,HEAD");
        for (method, status) in [("GET", 200), ("HEAD", 200), ("POST", 403), ("get", 403)] {
            let headers = [("x-original-uri", "/docs"), ("x-original-method", method)];
            assert_eq!(ground.ask(alice, &methods, &headers).await.status, status, "{method}");
        }
        // The address that a key is narrowed to is the original one.
        let narrowed = json!({
            "workspaceId": workspace, "auth": { "type": "Custom", "accessIps": ["203.0.113.0/24"], "modelAccessScope": { "allowAllModels": true } },
        });
        let made = ground.control.done(alice, "CreateApiKey", narrowed).await;
        let key = Credential::Bearer(made["apiKey"]["apiKeyValue"].as_str().unwrap().to_owned());
        for (from, expected) in [
            ("203.0.113.5", 200),
            ("198.51.100.1, 203.0.113.5, 127.0.0.1", 200),
            ("203.0.113.5, 198.51.100.1", 403),
        ] {
            let answer = ground.ask(&key, "model=qwen-plus", &[("x-forwarded-for", from)]).await;
            assert_eq!(answer.status, expected, "{from}");
        }
        assert_eq!(verdict(&ground.ask(&key, "model=qwen-plus", &[]).await), "403 ip_not_allowed");
        assert_eq!(
            verdict(&ground.ask(&key, "model=qwen-plus", &[("x-forwarded-for", "x")]).await),
            "403 forwarded_refused"
        );
    });
    with_ground(&[("BAILEY__TRUSTED_PROXIES", r#"["192.0.2.0/24"]"#)], async |ground, _| {
        let under = format!("action=sfm:CreateIndex&workspace={}&under=/docs", ground.workspace);
        assert_eq!(verdict(&ground.ask(&ground.alice, &under, &uri("/docs")).await), "403 forwarded_refused");
    });
}

/// Answers every request with what it was sent, as JSON. It ends with the test's runtime.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut piece) = (Vec::new(), [0; 4096]);
                while !read.windows(4).any(|end| end == b"\r\n\r\n") {
                    match stream.read(&mut piece).await {
                        Ok(count) if count > 0 => read.extend_from_slice(&piece[..count]),
                        _ => return,
                    }
                }
                let head = String::from_utf8_lossy(&read).to_lowercase();
                let lines: Vec<&str> = head.lines().filter(|line| !line.is_empty()).collect();
                let body = json!(lines).to_string();
                let answer = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(answer.as_bytes()).await.ok();
            });
        }
    });
    address
}

/// The configuration of `docs/authzen.md`.
fn configuration(proxy: SocketAddr, bailey: SocketAddr, backend: SocketAddr, workspace: &str) -> String {
    let asked = |question: &str| {
        format!(
            "internal; proxy_pass http://{bailey}/authz/forward?{question}; proxy_pass_request_body off; proxy_set_header Content-Length \"\";\n\
             proxy_set_header X-Original-Method $request_method; proxy_set_header X-Original-URI $request_uri;\n\
             proxy_set_header X-Forwarded-Method \"\"; proxy_set_header X-Forwarded-Uri \"\"; proxy_set_header X-Forwarded-For $remote_addr;"
        )
    };
    let guarded = |check: &str| {
        format!(
            "auth_request {check}; auth_request_set $who $upstream_http_x_bailey_subject; proxy_pass http://{backend};\n\
             proxy_set_header X-Bailey-Subject $who; proxy_set_header Authorization \"\";"
        )
    };
    format!(
        "server {{ listen {proxy};\n\
         location /docs/ {{ {} }}\n\
         location /models/ {{ {} }}\n\
         location = /check-docs {{ {} }}\n\
         location = /check-models {{ {} }}\n}}",
        guarded("/check-docs"),
        guarded("/check-models"),
        asked(&format!("action=sfm:ListIndex&workspace={workspace}&under=/docs")),
        asked("model=qwen-plus"),
    )
}

#[test]
fn nginx_lets_through_what_is_allowed_and_nothing_else() {
    let (directory, proxy) = (TemporaryDirectory::new("nginx").unwrap(), free_address().unwrap());
    with_ground(&[], async |ground, bailey| {
        let backend = echo().await;
        let http = configuration(proxy, bailey, backend, &ground.workspace);
        let nginx = Nginx::start(directory.path(), proxy, &http).unwrap();
        let through = async |who: &Credential, target: &str, headers: &[(&str, &str)]| {
            let call = headers.iter().fold(Call::get(target), |call, (name, value)| call.with(name, value));
            Client::new(proxy).send(&who.on(call, &proxy.to_string())).await
        };
        let key = Credential::Bearer(ground.key.clone());
        let forged = [
            ("x-bailey-subject", "root/1"),
            ("x-original-uri", "/docs/a"),
            ("x-forwarded-uri", "/docs/a"),
            ("x-forwarded-for", "203.0.113.1"),
        ];
        for (who, target, subject) in [
            (&ground.alice, "/docs/a", "user/"),
            (&ground.account.root, "/docs/a", "root/"),
            (&key, "/models/a", "api_key/"),
        ] {
            for headers in [&[][..], &forged[..]] {
                let answer = through(who, target, headers).await;
                assert_eq!(answer.status, 200, "{answer:?}");
                let sent: Vec<String> = serde_json::from_value::<Vec<Value>>(answer.json())
                    .unwrap()
                    .iter()
                    .map(|line| line.as_str().unwrap().to_owned())
                    .collect();
                let named: Vec<&String> =
                    sent.iter().filter(|line| line.starts_with("x-bailey-subject:")).collect();
                assert!(
                    named.len() == 1 && named[0].starts_with(&format!("x-bailey-subject: {subject}")),
                    "{sent:?}"
                );
                assert!(!sent.iter().any(|line| line.starts_with("authorization:")), "{sent:?}");
            }
        }
        let junk = Credential::Bearer("sk-junk".to_owned());
        for (who, target, status) in [
            (&Credential::Nothing, "/docs/a", 401),
            (&junk, "/models/a", 401),
            (&key, "/docs/a", 403),
            (&ground.stranger, "/docs/a", 403),
            (&ground.stranger, "/models/a", 403),
            // nginx reads each of these as a path below /docs/; what a server behind could read otherwise stays out.
            (&ground.alice, "/x/../docs/a", 200),
            (&ground.alice, "/%64ocs//a", 200),
            (&ground.alice, "/docs/%252e%252e/admin", 403),
            (&ground.alice, "/docs/..;/admin", 403),
            (&ground.alice, "/docs/a%2f..%2fadmin", 403),
        ] {
            for headers in [&[][..], &forged[..]] {
                assert_eq!(through(who, target, headers).await.status, status, "{target}");
            }
        }
        // What was allowed is over when it is taken back.
        let gone = json!({ "workspaceId": ground.workspace, "userName": "alice" });
        ground.control.done(&ground.account.root, "RemoveMember", gone).await;
        assert_eq!(through(&ground.alice, "/docs/a", &[]).await.status, 403);
        assert_eq!(through(&key, "/models/a", &[]).await.status, 401);
        drop(nginx);
    });
}
