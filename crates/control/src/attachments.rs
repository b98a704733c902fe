//! Attaching policies: with joining a group, the one way in which API and management permission is given.

use std::future::Future;

use bailey_domain::access::{Attachee, AttacheeKind};
use bailey_domain::change::PolicyType;
use bailey_domain::id::RoleId;
use bailey_domain::name::{GroupName, PolicyName, RoleName, UserName};
use bailey_domain::operations::{
    AttachPolicyToGroup, AttachPolicyToRole, AttachPolicyToUser, DetachPolicyFromGroup, DetachPolicyFromRole,
    DetachPolicyFromUser, ListEntitiesForPolicy, ListPoliciesForGroup, ListPoliciesForRole,
    ListPoliciesForUser, ListWorkspaces, Operation,
};
use bailey_domain::scope::RamScope;
use bailey_domain::{AccountId, Caller, Error, GroupId, UserId, WorkspaceId};
use bailey_store::{Attaches, Attachment, Detaches, Entity, ListsAttached, Record, Store, Tx};
use serde_json::{Value, json};

use crate::control::{Control, within};
use crate::policies::scope_of;
use crate::revoked::Revoked;
use crate::{groups, roles, users};

/// What policies are attached to, by its name.
pub(crate) trait Holder: Sync {
    /// How the operations know it.
    type Id: Into<Attachee> + Copy + Send;

    /// The name as text.
    fn text(&self) -> &str;
    /// What RAM's own authorization asks about it.
    fn scope(&self, account: AccountId) -> RamScope;
    /// Finds it in a transaction.
    fn present(
        &self,
        tx: &mut Tx,
        account: AccountId,
    ) -> impl Future<Output = Result<Self::Id, Error>> + Send;
    /// Finds it outside of one.
    fn found(
        &self,
        store: &Store,
        account: AccountId,
    ) -> impl Future<Output = Result<Self::Id, Error>> + Send;
}

impl Holder for UserName {
    type Id = UserId;
    fn text(&self) -> &str {
        self.as_str()
    }
    fn scope(&self, account: AccountId) -> RamScope {
        RamScope::user(account, self.as_str())
    }
    async fn present(&self, tx: &mut Tx, account: AccountId) -> Result<UserId, Error> {
        users::present(tx, account, self).await.map(|user| user.user_id)
    }
    async fn found(&self, store: &Store, account: AccountId) -> Result<UserId, Error> {
        users::found(store, account, self).await.map(|user| user.user_id)
    }
}

impl Holder for GroupName {
    type Id = GroupId;
    fn text(&self) -> &str {
        self.as_str()
    }
    fn scope(&self, account: AccountId) -> RamScope {
        RamScope::group(account, self.as_str())
    }
    async fn present(&self, tx: &mut Tx, account: AccountId) -> Result<GroupId, Error> {
        groups::present(tx, account, self).await.map(|group| group.group_id)
    }
    async fn found(&self, store: &Store, account: AccountId) -> Result<GroupId, Error> {
        groups::found(store, account, self).await.map(|group| group.group_id)
    }
}

impl Holder for RoleName {
    type Id = RoleId;
    fn text(&self) -> &str {
        self.as_str()
    }
    fn scope(&self, account: AccountId) -> RamScope {
        RamScope::role(account, self.as_str())
    }
    async fn present(&self, tx: &mut Tx, account: AccountId) -> Result<RoleId, Error> {
        roles::present(tx, account, self).await.map(|role| role.role_id)
    }
    async fn found(&self, store: &Store, account: AccountId) -> Result<RoleId, Error> {
        roles::found(store, account, self).await.map(|role| role.role_id)
    }
}

/// What a policy is attached to.
#[derive(Clone, Debug)]
pub struct Entities {
    /// RAM users.
    pub users: Vec<Entity>,
    /// RAM groups.
    pub groups: Vec<Entity>,
    /// RAM roles.
    pub roles: Vec<Entity>,
}

impl Control {
    /// Attaches a policy to a user, for the things of a workspace or for the whole account. It must give no more than the
    /// caller holds there, unless the caller administers RAM.
    pub async fn attach_policy_to_user(
        &self,
        caller: &Caller,
        policy_type: PolicyType,
        policy: &PolicyName,
        name: &UserName,
        workspace: Option<WorkspaceId>,
    ) -> Result<(), Error> {
        self.attach::<AttachPolicyToUser, _>(caller, policy_type, policy, name, workspace).await
    }

    /// Attaches a policy to a group, on the same condition: it counts for everybody who is in it or will be.
    pub async fn attach_policy_to_group(
        &self,
        caller: &Caller,
        policy_type: PolicyType,
        policy: &PolicyName,
        name: &GroupName,
        workspace: Option<WorkspaceId>,
    ) -> Result<(), Error> {
        self.attach::<AttachPolicyToGroup, _>(caller, policy_type, policy, name, workspace).await
    }

