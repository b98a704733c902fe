//! Where the switches are thrown: one account, one workspace, one model.

use std::net::SocketAddr;

use serde_json::json;

use crate::world::{Account, Call, Client, Control, Credential, Database, Installation, id_of};

/// A served account before anything is in it.
pub(crate) struct Ground {
    installation: Installation,
    account: Account,
}

/// An account with a workspace that may call a model, and alice, who may make keys in it.
pub(crate) struct Prepared {
    pub(crate) control: Control,
    pub(crate) account: Account,
    pub(crate) workspace: String,
    pub(crate) alice: Credential,
    pub(crate) gateway: SocketAddr,
    pub(crate) control_address: SocketAddr,
    count: u32,
    _installation: Installation,
}

/// The model that every key here calls.
pub(crate) const MODEL: &str = "qwen-plus";

impl Ground {
    /// Starts the server; blocks.
    pub(crate) fn new() -> Self {
        let (installation, account) = Installation::started(Database::Sqlite);
        Self { installation, account }
    }

    pub(crate) async fn prepared(self) -> Prepared {
        let Self { installation, account } = self;
        let (control, root) = (installation.control(), &account.root);
        let quotas =
            json!({ "quotaUsers": 10_000, "quotaGroups": 10_000, "quotaApiKeysPerWorkspace": 10_000 });
        control.settings(root, quotas).await;
        control.demo_models(root, &[MODEL]).await;
        let workspace = control.workspace(root, "Home").await;
        control.grant(root, &workspace, MODEL, true).await;
        let alice = control.user(root, "alice").await;
        control.known(root, "alice").await;
        control.seat(root, &workspace, "alice", &["api-key"]).await;
        let addresses = installation.server().addresses();
        Prepared {
            control,
            workspace,
            alice,
            gateway: addresses.gateway,
            control_address: addresses.control,
            account,
            count: 0,
            _installation: installation,
        }
    }
}

impl Prepared {
    /// A name that nobody had before.
    pub(crate) fn name(&mut self) -> String {
        self.count += 1;
        format!("user-{:04}", self.count)
    }

    /// A new member who may make keys.
    pub(crate) async fn member(&mut self) -> (String, Credential) {
        let name = self.name();
        let credential = self.control.user(&self.account.root, &name).await;
        self.control.known(&self.account.root, &name).await;
        self.control.seat(&self.account.root, &self.workspace, &name, &["api-key"]).await;
        (name, credential)
    }

    /// A key of theirs: its handle and its value.
    pub(crate) async fn key(&self, owner: &Credential) -> (String, String) {
        self.control.api_key(owner, &self.workspace).await
    }

    /// A temporary key of a key, for as long as there may be one.
    pub(crate) async fn temporary(&self, key: &str) -> String {
        let call = Call::post("/api/v1/tokens?expire_in_seconds=1800", &json!({})).key(key);
        let answer = Client::new(self.gateway).send(&call).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        id_of(&answer.json(), "/token")
    }

    /// Takes an access key away from its owner.
    pub(crate) async fn without_access_key(&self, name: &str, credential: &Credential) {
        let key = json!({ "UserName": name, "UserAccessKeyId": credential.access_key() });
        self.control.done(&self.account.root, "DeleteAccessKey", key).await;
    }
}
