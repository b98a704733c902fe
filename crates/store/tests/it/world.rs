//! Two accounts with the same names everywhere, so that whatever crosses from one to the other shows.

use bailey_domain::access::Principal;
use bailey_domain::change::PolicyType;
use bailey_domain::directory::Call;
use bailey_domain::model::{Bounds, Capability, Dialect, Grant, Model, Provider, Route};
use bailey_domain::name::{GroupName, ModelName, PolicyName, ProviderName, UserName, WorkspaceName};
use bailey_domain::scope::{RamScope, Seat, WholeAccount};
use bailey_domain::secret::KeyHash;
use bailey_domain::tokens::Expected;
use bailey_domain::{
    AccessKeyId, AccountId, ApiKeyId, Caller, Entropy as _, GroupId, Pages, Reason, UserId, WorkspaceId,
};
use bailey_store::{Founding, NewApiKey, NewGroup, NewMember, NewUser, NewValue, StoredProvider, UsageEvent};

use crate::support::{HOME, TestStore};

/// One account: alice sits in `first`, bob in `second`; both workspaces may call `qwen-plus`.
pub(crate) struct Home {
    pub(crate) account: AccountId,
    pub(crate) default: WorkspaceId,
    pub(crate) first: WorkspaceId,
    pub(crate) second: WorkspaceId,
    pub(crate) alice: UserId,
    pub(crate) bob: UserId,
    /// Alice's key in `first`.
    pub(crate) key: (ApiKeyId, KeyHash),
}

/// The model that every account has.
pub(crate) const MODEL: &str = "qwen-plus";

pub(crate) fn user_name(name: &str) -> UserName {
    UserName::parse("UserName", name).unwrap()
}

pub(crate) fn group_name(name: &str) -> GroupName {
    GroupName::parse("GroupName", name).unwrap()
}

pub(crate) fn policy_name(name: &str) -> PolicyName {
    PolicyName::parse("PolicyName", name).unwrap()
}

pub(crate) fn model_name(name: &str) -> ModelName {
    ModelName::parse("model", name).unwrap()
}

pub(crate) fn provider_name(name: &str) -> ProviderName {
    ProviderName::parse("name", name).unwrap()
}

pub(crate) fn seat(workspace: WorkspaceId, user: UserId) -> Seat {
    Seat { workspace, user: Some(user) }
}

pub(crate) fn provider(name: &str) -> StoredProvider {
    StoredProvider {
        provider: Provider {
            name: provider_name(name),
            dialect: Dialect::Demo,
            base_url: String::new(),
            allow_private: false,
            bounds: Bounds::default(),
        },
        sealed_credential: None,
    }
}

pub(crate) fn model(name: &str, provider: &str) -> Model {
    Model {
        model: model_name(name),
        name: name.to_uppercase(),
        capabilities: vec![Capability::Chat],
        context_window: Some(131_072),
        max_input_tokens: None,
        max_output_tokens: Some(8192),
        prices: Vec::new(),
        routes: vec![Route {
            provider: provider_name(provider),
            upstream_model: model_name(name),
            priority: 1,
            weight: 1,
        }],
    }
}

pub(crate) const INFERENCE: Grant = Grant { inference: true, fine_tune: false, deploy: false };

/// A call of alice's key that went well.
pub(crate) fn usage_event(home: &Home, at_ms: i64) -> UsageEvent {
    UsageEvent {
        account: home.account,
        workspace: home.first,
        key: home.key.0,
        owner: Principal::User(home.alice),
        model: MODEL.to_owned(),
        at_ms,
        failed: false,
        cut: false,
        input_tokens: 10,
        output_tokens: 3,
        cost: 7,
        duration_ms: 500,
        first_byte_ms: Some(20),
    }
}

