//! RAM users that were added to Model Studio: known, but in no workspace by that alone.

use bailey_domain::change::Change;
use bailey_domain::operations::{AddUser, AddUsers, ListStudioUsers, Operation, RemoveUser};
use bailey_domain::{AccountId, Error, Permit, UserId};
use serde::Serialize;

use crate::connection::{on, reading};
use crate::error::{conflict_of, database, stored};
use crate::page::{Cursor, Page};
use crate::store::Store;
use crate::tx::Tx;

/// A user known to Model Studio.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StudioUser {
    /// The RAM user's id.
    pub user_id: UserId,
    /// The RAM user's name.
    pub user_name: String,
    /// The name shown in Model Studio.
    pub display_name: String,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    /// The workspaces that the user is a member of.
    pub workspaces: Vec<String>,
}

type Row = (String, String, String, i64);

fn studio_user((user_id, user_name, display_name, created_at): Row) -> Result<StudioUser, Error> {
    Ok(StudioUser {
        user_id: stored(user_id.parse(), "user_id")?,
        user_name,
        display_name,
        created_at,
        workspaces: Vec::new(),
    })
}

/// The operations that add somebody.
pub trait Adds: Operation {}
impl Adds for AddUser {}
impl Adds for AddUsers {}

impl Store {
    /// The users known to Model Studio, by name.
    pub async fn list_studio_users(
        &self,
        permit: &Permit<ListStudioUsers>,
        cursor: &Cursor,
    ) -> Result<Page<StudioUser>, Error> {
        const USERS: &str = "
            SELECT s.user_id, u.name, s.display_name, s.created_at FROM studio_users s JOIN users u ON u.user_id = s.user_id
            WHERE s.account_id = $1 AND u.folded_name > $2 ORDER BY u.folded_name LIMIT $3";
        const SEATS: &str =
            "SELECT workspace_id FROM members WHERE user_id = $1 ORDER BY created_at, workspace_id";
        let rows: Vec<Row> = reading!(self.pools, pool => sqlx::query_as(USERS)
            .bind(permit.caller().account.to_string()).bind(&cursor.after).bind(cursor.fetch()).fetch_all(pool).await)
        .map_err(database)?;
        let users = rows.into_iter().map(studio_user).collect::<Result<Vec<_>, _>>()?;
        let mut page = Page::of(users, cursor.limit, |user| user.user_name.to_lowercase());
        for user in &mut page.rows {
            let seats: Vec<(String,)> = reading!(self.pools, pool => sqlx::query_as(SEATS)
                .bind(user.user_id.to_string()).fetch_all(pool).await)
            .map_err(database)?;
            user.workspaces = seats.into_iter().map(|(id,)| id).collect();
        }
        Ok(page)
    }
}

impl Tx {
    /// A user known to Model Studio, as this transaction sees it.
    pub async fn find_studio_user(
        &mut self,
        account: AccountId,
        user: UserId,
    ) -> Result<Option<StudioUser>, Error> {
        const SQL: &str = "
            SELECT s.user_id, u.name, s.display_name, s.created_at FROM studio_users s JOIN users u ON u.user_id = s.user_id
            WHERE s.account_id = $1 AND s.user_id = $2";
        let row: Option<Row> = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(user.to_string()).fetch_optional(conn).await)
        .map_err(database)?;
        row.map(studio_user).transpose()
    }

    /// Makes a RAM user known.
    pub async fn insert_studio_user<O: Adds>(
        &mut self,
        permit: &Permit<O>,
        user: UserId,
        display_name: &str,
    ) -> Result<StudioUser, Error> {
        const SQL: &str = "INSERT INTO studio_users (user_id, account_id, display_name, created_at) VALUES ($1, $2, $3, $4)";
        let account = permit.caller().account;
        self.demand_user(account, user).await?;
        on!(self.connection, conn => sqlx::query(SQL)
            .bind(user.to_string()).bind(account.to_string()).bind(display_name).bind(permit.caller().now_ms)
            .execute(conn).await.map(drop))
        .map_err(conflict_of(|| Error::exists("User")))?;
        self.find_studio_user(account, user).await?.ok_or_else(|| Error::absent("User"))
    }

    /// Takes a user out of every workspace and out of Model Studio. Gives how many live keys die by that.
    pub async fn delete_studio_user(
        &mut self,
        permit: &Permit<RemoveUser>,
        user: UserId,
    ) -> Result<u64, Error> {
        self.demand_user(permit.caller().account, user).await?;
        let killed = self.count_live_keys_everywhere(user).await?;
        self.clear_seats(user).await?;
        Ok(killed)
    }

    pub(crate) async fn count_live_keys_everywhere(&mut self, user: UserId) -> Result<u64, Error> {
        const SQL: &str = "SELECT COUNT(*) FROM api_keys k JOIN members m
            ON m.workspace_id = k.workspace_id AND m.user_id = k.owner_id AND m.epoch = k.epoch
            WHERE k.owner_id = $1 AND NOT k.disabled";
        self.count(SQL, &user.to_string()).await
    }

    /// Takes a user's seats and the user's place in Model Studio away. For operations that end a person.
    pub(crate) async fn clear_seats(&mut self, user: UserId) -> Result<(), Error> {
        const SEATS: &str = "DELETE FROM members WHERE user_id = $1 RETURNING workspace_id";
        const USER: &str = "DELETE FROM studio_users WHERE user_id = $1";
        let seats: Vec<(String,)> = on!(self.connection, conn => sqlx::query_as(SEATS)
            .bind(user.to_string()).fetch_all(conn).await)
        .map_err(database)?;
        for (workspace,) in seats {
            self.note(Change::MemberGone { workspace: stored(workspace.parse(), "workspace_id")?, user });
        }
        on!(self.connection, conn => sqlx::query(USER).bind(user.to_string()).execute(conn).await.map(drop))
            .map_err(database)
    }
}
