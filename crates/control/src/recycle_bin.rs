//! The recycle bin: deleted users and access keys that can still be restored.

use bailey_domain::access::Principal;
use bailey_domain::name::UserName;
use bailey_domain::operations::{
    DeleteAccessKeyInRecycleBin, DeleteUserInRecycleBin, GetAccessKeyInfoInRecycleBin, GetUserInRecycleBin,
    ListAccessKeysInRecycleBin, ListUsersInRecycleBin, Operation, RestoreAccessKeyFromRecycleBin,
    RestoreUserFromRecycleBin,
};
use bailey_domain::scope::RamScope;
use bailey_domain::{AccessKeyId, Caller, Error, UserId};
use bailey_store::{Cursor, Page, RETENTION_MS, Record, RecycledAccessKey, RecycledUser, Tx};
use serde_json::{Value, json};

use crate::access_keys::Owner;
use crate::control::{Control, within};

/// An access key in the bin with its owner.
#[derive(Clone, Debug)]
pub struct RecycledKeyInfo {
    /// The key.
    pub key: RecycledAccessKey,
    /// The name of its user; `None` for root.
    pub user_name: Option<UserName>,
    /// Whether that user lies in the bin too.
    pub user_is_recycled: bool,
}

/// When something that was deleted then is thrown away, both in milliseconds since the epoch.
pub fn deleted_for_good_at(recycled_at: i64) -> i64 {
    recycled_at + RETENTION_MS
}

fn no_user() -> Error {
    Error::absent("User")
}

fn no_key() -> Error {
    Error::absent("User.AccessKey")
}

impl Control {
    /// A user in the bin by id, as it was sent. Whether there is one is told only to those whom the permission for `O`
    /// lets in.
    async fn recycled_user<O: Operation<On = RamScope>>(
        &self,
        caller: &Caller,
        id: &str,
    ) -> Result<(RecycledUser, RamScope), Error> {
        let found = match id.parse() {
            Ok(user) => self.store.find_recycled_user(caller.account, user, caller.now_ms).await?,
            Err(_) => None,
        };
        if let Some(found) = found {
            let scope = RamScope::user(caller.account, found.user.name.as_str());
            return Ok((found, scope));
        }
        self.require::<O>(caller, RamScope::user(caller.account, id), id).await?;
        Err(no_user())
    }

    /// Whose access keys in the bin are meant: those of a user by id, who may lie in the bin, or the caller's own.
    async fn bin_owner<O: Operation<On = RamScope>>(
        &self,
        caller: &Caller,
        id: Option<&str>,
    ) -> Result<Owner, Error> {
        let Some(id) = id else { return self.owner::<O>(caller, None).await };
        if let Ok(user) = id.parse::<UserId>()
            && let Some((name, _)) = self.name_in_either(caller, user).await?
        {
            let scope = RamScope::user(caller.account, name.as_str());
            return Ok(Owner { principal: Principal::User(user), scope, label: name.to_string() });
        }
        self.require::<O>(caller, RamScope::user(caller.account, id), id).await?;
        Err(no_user())
    }

    /// A user's name, and whether it lies in the bin; `None` when there is no such user, nor was lately.
    async fn name_in_either(&self, caller: &Caller, user: UserId) -> Result<Option<(UserName, bool)>, Error> {
        if let Some(user) = self.store.find_user_by_id(caller.account, user).await? {
            return Ok(Some((user.name, false)));
        }
        let recycled = self.store.find_recycled_user(caller.account, user, caller.now_ms).await?;
        Ok(recycled.map(|recycled| (recycled.user.name, true)))
    }

    /// Lists the users in the bin, or those of one name.
    pub async fn list_users_in_recycle_bin(
        &self,
        caller: &Caller,
        name: Option<&UserName>,
        cursor: &Cursor,
    ) -> Result<Page<RecycledUser>, Error> {
        let scope = RamScope::user(caller.account, "*");
        let permit = self.permit::<ListUsersInRecycleBin>(caller, scope, "").await?;
        self.store.list_recycled_users(&permit, name, cursor).await
    }

    /// Shows a user in the bin.
    pub async fn get_user_in_recycle_bin(&self, caller: &Caller, id: &str) -> Result<RecycledUser, Error> {
        let (found, scope) = self.recycled_user::<GetUserInRecycleBin>(caller, id).await?;
        self.require::<GetUserInRecycleBin>(caller, scope, found.user.name.as_str()).await?;
        Ok(found)
    }

    /// Shows the user in the bin to whom an access key in the bin belonged; the key's id as it was sent.
    pub async fn get_user_in_recycle_bin_by_key(
        &self,
        caller: &Caller,
        key: &str,
    ) -> Result<RecycledUser, Error> {
        let found = match key.parse() {
            Ok(id) => self.store.find_recycled_access_key(caller.account, id, caller.now_ms).await?,
            Err(_) => None,
        };
        let user = found.and_then(|key| key.owner.user()).map(|user| user.to_string());
        self.get_user_in_recycle_bin(caller, user.as_deref().unwrap_or(key)).await
    }

    /// Restores a deleted user: the person and its details. Whoever gives somebody back makes a credential of somebody.
    pub async fn restore_user_from_recycle_bin(&self, caller: &Caller, id: &str) -> Result<(), Error> {
        let (found, scope) = self.recycled_user::<RestoreUserFromRecycleBin>(caller, id).await?;
        let (user, label) = (found.user.user_id, found.user.name.to_string());
        let (mut tx, permit) = self.begin::<RestoreUserFromRecycleBin>(caller, scope.clone(), &label).await?;
        let may = self.directory().may_make_credential::<RestoreUserFromRecycleBin>(
            caller,
            &scope,
            Principal::User(user),
        );
        (tx, ()) = self.unless_refused(tx, may, &label).await?;
        let found = present_user(&mut tx, caller, user).await?;
        let quota = self.settings_of(caller.account)?.quota_users;
        within(quota, tx.count_users(caller.account).await?, "User", "users")?;
        tx.restore_user(&permit, &found).await?;
        tx.commit(permit, Record { target: label, before: json!(found), after: json!(found.user) }).await?;
        Ok(())
    }

