//! Access keys.

use bailey_domain::access::Principal;
use bailey_domain::name::UserName;
use bailey_domain::operations::{
    CreateAccessKey, DeleteAccessKey, ListAccessKeys, Operation, UpdateAccessKey,
};
use bailey_domain::scope::RamScope;
use bailey_domain::secret::random_secret;
use bailey_domain::{AccessKeyId, Caller, Error, Secret};
use bailey_store::{AccessKey, NewAccessKey, Record, Tx};
use serde_json::{Value, json};

use crate::control::{Control, within};
use crate::identity::access_key_label;
use crate::revoked::Revoked;
use crate::users::present;

/// A new access key with its secret, which is shown here and never again.
#[derive(Debug)]
pub struct IssuedAccessKey {
    /// The key.
    pub key: AccessKey,
    /// Its secret: 30 characters, as the real service's.
    pub secret: Secret<String>,
}

/// Whose access keys are meant: a user's by name, or the caller's own.
pub(crate) struct Owner {
    pub(crate) principal: Principal,
    pub(crate) scope: RamScope,
    /// What audit records call it.
    pub(crate) label: String,
}

impl Control {
    /// Without a name the caller's own keys are meant (RAM makes UserName optional here).
    pub(crate) async fn owner<O: Operation<On = RamScope>>(
        &self,
        caller: &Caller,
        name: Option<&UserName>,
    ) -> Result<Owner, Error> {
        let named = match (name, caller.principal) {
            (Some(name), _) => Some(name.clone()),
            (None, Principal::User(user)) => {
                let user = self.store.find_user_by_id(caller.account, user).await?;
                Some(user.ok_or_else(|| Error::absent("User"))?.name)
            }
            (None, Principal::Root) => None,
            (None, Principal::Role(_) | Principal::Federated(_)) => {
                return Err(Error::invalid(
                    "MissingParameter.UserName",
                    "The parameter - \"UserName\" is missing: a role has no access keys of its own. Name the user.",
                ));
            }
        };
        Ok(match named {
            Some(name) => {
                let user = self.store.find_user(caller.account, &name).await?;
                let scope = RamScope::user(caller.account, name.as_str())
                    .about(user.as_ref().map(|user| user.user_id));
                // Whether the user exists is told only to those whom the permission for `O` lets in.
                let Some(user) = user else {
                    self.require::<O>(caller, scope, name.as_str()).await?;
                    return Err(Error::absent("User"));
                };
                Owner { principal: Principal::User(user.user_id), scope, label: name.to_string() }
            }
            None => Owner {
                principal: Principal::Root,
                scope: RamScope::user(caller.account, "root"),
                label: "root".to_owned(),
            },
        })
    }

    /// Creates an access key.
    pub async fn create_access_key(
        &self,
        caller: &Caller,
        name: Option<&UserName>,
    ) -> Result<IssuedAccessKey, Error> {
        let Owner { principal, scope, label } = self.owner::<CreateAccessKey>(caller, name).await?;
        let (mut tx, permit) = self.begin::<CreateAccessKey>(caller, scope.clone(), &label).await?;
        let may = self.directory().may_make_credential::<CreateAccessKey>(caller, &scope, principal);
        (tx, ()) = self.unless_refused(tx, may, &label).await?;
        if let Some(name) = name {
            present(&mut tx, caller.account, name).await?;
        }
        let quota = self.settings_of(caller.account)?.quota_access_keys_per_user;
        within(
            quota,
            tx.count_access_keys(caller.account, principal).await?,
            "User.AccessKey",
            "access keys",
        )?;
        let access_key_id = AccessKeyId::random(&*self.entropy);
        let secret = random_secret(&*self.entropy, "", 30);
        let sealed_secret =
            self.sealer().seal(&*self.entropy, &access_key_label(access_key_id), secret.reveal().as_bytes());
        let key = tx
            .insert_access_key(&permit, &NewAccessKey { access_key_id, owner: principal, sealed_secret })
            .await?;
        tx.commit(permit, Record { target: label, before: Value::Null, after: json!(key) }).await?;
        Ok(IssuedAccessKey { key, secret })
    }

    /// Lists somebody's access keys.
    pub async fn list_access_keys(
        &self,
        caller: &Caller,
        name: Option<&UserName>,
    ) -> Result<Vec<AccessKey>, Error> {
        let Owner { principal, scope, label } = self.owner::<ListAccessKeys>(caller, name).await?;
        let permit = self.permit::<ListAccessKeys>(caller, scope, &label).await?;
        self.store.list_access_keys(&permit, principal).await
    }

    /// Switches an access key on or off.
    pub async fn update_access_key(
        &self,
        caller: &Caller,
        name: Option<&UserName>,
        id: AccessKeyId,
        active: bool,
    ) -> Result<Revoked, Error> {
        let started = self.clock.now_ms();
        let Owner { principal, scope, label } = self.owner::<UpdateAccessKey>(caller, name).await?;
        let (mut tx, permit) = self.begin::<UpdateAccessKey>(caller, scope, &label).await?;
        let key = present_key(&mut tx, caller, principal, id).await?;
        let changed = tx.update_access_key(&permit, &key, active).await?;
        let committed = tx
            .commit(permit, Record { target: id.to_string(), before: json!(key), after: json!(changed) })
            .await?;
        Ok(Revoked::of(committed, 0, self.clock.now_ms() - started))
    }

    /// Deletes an access key.
    pub async fn delete_access_key(
        &self,
        caller: &Caller,
        name: Option<&UserName>,
        id: AccessKeyId,
    ) -> Result<Revoked, Error> {
        let started = self.clock.now_ms();
        let Owner { principal, scope, label } = self.owner::<DeleteAccessKey>(caller, name).await?;
        let (mut tx, permit) = self.begin::<DeleteAccessKey>(caller, scope, &label).await?;
        let key = present_key(&mut tx, caller, principal, id).await?;
        if principal == Principal::Root && tx.count_access_keys(caller.account, principal).await? == 1 {
            return Err(Error::in_use(
                "User.AccessKey",
                "the last access key of the account cannot be deleted: nobody could sign in as root any more. Create another one first",
            ));
        }
        if self.settings_of(caller.account)?.recycle_bin {
            tx.recycle_access_key(&permit, principal, id).await?;
        }
        tx.delete_access_key(&permit, id).await?;
        let committed = tx
            .commit(permit, Record { target: id.to_string(), before: json!(key), after: Value::Null })
            .await?;
        Ok(Revoked::of(committed, 0, self.clock.now_ms() - started))
    }
}

pub(crate) async fn present_key(
    tx: &mut Tx,
    caller: &Caller,
    owner: Principal,
    id: AccessKeyId,
) -> Result<AccessKey, Error> {
    tx.find_access_key(caller.account, owner, id).await?.ok_or_else(|| Error::absent("User.AccessKey"))
}
