//! API keys.

use bailey_domain::access::Principal;
use bailey_domain::change::{Change, KeyFacts, PreviousValue};
use bailey_domain::key_auth::KeyAuth;
use bailey_domain::operations::{
    CreateApiKey, DeleteApiKey, DisableApiKey, EnableApiKey, GetApiKey, ListAllApiKeys, ListApiKeys,
    Operation, ResetApiKey, UpdateApiKey,
};
use bailey_domain::secret::KeyHash;
use bailey_domain::{AccountId, ApiKeyId, Error, Permit, UserId, WorkspaceId};
use serde::Serialize;

use crate::connection::{on, reading};
use crate::error::{database, stored, to_unsigned};
use crate::load::{key_hash, owner};
use crate::page::{Cursor, Page};
use crate::store::Store;
use crate::tx::Tx;
use crate::users::Searches;

/// An API key, without its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    /// Its handle.
    pub api_key_id: ApiKeyId,
    /// Its workspace.
    pub workspace_id: WorkspaceId,
    /// The workspace's name.
    pub workspace_name: String,
    /// Its owner.
    pub owner: Principal,
    /// The owner's name; empty when the owner was deleted.
    pub owner_name: String,
    /// The last four characters of its value.
    pub tail: String,
    /// What it is for.
    pub description: String,
    /// What narrows it.
    pub auth: Option<KeyAuth>,
    /// Whether it is switched off.
    pub disabled: bool,
    /// When its time is over, in milliseconds since the epoch.
    pub expires_at: Option<i64>,
    /// Until when the value before the present one counts too, where it was changed with an overlap.
    pub previous_ends_at: Option<i64>,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    /// When it last made a call, as far as that is kept. No part of audit records: it changes by use.
    #[serde(skip)]
    pub last_used_at: Option<i64>,
}

/// A key that is to be created in the permit's workspace, owned by the permit's caller.
#[derive(Debug)]
pub struct NewApiKey {
    /// Its handle.
    pub api_key_id: ApiKeyId,
    /// The hash of its value.
    pub hash: KeyHash,
    /// The last four characters of its value.
    pub tail: String,
    /// What it is for.
    pub description: String,
    /// What narrows it.
    pub auth: Option<KeyAuth>,
    /// When its time is over, in milliseconds since the epoch.
    pub expires_at: Option<i64>,
}

/// A new value of a key.
#[derive(Debug)]
pub struct NewValue {
    /// Its hash.
    pub hash: KeyHash,
    /// Its last four characters.
    pub tail: String,
    /// Until when the value before counts too, in milliseconds since the epoch; not at all without.
    pub previous_ends_at: Option<i64>,
}

/// Which keys to list; `None` takes all.
#[derive(Clone, Debug, Default)]
pub struct KeyFilter {
    /// One key.
    pub api_key_id: Option<ApiKeyId>,
    /// A part of the description.
    pub description: Option<String>,
}

/// How a list of keys is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyOrder {
    /// Newest first.
    NewestFirst,
    /// Oldest first.
    OldestFirst,
}

#[derive(sqlx::FromRow)]
struct KeyRow {
    api_key_id: String,
    workspace_id: String,
    workspace_name: String,
    owner_id: String,
    owner_name: Option<String>,
    tail: String,
    description: String,
    auth: Option<String>,
    disabled: bool,
    expires_at: Option<i64>,
    previous_ends_at: Option<i64>,
    created_at: i64,
    last_used_at: Option<i64>,
}

impl TryFrom<KeyRow> for ApiKey {
    type Error = Error;
    fn try_from(row: KeyRow) -> Result<Self, Error> {
        let owner = owner(&row.owner_id)?;
        Ok(Self {
            api_key_id: stored(row.api_key_id.parse(), "api_key_id")?,
            workspace_id: stored(row.workspace_id.parse(), "workspace_id")?,
            workspace_name: row.workspace_name,
            owner,
            owner_name: if owner == Principal::Root {
                "root".to_owned()
            } else {
                row.owner_name.unwrap_or_default()
            },
            tail: row.tail,
            description: row.description,
            auth: row.auth.map(|text| stored(serde_json::from_str(&text), "auth")).transpose()?,
            disabled: row.disabled,
            expires_at: row.expires_at,
            previous_ends_at: row.previous_ends_at,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
        })
    }
}