    /// Attaches a policy to a role, on the same condition: it counts for everybody who takes the role.
    pub async fn attach_policy_to_role(
        &self,
        caller: &Caller,
        policy_type: PolicyType,
        policy: &PolicyName,
        name: &RoleName,
        workspace: Option<WorkspaceId>,
    ) -> Result<(), Error> {
        self.attach::<AttachPolicyToRole, _>(caller, policy_type, policy, name, workspace).await
    }

    /// Detaches a policy from a user where it counts for just this workspace, or for the account. One that denies something is
    /// detached by whoever administers RAM.
    pub async fn detach_policy_from_user(
        &self,
        caller: &Caller,
        policy_type: PolicyType,
        policy: &PolicyName,
        name: &UserName,
        workspace: Option<WorkspaceId>,
    ) -> Result<Revoked, Error> {
        self.detach::<DetachPolicyFromUser, _>(caller, policy_type, policy, name, workspace).await
    }

    /// Detaches a policy from a group. One that denies something is detached by whoever administers RAM.
    pub async fn detach_policy_from_group(
        &self,
        caller: &Caller,
        policy_type: PolicyType,
        policy: &PolicyName,
        name: &GroupName,
        workspace: Option<WorkspaceId>,
    ) -> Result<Revoked, Error> {
        self.detach::<DetachPolicyFromGroup, _>(caller, policy_type, policy, name, workspace).await
    }

    /// Detaches a policy from a role. One that denies something is detached by whoever administers RAM.
    pub async fn detach_policy_from_role(
        &self,
        caller: &Caller,
        policy_type: PolicyType,
        policy: &PolicyName,
        name: &RoleName,
        workspace: Option<WorkspaceId>,
    ) -> Result<Revoked, Error> {
        self.detach::<DetachPolicyFromRole, _>(caller, policy_type, policy, name, workspace).await
    }

    /// Lists the policies attached to a user directly.
    pub async fn list_policies_for_user(
        &self,
        caller: &Caller,
        name: &UserName,
    ) -> Result<Vec<Attachment>, Error> {
        self.list_attached::<ListPoliciesForUser, _>(caller, name).await
    }

    /// Lists the policies attached to a group.
    pub async fn list_policies_for_group(
        &self,
        caller: &Caller,
        name: &GroupName,
    ) -> Result<Vec<Attachment>, Error> {
        self.list_attached::<ListPoliciesForGroup, _>(caller, name).await
    }

    /// Lists the policies attached to a role.
    pub async fn list_policies_for_role(
        &self,
        caller: &Caller,
        name: &RoleName,
    ) -> Result<Vec<Attachment>, Error> {
        self.list_attached::<ListPoliciesForRole, _>(caller, name).await
    }

    /// Lists what a policy is attached to.
    pub async fn list_entities_for_policy(
        &self,
        caller: &Caller,
        policy_type: PolicyType,
        policy: &PolicyName,
    ) -> Result<Entities, Error> {
        let scope = scope_of(caller.account, policy_type, policy.as_str());
        let permit = self.permit::<ListEntitiesForPolicy>(caller, scope, policy.as_str()).await?;
        if !self.store.policy_exists(caller.account, policy_type, policy).await? {
            return Err(Error::absent("Policy"));
        }
        let of = |kind| self.store.list_entities_for_policy(&permit, kind, policy_type, policy);
        Ok(Entities {
            users: of(AttacheeKind::User).await?,
            groups: of(AttacheeKind::Group).await?,
            roles: of(AttacheeKind::Role).await?,
        })
    }

    async fn attach<O, N>(
        &self,
        caller: &Caller,
        policy_type: PolicyType,
        policy: &PolicyName,
        name: &N,
        workspace: Option<WorkspaceId>,
    ) -> Result<(), Error>
    where
        O: Attaches + Operation<On = RamScope>,
        N: Holder<Id = O::Of>,
    {
        let (scope, target) = pair(caller, policy_type, policy, name);
        let (mut tx, permit) = self.begin::<O>(caller, scope.clone(), &target).await?;
        let holder = name.present(&mut tx, caller.account).await?;
        self.demand_present(caller.account, policy_type, policy)?;
        self.demand_resource_group::<O>(caller, workspace)?;
        let may = self.directory().may_attach_policy::<O>(caller, &scope, policy_type, policy, workspace);
        (tx, ()) = self.unless_refused(tx, may, &target).await?;
        let kind = holder.into().kind();
        let held = tx.count_policies_of(holder, policy_type).await?;
        // What is attached already is told before the quota, as RAM does.
        tx.attach_policy(&permit, holder, policy_type, policy, workspace).await?;
        let quota = self.settings_of(caller.account)?.quota_attachments(kind, policy_type);
        within(
            quota,
            held,
            &format!("{}.Policy", kind.entity()),
            &format!("policies attached to the {}", kind.name()),
        )?;
        let after = described(policy_type, policy, kind, name, workspace);
        tx.commit(permit, Record { target, before: Value::Null, after }).await?;
        Ok(())
    }

