//! An account with two workspaces, people, keys, models and upstreams, and a gateway that serves it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bailey_domain::access::Principal;
use bailey_domain::change::{KeyFacts, LimitLevel};
use bailey_domain::clock::{Clock as _, Fixed};
use bailey_domain::limit::{ModelLimits, Rate};
use bailey_domain::model::{Bounds, Capability, Dialect, Grant, Model, Provider, Route};
use bailey_domain::name::{ModelName, ProviderName, UserName};
use bailey_domain::page::Pages;
use bailey_domain::seal::Sealer;
use bailey_domain::settings::Settings;
use bailey_domain::{AccountId, ApiKeyId, Change, Directory, UserId, WorkspaceId};
use bailey_edge::{Server, Trigger};
use bailey_gateway::{Gateway, Limits, Parts, Record, Refused, Usage};
use bailey_testkit::Upstream;
use rustls::pki_types::CertificateDer;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::client::Call;

/// The credential that upstreams must see and callers must not.
pub(crate) const UPSTREAM_SECRET: &str = "upstream-secret-7f3a";

/// Everything a test needs.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) directory: Arc<Directory>,
    pub(crate) clock: Arc<Fixed>,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) address: SocketAddr,
    pub(crate) account: AccountId,
    pub(crate) default_workspace: WorkspaceId,
    pub(crate) workspace: WorkspaceId,
    pub(crate) alice: UserId,
    pub(crate) first: Upstream,
    pub(crate) second: Upstream,
    entropy: Fixed,
    sealer: Arc<Sealer>,
    revision: AtomicU64,
    records: Mutex<mpsc::Receiver<Record>>,
    _trigger: Trigger,
}

pub(crate) fn model_name(name: &str) -> ModelName {
    ModelName::parse("model", name).unwrap()
}

/// A chat of one user message.
pub(crate) fn chat(model: &str, text: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": text}]})
}

impl World {
    pub(crate) fn start() -> Self {
        Self::with(Limits::default(), 1000)
    }

    pub(crate) fn with(limits: Limits, records: usize) -> Self {
        Self::build(1, limits, records, Vec::new())
    }

    pub(crate) fn threaded(threads: usize, limits: Limits, records: usize) -> Self {
        Self::build(threads, limits, records, Vec::new())
    }

    pub(crate) fn trusting(authorities: Vec<CertificateDer<'static>>) -> Self {
        Self::build(1, Limits::default(), 1000, authorities)
    }

    fn build(
        threads: usize,
        limits: Limits,
        records: usize,
        authorities: Vec<CertificateDer<'static>>,
    ) -> Self {
        let entropy = Fixed::seeded(11);
        let clock = Arc::new(Fixed::seeded(12));
        let directory = Arc::new(Directory::new());
        let sealer = Arc::new(Sealer::new(&[5; 32]));
        let (sender, receiver) = mpsc::channel(records);
        let gateway = Gateway::new(Parts {
            directory: Arc::clone(&directory),
            hasher: sealer.key_hasher(),
            sealer: Arc::clone(&sealer),
            clock: clock.clone(),
            entropy: Arc::new(Fixed::seeded(13)),
            limits,
            domain: Some("gw.example.com".parse().unwrap()),
            records: sender,
            authorities,
        });
        let bound = Server::bind("127.0.0.1:0".parse().unwrap(), bailey_edge::Limits::default()).unwrap();
        let address = bound.local_addr();
        let (trigger, shutdown) = bailey_edge::shutdown();
        let served = Arc::clone(&gateway);
        // Whoever drops the trigger ends the threads; nobody waits for them.
        let _serving = bound
            .serve(threads, shutdown, move |_| {
                let worker = served.worker();
                move |request, peer: bailey_edge::Peer| {
                    let worker = worker.clone();
                    async move { worker.handle(request, peer.addr.ip()).await }
                }
            })
            .unwrap();
        let world = Self {
            account: AccountId::random(&entropy),
            default_workspace: WorkspaceId::random(&entropy),
            workspace: WorkspaceId::random(&entropy),
            alice: UserId::random(&entropy),
            first: Upstream::start().unwrap(),
            second: Upstream::start().unwrap(),
            directory,
            clock,
            gateway,
            address,
            entropy,
            sealer,
            revision: AtomicU64::new(0),
            records: Mutex::new(receiver),
            _trigger: trigger,
        };
        world.settle_in();
        world
    }

