//! A small installation, put together from changes: two accounts, each with a default workspace and two others, and
//! in each account one person of every kind.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;

use bailey_domain::access::Attachee;
use bailey_domain::change::{Change, KeyFacts, PolicyType};
use bailey_domain::clock::Fixed;
use bailey_domain::directory::{Admitted, Applied, Asked, Call, Denied, Wanted};
use bailey_domain::id::RoleId;
use bailey_domain::model::{Bounds, Capability, Dialect, Grant, Model, Provider, Route};
use bailey_domain::name::{ModelName, PolicyName, ProviderName, RoleSessionName, UserName};
use bailey_domain::operations::Operation;
use bailey_domain::role::{SessionClaims, Taken, Taker};
use bailey_domain::secret::KeyHash;
use bailey_domain::settings::Settings;
use bailey_domain::tokens::Expected;
use bailey_domain::{
    AccountId, ApiKeyId, Caller, Decision, Directory, Entropy as _, GroupId, Page, Pages, Principal, Reason,
    RequestId, UserId, WorkspaceId,
};

/// Where every call comes from.
pub(crate) const HOME: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
/// 2026-11-24T00:00:00Z.
pub(crate) const NOW: i64 = 1_795_478_400_000;
/// Granted to `inside` of the first account.
pub(crate) const MODEL: &str = "qwen-plus";
/// In the catalogue and granted to nobody.
pub(crate) const OTHER_MODEL: &str = "qwen-max";

/// One person of every kind.
pub(crate) struct People {
    /// No policy, no seat.
    pub(crate) nobody: UserId,
    /// A seat in `inside` without pages.
    pub(crate) member: UserId,
    /// A seat in `inside` as administrator.
    pub(crate) administrator: UserId,
    /// A seat in `inside` with Permission Management.
    pub(crate) permitter: UserId,
    /// A seat in `inside` with the page `api-key`.
    pub(crate) key_keeper: UserId,
    /// AliyunBailianFullAccess and no seat.
    pub(crate) management: UserId,
    /// AliyunBailianFullAccess and a seat in `inside` without pages.
    pub(crate) management_inside: UserId,
    /// AliyunRAMFullAccess and no seat.
    pub(crate) ram: UserId,
}

impl People {
    pub(crate) fn all(&self) -> [UserId; 8] {
        [
            self.nobody,
            self.member,
            self.administrator,
            self.permitter,
            self.key_keeper,
            self.management,
            self.management_inside,
            self.ram,
        ]
    }
}

/// One account.
pub(crate) struct Account {
    pub(crate) id: AccountId,
    pub(crate) default: WorkspaceId,
    pub(crate) inside: WorkspaceId,
    pub(crate) beside: WorkspaceId,
    pub(crate) people: People,
}

/// Both accounts and the directory that holds them.
pub(crate) struct House {
    pub(crate) directory: Directory,
    pub(crate) entropy: Fixed,
    pub(crate) one: Account,
    pub(crate) two: Account,
    revision: Mutex<u64>,
}

pub(crate) fn policy_name(name: &str) -> PolicyName {
    PolicyName::parse("policy", name).unwrap()
}

pub(crate) fn model_name(name: &str) -> ModelName {
    ModelName::parse("model", name).unwrap()
}

pub(crate) const INFERENCE: Grant = Grant { inference: true, fine_tune: false, deploy: false };