/// A policy that allows one action on everything.
pub(crate) fn allow(action: &str) -> String {
    format!(r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#)
}

impl TestStore {
    /// Two accounts, alike.
    pub(crate) async fn two_homes(&self) -> (Home, Home) {
        (self.home().await, self.home().await)
    }

    pub(crate) async fn home(&self) -> Home {
        let (account, default) = self.found().await;
        let first = self.create_workspace(account, "first").await;
        let second = self.create_workspace(account, "second").await;
        let alice = self.create_studio_user(account, "alice").await;
        let bob = self.create_studio_user(account, "bob").await;
        self.add_member(account, first, alice, Pages::all()).await;
        self.add_member(account, second, bob, Pages::NONE).await;
        let root = self.root(account);
        commit!(self, root, CreateProvider on WholeAccount, |tx, permit| tx.insert_provider(&permit, &provider("demo")));
        self.put_model(account, MODEL).await;
        for workspace in [first, second] {
            self.grant(account, workspace, MODEL, INFERENCE).await;
        }
        let key = self.create_key(&self.user(account, alice), first, "alice's").await;
        Home { account, default, first, second, alice, bob, key }
    }

    pub(crate) async fn found(&self) -> (AccountId, WorkspaceId) {
        let (account, workspace) = (AccountId::random(&self.clock), WorkspaceId::random(&self.clock));
        let founding = Founding {
            account,
            name: "Example".to_owned(),
            workspace,
            access_key: AccessKeyId::random(&self.clock),
            sealed_secret: "sealed".to_owned(),
            now_ms: self.now(),
            request_id: self.request_id(),
        };
        self.store.found_account(&founding).await.unwrap();
        (account, workspace)
    }

    pub(crate) fn new_user(&self, name: &str) -> NewUser {
        NewUser {
            user_id: UserId::random(&self.clock),
            name: user_name(name),
            display_name: String::new(),
            email: String::new(),
            mobile_phone: String::new(),
            comments: String::new(),
        }
    }

    pub(crate) async fn create_user(&self, account: AccountId, name: &str) -> UserId {
        let new = self.new_user(name);
        commit!(self, self.root(account), CreateUser on RamScope::user(account, name), |tx, permit| tx.insert_user(&permit, &new)).user_id
    }

    pub(crate) async fn create_studio_user(&self, account: AccountId, name: &str) -> UserId {
        let user = self.create_user(account, name).await;
        commit!(self, self.root(account), AddUser on WholeAccount, |tx, permit| tx.insert_studio_user(&permit, user, "shown"));
        user
    }

    pub(crate) async fn create_workspace(&self, account: AccountId, name: &str) -> WorkspaceId {
        let id = WorkspaceId::random(&self.clock);
        let name = WorkspaceName::parse("workspaceName", name).unwrap();
        commit!(self, self.root(account), CreateWorkspace on WholeAccount, |tx, permit| tx.insert_workspace(&permit, id, &name, "site"));
        id
    }

    pub(crate) async fn add_member(
        &self,
        account: AccountId,
        workspace: WorkspaceId,
        user: UserId,
        pages: Pages,
    ) {
        let new = NewMember { workspace, user, pages };
        commit!(self, self.root(account), AddMember on seat(workspace, user), |tx, permit| tx.insert_member(&permit, new));
    }

    /// Gives how many live keys died.
    pub(crate) async fn remove_member(
        &self,
        account: AccountId,
        workspace: WorkspaceId,
        user: UserId,
    ) -> u64 {
        commit!(self, self.root(account), RemoveMember on seat(workspace, user), |tx, permit| tx.delete_member(&permit, user))
    }

    pub(crate) fn new_key(&self, description: &str) -> NewApiKey {
        let mut bytes = [0; 32];
        self.clock.fill(&mut bytes);
        NewApiKey {
            api_key_id: ApiKeyId::random(&self.clock),
            hash: KeyHash::from_bytes(bytes),
            tail: "wxyz".to_owned(),
            description: description.to_owned(),
            auth: None,
            expires_at: None,
        }
    }

    /// A new value, with this overlap.
    pub(crate) fn new_value(&self, previous_ends_at: Option<i64>) -> NewValue {
        NewValue { hash: self.new_key("").hash, tail: "0000".to_owned(), previous_ends_at }
    }

    pub(crate) async fn create_key(
        &self,
        owner: &Caller,
        workspace: WorkspaceId,
        description: &str,
    ) -> (ApiKeyId, KeyHash) {
        let new = self.new_key(description);
        commit!(self, owner, CreateApiKey on workspace, |tx, permit| tx.insert_api_key(&permit, &new));
        (new.api_key_id, new.hash)
    }

    pub(crate) async fn put_model(&self, account: AccountId, name: &str) {
        let model = model(name, "demo");
        commit!(self, self.root(account), PutModel on WholeAccount, |tx, permit| tx.put_model(&permit, &model));
    }

    pub(crate) async fn grant(&self, account: AccountId, workspace: WorkspaceId, model: &str, grant: Grant) {
        let model = model_name(model);
        commit!(self, self.root(account), UpdateModelPermissions on workspace, |tx, permit| tx.put_grant(&permit, &model, grant));
    }

    pub(crate) async fn create_policy(&self, account: AccountId, name: &str, document: &str) {
        let scope = RamScope::policy(account, name);
        commit!(self, self.root(account), CreatePolicy on scope, |tx, permit| tx.insert_policy(&permit, &policy_name(name), "", document));
    }

    pub(crate) async fn attach(&self, account: AccountId, user: UserId, policy_type: PolicyType, name: &str) {
        let scope = RamScope::user(account, "*");
        commit!(self, self.root(account), AttachPolicyToUser on scope, |tx, permit| tx.attach_policy(&permit, user, policy_type, &policy_name(name), None));
    }

    /// To how many things a policy is attached.
    pub(crate) async fn count_attachments(
        &self,
        account: AccountId,
        policy_type: PolicyType,
        name: &PolicyName,
    ) -> i64 {
        let (policy_type, name) = (policy_type.name(), name.folded());
        let sql = format!(
            "SELECT COUNT(*) FROM policy_attachments WHERE account_id = '{account}'
                AND policy_type = '{policy_type}' AND folded_policy_name = '{name}'"
        );
        self.raw().await.number(&sql).await
    }

    pub(crate) async fn create_group(&self, account: AccountId, name: &str) -> GroupId {
        let new = self.new_group(name);
        commit!(self, self.root(account), CreateGroup on RamScope::group(account, "*"), |tx, permit| tx.insert_group(&permit, &new)).group_id
    }

    pub(crate) fn new_group(&self, name: &str) -> NewGroup {
        NewGroup {
            group_id: GroupId::random(&self.clock),
            name: group_name(name),
            comments: format!("about {name}"),
        }
    }

    pub(crate) async fn join(&self, account: AccountId, group: GroupId, user: UserId) {
        let scope = RamScope::group(account, "*");
        commit!(self, self.root(account), AddUserToGroup on scope, |tx, permit| tx.insert_group_member(&permit, group, user));
    }

    /// Gives whether the user was in it.
    pub(crate) async fn leave(&self, account: AccountId, group: GroupId, user: UserId) -> bool {
        let scope = RamScope::group(account, "*");
        commit!(self, self.root(account), RemoveUserFromGroup on scope, |tx, permit| tx.delete_group_member(&permit, group, user))
    }

    pub(crate) async fn attach_to_group(
        &self,
        account: AccountId,
        group: GroupId,
        policy_type: PolicyType,
        name: &str,
    ) {
        let scope = RamScope::group(account, "*");
        commit!(self, self.root(account), AttachPolicyToGroup on scope, |tx, permit| tx.attach_policy(&permit, group, policy_type, &policy_name(name), None));
    }

    /// Whether the live directory would let this key call this model.
    pub(crate) fn admit(&self, hash: &KeyHash, model: &str) -> Result<(), Reason> {
        let call = Call { key: Some((*hash).into()), workspace: None, source: HOME, now_ms: self.now() };
        match self.store.directory().admit(&call, model, Capability::Chat, Expected::default()) {
            Ok(_) => Ok(()),
            Err(denied) => Err(denied.reason),
        }
    }
}
