//! Providers as the whole binary calls them: what its surroundings cannot change, and what its metrics tell.

use std::net::TcpListener;
use std::time::Duration;

use bailey_testkit::{Answer, Upstream};
use serde_json::json;

use super::world::{Account, Call, Client, Control, Credential, Database, Installation, run};

/// An installation with one provider, a model of it in the default workspace, and a key there.
struct Ground {
    installation: Installation,
    account: Account,
    upstream: Upstream,
    key: String,
}

const MODEL: &str = "served";

impl Ground {
    fn with(settings: &[(&str, &str)]) -> Self {
        let mut installation = Installation::new(Database::Sqlite);
        let account = installation.found(&[]);
        installation.start_with(settings);
        let upstream = Upstream::start().unwrap();
        let key = run(fill(&installation.control(), &account, &upstream));
        Self { installation, account, upstream, key }
    }

    async fn asks(&self) -> u16 {
        self.installation.gateway().send(&Call::chat(&self.key, MODEL, "x")).await.status
    }

    /// The value of one series of the provider.
    async fn metric(&self, name: &str, further: &str) -> f64 {
        let admin = self.installation.server().addresses().admin;
        let page = Client::new(admin).send(&Call::get("/metrics")).await.body;
        let page = String::from_utf8(page.to_vec()).unwrap();
        let start = format!("bailey_{name}{{account=\"{}\",provider=\"up\"{further}}} ", self.account.id);
        let value = page.lines().find_map(|line| line.strip_prefix(&start));
        value.unwrap_or_else(|| panic!("no {start} in {page}")).parse().unwrap()
    }
}

async fn fill(control: &Control, account: &Account, upstream: &Upstream) -> String {
    let root: &Credential = &account.root;
    let provider = json!({
        "name": "up", "dialect": "openai", "baseUrl": upstream.base_url(), "apiKey": "sk-upstream-4711", "allowPrivate": true,
    });
    control.done(root, "CreateProvider", provider).await;
    control.model(root, MODEL, "chat", "up").await;
    control.api_key(root, &account.default_workspace).await.1
}

/// Upstreams are dialled directly: a proxy in the environment would see every prompt and credential.
#[test]
fn proxies_of_the_environment_are_not_used() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let url = format!("http://{}", proxy.local_addr().unwrap());
    let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let ground = Ground::with(&names.map(|name| (name, url.as_str())));
    run(async {
        assert_eq!(ground.asks().await, 200);
        let tested = ground
            .installation
            .control()
            .done(&ground.account.root, "TestProvider", json!({ "name": "up" }))
            .await;
        assert_eq!(tested["accepted"], true, "{tested}");
    });
    assert_eq!(ground.upstream.request_count(), 2);
    assert_eq!(proxy.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

/// A test of a provider waits as a call would.
#[test]
fn a_test_heeds_the_providers_own_time() {
    // It accepts, but speaks no TLS.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/v1", silent.local_addr().unwrap());
    let ground = Ground::with(&[]);
    run(async {
        let (control, root) = (ground.installation.control(), &ground.account.root);
        let slow = json!({ "name": "up", "baseUrl": url, "apiKey": "", "connectTimeoutMs": 100 });
        control.done(root, "UpdateProvider", slow).await;
        let told = control.done(root, "TestProvider", json!({ "name": "up" })).await;
        assert_eq!((&told["reachable"], &told["why"]), (&json!(false), &json!("it did not answer in time")));
        assert!(told["tookMs"].as_u64().is_some_and(|took| (200..5000).contains(&took)), "{told}");
    });
}

/// The most memory that the server has had, in bytes.
fn peak(ground: &Ground) -> u64 {
    let path = format!("/proc/{}/status", ground.installation.server().process_id());
    let status = std::fs::read_to_string(path).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
}

/// Two hundred mebibytes go through a reader that pauses, and the server's memory does not grow with them.
#[test]
fn a_flood_leaves_memory_flat() {
    const FLOOD: u64 = 100 * 1024 * 1024;
    let ground = Ground::with(&[]);
    run(async {
        assert_eq!(ground.asks().await, 200);
        let before = peak(&ground);
        for call in [Call::chat(&ground.key, MODEL, "x"), Call::stream(&ground.key, MODEL, "x")] {
            ground.upstream.answer_next(Answer::Flood { bytes: FLOOD });
            let mut reading = ground.installation.gateway().stream(&call).await;
            let (mut got, mut pauses) = (0, 0);
            while let Some(piece) = reading.next().await {
                got += piece.len() as u64;
                if got / (8 * 1024 * 1024) > pauses {
                    pauses += 1;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            assert!(got > FLOOD, "{got}");
        }
        let grown = peak(&ground) - before;
        assert!(grown < 16 * 1024 * 1024, "{grown} bytes more");
    });
}

#[test]
fn metrics_and_lists_tell_how_a_provider_does() {
    let ground = Ground::with(&[
        ("BAILEY__BREAKER_FAILURES", "3"),
        ("BAILEY__BREAKER_OPEN_SECONDS", "3600"),
        ("BAILEY__BREAKER_LONGEST_SECONDS", "3600"),
    ]);
    run(async {
        assert_eq!(ground.asks().await, 200);
        assert_eq!(ground.metric("upstream_answers_total", "").await, 1.0);
        assert!(ground.metric("upstream_first_byte_seconds_total", "").await > 0.0);
        assert_eq!(ground.metric("upstream_calls_in_flight", "").await, 0.0);
        assert_eq!(ground.metric("upstream_state", "").await, 0.0);
        ground.upstream.answer_always(Answer::error(500, "oops", "oops"));
        for _ in 0..5 {
            assert_eq!(ground.asks().await, 503);
        }
        assert_eq!(ground.upstream.request_count(), 4, "after three failures it gets no calls");
        assert_eq!(ground.metric("upstream_state", "").await, 2.0);
        assert_eq!(ground.metric("upstream_failures_total", ",kind=\"status\"").await, 3.0);
        assert_eq!(ground.metric("upstream_failures_total", ",kind=\"silent\"").await, 0.0);
        let listed =
            ground.installation.control().done(&ground.account.root, "ListProviders", json!({})).await;
        let health = &listed["providers"][0]["health"];
        let told = ["state", "answered", "failed", "lastFailure", "inFlight"].map(|name| &health[name]);
        assert_eq!(told, [&json!("open"), &json!(1), &json!(3), &json!("status"), &json!(0)], "{listed}");
        assert_eq!(health["failures"], json!({ "status": 3 }));
        assert!(health["retryInMs"].as_u64().is_some_and(|ms| ms > 3_000_000), "{health}");
        assert!(!listed.to_string().contains("sk-upstream-4711"));
    });
}