    async fn detach<O, N>(
        &self,
        caller: &Caller,
        policy_type: PolicyType,
        policy: &PolicyName,
        name: &N,
        workspace: Option<WorkspaceId>,
    ) -> Result<Revoked, Error>
    where
        O: Detaches + Operation<On = RamScope>,
        N: Holder<Id = O::Of>,
    {
        let started = self.clock.now_ms();
        let (scope, target) = pair(caller, policy_type, policy, name);
        let (mut tx, permit) = self.begin::<O>(caller, scope.clone(), &target).await?;
        let holder = name.present(&mut tx, caller.account).await?;
        let kind = holder.into().kind();
        self.demand_present(caller.account, policy_type, policy)?;
        self.demand_resource_group::<O>(caller, workspace)?;
        let may = self.directory().may_detach_policy::<O>(caller, &scope, policy_type, policy);
        (tx, ()) = self.unless_refused(tx, may, &target).await?;
        if !tx.detach_policy(&permit, holder, policy_type, policy, workspace).await? {
            return Err(Error::absent(&format!("{}.Policy", kind.entity())));
        }
        let before = described(policy_type, policy, kind, name, workspace);
        let committed = tx.commit(permit, Record { target, before, after: Value::Null }).await?;
        Ok(Revoked::of(committed, 0, self.clock.now_ms() - started))
    }

    /// Refuses a policy that is not there. For use in a transaction: no policy comes or goes while it is open, and the
    /// directory is where it begins.
    pub(crate) fn demand_present(
        &self,
        account: AccountId,
        policy_type: PolicyType,
        policy: &PolicyName,
    ) -> Result<(), Error> {
        if self.directory().has_policy(account, policy_type, policy) {
            Ok(())
        } else {
            Err(Error::absent("Policy"))
        }
    }

    /// Refuses a workspace that is none of the account's and, in the same words, one that the caller may not know of: only
    /// members do, management, and whoever may attach or detach on everything.
    fn demand_resource_group<O: Operation>(
        &self,
        caller: &Caller,
        workspace: Option<WorkspaceId>,
    ) -> Result<(), Error> {
        let directory = self.directory();
        let seen = |id| directory.sees::<O>(caller, id) || directory.sees::<ListWorkspaces>(caller, id);
        if workspace.is_none_or(seen) { Ok(()) } else { Err(Error::absent("ResourceGroup")) }
    }

    async fn list_attached<O, N>(&self, caller: &Caller, name: &N) -> Result<Vec<Attachment>, Error>
    where
        O: ListsAttached + Operation<On = RamScope>,
        N: Holder<Id = O::Of>,
    {
        let permit = self.permit::<O>(caller, name.scope(caller.account), name.text()).await?;
        let holder = name.found(&self.store, caller.account).await?;
        let mut attachments = self.store.list_attached(&permit, holder).await?;
        with_system_texts(&mut attachments);
        Ok(attachments)
    }
}

/// Puts in what the database does not know of system policies.
pub(crate) fn with_system_texts(attachments: &mut [Attachment]) {
    for attachment in attachments.iter_mut().filter(|attachment| attachment.policy_type == "System") {
        if let Some(system) = bailey_policy::system::find(attachment.policy_name.as_str()) {
            attachment.description = Some(system.description.to_owned());
            attachment.default_version =
                system.version.strip_prefix('v').and_then(|number| number.parse().ok());
        }
    }
}

/// What attaching is about: both the holder and the policy must be allowed. And how the audit record names it.
pub(crate) fn pair(
    caller: &Caller,
    policy_type: PolicyType,
    policy: &PolicyName,
    name: &impl Holder,
) -> (RamScope, String) {
    let scope = name.scope(caller.account).and(scope_of(caller.account, policy_type, policy.as_str()));
    (scope, format!("{} {policy}", name.text()))
}

/// A policy as audit records show what it is attached to.
pub(crate) fn policy_record(policy_type: PolicyType, policy: &PolicyName) -> Value {
    json!({ "policyType": policy_type.name(), "policyName": policy })
}

/// An attachment as audit records show it.
fn described(
    policy_type: PolicyType,
    policy: &PolicyName,
    kind: AttacheeKind,
    name: &impl Holder,
    workspace: Option<WorkspaceId>,
) -> Value {
    let mut record = policy_record(policy_type, policy);
    record[format!("{}Name", kind.name())] = json!(name.text());
    if let Some(workspace) = workspace {
        record["resourceGroupId"] = json!(workspace);
    }
    record
}
