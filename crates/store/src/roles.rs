//! RAM roles.

use bailey_domain::change::Change;
use bailey_domain::id::RoleId;
use bailey_domain::name::RoleName;
use bailey_domain::operations::{CreateRole, DeleteRole, ListRoles, UpdateRole};
use bailey_domain::tag::{TagFilter, Taggable};
use bailey_domain::{AccountId, Error, Permit};
use serde::Serialize;

use crate::connection::{on, reading};
use crate::error::{conflict_of, database, stored, to_signed, to_unsigned};
use crate::page::{Cursor, Page};
use crate::store::Store;
use crate::tags::WithTags;
use crate::tx::Tx;
use crate::users::Searches;

/// A RAM role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Role {
    /// Its id.
    pub role_id: RoleId,
    /// Its name.
    pub name: RoleName,
    /// Its description; empty when none was given.
    pub description: String,
    /// Its trust policy: who may take it.
    pub trust_policy: String,
    /// The longest that a session of it may last, in seconds.
    pub max_session_duration: u64,
    /// Whether people may switch to it in the console.
    pub allow_console_login: bool,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    /// Milliseconds since the epoch.
    pub updated_at: i64,
}

/// A role that is to be created.
#[derive(Debug)]
pub struct NewRole {
    /// Its id.
    pub role_id: RoleId,
    /// Its name.
    pub name: RoleName,
    /// Empty for none.
    pub description: String,
    /// Its trust policy, checked.
    pub trust_policy: String,
    /// Seconds.
    pub max_session_duration: u64,
    /// Whether people may switch to it in the console.
    pub allow_console_login: bool,
}

/// What is to be changed; `None` stays as it is.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are the role's own")]
pub struct RoleUpdate {
    pub description: Option<String>,
    pub trust_policy: Option<String>,
    pub max_session_duration: Option<u64>,
    pub allow_console_login: Option<bool>,
}

