//! Where access keys may be used from.

use bailey_domain::name::UserName;
use bailey_domain::network_policy::NetworkPolicy;
use bailey_domain::operations::{
    GetAccessKeyPolicy, GetAccessKeyPolicyForAccount, SetAccessKeyPolicy, SetAccessKeyPolicyForAccount,
};
use bailey_domain::scope::RamScope;
use bailey_domain::{AccessKeyId, Caller, Error};
use bailey_store::Record;
use serde_json::json;

use crate::access_keys::{Owner, present_key};
use crate::control::Control;

impl Control {
    /// Sets the network policy of an access key.
    pub async fn set_access_key_policy(
        &self,
        caller: &Caller,
        name: Option<&UserName>,
        id: AccessKeyId,
        policy: NetworkPolicy,
    ) -> Result<NetworkPolicy, Error> {
        let Owner { principal, scope, label } = self.owner::<SetAccessKeyPolicy>(caller, name).await?;
        let (mut tx, permit) = self.begin::<SetAccessKeyPolicy>(caller, scope, &label).await?;
        present_key(&mut tx, caller, principal, id).await?;
        self.check_network_policy(caller, Some(&id), &policy)?;
        let before = self.directory().network_policy(caller.account, Some(&id));
        tx.update_access_key_policy(&permit, id, &policy).await?;
        let record = Record { target: id.to_string(), before: json!(before), after: json!(policy) };
        tx.commit(permit, record).await?;
        Ok(policy)
    }

    /// Shows the network policy of an access key.
    pub async fn get_access_key_policy(
        &self,
        caller: &Caller,
        name: Option<&UserName>,
        id: AccessKeyId,
    ) -> Result<NetworkPolicy, Error> {
        let Owner { principal, scope, label } = self.owner::<GetAccessKeyPolicy>(caller, name).await?;
        self.require::<GetAccessKeyPolicy>(caller, scope, &label).await?;
        let key = self.directory().access_key(&id);
        key.filter(|key| key.account == caller.account && key.owner == principal)
            .ok_or_else(|| Error::absent("User.AccessKey"))?;
        Ok(self.directory().network_policy(caller.account, Some(&id)))
    }

    /// Sets the network policy of all access keys that have none of their own.
    pub async fn set_access_key_policy_for_account(
        &self,
        caller: &Caller,
        policy: NetworkPolicy,
    ) -> Result<NetworkPolicy, Error> {
        let scope = RamScope::account(caller.account);
        let (mut tx, permit) = self.begin::<SetAccessKeyPolicyForAccount>(caller, scope, "account").await?;
        self.check_network_policy(caller, None, &policy)?;
        let before = self.directory().network_policy(caller.account, None);
        tx.update_account_access_key_policy(&permit, &policy).await?;
        let record = Record { target: "account".to_owned(), before: json!(before), after: json!(policy) };
        tx.commit(permit, record).await?;
        Ok(policy)
    }

    /// Shows the network policy of all access keys that have none of their own.
    pub async fn get_access_key_policy_for_account(&self, caller: &Caller) -> Result<NetworkPolicy, Error> {
        let scope = RamScope::account(caller.account);
        self.require::<GetAccessKeyPolicyForAccount>(caller, scope, "account").await?;
        Ok(self.directory().network_policy(caller.account, None))
    }

    /// Holds a policy to the quotas, and refuses one that keeps out whoever sets it: a wrong network would leave nobody
    /// who could set it right.
    fn check_network_policy(
        &self,
        caller: &Caller,
        target: Option<&AccessKeyId>,
        policy: &NetworkPolicy,
    ) -> Result<(), Error> {
        let settings = self.settings_of(caller.account)?;
        for (quota, count, what, plural) in [
            (
                settings.quota_access_key_policy_statements,
                policy.statements.len(),
                "AccessKeyPolicy.Statement",
                "statements",
            ),
            (settings.quota_access_key_policy_addresses, policy.len(), "AccessKeyPolicy.IPList", "addresses"),
        ] {
            if count as u64 > u64::from(quota) {
                return Err(Error::quota(what, plural, quota.into()));
            }
        }
        if self.directory().would_lock_out(caller, target, policy) {
            return Err(Error::Conflict {
                code: "OperationConflict.AccessKeyPolicy".into(),
                message: format!(
                    "this policy would keep out the access key that sets it, from `{}` where it is used now: list that address too, or call from a listed one",
                    caller.source_ip
                ),
            });
        }
        Ok(())
    }
}
