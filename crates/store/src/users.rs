//! RAM users.

use std::str::FromStr;

use bailey_domain::change::Change;
use bailey_domain::name::UserName;
use bailey_domain::operations::{
    CreateUser, DeleteUser, ListUserBasicInfos, ListUsers, Operation, SearchAccess, UpdateUser, WhoCan,
};
use bailey_domain::scope::RamScope;
use bailey_domain::{AccountId, Error, Permit, UserId};
use serde::Serialize;

use crate::connection::{on, reading};
use crate::error::{conflict_of, database, stored};
use crate::page::{Cursor, Page};
use crate::store::Store;
use crate::tx::Tx;

/// A RAM user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Its id.
    pub user_id: UserId,
    /// Its name.
    pub name: UserName,
    /// Its display name; empty when none was given.
    pub display_name: String,
    /// Its address; empty when none was given.
    pub email: String,
    /// Its phone number; empty when none was given.
    pub mobile_phone: String,
    /// Comments; empty when none were given.
    pub comments: String,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    /// Milliseconds since the epoch.
    pub updated_at: i64,
}

/// A user that is to be created.
#[derive(Debug)]
pub struct NewUser {
    /// Its id.
    pub user_id: UserId,
    /// Its name.
    pub name: UserName,
    /// Empty for none.
    pub display_name: String,
    /// Empty for none.
    pub email: String,
    /// Empty for none.
    pub mobile_phone: String,
    /// Empty for none.
    pub comments: String,
}

/// What is to be changed; `None` stays as it is.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are the user's own")]
pub struct UserUpdate {
    pub name: Option<UserName>,
    pub display_name: Option<String>,
    pub email: Option<String>,
    pub mobile_phone: Option<String>,
    pub comments: Option<String>,
}

#[derive(sqlx::FromRow)]
pub(crate) struct UserRow {
    user_id: String,
    name: String,
    display_name: String,
    email: String,
    mobile_phone: String,
    comments: String,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<UserRow> for User {
    type Error = Error;
    fn try_from(row: UserRow) -> Result<Self, Error> {
        Ok(Self {
            user_id: stored(row.user_id.parse(), "user_id")?,
            name: stored(UserName::parse("name", &row.name), "name")?,
            display_name: row.display_name,
            email: row.email,
            mobile_phone: row.mobile_phone,
            comments: row.comments,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// The operations that list users.
pub trait ListsUsers: Operation<On = RamScope> {}
impl ListsUsers for ListUsers {}
impl ListsUsers for ListUserBasicInfos {}

const FIND: &str = "SELECT * FROM users WHERE account_id = $1 AND folded_name = $2";

/// The operations that look among all things of a kind.
pub trait Searches: Operation {}
impl Searches for SearchAccess {}
impl Searches for WhoCan {}

impl Store {
    /// A user by name, in whatever case. Finding is no operation; what is done with it is.
    pub async fn find_user(&self, account: AccountId, name: &UserName) -> Result<Option<User>, Error> {
        let row: Option<UserRow> = reading!(self.pools, pool => sqlx::query_as(FIND)
            .bind(account.to_string()).bind(name.folded()).fetch_optional(pool).await)
        .map_err(database)?;
        row.map(User::try_from).transpose()
    }

    /// A user by id.
    pub async fn find_user_by_id(&self, account: AccountId, user: UserId) -> Result<Option<User>, Error> {
        const SQL: &str = "SELECT * FROM users WHERE account_id = $1 AND user_id = $2";
        let row: Option<UserRow> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(user.to_string()).fetch_optional(pool).await)
        .map_err(database)?;
        row.map(User::try_from).transpose()
    }

    /// The account's users by name.
    pub async fn list_users<O: ListsUsers>(
        &self,
        permit: &Permit<O>,
        cursor: &Cursor,
    ) -> Result<Page<User>, Error> {
        const SQL: &str = "
            SELECT * FROM users WHERE account_id = $1 AND folded_name > $2 ORDER BY folded_name LIMIT $3";
        let rows: Vec<UserRow> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(permit.caller().account.to_string()).bind(&cursor.after).bind(cursor.fetch())
            .fetch_all(pool).await)
        .map_err(database)?;
        let users = rows.into_iter().map(User::try_from).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(users, cursor.limit, |user| user.name.folded()))
    }

    /// The ids of the account's users, in their order: candidates of a search.
    pub async fn list_user_ids<O: Searches>(
        &self,
        permit: &Permit<O>,
        cursor: &Cursor,
    ) -> Result<Page<UserId>, Error> {
        const SQL: &str = "
            SELECT user_id FROM users WHERE account_id = $1 AND user_id > $2 ORDER BY user_id LIMIT $3";
        self.list_ids(permit, SQL, cursor, "user_id").await
    }

    /// Ids of one kind of thing, in their order.
    pub(crate) async fn list_ids<O: Searches, Id: FromStr<Err = Error> + ToString>(
        &self,
        permit: &Permit<O>,
        sql: &'static str,
        cursor: &Cursor,
        column: &'static str,
    ) -> Result<Page<Id>, Error> {
        let rows: Vec<(String,)> = reading!(self.pools, pool => sqlx::query_as(sql)
            .bind(permit.caller().account.to_string()).bind(&cursor.after).bind(cursor.fetch())
            .fetch_all(pool).await)
        .map_err(database)?;
        let ids = rows.iter().map(|(id,)| stored(id.parse(), column)).collect::<Result<Vec<Id>, _>>()?;
        Ok(Page::of(ids, cursor.limit, ToString::to_string))
    }
}

impl Tx {
    /// A user by name, as this transaction sees it.
    pub async fn find_user(&mut self, account: AccountId, name: &UserName) -> Result<Option<User>, Error> {
        let row: Option<UserRow> = on!(self.connection, conn => sqlx::query_as(FIND)
            .bind(account.to_string()).bind(name.folded()).fetch_optional(conn).await)
        .map_err(database)?;
        row.map(User::try_from).transpose()
    }

    /// How many users the account has.
    pub async fn count_users(&mut self, account: AccountId) -> Result<u64, Error> {
        const SQL: &str = "SELECT COUNT(*) FROM users WHERE account_id = $1";
        self.count(SQL, &account.to_string()).await
    }

    /// Creates a user.
    pub async fn insert_user(&mut self, permit: &Permit<CreateUser>, new: &NewUser) -> Result<User, Error> {
        const SQL: &str = "
            INSERT INTO users (user_id, account_id, name, folded_name, display_name, email, mobile_phone, comments,
                created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) RETURNING *";
        let account = permit.caller().account;
        let row: UserRow = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(new.user_id.to_string()).bind(account.to_string()).bind(new.name.as_str()).bind(new.name.folded())
            .bind(&new.display_name).bind(&new.email).bind(&new.mobile_phone).bind(&new.comments)
            .bind(permit.caller().now_ms).fetch_one(conn).await)
        .map_err(conflict_of(|| Error::exists("User")))?;
        self.note(Change::User { account, user: new.user_id, name: new.name.clone() });
        row.try_into()
    }

    /// Changes a user.
    pub async fn update_user(
        &mut self,
        permit: &Permit<UpdateUser>,
        user: &User,
        update: &UserUpdate,
    ) -> Result<User, Error> {
        const SQL: &str = "
            UPDATE users SET name = $3, folded_name = $4, display_name = $5, email = $6, mobile_phone = $7,
                comments = $8, updated_at = $9
            WHERE account_id = $1 AND user_id = $2 RETURNING *";
        let account = permit.caller().account;
        let name = update.name.as_ref().unwrap_or(&user.name);
        let row: UserRow = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(user.user_id.to_string()).bind(name.as_str()).bind(name.folded())
            .bind(update.display_name.as_ref().unwrap_or(&user.display_name))
            .bind(update.email.as_ref().unwrap_or(&user.email))
            .bind(update.mobile_phone.as_ref().unwrap_or(&user.mobile_phone))
            .bind(update.comments.as_ref().unwrap_or(&user.comments))
            .bind(permit.caller().now_ms).fetch_one(conn).await)
        .map_err(conflict_of(|| Error::exists("User")))?;
        self.note(Change::User { account, user: user.user_id, name: name.clone() });
        row.try_into()
    }