/// A statement over keys, with their workspaces and owners.
macro_rules! of_keys {
    ($what:literal, $($rest:tt)*) => {
        concat!(
            "SELECT ", $what, " FROM api_keys k JOIN workspaces w ON w.workspace_id = k.workspace_id
                LEFT JOIN users u ON u.user_id = k.owner_id WHERE k.account_id = $1 ",
            $($rest)*
        )
    };
}

/// The same for keys as answers show them.
macro_rules! keys {
    ($($rest:tt)*) => {
        of_keys!(
            "k.api_key_id, k.workspace_id, w.name AS workspace_name, k.owner_id, u.name AS owner_name, k.tail,
                k.description, k.auth, k.disabled, k.expires_at, k.previous_ends_at, k.created_at, k.last_used_at",
            $($rest)*
        )
    };
}

/// What a list and its count are narrowed by: workspace, id, a part of the description.
macro_rules! narrowed {
    ($select:ident!($($first:literal)?), $rest:literal) => {
        $select!(
            $($first,)?
            "AND (CAST($2 AS TEXT) IS NULL OR k.workspace_id = $2)
                AND (CAST($3 AS TEXT) IS NULL OR k.api_key_id = $3)
                AND (CAST($4 AS TEXT) IS NULL OR LOWER(k.description) LIKE LOWER($4) ESCAPE '!') ",
            $rest
        )
    };
}

const FIND: &str = keys!("AND k.api_key_id = $2");
const COUNT: &str = narrowed!(of_keys!("COUNT(*)"), "");
// The cursor is the creation time and the id, so that keys of one millisecond have an order too.
const OLDEST_FIRST: &str = narrowed!(
    keys!(),
    "AND (k.created_at > $5 OR (k.created_at = $5 AND k.api_key_id > $6))
        ORDER BY k.created_at, k.api_key_id LIMIT $7"
);
const NEWEST_FIRST: &str = narrowed!(
    keys!(),
    "AND (k.created_at < $5 OR (k.created_at = $5 AND k.api_key_id < $6))
        ORDER BY k.created_at DESC, k.api_key_id DESC LIMIT $7"
);

