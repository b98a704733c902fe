//! What a revision changes. The store writes these into its feed, and loading a database is the same list.

use serde::{Deserialize, Serialize};

use crate::access::{Attachee, Principal};
use crate::budget::{Budget, BudgetLevel};
use crate::id::{
    AccessKeyId, AccountId, ApiKeyId, GroupId, OidcProviderId, RoleId, ServiceCredentialId, SessionId,
    UserId, WorkspaceId,
};
use crate::key_auth::KeyAuth;
use crate::limit::ModelLimits;
use crate::login::{SecurityPreference, SessionFacts};
use crate::model::{Grant, Model, Provider};
use crate::name::{AccountAlias, ModelName, OidcProviderName, PolicyName, ProviderName, RoleName, UserName};
use crate::network_policy::NetworkPolicy;
use crate::page::Pages;
use crate::secret::KeyHash;
use crate::service_credential::ServiceCredentialFacts;
use crate::settings::Settings;
use crate::tag::{Tag, TagKey};

/// What a limit is set on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "level", content = "id")]
pub enum LimitLevel {
    /// The sum over the account.
    Account,
    /// One workspace.
    Workspace(WorkspaceId),
    /// One API key.
    Key(ApiKeyId),
}

/// Whether a policy is bailey's or the account's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PolicyType {
    /// Shipped with bailey.
    System,
    /// Written in the account.
    Custom,
}

impl PolicyType {
    /// The name in RAM's API.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Custom => "Custom",
        }
    }
}

/// The value that a key had before, while it still counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreviousValue {
    /// Its hash.
    pub hash: KeyHash,
    /// Until when it counts, in milliseconds since the epoch.
    pub ends_at_ms: i64,
}

/// One API key as the directory needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyFacts {
    /// Its handle.
    pub id: ApiKeyId,
    /// The hash of its value.
    pub hash: KeyHash,
    /// The value before, of a key whose value was changed with an overlap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<PreviousValue>,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its owner.
    pub owner: Principal,
    /// The owner's seat when the key was made: another seat, even in the same workspace, does not revive it.
    pub epoch: u64,
    /// Whether it is switched off.
    pub disabled: bool,
    /// When its time is over, in milliseconds since the epoch.
    pub expires_at_ms: Option<i64>,
    /// What narrows it.
    pub auth: Option<KeyAuth>,
}

/// One change of one thing. `…Gone` takes it away; everything else puts it, whether it was there or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "change")]
#[expect(missing_docs, reason = "the fields are the things' own")]
pub enum Change {
    Account {
        account: AccountId,
        settings: Box<Settings>,
    },
    /// What ends the logon names of the account's users, where it is not the account's id.
    Alias {
        account: AccountId,
        alias: Option<AccountAlias>,
    },
    User {
        account: AccountId,
        user: UserId,
        name: UserName,
    },
    UserGone {
        user: UserId,
    },
    AccessKey {
        account: AccountId,
        access_key: AccessKeyId,
        owner: Principal,
        active: bool,
        sealed_secret: String,
    },
    AccessKeyGone {
        access_key: AccessKeyId,
    },
    SecurityPreference {
        account: AccountId,
        preference: Box<SecurityPreference>,
    },
    Session(Box<SessionFacts>),
    SessionGone {
        session: SessionId,
    },
    /// Where one access key may be used from.
    AccessKeyNetwork {
        access_key: AccessKeyId,
        policy: Box<NetworkPolicy>,
    },
    /// Where access keys may be used from that have no active policy of their own.
    AccountNetwork {
        account: AccountId,
        policy: Box<NetworkPolicy>,
    },
    ServiceCredential(Box<ServiceCredentialFacts>),
    ServiceCredentialGone {
        service_credential: ServiceCredentialId,
    },
    Policy {
        account: AccountId,
        name: PolicyName,
        version: u64,
        document: String,
    },
    PolicyGone {
        account: AccountId,
        name: PolicyName,
    },
    /// For the things of one workspace, or for the whole account; so is what is detached.
    Attached {
        account: AccountId,
        to: Attachee,
        policy_type: PolicyType,
        policy: PolicyName,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        workspace: Option<WorkspaceId>,
    },
    Detached {
        account: AccountId,
        to: Attachee,
        policy_type: PolicyType,
        policy: PolicyName,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        workspace: Option<WorkspaceId>,
    },
    Boundary {
        account: AccountId,
        of: Attachee,
        policy_type: PolicyType,
        policy: PolicyName,
    },
    BoundaryGone {
        of: Attachee,
    },
    ControlPolicy {
        account: AccountId,
        policy_type: PolicyType,
        policy: PolicyName,
    },
    ControlPolicyGone {
        account: AccountId,
        policy_type: PolicyType,
        policy: PolicyName,
    },
    Group {
        account: AccountId,
        group: GroupId,
    },
    GroupGone {
        group: GroupId,
    },
    GroupMember {
        group: GroupId,
        user: UserId,
    },
    GroupMemberGone {
        group: GroupId,
        user: UserId,
    },
    Role {
        account: AccountId,
        role: RoleId,
        name: RoleName,
        trust: String,
    },
    RoleGone {
        role: RoleId,
    },
    RoleTag {
        role: RoleId,
        tag: Tag,
    },
    RoleTagGone {
        role: RoleId,
        key: TagKey,
    },
    OidcProvider {
        account: AccountId,
        provider: OidcProviderId,
        name: OidcProviderName,
        issuer: String,
        client_ids: Vec<String>,
    },
    OidcProviderGone {
        provider: OidcProviderId,
    },
    Workspace {
        account: AccountId,
        workspace: WorkspaceId,
        is_default: bool,
        open: bool,
    },
    WorkspaceGone {
        workspace: WorkspaceId,
    },
    Member {
        workspace: WorkspaceId,
        user: UserId,
        pages: Pages,
        epoch: u64,
    },
    MemberGone {
        workspace: WorkspaceId,
        user: UserId,
    },
    Provider {
        account: AccountId,
        provider: Box<Provider>,
        sealed_credential: Option<String>,
    },
    ProviderGone {
        account: AccountId,
        name: ProviderName,
    },
    Model {
        account: AccountId,
        model: Box<Model>,
    },
    ModelGone {
        account: AccountId,
        model: ModelName,
    },
    Granted {
        account: AccountId,
        workspace: WorkspaceId,
        model: ModelName,
        grant: Grant,
    },
    Key(Box<KeyFacts>),
    KeyGone {
        key: ApiKeyId,
    },
    Limits {
        account: AccountId,
        level: LimitLevel,
        model: ModelName,
        limits: ModelLimits,
    },
    /// A budget, with what was spent in the month of a moment, which counts where there was no budget before.
    Budget {
        account: AccountId,
        level: BudgetLevel,
        budget: Box<Budget>,
        month_of_ms: i64,
        spent_micro: u64,
    },
    BudgetGone {
        account: AccountId,
        level: BudgetLevel,
    },
}