    /// Deletes a user for good, with its access keys in the bin.
    pub async fn delete_user_in_recycle_bin(&self, caller: &Caller, id: &str) -> Result<(), Error> {
        let (found, scope) = self.recycled_user::<DeleteUserInRecycleBin>(caller, id).await?;
        let (user, label) = (found.user.user_id, found.user.name.to_string());
        let (mut tx, permit) = self.begin::<DeleteUserInRecycleBin>(caller, scope, &label).await?;
        let found = present_user(&mut tx, caller, user).await?;
        tx.purge_user(&permit, user).await?;
        tx.commit(permit, Record { target: label, before: json!(found), after: Value::Null }).await?;
        Ok(())
    }

    /// Lists somebody's access keys in the bin.
    pub async fn list_access_keys_in_recycle_bin(
        &self,
        caller: &Caller,
        user: Option<&str>,
    ) -> Result<Vec<RecycledAccessKey>, Error> {
        let Owner { principal, scope, label } =
            self.bin_owner::<ListAccessKeysInRecycleBin>(caller, user).await?;
        let permit = self.permit::<ListAccessKeysInRecycleBin>(caller, scope, &label).await?;
        self.store.list_recycled_access_keys(&permit, principal).await
    }

    /// Shows an access key in the bin; its id as it was sent.
    pub async fn get_access_key_info_in_recycle_bin(
        &self,
        caller: &Caller,
        id: &str,
    ) -> Result<RecycledKeyInfo, Error> {
        let found = match id.parse() {
            Ok(id) => self.store.find_recycled_access_key(caller.account, id, caller.now_ms).await?,
            Err(_) => None,
        };
        let owner = match found.as_ref().and_then(|key| key.owner.user()) {
            Some(user) => self.name_in_either(caller, user).await?,
            None => None,
        };
        // A key whose user is gone for good is gone too, so only root's has no name.
        let label = match (&found, &owner) {
            (Some(_), Some((name, _))) => name.as_str(),
            (Some(_), None) => "root",
            (None, _) => id,
        };
        let scope = RamScope::user(caller.account, label);
        self.require::<GetAccessKeyInfoInRecycleBin>(caller, scope, label).await?;
        let key = found.ok_or_else(no_key)?;
        let (user_name, user_is_recycled) = owner.map_or((None, false), |(name, is)| (Some(name), is));
        Ok(RecycledKeyInfo { key, user_name, user_is_recycled })
    }

    /// Restores a deleted access key, switched off. That gives a credential back, so it takes what making one takes.
    pub async fn restore_access_key_from_recycle_bin(
        &self,
        caller: &Caller,
        user: Option<&str>,
        id: AccessKeyId,
    ) -> Result<(), Error> {
        type O = RestoreAccessKeyFromRecycleBin;
        let Owner { principal, scope, label } = self.bin_owner::<O>(caller, user).await?;
        let (mut tx, permit) = self.begin::<O>(caller, scope.clone(), &label).await?;
        let may = self.directory().may_make_credential::<O>(caller, &scope, principal);
        (tx, ()) = self.unless_refused(tx, may, &label).await?;
        let key = present_key(&mut tx, caller, principal, id).await?;
        if !self.directory().knows(caller.account, principal) {
            return Err(Error::Conflict {
                code: "OperationConflict.User".into(),
                message: "the user of this access key lies in the recycle bin too: restore the user first"
                    .to_owned(),
            });
        }
        let quota = self.settings_of(caller.account)?.quota_access_keys_per_user;
        let count = tx.count_access_keys(caller.account, principal).await?;
        within(quota, count, "User.AccessKey", "access keys")?;
        tx.restore_access_key(&permit, &key).await?;
        let after = json!({ "accessKeyId": id, "owner": principal, "active": false });
        tx.commit(permit, Record { target: id.to_string(), before: json!(key), after }).await?;
        Ok(())
    }

    /// Deletes an access key for good.
    pub async fn delete_access_key_in_recycle_bin(
        &self,
        caller: &Caller,
        user: Option<&str>,
        id: AccessKeyId,
    ) -> Result<(), Error> {
        type O = DeleteAccessKeyInRecycleBin;
        let Owner { principal, scope, label } = self.bin_owner::<O>(caller, user).await?;
        let (mut tx, permit) = self.begin::<O>(caller, scope, &label).await?;
        let key = present_key(&mut tx, caller, principal, id).await?;
        tx.purge_access_key(&permit, id).await?;
        tx.commit(permit, Record { target: id.to_string(), before: json!(key), after: Value::Null }).await?;
        Ok(())
    }
}

async fn present_user(tx: &mut Tx, caller: &Caller, user: UserId) -> Result<RecycledUser, Error> {
    tx.find_recycled_user(caller.account, user, caller.now_ms).await?.ok_or_else(no_user)
}

async fn present_key(
    tx: &mut Tx,
    caller: &Caller,
    owner: Principal,
    id: AccessKeyId,
) -> Result<RecycledAccessKey, Error> {
    let found = tx.find_recycled_access_key(caller.account, id, caller.now_ms).await?;
    found.filter(|key| key.owner == owner).ok_or_else(no_key)
}