/// A part of a text as a LIKE pattern: what the caller wrote is taken literally. The database folds the case of both
/// sides, since it alone knows how it folds letters beyond ASCII.
fn like(part: &str) -> String {
    let mut pattern = String::from("%");
    for character in part.chars() {
        if matches!(character, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

impl Store {
    /// The keys of the permit's workspace.
    pub async fn list_api_keys(
        &self,
        permit: &Permit<ListApiKeys>,
        filter: &KeyFilter,
        order: KeyOrder,
        cursor: &Cursor,
    ) -> Result<Page<ApiKey>, Error> {
        self.list_keys(permit.caller().account, Some(permit.scope().to_string()), filter, order, cursor).await
    }

    /// The keys of the whole account.
    pub async fn list_all_api_keys(
        &self,
        permit: &Permit<ListAllApiKeys>,
        filter: &KeyFilter,
        order: KeyOrder,
        cursor: &Cursor,
    ) -> Result<Page<ApiKey>, Error> {
        self.list_keys(permit.caller().account, None, filter, order, cursor).await
    }

    async fn list_keys(
        &self,
        account: AccountId,
        workspace: Option<String>,
        filter: &KeyFilter,
        order: KeyOrder,
        cursor: &Cursor,
    ) -> Result<Page<ApiKey>, Error> {
        let (sql, start) = match order {
            KeyOrder::OldestFirst => (OLDEST_FIRST, (i64::MIN, String::new())),
            KeyOrder::NewestFirst => (NEWEST_FIRST, (i64::MAX, String::new())),
        };
        let (time, id) = match cursor.after.split_once('.') {
            Some((time, id)) => (time.parse().unwrap_or(start.0), id.to_owned()),
            None => start,
        };
        let rows: Vec<KeyRow> = reading!(self.pools, pool => sqlx::query_as(sql)
            .bind(account.to_string()).bind(&workspace).bind(filter.api_key_id.map(|id| id.to_string()))
            .bind(filter.description.as_deref().map(like)).bind(time).bind(id).bind(cursor.fetch())
            .fetch_all(pool).await)
        .map_err(database)?;
        let keys = rows.into_iter().map(ApiKey::try_from).collect::<Result<Vec<_>, _>>()?;
        let mut page = Page::of(keys, cursor.limit, |key| format!("{}.{}", key.created_at, key.api_key_id));
        page.total = Some(self.count_keys(account, workspace, filter).await?);
        Ok(page)
    }

    async fn count_keys(
        &self,
        account: AccountId,
        workspace: Option<String>,
        filter: &KeyFilter,
    ) -> Result<u64, Error> {
        let (count,): (i64,) = reading!(self.pools, pool => sqlx::query_as(COUNT)
            .bind(account.to_string()).bind(workspace).bind(filter.api_key_id.map(|id| id.to_string()))
            .bind(filter.description.as_deref().map(like)).fetch_one(pool).await)
        .map_err(database)?;
        Ok(to_unsigned(count))
    }

    /// The permit's key, if it is in the permit's workspace.
    pub async fn find_api_key(
        &self,
        permit: &Permit<GetApiKey>,
        id: ApiKeyId,
    ) -> Result<Option<ApiKey>, Error> {
        let key = self.find_key(permit.caller().account, id).await?;
        Ok(key.filter(|key| key.workspace_id == *permit.scope()))
    }

    /// The handles of the account's keys, in their order: candidates of a search.
    pub async fn list_api_key_ids<O: Searches>(
        &self,
        permit: &Permit<O>,
        cursor: &Cursor,
    ) -> Result<Page<ApiKeyId>, Error> {
        const SQL: &str = "
            SELECT api_key_id FROM api_keys WHERE account_id = $1 AND api_key_id > $2 ORDER BY api_key_id LIMIT $3";
        self.list_ids(permit, SQL, cursor, "api_key_id").await
    }

    /// A key of the account, before a permit: its workspace is what the permission depends on.
    pub async fn find_key(&self, account: AccountId, id: ApiKeyId) -> Result<Option<ApiKey>, Error> {
        let row: Option<KeyRow> = reading!(self.pools, pool => sqlx::query_as(FIND)
            .bind(account.to_string()).bind(id.to_string()).fetch_optional(pool).await)
        .map_err(database)?;
        row.map(ApiKey::try_from).transpose()
    }
}

/// Refuses a key that was not touched: it is not in the permit's workspace.
fn demand_key(touched: u64) -> Result<(), Error> {
    if touched > 0 { Ok(()) } else { Err(Error::absent("ApiKey")) }
}

/// The operations on one key that exists.
pub trait Changes: Operation<On = WorkspaceId> {}
impl Changes for UpdateApiKey {}
impl Changes for EnableApiKey {}
impl Changes for DisableApiKey {}
impl Changes for ResetApiKey {}

impl Tx {
    /// A key as this transaction sees it.
    pub async fn find_api_key(&mut self, account: AccountId, id: ApiKeyId) -> Result<Option<ApiKey>, Error> {
        let row: Option<KeyRow> = on!(self.connection, conn => sqlx::query_as(FIND)
            .bind(account.to_string()).bind(id.to_string()).fetch_optional(conn).await)
        .map_err(database)?;
        row.map(ApiKey::try_from).transpose()
    }

    /// Creates a key under the owner's present seat.
    pub async fn insert_api_key(
        &mut self,
        permit: &Permit<CreateApiKey>,
        new: &NewApiKey,
    ) -> Result<ApiKey, Error> {
        const SQL: &str = "
            INSERT INTO api_keys (api_key_id, account_id, workspace_id, owner_id, epoch, hash, tail, description, auth,
                disabled, expires_at, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, FALSE, $10, $11)";
        let (caller, workspace) = (permit.caller(), *permit.scope());
        let epoch = match caller.principal {
            Principal::Root => 0,
            Principal::User(user) => self.epoch_of(workspace, user).await?,
            Principal::Role(_) | Principal::Federated(_) => return Err(no_owner()),
        };
        let owner_id = caller.principal.user().map(|user| user.to_string()).unwrap_or_default();
        let auth = new.auth.as_ref().map(crate::audit::text_of).transpose()?;
        on!(self.connection, conn => sqlx::query(SQL)
            .bind(new.api_key_id.to_string()).bind(caller.account.to_string()).bind(workspace.to_string())
            .bind(owner_id).bind(epoch).bind(new.hash.to_hex()).bind(&new.tail).bind(&new.description).bind(auth)
            .bind(new.expires_at).bind(caller.now_ms).execute(conn).await.map(drop))
        .map_err(database)?;
        self.note_key(new.api_key_id).await?;
        self.find_api_key(caller.account, new.api_key_id).await?.ok_or_else(|| Error::absent("ApiKey"))
    }

    /// Switches a key of the permit's workspace on or off.
    pub async fn switch_api_key<O: Changes>(
        &mut self,
        permit: &Permit<O>,
        id: ApiKeyId,
        disabled: bool,
    ) -> Result<(), Error> {
        const SQL: &str = "UPDATE api_keys SET disabled = $3 WHERE workspace_id = $1 AND api_key_id = $2";
        on!(self.connection, conn => sqlx::query(SQL)
            .bind(permit.scope().to_string()).bind(id.to_string()).bind(disabled).execute(conn).await.map(|done| done.rows_affected()))
        .map_err(database)
        .and_then(demand_key)?;
        self.note_key(id).await
    }

    /// Gives a key of the permit's workspace a new value. A value before the present one ends with this in any case.
    pub async fn reset_api_key(
        &mut self,
        permit: &Permit<ResetApiKey>,
        id: ApiKeyId,
        new: &NewValue,
    ) -> Result<(), Error> {
        const SQL: &str = "
            UPDATE api_keys SET hash = $3, tail = $4, previous_ends_at = $5,
                previous_hash = CASE WHEN CAST($5 AS BIGINT) IS NULL THEN NULL ELSE hash END
            WHERE workspace_id = $1 AND api_key_id = $2";
        on!(self.connection, conn => sqlx::query(SQL)
            .bind(permit.scope().to_string()).bind(id.to_string()).bind(new.hash.to_hex()).bind(&new.tail)
            .bind(new.previous_ends_at)
            .execute(conn).await.map(|done| done.rows_affected()))
        .map_err(database)
        .and_then(demand_key)?;
        self.note_key(id).await
    }

    /// Changes a key of the permit's workspace.
    pub async fn update_api_key(&mut self, permit: &Permit<UpdateApiKey>, key: &ApiKey) -> Result<(), Error> {
        const SQL: &str = "UPDATE api_keys SET description = $3, auth = $4, expires_at = $5 WHERE workspace_id = $1 AND api_key_id = $2";
        let auth = key.auth.as_ref().map(crate::audit::text_of).transpose()?;
        on!(self.connection, conn => sqlx::query(SQL)
            .bind(permit.scope().to_string()).bind(key.api_key_id.to_string()).bind(&key.description).bind(auth)
            .bind(key.expires_at).execute(conn).await.map(|done| done.rows_affected()))
        .map_err(database)
        .and_then(demand_key)?;
        self.note_key(key.api_key_id).await
    }

    /// Deletes a key of the permit's workspace.
    pub async fn delete_api_key(&mut self, permit: &Permit<DeleteApiKey>, id: ApiKeyId) -> Result<(), Error> {
        const LIMITS: &str =
            "DELETE FROM model_limits WHERE account_id = $1 AND level = 'key' AND level_id = $2";
        const SQL: &str = "DELETE FROM api_keys WHERE workspace_id = $1 AND api_key_id = $2";
        const BUDGET: &str =
            "DELETE FROM budgets WHERE account_id = $1 AND level = 'key' AND api_key_id = $2";
        for sql in [LIMITS, BUDGET] {
            self.execute_two(sql, &permit.caller().account.to_string(), &id.to_string()).await?;
        }
        self.execute_two(SQL, &permit.scope().to_string(), &id.to_string()).await.and_then(demand_key)?;
        self.note(Change::KeyGone { key: id });
        Ok(())
    }

    /// Deletes every API key that a user owned.
    pub(crate) async fn clear_api_keys(&mut self, account: AccountId, user: UserId) -> Result<(), Error> {
        const KEYS: &str =
            "DELETE FROM api_keys WHERE account_id = $1 AND owner_id = $2 RETURNING api_key_id";
        const LIMITS: &str = "
            DELETE FROM model_limits WHERE account_id = $1 AND level = 'key' AND level_id IN (
                SELECT api_key_id FROM api_keys WHERE account_id = $1 AND owner_id = $2)";
        const BUDGETS: &str = "
            DELETE FROM budgets WHERE account_id = $1 AND level = 'key' AND api_key_id IN (
                SELECT api_key_id FROM api_keys WHERE account_id = $1 AND owner_id = $2)";
        for sql in [LIMITS, BUDGETS] {
            self.execute_two(sql, &account.to_string(), &user.to_string()).await?;
        }
        let rows: Vec<(String,)> = on!(self.connection, conn => sqlx::query_as(KEYS)
            .bind(account.to_string()).bind(user.to_string()).fetch_all(conn).await)
        .map_err(database)?;
        for (id,) in rows {
            self.note(Change::KeyGone { key: stored(id.parse(), "api_key_id")? });
        }
        Ok(())
    }

    async fn epoch_of(&mut self, workspace: WorkspaceId, user: UserId) -> Result<i64, Error> {
        const SQL: &str = "SELECT epoch FROM members WHERE workspace_id = $1 AND user_id = $2";
        let row: Option<(i64,)> = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(workspace.to_string()).bind(user.to_string()).fetch_optional(conn).await)
        .map_err(database)?;
        // The permission to create a key contains membership, so there is a seat.
        row.map(|(epoch,)| epoch).ok_or_else(|| Error::absent("Member"))
    }

    async fn note_key(&mut self, id: ApiKeyId) -> Result<(), Error> {
        let facts = self.key_facts(id).await?;
        self.note(Change::Key(Box::new(facts)));
        Ok(())
    }

    /// A key as the directory needs it.
    pub(crate) async fn key_facts(&mut self, id: ApiKeyId) -> Result<KeyFacts, Error> {
        const SQL: &str = "
            SELECT workspace_id, owner_id, epoch, hash, previous_hash, previous_ends_at, auth, disabled, expires_at
            FROM api_keys WHERE api_key_id = $1";
        type Row =
            (String, String, i64, String, Option<String>, Option<i64>, Option<String>, bool, Option<i64>);
        let (workspace, owner_id, epoch, hash, previous_hash, ends_at, auth, disabled, expires_at_ms): Row =
            on!(self.connection, conn => sqlx::query_as(SQL).bind(id.to_string()).fetch_one(conn).await)
                .map_err(database)?;
        Ok(KeyFacts {
            id,
            hash: key_hash(&hash)?,
            previous: previous_value(previous_hash, ends_at)?,
            workspace: stored(workspace.parse(), "workspace_id")?,
            owner: owner(&owner_id)?,
            epoch: to_unsigned(epoch),
            disabled,
            expires_at_ms,
            auth: auth.map(|text| stored(serde_json::from_str(&text), "auth")).transpose()?,
        })
    }
}

/// The value before, of a key whose value was changed with an overlap.
pub(crate) fn previous_value(
    hash: Option<String>,
    ends_at_ms: Option<i64>,
) -> Result<Option<PreviousValue>, Error> {
    let previous = hash.zip(ends_at_ms);
    previous.map(|(hash, ends_at_ms)| Ok(PreviousValue { hash: key_hash(&hash)?, ends_at_ms })).transpose()
}

/// A key is invalidated with its owner's seat, and a role has none.
fn no_owner() -> Error {
    Error::field("workspaceId", "cannot hold a key of a role; create the key as a member of the workspace")
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn a_search_is_taken_literally() {
        assert_eq!(like("50%_Off!"), "%50!%!_Off!!%");
    }
}
