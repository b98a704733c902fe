//! Deleted users and access keys that can still be restored. Nothing in the bin opens anything: to the directory it is
//! gone.

use bailey_domain::access::Principal;
use bailey_domain::change::Change;
use bailey_domain::name::UserName;
use bailey_domain::network_policy::NetworkPolicy;
use bailey_domain::operations::{
    DeleteAccessKey, DeleteAccessKeyInRecycleBin, DeleteUser, DeleteUserInRecycleBin,
    ListAccessKeysInRecycleBin, ListUsersInRecycleBin, RestoreAccessKeyFromRecycleBin,
    RestoreUserFromRecycleBin,
};
use bailey_domain::{AccessKeyId, AccountId, Error, Permit, UserId};
use serde::Serialize;

use crate::access_keys::column;
use crate::connection::{on, reading};
use crate::error::{conflict_of, database, stored};
use crate::load::owner;
use crate::page::{Cursor, Page};
use crate::store::Store;
use crate::tx::Tx;
use crate::users::{User, UserRow};

/// How long something lies in the bin: 30 days.
pub const RETENTION_MS: i64 = 30 * 24 * 3_600_000;

/// A user in the bin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecycledUser {
    /// The user as it was.
    #[serde(flatten)]
    pub user: User,
    /// When it was deleted, in milliseconds since the epoch.
    pub recycled_at: i64,
}

/// An access key in the bin, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecycledAccessKey {
    /// Its public half.
    pub access_key_id: AccessKeyId,
    /// Whom it stood for.
    pub owner: Principal,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    /// When it was deleted, in milliseconds since the epoch.
    pub recycled_at: i64,
    #[serde(skip)]
    sealed_secret: String,
    #[serde(skip)]
    network_policy: Option<String>,
}

#[derive(sqlx::FromRow)]
struct RecycledUserRow {
    #[sqlx(flatten)]
    user: UserRow,
    recycled_at: i64,
}

#[derive(sqlx::FromRow)]
struct RecycledKeyRow {
    access_key_id: String,
    owner_id: String,
    sealed_secret: String,
    network_policy: Option<String>,
    created_at: i64,
    recycled_at: i64,
}

impl TryFrom<RecycledUserRow> for RecycledUser {
    type Error = Error;
    fn try_from(row: RecycledUserRow) -> Result<Self, Error> {
        Ok(Self { user: row.user.try_into()?, recycled_at: row.recycled_at })
    }
}

impl TryFrom<RecycledKeyRow> for RecycledAccessKey {
    type Error = Error;
    fn try_from(row: RecycledKeyRow) -> Result<Self, Error> {
        Ok(Self {
            access_key_id: stored(row.access_key_id.parse(), "access_key_id")?,
            owner: owner(&row.owner_id)?,
            created_at: row.created_at,
            recycled_at: row.recycled_at,
            sealed_secret: row.sealed_secret,
            network_policy: row.network_policy,
        })
    }
}

const FIND_USER: &str =
    "SELECT * FROM recycled_users WHERE account_id = $1 AND user_id = $2 AND recycled_at > $3";
const FIND_KEY: &str =
    "SELECT * FROM recycled_access_keys WHERE account_id = $1 AND access_key_id = $2 AND recycled_at > $3";

impl Store {
    /// A user in the bin. Finding is no operation; what is done with it is.
    pub async fn find_recycled_user(
        &self,
        account: AccountId,
        user: UserId,
        now_ms: i64,
    ) -> Result<Option<RecycledUser>, Error> {
        let row: Option<RecycledUserRow> = reading!(self.pools, pool => sqlx::query_as(FIND_USER)
            .bind(account.to_string()).bind(user.to_string()).bind(now_ms - RETENTION_MS)
            .fetch_optional(pool).await)
        .map_err(database)?;
        row.map(RecycledUser::try_from).transpose()
    }

    /// An access key in the bin.
    pub async fn find_recycled_access_key(
        &self,
        account: AccountId,
        id: AccessKeyId,
        now_ms: i64,
    ) -> Result<Option<RecycledAccessKey>, Error> {
        let row: Option<RecycledKeyRow> = reading!(self.pools, pool => sqlx::query_as(FIND_KEY)
            .bind(account.to_string()).bind(id.to_string()).bind(now_ms - RETENTION_MS)
            .fetch_optional(pool).await)
        .map_err(database)?;
        row.map(RecycledAccessKey::try_from).transpose()
    }