    fn settle_in(&self) {
        let account = self.account;
        let mut changes = vec![
            Change::Account { account, settings: Box::new(Settings::default()) },
            Change::User { account, user: self.alice, name: UserName::parse("UserName", "alice").unwrap() },
            Change::Workspace { account, workspace: self.default_workspace, is_default: true, open: false },
            Change::Workspace { account, workspace: self.workspace, is_default: false, open: false },
            self.seat(),
            self.provider("demo", Dialect::Demo, "", true),
            self.provider("first", Dialect::OpenAi, &self.first.base_url(), true),
            self.provider("second", Dialect::OpenAi, &self.second.base_url(), true),
            self.model("demo-chat", Capability::Chat, &[("demo", "demo-chat")]),
            self.model("demo-embedding", Capability::Embedding, &[("demo", "demo-embedding")]),
            self.model("chat", Capability::Chat, &[("first", "org/real")]),
            self.model("embedding", Capability::Embedding, &[("first", "org/embedding")]),
            self.model("pair", Capability::Chat, &[("first", "pair"), ("second", "pair-b")]),
            self.model("lonely", Capability::Chat, &[]),
            self.model("ungranted", Capability::Chat, &[("demo", "x")]),
        ];
        for name in ["demo-chat", "demo-embedding", "chat", "embedding", "pair", "lonely"] {
            changes.push(self.grant(name, true));
        }
        self.apply(changes);
    }

    pub(crate) fn apply(&self, changes: Vec<Change>) -> u64 {
        let revision = self.revision.fetch_add(1, Ordering::SeqCst) + 1;
        self.directory.apply(revision, changes).unwrap().cut
    }

    pub(crate) fn seat(&self) -> Change {
        Change::Member { workspace: self.workspace, user: self.alice, pages: Pages::default(), epoch: 1 }
    }

    pub(crate) fn grant(&self, model: &str, inference: bool) -> Change {
        let grant = Grant { inference, ..Grant::default() };
        Change::Granted { account: self.account, workspace: self.workspace, model: model_name(model), grant }
    }

    pub(crate) fn provider(
        &self,
        name: &str,
        dialect: Dialect,
        base_url: &str,
        allow_private: bool,
    ) -> Change {
        self.bounded_provider(name, dialect, base_url, allow_private, Bounds::default())
    }

    pub(crate) fn bounded_provider(
        &self,
        name: &str,
        dialect: Dialect,
        base_url: &str,
        allow_private: bool,
        bounds: Bounds,
    ) -> Change {
        let provider = Provider {
            name: ProviderName::parse("name", name).unwrap(),
            dialect,
            base_url: base_url.to_owned(),
            allow_private,
            bounds,
        };
        let label = format!("providers/{}/{name}", self.account);
        let sealed = self.sealer.seal(&self.entropy, &label, UPSTREAM_SECRET.as_bytes());
        Change::Provider {
            account: self.account,
            provider: Box::new(provider),
            sealed_credential: Some(sealed),
        }
    }

    pub(crate) fn model(&self, name: &str, does: Capability, routes: &[(&str, &str)]) -> Change {
        let routes: Vec<_> = routes
            .iter()
            .zip(0..)
            .map(|((provider, upstream_model), place)| (*provider, *upstream_model, place, 1))
            .collect();
        self.routed_model(name, does, &routes)
    }

