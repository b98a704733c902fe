//! Permission boundaries and control policies: what caps the policies of users and roles.

use bailey_domain::access::Attachee;
use bailey_domain::change::PolicyType;
use bailey_domain::name::{PolicyName, RoleName, UserName};
use bailey_domain::operations::{
    AttachControlPolicy, DeletePermissionBoundary, DetachControlPolicy, GetPermissionBoundary,
    ListControlPolicies, Operation, PutPermissionBoundary,
};
use bailey_domain::scope::RamScope;
use bailey_domain::{AccountId, Caller, Error, Permit};
use bailey_store::{Attachment, Policy, Record, Store, Tx};
use serde_json::{Value, json};

use crate::attachments::{Holder, pair, policy_record, with_system_texts};
use crate::control::Control;
use crate::policies::scope_of;
use crate::revoked::Revoked;

/// What can have a permission boundary, by its name.
#[derive(Clone, Debug)]
pub enum Bounded {
    /// A RAM user.
    User(UserName),
    /// A RAM role.
    Role(RoleName),
}

impl Holder for Bounded {
    type Id = Attachee;
    fn text(&self) -> &str {
        match self {
            Self::User(user) => user.text(),
            Self::Role(role) => role.text(),
        }
    }
    fn scope(&self, account: AccountId) -> RamScope {
        match self {
            Self::User(user) => user.scope(account),
            Self::Role(role) => role.scope(account),
        }
    }
    async fn present(&self, tx: &mut Tx, account: AccountId) -> Result<Attachee, Error> {
        Ok(match self {
            Self::User(user) => user.present(tx, account).await?.into(),
            Self::Role(role) => role.present(tx, account).await?.into(),
        })
    }
    async fn found(&self, store: &Store, account: AccountId) -> Result<Attachee, Error> {
        Ok(match self {
            Self::User(user) => user.found(store, account).await?.into(),
            Self::Role(role) => role.found(store, account).await?.into(),
        })
    }
}

impl Control {
    /// Sets the permission boundary of a user or role, in place of the one that was there. Root may, and whoever
    /// administers RAM may for others; what the boundary does not allow is refused before the answer.
    pub async fn put_permission_boundary(
        &self,
        caller: &Caller,
        of: &Bounded,
        policy_type: PolicyType,
        policy: &PolicyName,
    ) -> Result<Revoked, Error> {
        let started = self.clock.now_ms();
        let (scope, target) = pair(caller, policy_type, policy, of);
        let (mut tx, permit) = self.begin::<PutPermissionBoundary>(caller, scope.clone(), &target).await?;
        let id = of.present(&mut tx, caller.account).await?;
        self.demand_present(caller.account, policy_type, policy)?;
        let may = self.directory().may_change_guards::<PutPermissionBoundary>(caller, &scope, &[id], false);
        (tx, ()) = self.unless_refused(tx, may, &target).await?;
        let before = json!(tx.present_boundary(caller.account, id).await?);
        tx.put_boundary(&permit, id, policy_type, policy).await?;
        let after = policy_record(policy_type, policy);
        let committed = tx.commit(permit, Record { target, before, after }).await?;
        Ok(Revoked::of(committed, 0, self.clock.now_ms() - started))
    }

    /// Takes the permission boundary of a user or role away, for whoever may set it.
    pub async fn delete_permission_boundary(&self, caller: &Caller, of: &Bounded) -> Result<(), Error> {
        let (scope, target) = (of.scope(caller.account), of.text().to_owned());
        let (mut tx, permit) = self.begin::<DeletePermissionBoundary>(caller, scope.clone(), &target).await?;
        let id = of.present(&mut tx, caller.account).await?;
        let may =
            self.directory().may_change_guards::<DeletePermissionBoundary>(caller, &scope, &[id], false);
        (tx, ()) = self.unless_refused(tx, may, &target).await?;
        let before = json!(tx.present_boundary(caller.account, id).await?);
        if !tx.delete_boundary(&permit, id).await? {
            return Err(Error::absent("PermissionBoundary"));
        }
        tx.commit(permit, Record { target, before, after: Value::Null }).await?;
        Ok(())
    }

