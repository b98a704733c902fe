//! Who a credential belongs to.

use bailey_domain::access::Principal;
use bailey_domain::operations::GetCallerIdentity;
use bailey_domain::scope::WholeAccount;
use bailey_domain::{AccessKeyId, AccountId, Caller, Error, Secret};

use crate::control::Control;

/// Who a caller is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The account.
    pub account: AccountId,
    /// The identity.
    pub principal: Principal,
    /// The user's name; a role's is in its session.
    pub name: Option<String>,
}

/// An access key that a caller presented, found.
#[derive(Debug)]
pub struct PresentedKey {
    /// Its account.
    pub account: AccountId,
    /// Whom it stands for.
    pub owner: Principal,
    /// Whether it is switched on.
    pub active: bool,
    /// Its secret, to check a signature against.
    pub secret: Secret<Vec<u8>>,
}

impl Control {
    /// An access key with its secret. `None` when there is no such key.
    pub fn access_key(&self, id: &AccessKeyId) -> Result<Option<PresentedKey>, Error> {
        let Some(facts) = self.directory().access_key(id) else { return Ok(None) };
        let secret = self.sealer().open(&access_key_label(*id), &facts.sealed_secret)?;
        Ok(Some(PresentedKey { account: facts.account, owner: facts.owner, active: facts.active, secret }))
    }

    /// STS GetCallerIdentity.
    pub async fn get_caller_identity(&self, caller: &Caller) -> Result<Identity, Error> {
        self.require::<GetCallerIdentity>(caller, WholeAccount, "").await?;
        let name = match caller.principal {
            Principal::Root | Principal::Role(_) | Principal::Federated(_) => None,
            Principal::User(user) => {
                let user = self.store.find_user_by_id(caller.account, user).await?;
                Some(user.ok_or_else(|| Error::absent("User"))?.name.to_string())
            }
        };
        Ok(Identity { account: caller.account, principal: caller.principal, name })
    }
}

/// What the sealed secret of an access key is bound to.
pub(crate) fn access_key_label(id: AccessKeyId) -> String {
    format!("access_keys/{id}")
}