    /// A model with routes of provider, model there, priority and weight.
    pub(crate) fn routed_model(
        &self,
        name: &str,
        does: Capability,
        routes: &[(&str, &str, u32, u32)],
    ) -> Change {
        let route = |(provider, upstream_model, priority, weight): &(&str, &str, u32, u32)| Route {
            provider: ProviderName::parse("provider", provider).unwrap(),
            upstream_model: model_name(upstream_model),
            priority: *priority,
            weight: *weight,
        };
        let model = Model {
            model: model_name(name),
            name: name.to_owned(),
            capabilities: vec![does],
            context_window: None,
            max_input_tokens: None,
            max_output_tokens: None,
            prices: Vec::new(),
            routes: routes.iter().map(route).collect(),
        };
        Change::Model { account: self.account, model: Box::new(model) }
    }

    /// A key of alice in the sub-workspace, changed by `with`.
    pub(crate) fn key_facts(&self, value: &str, with: impl FnOnce(&mut KeyFacts)) -> Change {
        let mut facts = KeyFacts {
            id: ApiKeyId::random(&self.entropy),
            hash: self.sealer.key_hasher().hash(value.as_bytes()),
            previous: None,
            workspace: self.workspace,
            owner: Principal::User(self.alice),
            epoch: 1,
            disabled: false,
            expires_at_ms: None,
            auth: None,
        };
        with(&mut facts);
        Change::Key(Box::new(facts))
    }

    /// A good key of alice in the sub-workspace.
    pub(crate) fn key(&self, value: &str) -> ApiKeyId {
        let change = self.key_facts(value, |_| {});
        let Change::Key(facts) = &change else { unreachable!() };
        let id = facts.id;
        self.apply(vec![change]);
        id
    }

    pub(crate) fn limit(&self, level: LimitLevel, model: &str, requests: Option<u64>, tokens: Option<u64>) {
        let rate = |amount| Rate { amount, period_seconds: 60 };
        let limits =
            ModelLimits { requests: requests.map(rate), tokens: tokens.map(rate), concurrency: None };
        self.limits(level, model, limits);
    }

    pub(crate) fn limits(&self, level: LimitLevel, model: &str, limits: ModelLimits) {
        self.apply(vec![Change::Limits { account: self.account, level, model: model_name(model), limits }]);
    }

    pub(crate) fn post(&self, path: &str, key: &str, body: &Value) -> Call {
        Call::post(path, body.to_string()).key(key)
    }

    pub(crate) fn chat(&self, key: &str, model: &str, text: &str) -> Call {
        self.post("/v1/chat/completions", key, &chat(model, text))
    }

    pub(crate) fn chat_stream(&self, key: &str, model: &str, text: &str) -> Call {
        let mut body = chat(model, text);
        body["stream"] = json!(true);
        self.post("/v1/chat/completions", key, &body)
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// The next record, which must come.
    pub(crate) async fn record(&self) -> Record {
        let records = || self.records.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let next = std::future::poll_fn(|context| records().poll_recv(context));
        tokio::time::timeout(Duration::from_secs(5), next).await.expect("a record comes").unwrap()
    }

    pub(crate) async fn usage(&self) -> Usage {
        match self.record().await {
            Record::Usage(usage) => usage,
            Record::Refused(refused) => panic!("{refused:?}"),
        }
    }

    pub(crate) async fn refused(&self) -> Refused {
        match self.record().await {
            Record::Refused(refused) => refused,
            Record::Usage(usage) => panic!("{usage:?}"),
        }
    }

    /// Nothing was recorded that no test has looked at.
    pub(crate) fn no_more_records(&self) {
        let next = self.records.lock().unwrap_or_else(std::sync::PoisonError::into_inner).try_recv();
        assert!(next.is_err(), "{next:?}");
    }
}

/// Waits until something holds; the test's own time limit is the bound.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = tokio::time::Instant::now() + Duration::from_secs(5);
    while !holds() {
        assert!(tokio::time::Instant::now() < end, "{what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