    /// Deletes a user with its seats, attachments and places in groups. Its API keys stay as rows, so that their refusals can be
    /// explained, and are nobody's from now on. Its access keys in the recycle bin go
    /// unless the user lies there too. Gives how many live keys die by that.
    pub async fn delete_user(&mut self, permit: &Permit<DeleteUser>, user: UserId) -> Result<u64, Error> {
        const ATTACHMENTS: &str = "
            DELETE FROM policy_attachments WHERE account_id = $1 AND principal_type = 'user' AND principal_id = $2";
        const GROUPS: &str = "DELETE FROM group_members WHERE account_id = $1 AND user_id = $2";
        const BIN: &str = "
            DELETE FROM recycled_access_keys WHERE account_id = $1 AND owner_id = $2
                AND NOT EXISTS (SELECT 1 FROM recycled_users WHERE user_id = $2)";
        const USER: &str = "DELETE FROM users WHERE account_id = $1 AND user_id = $2";
        let account = permit.caller().account;
        self.demand_user(account, user).await?;
        let killed = self.count_live_keys_everywhere(user).await?;
        self.clear_seats(user).await?;
        self.clear_login(account, user).await?;
        self.clear_service_credentials(account, user).await?;
        self.clear_boundary(account, user.into()).await?;
        for sql in [ATTACHMENTS, GROUPS, USER, BIN] {
            self.execute_two(sql, &account.to_string(), &user.to_string()).await?;
        }
        self.note(Change::UserGone { user });
        Ok(killed)
    }

    /// Refuses a user that is not one of the account's.
    pub(crate) async fn demand_user(&mut self, account: AccountId, user: UserId) -> Result<(), Error> {
        const SQL: &str = "SELECT COUNT(*) FROM users WHERE account_id = $1 AND user_id = $2";
        let found = self.count_two(SQL, &account.to_string(), &user.to_string()).await?;
        if found > 0 { Ok(()) } else { Err(Error::absent("User")) }
    }

    /// One number, for one bound text.
    pub(crate) async fn count(&mut self, sql: &'static str, bound: &str) -> Result<u64, Error> {
        let (count,): (i64,) =
            on!(self.connection, conn => sqlx::query_as(sql).bind(bound).fetch_one(conn).await)
                .map_err(database)?;
        Ok(crate::error::to_unsigned(count))
    }

    /// One number, for two bound texts.
    pub(crate) async fn count_two(
        &mut self,
        sql: &'static str,
        first: &str,
        second: &str,
    ) -> Result<u64, Error> {
        let (count,): (i64,) = on!(self.connection, conn =>
            sqlx::query_as(sql).bind(first).bind(second).fetch_one(conn).await)
        .map_err(database)?;
        Ok(crate::error::to_unsigned(count))
    }

    /// A statement with two bound texts; gives how many rows it changed.
    pub(crate) async fn execute_two(
        &mut self,
        sql: &'static str,
        first: &str,
        second: &str,
    ) -> Result<u64, Error> {
        on!(self.connection, conn => sqlx::query(sql)
            .bind(first).bind(second).execute(conn).await.map(|done| done.rows_affected()))
        .map_err(database)
    }
}