    /// The users in the bin, or those of one name.
    pub async fn list_recycled_users(
        &self,
        permit: &Permit<ListUsersInRecycleBin>,
        name: Option<&UserName>,
        cursor: &Cursor,
    ) -> Result<Page<RecycledUser>, Error> {
        const SQL: &str = "
            SELECT * FROM recycled_users WHERE account_id = $1 AND recycled_at > $2
                AND (CAST($3 AS TEXT) IS NULL OR folded_name = $3) AND user_id > $4
            ORDER BY user_id LIMIT $5";
        let caller = permit.caller();
        let rows: Vec<RecycledUserRow> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(caller.account.to_string()).bind(caller.now_ms - RETENTION_MS).bind(name.map(UserName::folded))
            .bind(&cursor.after).bind(cursor.fetch()).fetch_all(pool).await)
        .map_err(database)?;
        let users = rows.into_iter().map(RecycledUser::try_from).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(users, cursor.limit, |row| row.user.user_id.to_string()))
    }

    /// Somebody's access keys in the bin, the last deleted first. There are three at most.
    pub async fn list_recycled_access_keys(
        &self,
        permit: &Permit<ListAccessKeysInRecycleBin>,
        owner: Principal,
    ) -> Result<Vec<RecycledAccessKey>, Error> {
        const SQL: &str = "
            SELECT * FROM recycled_access_keys WHERE account_id = $1 AND owner_id = $2 AND recycled_at > $3
            ORDER BY recycled_at DESC, access_key_id";
        let caller = permit.caller();
        let rows: Vec<RecycledKeyRow> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(caller.account.to_string()).bind(column(owner)?.unwrap_or_default())
            .bind(caller.now_ms - RETENTION_MS).fetch_all(pool).await)
        .map_err(database)?;
        rows.into_iter().map(RecycledAccessKey::try_from).collect()
    }
}

impl Tx {
    /// Keeps a user in the bin that is about to be deleted.
    pub async fn recycle_user(&mut self, permit: &Permit<DeleteUser>, user: UserId) -> Result<(), Error> {
        const SQL: &str = "
            INSERT INTO recycled_users (user_id, account_id, name, folded_name, display_name, email, mobile_phone,
                comments, created_at, updated_at, recycled_at)
            SELECT user_id, account_id, name, folded_name, display_name, email, mobile_phone, comments, created_at,
                updated_at, CAST($3 AS BIGINT) FROM users WHERE account_id = $1 AND user_id = $2";
        let (account, now_ms) = (permit.caller().account, permit.caller().now_ms);
        self.sweep_bin(account, now_ms).await?;
        on!(self.connection, conn => sqlx::query(SQL)
            .bind(account.to_string()).bind(user.to_string()).bind(now_ms).execute(conn).await.map(drop))
        .map_err(database)
    }

    /// Keeps an access key in the bin that is about to be deleted. Of one owner's keys the last three are kept.
    pub async fn recycle_access_key(
        &mut self,
        permit: &Permit<DeleteAccessKey>,
        owner: Principal,
        id: AccessKeyId,
    ) -> Result<(), Error> {
        const SQL: &str = "
            INSERT INTO recycled_access_keys (access_key_id, account_id, owner_id, sealed_secret, network_policy,
                created_at, recycled_at)
            SELECT access_key_id, account_id, COALESCE(user_id, ''), sealed_secret, network_policy, created_at,
                CAST($3 AS BIGINT) FROM access_keys WHERE account_id = $1 AND access_key_id = $2";
        const TRIM: &str = "
            DELETE FROM recycled_access_keys WHERE account_id = $1 AND owner_id = $2 AND access_key_id NOT IN (
                SELECT access_key_id FROM recycled_access_keys WHERE account_id = $1 AND owner_id = $2
                ORDER BY recycled_at DESC, access_key_id LIMIT 3)";
        let (account, now_ms) = (permit.caller().account, permit.caller().now_ms);
        self.sweep_bin(account, now_ms).await?;
        on!(self.connection, conn => sqlx::query(SQL)
            .bind(account.to_string()).bind(id.to_string()).bind(now_ms).execute(conn).await.map(drop))
        .map_err(database)?;
        self.execute_two(TRIM, &account.to_string(), &column(owner)?.unwrap_or_default()).await.map(drop)
    }

    /// A user in the bin, as this transaction sees it.
    pub async fn find_recycled_user(
        &mut self,
        account: AccountId,
        user: UserId,
        now_ms: i64,
    ) -> Result<Option<RecycledUser>, Error> {
        let row: Option<RecycledUserRow> = on!(self.connection, conn => sqlx::query_as(FIND_USER)
            .bind(account.to_string()).bind(user.to_string()).bind(now_ms - RETENTION_MS)
            .fetch_optional(conn).await)
        .map_err(database)?;
        row.map(RecycledUser::try_from).transpose()
    }

    /// An access key in the bin, as this transaction sees it.
    pub async fn find_recycled_access_key(
        &mut self,
        account: AccountId,
        id: AccessKeyId,
        now_ms: i64,
    ) -> Result<Option<RecycledAccessKey>, Error> {
        let row: Option<RecycledKeyRow> = on!(self.connection, conn => sqlx::query_as(FIND_KEY)
            .bind(account.to_string()).bind(id.to_string()).bind(now_ms - RETENTION_MS)
            .fetch_optional(conn).await)
        .map_err(database)?;
        row.map(RecycledAccessKey::try_from).transpose()
    }