#[derive(sqlx::FromRow)]
struct RoleRow {
    role_id: String,
    name: String,
    description: String,
    trust_policy: String,
    max_session_duration: i64,
    allow_console_login: bool,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<RoleRow> for Role {
    type Error = Error;
    fn try_from(row: RoleRow) -> Result<Self, Error> {
        Ok(Self {
            role_id: stored(row.role_id.parse(), "role_id")?,
            name: stored(RoleName::parse("name", &row.name), "name")?,
            description: row.description,
            trust_policy: row.trust_policy,
            max_session_duration: to_unsigned(row.max_session_duration),
            allow_console_login: row.allow_console_login,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

const FIND: &str = "SELECT * FROM roles WHERE account_id = $1 AND folded_name = $2";

impl Store {
    /// A role by name, in whatever case. Finding is no operation; what is done with it is.
    pub async fn find_role(&self, account: AccountId, name: &RoleName) -> Result<Option<Role>, Error> {
        let row: Option<RoleRow> = reading!(self.pools, pool => sqlx::query_as(FIND)
            .bind(account.to_string()).bind(name.folded()).fetch_optional(pool).await)
        .map_err(database)?;
        row.map(Role::try_from).transpose()
    }

    /// A role by id.
    pub async fn find_role_by_id(&self, account: AccountId, role: RoleId) -> Result<Option<Role>, Error> {
        const SQL: &str = "SELECT * FROM roles WHERE account_id = $1 AND role_id = $2";
        let row: Option<RoleRow> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(role.to_string()).fetch_optional(pool).await)
        .map_err(database)?;
        row.map(Role::try_from).transpose()
    }

    /// The ids of the account's roles, in their order: candidates of a search.
    pub async fn list_role_ids<O: Searches>(
        &self,
        permit: &Permit<O>,
        cursor: &Cursor,
    ) -> Result<Page<RoleId>, Error> {
        const SQL: &str = "
            SELECT role_id FROM roles WHERE account_id = $1 AND role_id > $2 ORDER BY role_id LIMIT $3";
        self.list_ids(permit, SQL, cursor, "role_id").await
    }

    /// The account's roles by name with their tags: those that hold what is looked for.
    pub async fn list_roles(
        &self,
        permit: &Permit<ListRoles>,
        cursor: &Cursor,
        wanted: &[TagFilter],
    ) -> Result<Page<WithTags<Role>>, Error> {
        const SQL: &str = "
            SELECT * FROM roles WHERE account_id = $1 AND folded_name > $2 ORDER BY folded_name LIMIT $3";
        let account = permit.caller().account;
        let rows: Vec<RoleRow> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(&cursor.after).bind(cursor.fetch_of(wanted)).fetch_all(pool).await)
        .map_err(database)?;
        let roles = rows.into_iter().map(Role::try_from).collect::<Result<Vec<_>, _>>()?;
        let roles = self.with_tags(account, Taggable::Role, roles, |role| role.name.folded(), wanted).await?;
        Ok(Page::of(roles, cursor.limit, |role| role.row.name.folded()))
    }
}

impl Tx {
    /// A role by name, as this transaction sees it.
    pub async fn find_role(&mut self, account: AccountId, name: &RoleName) -> Result<Option<Role>, Error> {
        let row: Option<RoleRow> = on!(self.connection, conn => sqlx::query_as(FIND)
            .bind(account.to_string()).bind(name.folded()).fetch_optional(conn).await)
        .map_err(database)?;
        row.map(Role::try_from).transpose()
    }

    /// Refuses a role that is not the account's.
    pub(crate) async fn demand_role(&mut self, account: AccountId, role: RoleId) -> Result<(), Error> {
        const SQL: &str = "SELECT COUNT(*) FROM roles WHERE account_id = $1 AND role_id = $2";
        let count = self.count_two(SQL, &account.to_string(), &role.to_string()).await?;
        if count == 0 { Err(Error::absent("Role")) } else { Ok(()) }
    }

    /// How many roles the account has.
    pub async fn count_roles(&mut self, account: AccountId) -> Result<u64, Error> {
        const SQL: &str = "SELECT COUNT(*) FROM roles WHERE account_id = $1";
        self.count(SQL, &account.to_string()).await
    }

    /// Creates a role.
    pub async fn insert_role(&mut self, permit: &Permit<CreateRole>, new: &NewRole) -> Result<Role, Error> {
        const SQL: &str = "
            INSERT INTO roles (role_id, account_id, name, folded_name, description, trust_policy,
                max_session_duration, allow_console_login, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) RETURNING *";
        let account = permit.caller().account;
        let row: RoleRow = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(new.role_id.to_string()).bind(account.to_string()).bind(new.name.as_str()).bind(new.name.folded())
            .bind(&new.description).bind(&new.trust_policy).bind(to_signed(new.max_session_duration))
            .bind(new.allow_console_login).bind(permit.caller().now_ms).fetch_one(conn).await)
        .map_err(conflict_of(|| Error::exists("Role")))?;
        self.note_role(account, row)
    }

    /// Changes a role.
    pub async fn update_role(
        &mut self,
        permit: &Permit<UpdateRole>,
        role: &Role,
        update: &RoleUpdate,
    ) -> Result<Role, Error> {
        const SQL: &str = "
            UPDATE roles SET description = $3, trust_policy = $4, max_session_duration = $5,
                allow_console_login = $6, updated_at = $7
            WHERE account_id = $1 AND role_id = $2 RETURNING *";
        let account = permit.caller().account;
        let longest = update.max_session_duration.unwrap_or(role.max_session_duration);
        let row: Option<RoleRow> = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(role.role_id.to_string())
            .bind(update.description.as_ref().unwrap_or(&role.description))
            .bind(update.trust_policy.as_ref().unwrap_or(&role.trust_policy)).bind(to_signed(longest))
            .bind(update.allow_console_login.unwrap_or(role.allow_console_login)).bind(permit.caller().now_ms)
            .fetch_optional(conn).await)
        .map_err(database)?;
        self.note_role(account, row.ok_or_else(|| Error::absent("Role"))?)
    }

    /// Deletes a role. It must hold no policy: what is attached has to find it when the database is loaded. Its sessions
    /// end with the revision.
    pub async fn delete_role(&mut self, permit: &Permit<DeleteRole>, role: RoleId) -> Result<(), Error> {
        const SQL: &str = "DELETE FROM roles WHERE account_id = $1 AND role_id = $2";
        let account = permit.caller().account;
        self.demand_role(account, role).await?;
        if self.has_policies(role).await? {
            return Err(Error::in_use(
                "Role.Policy",
                "The role CAN NOT has any attached policy while deleting the role.",
            ));
        }
        self.execute_two(SQL, &account.to_string(), &role.to_string()).await?;
        self.clear_boundary(account, role.into()).await?;
        self.note(Change::RoleGone { role });
        Ok(())
    }

    fn note_role(&mut self, account: AccountId, row: RoleRow) -> Result<Role, Error> {
        let role = Role::try_from(row)?;
        self.note(Change::Role {
            account,
            role: role.role_id,
            name: role.name.clone(),
            trust: role.trust_policy.clone(),
        });
        Ok(role)
    }
}