/// A policy of one statement on everything.
pub(crate) fn document(effect: &str, action: &str) -> String {
    format!(r#"{{"Version":"1","Statement":[{{"Effect":"{effect}","Action":"{action}","Resource":"*"}}]}}"#)
}

pub(crate) fn model(name: &str) -> Model {
    Model {
        model: model_name(name),
        name: name.to_owned(),
        capabilities: vec![Capability::Chat],
        context_window: None,
        max_input_tokens: None,
        max_output_tokens: None,
        prices: Vec::new(),
        routes: vec![Route {
            provider: ProviderName::parse("provider", "demo").unwrap(),
            upstream_model: model_name(name),
            priority: 1,
            weight: 1,
        }],
    }
}

pub(crate) fn provider() -> Box<Provider> {
    Box::new(Provider {
        name: ProviderName::parse("provider", "demo").unwrap(),
        dialect: Dialect::Demo,
        base_url: String::new(),
        allow_private: false,
        bounds: Bounds::default(),
    })
}

fn account(entropy: &Fixed, changes: &mut Vec<Change>) -> Account {
    let user = || UserId::random(entropy);
    let people = People {
        nobody: user(),
        member: user(),
        administrator: user(),
        permitter: user(),
        key_keeper: user(),
        management: user(),
        management_inside: user(),
        ram: user(),
    };
    let id = AccountId::random(entropy);
    let workspace = || WorkspaceId::random(entropy);
    let account = Account { id, default: workspace(), inside: workspace(), beside: workspace(), people };
    changes.push(Change::Account { account: id, settings: Box::default() });
    for (place, user) in account.people.all().into_iter().enumerate() {
        let name = UserName::parse("name", &format!("user-{place}")).unwrap();
        changes.push(Change::User { account: id, user, name });
    }
    for workspace in [account.default, account.inside, account.beside] {
        let is_default = workspace == account.default;
        changes.push(Change::Workspace { account: id, workspace, is_default, open: false });
    }
    let people = &account.people;
    for (user, pages) in [
        (people.member, Pages::NONE),
        (people.administrator, Pages::of(&[Page::Administrator])),
        (people.permitter, Pages::of(&[Page::PermissionManagement])),
        (people.key_keeper, Pages::of(&[Page::ApiKey])),
        (people.management_inside, Pages::NONE),
    ] {
        changes.push(Change::Member { workspace: account.inside, user, pages, epoch: 1 });
    }
    for (user, name) in [
        (people.management, "AliyunBailianFullAccess"),
        (people.management_inside, "AliyunBailianFullAccess"),
        (people.ram, "AliyunRAMFullAccess"),
    ] {
        changes.push(attached(id, user, PolicyType::System, name));
    }
    changes.push(Change::Provider { account: id, provider: provider(), sealed_credential: None });
    for name in [MODEL, OTHER_MODEL] {
        changes.push(Change::Model { account: id, model: Box::new(model(name)) });
    }
    changes.push(granted(id, account.inside, MODEL, INFERENCE));
    account
}

pub(crate) fn attached(account: AccountId, user: UserId, policy_type: PolicyType, name: &str) -> Change {
    Change::Attached {
        account,
        to: Attachee::User(user),
        policy_type,
        policy: policy_name(name),
        workspace: None,
    }
}

/// A group that holds these system policies.
pub(crate) fn group(account: AccountId, group: GroupId, policies: &[&str]) -> Vec<Change> {
    let attached = |name: &&str| Change::Attached {
        account,
        to: Attachee::Group(group),
        policy_type: PolicyType::System,
        policy: policy_name(name),
        workspace: None,
    };
    std::iter::once(Change::Group { account, group }).chain(policies.iter().map(attached)).collect()
}

pub(crate) fn granted(account: AccountId, workspace: WorkspaceId, model: &str, grant: Grant) -> Change {
    Change::Granted { account, workspace, model: model_name(model), grant }
}

impl House {
    pub(crate) fn new() -> Self {
        let entropy = Fixed::seeded(1);
        let mut changes = Vec::new();
        let (one, two) = (account(&entropy, &mut changes), account(&entropy, &mut changes));
        let directory = Directory::new();
        directory.load(changes).unwrap();
        directory.loaded(1);
        Self { directory, entropy, one, two, revision: Mutex::new(1) }
    }

    /// Applies the next revision.
    pub(crate) fn apply(&self, changes: Vec<Change>) -> Applied {
        let mut revision = self.revision.lock().unwrap();
        *revision += 1;
        self.directory.apply(*revision, changes).unwrap()
    }

    pub(crate) fn hash(&self) -> KeyHash {
        let mut bytes = [0; 32];
        self.entropy.fill(&mut bytes);
        KeyHash::from_bytes(bytes)
    }

    /// A key as it was when its owner had the seat of this epoch; not applied yet.
    pub(crate) fn key(&self, workspace: WorkspaceId, owner: Principal, epoch: u64) -> KeyFacts {
        KeyFacts {
            id: ApiKeyId::random(&self.entropy),
            hash: self.hash(),
            previous: None,
            workspace,
            owner,
            epoch,
            disabled: false,
            expires_at_ms: None,
            auth: None,
        }
    }

    /// The member's key in `inside`.
    pub(crate) fn members_key(&self) -> KeyFacts {
        let key = self.key(self.one.inside, Principal::User(self.one.people.member), 1);
        self.apply(vec![put(&key)]);
        key
    }

    pub(crate) fn caller(&self, account: &Account, principal: Principal) -> Caller {
        Caller {
            account: account.id,
            principal,
            access_key: None,
            session: None,
            role_session: None,
            federated: None,
            source_ip: HOME,
            secure_transport: true,
            request_id: RequestId::new([7; 16]),
            now_ms: NOW,
        }
    }

    /// Somebody of the first account.
    pub(crate) fn user(&self, user: UserId) -> Caller {
        self.caller(&self.one, Principal::User(user))
    }

    pub(crate) fn may<O: Operation>(&self, caller: &Caller, scope: O::On) -> Result<(), Reason> {
        self.directory.authorize::<O>(caller, scope).map(drop).map_err(|refusal| refusal.reason)
    }

    /// Admits a call that may use so many tokens.
    pub(crate) fn reserve(&self, hash: &KeyHash, tokens: u64) -> Result<Admitted, Box<Denied>> {
        let call = Call { key: Some((*hash).into()), workspace: None, source: HOME, now_ms: NOW };
        let expected = Expected { input_tokens: tokens, output_tokens: Some(0), choices: 1 };
        self.directory.admit(&call, MODEL, Capability::Chat, expected)
    }

    pub(crate) fn admit(&self, hash: &KeyHash, model: &str) -> Result<Admitted, Box<Denied>> {
        let call = Call { key: Some((*hash).into()), workspace: None, source: HOME, now_ms: NOW };
        self.directory.admit(&call, model, Capability::Chat, Expected::default())
    }

    /// Why a call is refused; `None` when it is admitted.
    pub(crate) fn refusal(&self, hash: &KeyHash, model: &str) -> Option<Reason> {
        self.admit(hash, model).err().map(|denied| denied.reason)
    }

    /// Decides about an action of somebody of the first account, by name.
    pub(crate) fn ask(&self, principal: Principal, action: &str, workspace: Option<WorkspaceId>) -> Decision {
        self.explained(&Asked { action: Some(action), ..question(principal, workspace) })
    }

    /// What root is told, which is what anybody is told who wants no more than the answer.
    fn explained(&self, asked: &Asked<'_>) -> Decision {
        let root = self.caller(&self.one, Principal::Root);
        let explained = self.directory.explain(&root, asked);
        assert!(!explained.chain.is_empty(), "{asked:?}");
        let answered = Decision { chain: Vec::new(), ..explained.clone() };
        assert_eq!(self.directory.decide(&root, asked, Wanted::Answer), answered, "{asked:?}");
        explained
    }

    /// Decides about changing something on a page.
    pub(crate) fn ask_page(&self, user: UserId, page: Page, workspace: WorkspaceId) -> Option<Reason> {
        let asked = Asked { page: Some(page), ..question(Principal::User(user), Some(workspace)) };
        self.explained(&asked).reason
    }

    pub(crate) fn set(&self, change: impl FnOnce(&mut Settings)) {
        let mut settings = Settings::default();
        change(&mut settings);
        self.apply(vec![Change::Account { account: self.one.id, settings: Box::new(settings) }]);
    }
}

/// An empty question about somebody.
pub(crate) fn question<'a>(principal: Principal, workspace: Option<WorkspaceId>) -> Asked<'a> {
    Asked {
        principal,
        action: None,
        workspace,
        page: None,
        model: None,
        resources: &[],
        given: &[],
        source_ip: HOME,
        now_ms: NOW,
    }
}

pub(crate) fn put(key: &KeyFacts) -> Change {
    Change::Key(Box::new(key.clone()))
}

/// What a role was taken with, for an hour from home.
pub(crate) fn session_claims(account: AccountId, role: RoleId, by: Taker) -> SessionClaims {
    SessionClaims {
        account,
        role,
        name: RoleSessionName::parse("RoleSessionName", "night-shift").unwrap(),
        policy: None,
        taken: Taken {
            by,
            at_ms: NOW,
            source_ip: HOME,
            secure_transport: true,
            mfa_present: false,
            external_id: None,
        },
        expires_at_ms: NOW + 3_600_000,
    }
}
