//! What an operation is done on. The scope travels inside the permit, so a permission for one thing cannot
//! act on another.

use std::fmt;

use crate::id::{AccountId, RoleId, UserId, WorkspaceId};

/// How a scope is named in reference pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeKind {
    /// The whole account.
    Account,
    /// One workspace.
    Workspace,
    /// One person's seat in one workspace.
    Seat,
    /// RAM resources by name.
    Ram,
}

/// What an operation is done on.
pub trait Scope: Clone + fmt::Debug {
    /// How it is named in reference pages.
    const KIND: ScopeKind;
    /// The workspace, if there is one.
    fn workspace(&self) -> Option<WorkspaceId> {
        None
    }
    /// The person it is done to, if there is one.
    fn subject(&self) -> Option<UserId> {
        None
    }
    /// The role it is about, if there is one.
    fn role(&self) -> Option<RoleId> {
        None
    }
    /// What the request gives as `sts:ExternalId`.
    fn external_id(&self) -> Option<&str> {
        None
    }
    /// RAM resources, all of which policies must allow; empty means the account's or workspace's own name.
    fn resources(&self) -> &[String] {
        &[]
    }
}

/// The whole account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WholeAccount;

impl Scope for WholeAccount {
    const KIND: ScopeKind = ScopeKind::Account;
}

impl Scope for WorkspaceId {
    const KIND: ScopeKind = ScopeKind::Workspace;
    fn workspace(&self) -> Option<WorkspaceId> {
        Some(*self)
    }
}

/// One person's seat in one workspace. `user` is `None` when no such person is known: the answer is then the
/// one that a caller without permission gets, before anything is said about the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The person.
    pub user: Option<UserId>,
}

impl Scope for Seat {
    const KIND: ScopeKind = ScopeKind::Seat;
    fn workspace(&self) -> Option<WorkspaceId> {
        Some(self.workspace)
    }
    fn subject(&self) -> Option<UserId> {
        self.user
    }
}

/// A person, wherever they are; `None` is somebody unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person(pub Option<UserId>);

impl Scope for Person {
    const KIND: ScopeKind = ScopeKind::Account;
    fn subject(&self) -> Option<UserId> {
        self.0
    }
}

/// RAM resources by name; policies must allow the action on every one of them (RAM authentication rules).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RamScope {
    resources: Vec<String>,
    subject: Option<UserId>,
}

impl RamScope {
    fn one(account: AccountId, kind: &str, name: &str) -> Self {
        Self::resource(format!("acs:ram:*:{account}:{kind}/{name}"))
    }

    fn resource(name: String) -> Self {
        Self { resources: vec![name], subject: None }
    }

    /// What concerns the whole account: its alias, its password policy, its security preference.
    pub fn account(account: AccountId) -> Self {
        Self::resource(format!("acs:ram:*:{account}:*"))
    }

    /// The virtual MFA devices.
    pub fn mfa_devices(account: AccountId) -> Self {
        Self::one(account, "mfa", "*")
    }

    /// One MFA device: its serial number is its name in policies.
    pub fn mfa_device(serial_number: &str) -> Self {
        Self::resource(serial_number.to_owned())
    }

    /// Says whom it is about, for what users may do for themselves.
    pub fn about(mut self, subject: Option<UserId>) -> Self {
        self.subject = subject;
        self
    }

    /// A user, or `*` for the list of them.
    pub fn user(account: AccountId, name: &str) -> Self {
        Self::one(account, "user", name)
    }

    /// A group, or `*` for the list of them.
    pub fn group(account: AccountId, name: &str) -> Self {
        Self::one(account, "group", name)
    }

    /// A role, or `*` for the list of them.
    pub fn role(account: AccountId, name: &str) -> Self {
        Self::one(account, "role", name)
    }

    /// An OIDC provider, or `*` for the list of them.
    pub fn oidc_provider(account: AccountId, name: &str) -> Self {
        Self::one(account, "oidc-provider", name)
    }

    /// A custom policy, or `*` for the list of them.
    pub fn policy(account: AccountId, name: &str) -> Self {
        Self::one(account, "policy", name)
    }

    /// A system policy: its account segment is the word `system`.
    pub fn system_policy(name: &str) -> Self {
        Self::resource(format!("acs:ram:*:system:policy/{name}"))
    }

    /// Both scopes together.
    pub fn and(mut self, other: Self) -> Self {
        self.resources.extend(other.resources);
        self
    }
}

impl Scope for RamScope {
    const KIND: ScopeKind = ScopeKind::Ram;
    fn subject(&self) -> Option<UserId> {
        self.subject
    }
    fn resources(&self) -> &[String] {
        &self.resources
    }
}

/// Taking a role. `role` is `None` when there is none of that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumption {
    /// The role.
    pub role: Option<RoleId>,
    /// What the request gives as `sts:ExternalId`.
    pub external_id: Option<String>,
    /// The role's name as a RAM resource.
    pub resource: RamScope,
}

impl Scope for Assumption {
    const KIND: ScopeKind = ScopeKind::Ram;
    fn role(&self) -> Option<RoleId> {
        self.role
    }
    fn external_id(&self) -> Option<&str> {
        self.external_id.as_deref()
    }
    fn resources(&self) -> &[String] {
        self.resource.resources()
    }
}
