//! Access keys of root and of RAM users.

use bailey_domain::access::Principal;
use bailey_domain::change::Change;
use bailey_domain::operations::{CreateAccessKey, DeleteAccessKey, ListAccessKeys, UpdateAccessKey};
use bailey_domain::{AccessKeyId, AccountId, Error, Permit, UserId};
use serde::Serialize;

use crate::connection::{on, reading};
use crate::error::{database, stored};
use crate::load::owner;
use crate::store::Store;
use crate::tx::Tx;

/// An access key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessKey {
    /// Its public half.
    pub access_key_id: AccessKeyId,
    /// Whom it stands for.
    pub owner: Principal,
    /// Whether it is switched on.
    pub active: bool,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    #[serde(skip)]
    sealed_secret: String,
}

/// An access key that is to be created.
#[derive(Debug)]
pub struct NewAccessKey {
    /// Its public half.
    pub access_key_id: AccessKeyId,
    /// Whom it stands for.
    pub owner: Principal,
    /// Its secret, sealed.
    pub sealed_secret: String,
}

#[derive(sqlx::FromRow)]
struct AccessKeyRow {
    access_key_id: String,
    user_id: Option<String>,
    sealed_secret: String,
    active: bool,
    created_at: i64,
}

impl TryFrom<AccessKeyRow> for AccessKey {
    type Error = Error;
    fn try_from(row: AccessKeyRow) -> Result<Self, Error> {
        Ok(Self {
            access_key_id: stored(row.access_key_id.parse(), "access_key_id")?,
            owner: owner(row.user_id.as_deref().unwrap_or(""))?,
            active: row.active,
            created_at: row.created_at,
            sealed_secret: row.sealed_secret,
        })
    }
}

/// The owner as the table has it: NULL is root.
pub(crate) fn column(owner: Principal) -> Result<Option<String>, Error> {
    match owner {
        Principal::Root => Ok(None),
        Principal::User(user) => Ok(Some(user.to_string())),
        Principal::Role(_) | Principal::Federated(_) => Err(Error::invalid(
            "NotSupport.Role",
            "A role has no credentials of its own. Name the user whom this is about, or call as a user.",
        )),
    }
}

impl Store {
    /// Everybody's access keys are few, so there is one page.
    pub async fn list_access_keys(
        &self,
        permit: &Permit<ListAccessKeys>,
        owner: Principal,
    ) -> Result<Vec<AccessKey>, Error> {
        const SQL: &str = "
            SELECT * FROM access_keys WHERE account_id = $1 AND COALESCE(user_id, '') = $2 ORDER BY created_at, access_key_id";
        let rows: Vec<AccessKeyRow> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(permit.caller().account.to_string()).bind(column(owner)?.unwrap_or_default()).fetch_all(pool).await)
        .map_err(database)?;
        rows.into_iter().map(AccessKey::try_from).collect()
    }
}

impl Tx {
    /// How many access keys somebody has.
    pub async fn count_access_keys(&mut self, account: AccountId, owner: Principal) -> Result<u64, Error> {
        const SQL: &str =
            "SELECT COUNT(*) FROM access_keys WHERE account_id = $1 AND COALESCE(user_id, '') = $2";
        self.count_two(SQL, &account.to_string(), &column(owner)?.unwrap_or_default()).await
    }

    /// One access key of somebody.
    pub async fn find_access_key(
        &mut self,
        account: AccountId,
        owner: Principal,
        id: AccessKeyId,
    ) -> Result<Option<AccessKey>, Error> {
        const SQL: &str = "
            SELECT * FROM access_keys WHERE account_id = $1 AND COALESCE(user_id, '') = $2 AND access_key_id = $3";
        let row: Option<AccessKeyRow> = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(column(owner)?.unwrap_or_default()).bind(id.to_string())
            .fetch_optional(conn).await)
        .map_err(database)?;
        row.map(AccessKey::try_from).transpose()
    }

    /// Creates an access key.
    pub async fn insert_access_key(
        &mut self,
        permit: &Permit<CreateAccessKey>,
        new: &NewAccessKey,
    ) -> Result<AccessKey, Error> {
        const SQL: &str = "
            INSERT INTO access_keys (access_key_id, account_id, user_id, sealed_secret, active, created_at)
            VALUES ($1, $2, $3, $4, TRUE, $5) RETURNING *";
        let account = permit.caller().account;
        if let Principal::User(user) = new.owner {
            self.demand_user(account, user).await?;
        }
        let row: AccessKeyRow = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(new.access_key_id.to_string()).bind(account.to_string()).bind(column(new.owner)?)
            .bind(&new.sealed_secret).bind(permit.caller().now_ms).fetch_one(conn).await)
        .map_err(database)?;
        let key = AccessKey::try_from(row)?;
        self.note_access_key(account, &key);
        Ok(key)
    }

    /// Switches an access key on or off.
    pub async fn update_access_key(
        &mut self,
        permit: &Permit<UpdateAccessKey>,
        key: &AccessKey,
        active: bool,
    ) -> Result<AccessKey, Error> {
        const SQL: &str =
            "UPDATE access_keys SET active = $3 WHERE account_id = $1 AND access_key_id = $2 RETURNING *";
        let account = permit.caller().account;
        let row: Option<AccessKeyRow> = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(key.access_key_id.to_string()).bind(active).fetch_optional(conn).await)
        .map_err(database)?;
        let key = AccessKey::try_from(row.ok_or_else(|| Error::absent("User.AccessKey"))?)?;
        self.note_access_key(account, &key);
        Ok(key)
    }

    /// Deletes an access key.
    pub async fn delete_access_key(
        &mut self,
        permit: &Permit<DeleteAccessKey>,
        id: AccessKeyId,
    ) -> Result<(), Error> {
        const SQL: &str = "DELETE FROM access_keys WHERE account_id = $1 AND access_key_id = $2";
        if self.execute_two(SQL, &permit.caller().account.to_string(), &id.to_string()).await? == 0 {
            return Err(Error::absent("User.AccessKey"));
        }
        self.note(Change::AccessKeyGone { access_key: id });
        Ok(())
    }

    /// Whether a user still has access keys, which keeps it from being deleted.
    pub async fn has_access_keys(&mut self, user: UserId) -> Result<bool, Error> {
        const SQL: &str = "SELECT COUNT(*) FROM access_keys WHERE user_id = $1";
        Ok(self.count(SQL, &user.to_string()).await? > 0)
    }

    fn note_access_key(&mut self, account: AccountId, key: &AccessKey) {
        self.note(Change::AccessKey {
            account,
            access_key: key.access_key_id,
            owner: key.owner,
            active: key.active,
            sealed_secret: key.sealed_secret.clone(),
        });
    }
}
