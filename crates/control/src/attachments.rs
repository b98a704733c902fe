//! Attaching policies: the one way in which API and management permission is given.

use bailey_domain::change::PolicyType;
use bailey_domain::name::{PolicyName, UserName};
use bailey_domain::operations::{
    AttachPolicyToUser, DetachPolicyFromUser, ListEntitiesForPolicy, ListPoliciesForUser,
};
use bailey_domain::scope::RamScope;
use bailey_domain::{Caller, Error};
use bailey_store::{Attachment, Entity, Record};
use serde_json::{Value, json};

use crate::control::{Control, within};
use crate::policies::scope_of;
use crate::revoked::Revoked;
use crate::users::present;

impl Control {
    /// Attaches a policy to a user. It must give no more than the caller holds, unless the caller administers RAM.
    pub async fn attach_policy_to_user(
        &self,
        caller: &Caller,
        policy_type: PolicyType,
        policy: &PolicyName,
        name: &UserName,
    ) -> Result<(), Error> {
        let (scope, target) = pair(caller, policy_type, policy, name);
        let (mut tx, permit) = self.begin::<AttachPolicyToUser>(caller, scope.clone(), &target).await?;
        let user = present(&mut tx, caller.account, name).await?;
        if !tx.policy_exists(caller.account, policy_type, policy).await? {
            return Err(Error::absent("Policy"));
        }
        let may =
            self.directory().may_attach_policy::<AttachPolicyToUser>(caller, &scope, policy_type, policy);
        (tx, ()) = self.unless_refused(tx, may, &target).await?;
        let settings = self.settings_of(caller.account)?;
        let quota = match policy_type {
            PolicyType::System => settings.quota_system_policies_per_user,
            PolicyType::Custom => settings.quota_custom_policies_per_user,
        };
        within(
            quota,
            tx.count_user_policies(user.user_id, policy_type).await?,
            "User.Policy",
            "policies of the user",
        )?;
        tx.attach_policy(&permit, user.user_id, policy_type, policy).await?;
        let after = json!({ "policyType": policy_type.name(), "policyName": policy, "userName": name });
        tx.commit(permit, Record { target, before: Value::Null, after }).await?;
        Ok(())
    }

    /// Detaches a policy from a user.
    pub async fn detach_policy_from_user(
        &self,
        caller: &Caller,
        policy_type: PolicyType,
        policy: &PolicyName,
        name: &UserName,
    ) -> Result<Revoked, Error> {
        let started = self.clock.now_ms();
        let (scope, target) = pair(caller, policy_type, policy, name);
        let (mut tx, permit) = self.begin::<DetachPolicyFromUser>(caller, scope, &target).await?;
        let user = present(&mut tx, caller.account, name).await?;
        if !tx.policy_exists(caller.account, policy_type, policy).await? {
            return Err(Error::absent("Policy"));
        }
        if !tx.detach_policy(&permit, user.user_id, policy_type, policy).await? {
            return Err(Error::absent("User.Policy"));
        }
        let before = json!({ "policyType": policy_type.name(), "policyName": policy, "userName": name });
        let committed = tx.commit(permit, Record { target, before, after: Value::Null }).await?;
        Ok(Revoked::of(committed, 0, self.clock.now_ms() - started))
    }

    /// Lists the policies attached to a user directly.
    pub async fn list_policies_for_user(
        &self,
        caller: &Caller,
        name: &UserName,
    ) -> Result<Vec<Attachment>, Error> {
        let permit = self
            .permit::<ListPoliciesForUser>(
                caller,
                RamScope::user(caller.account, name.as_str()),
                name.as_str(),
            )
            .await?;
        let user = self.store.find_user(caller.account, name).await?.ok_or_else(|| Error::absent("User"))?;
        let mut attachments = self.store.list_policies_for_user(&permit, user.user_id).await?;
        for attachment in attachments.iter_mut().filter(|attachment| attachment.policy_type == "System") {
            if let Some(system) = bailey_policy::system::find(attachment.policy_name.as_str()) {
                attachment.description = Some(system.description.to_owned());
                attachment.default_version =
                    system.version.strip_prefix('v').and_then(|number| number.parse().ok());
            }
        }
        Ok(attachments)
    }

    /// Lists the users that a policy is attached to.
    pub async fn list_entities_for_policy(
        &self,
        caller: &Caller,
        policy_type: PolicyType,
        policy: &PolicyName,
    ) -> Result<Vec<Entity>, Error> {
        let scope = scope_of(caller.account, policy_type, policy.as_str());
        let permit = self.permit::<ListEntitiesForPolicy>(caller, scope, policy.as_str()).await?;
        if !self.store.policy_exists(caller.account, policy_type, policy).await? {
            return Err(Error::absent("Policy"));
        }
        self.store.list_entities_for_policy(&permit, policy_type, policy).await
    }
}

/// What attaching is about: both the user and the policy must be allowed. And how the audit record names it.
fn pair(
    caller: &Caller,
    policy_type: PolicyType,
    policy: &PolicyName,
    name: &UserName,
) -> (RamScope, String) {
    let user = RamScope::user(caller.account, name.as_str());
    let scope = user.and(scope_of(caller.account, policy_type, policy.as_str()));
    (scope, format!("{name} {policy}"))
}