    /// Puts a user back, with its details alone. Its API keys died with it for good, and their rows go now: a seat given
    /// anew could find them otherwise.
    pub async fn restore_user(
        &mut self,
        permit: &Permit<RestoreUserFromRecycleBin>,
        recycled: &RecycledUser,
    ) -> Result<(), Error> {
        const SQL: &str = "
            INSERT INTO users (user_id, account_id, name, folded_name, display_name, email, mobile_phone, comments,
                created_at, updated_at)
            SELECT user_id, account_id, name, folded_name, display_name, email, mobile_phone, comments, created_at,
                updated_at FROM recycled_users WHERE account_id = $1 AND user_id = $2";
        let (account, user) = (permit.caller().account, recycled.user.user_id);
        on!(self.connection, conn => sqlx::query(SQL)
            .bind(account.to_string()).bind(user.to_string()).execute(conn).await.map(drop))
        .map_err(conflict_of(|| Error::exists("User")))?;
        self.delete_recycled_user(account, user).await?;
        self.clear_api_keys(account, user).await?;
        self.note(Change::User { account, user, name: recycled.user.name.clone() });
        Ok(())
    }

    /// Puts an access key back, switched off and with the network policy that it had.
    pub async fn restore_access_key(
        &mut self,
        permit: &Permit<RestoreAccessKeyFromRecycleBin>,
        key: &RecycledAccessKey,
    ) -> Result<(), Error> {
        const SQL: &str = "
            INSERT INTO access_keys (access_key_id, account_id, user_id, sealed_secret, network_policy, active, created_at)
            VALUES ($1, $2, $3, $4, $5, FALSE, $6)";
        let (account, access_key) = (permit.caller().account, key.access_key_id);
        on!(self.connection, conn => sqlx::query(SQL)
            .bind(access_key.to_string()).bind(account.to_string()).bind(column(key.owner)?).bind(&key.sealed_secret)
            .bind(&key.network_policy).bind(key.created_at).execute(conn).await.map(drop))
        .map_err(database)?;
        self.delete_recycled_key(account, access_key).await?;
        let sealed_secret = key.sealed_secret.clone();
        self.note(Change::AccessKey { account, access_key, owner: key.owner, active: false, sealed_secret });
        if let Some(text) = &key.network_policy {
            let policy: NetworkPolicy = stored(serde_json::from_str(text), "network_policy")?;
            self.note(Change::AccessKeyNetwork { access_key, policy: Box::new(policy) });
        }
        Ok(())
    }

    /// Deletes a user for good, and its access keys in the bin.
    pub async fn purge_user(
        &mut self,
        permit: &Permit<DeleteUserInRecycleBin>,
        user: UserId,
    ) -> Result<(), Error> {
        self.delete_recycled_user(permit.caller().account, user).await?;
        self.clear_recycled_keys(permit.caller().account, user).await
    }

    /// Deletes an access key for good.
    pub async fn purge_access_key(
        &mut self,
        permit: &Permit<DeleteAccessKeyInRecycleBin>,
        id: AccessKeyId,
    ) -> Result<(), Error> {
        self.delete_recycled_key(permit.caller().account, id).await
    }

    /// Deletes a user's access keys in the bin, when the user goes for good.
    pub(crate) async fn clear_recycled_keys(
        &mut self,
        account: AccountId,
        user: UserId,
    ) -> Result<(), Error> {
        const SQL: &str = "DELETE FROM recycled_access_keys WHERE account_id = $1 AND owner_id = $2";
        self.execute_two(SQL, &account.to_string(), &user.to_string()).await.map(drop)
    }

    async fn delete_recycled_user(&mut self, account: AccountId, user: UserId) -> Result<(), Error> {
        const SQL: &str = "DELETE FROM recycled_users WHERE account_id = $1 AND user_id = $2";
        match self.execute_two(SQL, &account.to_string(), &user.to_string()).await? {
            0 => Err(Error::absent("User")),
            _ => Ok(()),
        }
    }

    async fn delete_recycled_key(&mut self, account: AccountId, id: AccessKeyId) -> Result<(), Error> {
        const SQL: &str = "DELETE FROM recycled_access_keys WHERE account_id = $1 AND access_key_id = $2";
        match self.execute_two(SQL, &account.to_string(), &id.to_string()).await? {
            0 => Err(Error::absent("User.AccessKey")),
            _ => Ok(()),
        }
    }

    /// Throws away what has lain in the account's bin for longer than it may. Nothing finds it any more as it is.
    async fn sweep_bin(&mut self, account: AccountId, now_ms: i64) -> Result<(), Error> {
        const USERS: &str = "DELETE FROM recycled_users WHERE account_id = $1 AND recycled_at <= $2";
        const KEYS: &str = "DELETE FROM recycled_access_keys WHERE account_id = $1 AND recycled_at <= $2";
        for sql in [USERS, KEYS] {
            on!(self.connection, conn => sqlx::query(sql)
                .bind(account.to_string()).bind(now_ms - RETENTION_MS).execute(conn).await.map(drop))
            .map_err(database)?;
        }
        Ok(())
    }
}