    /// Shows the permission boundary of a user or role.
    pub async fn get_permission_boundary(&self, caller: &Caller, of: &Bounded) -> Result<Attachment, Error> {
        let permit =
            self.permit::<GetPermissionBoundary>(caller, of.scope(caller.account), of.text()).await?;
        let id = of.found(&self.store, caller.account).await?;
        let mut boundary = self
            .store
            .find_boundary(&permit, id)
            .await?
            .ok_or_else(|| Error::absent("PermissionBoundary"))?;
        with_system_texts(std::slice::from_mut(&mut boundary));
        Ok(boundary)
    }

    /// Attaches a control policy. From the answer on nobody but root does what it does not allow.
    pub async fn attach_control_policy(
        &self,
        caller: &Caller,
        policy_type: PolicyType,
        policy: &PolicyName,
    ) -> Result<Revoked, Error> {
        let started = self.clock.now_ms();
        let (mut tx, permit) =
            self.begin_on_policy::<AttachControlPolicy>(caller, policy_type, policy).await?;
        tx.attach_control_policy(&permit, policy_type, policy).await?;
        let after = policy_record(policy_type, policy);
        let target = policy.to_string();
        let committed = tx.commit(permit, Record { target, before: Value::Null, after }).await?;
        Ok(Revoked::of(committed, 0, self.clock.now_ms() - started))
    }

    /// Detaches a control policy. Where others stay, what only this one allowed is refused from the answer on.
    pub async fn detach_control_policy(
        &self,
        caller: &Caller,
        policy_type: PolicyType,
        policy: &PolicyName,
    ) -> Result<Revoked, Error> {
        let started = self.clock.now_ms();
        let (mut tx, permit) =
            self.begin_on_policy::<DetachControlPolicy>(caller, policy_type, policy).await?;
        if !tx.detach_control_policy(&permit, policy_type, policy).await? {
            return Err(Error::absent("ControlPolicy"));
        }
        let before = policy_record(policy_type, policy);
        let target = policy.to_string();
        let committed = tx.commit(permit, Record { target, before, after: Value::Null }).await?;
        Ok(Revoked::of(committed, 0, self.clock.now_ms() - started))
    }

    /// A transaction and the permit for what is done with a policy that is there.
    async fn begin_on_policy<O: Operation<On = RamScope>>(
        &self,
        caller: &Caller,
        policy_type: PolicyType,
        policy: &PolicyName,
    ) -> Result<(Tx, Permit<O>), Error> {
        let scope = scope_of(caller.account, policy_type, policy.as_str());
        let begun = self.begin::<O>(caller, scope, policy.as_str()).await?;
        self.demand_present(caller.account, policy_type, policy)?;
        Ok(begun)
    }

    /// Lists the account's control policies.
    pub async fn list_control_policies(&self, caller: &Caller) -> Result<Vec<Attachment>, Error> {
        let scope = RamScope::policy(caller.account, "*");
        let permit = self.permit::<ListControlPolicies>(caller, scope, "").await?;
        let mut attached = self.store.list_control_policies(&permit).await?;
        with_system_texts(&mut attached);
        Ok(attached)
    }

    /// Checks a document that is to be the default version of a policy: where the policy counts for anybody it is
    /// held to rule 9, and where it caps anybody, to who may change that. It passes the policy's tests.
    pub(crate) async fn unless_it_may_not_count<O: Operation<On = RamScope>>(
        &self,
        mut tx: Tx,
        caller: &Caller,
        scope: &RamScope,
        policy: &Policy,
        document: &str,
    ) -> Result<Tx, Error> {
        let name = &policy.name;
        if tx.is_attached(caller.account, name).await? {
            let may = self.directory().may_replace_policy::<O>(caller, scope, name, document);
            (tx, ()) = self.unless_refused(tx, may, name.as_str()).await?;
        }
        let guarding = tx.guarded_by(caller.account, name).await?;
        if guarding.controls || !guarding.bounded.is_empty() {
            let (bounded, controls) = (&guarding.bounded, guarding.controls);
            let may = self.directory().may_change_guards::<O>(caller, scope, bounded, controls);
            (tx, ()) = self.unless_refused(tx, may, name.as_str()).await?;
        }
        self.demand_tests::<O>(&mut tx, caller.account, name, document).await?;
        Ok(tx)
    }
}
