//! RAM groups.

use bailey_domain::change::Change;
use bailey_domain::name::GroupName;
use bailey_domain::operations::{CreateGroup, DeleteGroup, ListGroups, UpdateGroup};
use bailey_domain::{AccountId, Error, GroupId, Permit};
use serde::Serialize;

use crate::connection::{on, reading};
use crate::error::{conflict_of, database, stored};
use crate::page::{Cursor, Page};
use crate::store::Store;
use crate::tx::Tx;

/// A RAM group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Its id.
    pub group_id: GroupId,
    /// Its name.
    pub name: GroupName,
    /// Comments; empty when none were given.
    pub comments: String,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    /// Milliseconds since the epoch.
    pub updated_at: i64,
}

/// A group that is to be created.
#[derive(Debug)]
pub struct NewGroup {
    /// Its id.
    pub group_id: GroupId,
    /// Its name.
    pub name: GroupName,
    /// Empty for none.
    pub comments: String,
}

/// What is to be changed; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct GroupUpdate {
    /// Another name.
    pub name: Option<GroupName>,
    /// Other comments; empty for none.
    pub comments: Option<String>,
}

#[derive(sqlx::FromRow)]
struct GroupRow {
    group_id: String,
    name: String,
    comments: String,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<GroupRow> for Group {
    type Error = Error;
    fn try_from(row: GroupRow) -> Result<Self, Error> {
        Ok(Self {
            group_id: stored(row.group_id.parse(), "group_id")?,
            name: stored(GroupName::parse("name", &row.name), "name")?,
            comments: row.comments,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

const FIND: &str = "SELECT * FROM groups WHERE account_id = $1 AND folded_name = $2";

impl Store {
    /// A group by name, in whatever case. Finding is no operation; what is done with it is.
    pub async fn find_group(&self, account: AccountId, name: &GroupName) -> Result<Option<Group>, Error> {
        let row: Option<GroupRow> = reading!(self.pools, pool => sqlx::query_as(FIND)
            .bind(account.to_string()).bind(name.folded()).fetch_optional(pool).await)
        .map_err(database)?;
        row.map(Group::try_from).transpose()
    }

    /// The account's groups by name.
    pub async fn list_groups(
        &self,
        permit: &Permit<ListGroups>,
        cursor: &Cursor,
    ) -> Result<Page<Group>, Error> {
        const SQL: &str = "
            SELECT * FROM groups WHERE account_id = $1 AND folded_name > $2 ORDER BY folded_name LIMIT $3";
        let rows: Vec<GroupRow> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(permit.caller().account.to_string()).bind(&cursor.after).bind(cursor.fetch())
            .fetch_all(pool).await)
        .map_err(database)?;
        let groups = rows.into_iter().map(Group::try_from).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(groups, cursor.limit, |group| group.name.folded()))
    }
}

impl Tx {
    /// A group by name, as this transaction sees it.
    pub async fn find_group(&mut self, account: AccountId, name: &GroupName) -> Result<Option<Group>, Error> {
        let row: Option<GroupRow> = on!(self.connection, conn => sqlx::query_as(FIND)
            .bind(account.to_string()).bind(name.folded()).fetch_optional(conn).await)
        .map_err(database)?;
        row.map(Group::try_from).transpose()
    }

    /// How many groups the account has.
    pub async fn count_groups(&mut self, account: AccountId) -> Result<u64, Error> {
        self.count("SELECT COUNT(*) FROM groups WHERE account_id = $1", &account.to_string()).await
    }

    /// Creates a group.
    pub async fn insert_group(
        &mut self,
        permit: &Permit<CreateGroup>,
        new: &NewGroup,
    ) -> Result<Group, Error> {
        const SQL: &str = "
            INSERT INTO groups (group_id, account_id, name, folded_name, comments, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $6) RETURNING *";
        let account = permit.caller().account;
        let row: GroupRow = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(new.group_id.to_string()).bind(account.to_string()).bind(new.name.as_str()).bind(new.name.folded())
            .bind(&new.comments).bind(permit.caller().now_ms).fetch_one(conn).await)
        .map_err(conflict_of(|| Error::exists("Group")))?;
        self.note(Change::Group { account, group: new.group_id });
        row.try_into()
    }

    /// Changes a group. Members and policies hang on its id, so the directory need not hear of it.
    pub async fn update_group(
        &mut self,
        permit: &Permit<UpdateGroup>,
        group: &Group,
        update: &GroupUpdate,
    ) -> Result<Group, Error> {
        const SQL: &str = "
            UPDATE groups SET name = $3, folded_name = $4, comments = $5, updated_at = $6
            WHERE account_id = $1 AND group_id = $2 RETURNING *";
        let name = update.name.as_ref().unwrap_or(&group.name);
        let row: Option<GroupRow> = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(permit.caller().account.to_string()).bind(group.group_id.to_string())
            .bind(name.as_str()).bind(name.folded()).bind(update.comments.as_ref().unwrap_or(&group.comments))
            .bind(permit.caller().now_ms).fetch_optional(conn).await)
        .map_err(conflict_of(|| Error::exists("Group")))?;
        row.ok_or_else(|| Error::absent("Group"))?.try_into()
    }

    /// Deletes a group. It must have neither members nor policies: what is attached, and whoever is in it, has to find
    /// it when the database is loaded.
    pub async fn delete_group(&mut self, permit: &Permit<DeleteGroup>, group: GroupId) -> Result<(), Error> {
        const SQL: &str = "DELETE FROM groups WHERE account_id = $1 AND group_id = $2";
        let account = permit.caller().account;
        if self.has_members(group).await? {
            return Err(Error::in_use(
                "Group.User",
                "The group CAN NOT has any user member while deleting the group.",
            ));
        }
        if self.has_policies(group).await? {
            return Err(Error::in_use(
                "Group.Policy",
                "The entity CAN NOT has any attached policy while deleting the group.",
            ));
        }
        if self.execute_two(SQL, &account.to_string(), &group.to_string()).await? == 0 {
            return Err(Error::absent("Group"));
        }
        self.note(Change::GroupGone { group });
        Ok(())
    }

    /// Refuses a group that is not one of the account's.
    pub(crate) async fn demand_group(&mut self, account: AccountId, group: GroupId) -> Result<(), Error> {
        const SQL: &str = "SELECT COUNT(*) FROM groups WHERE account_id = $1 AND group_id = $2";
        let found = self.count_two(SQL, &account.to_string(), &group.to_string()).await?;
        if found > 0 { Ok(()) } else { Err(Error::absent("Group")) }
    }
}
