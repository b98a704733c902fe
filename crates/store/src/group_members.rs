//! Who is in which RAM group.

use bailey_domain::change::Change;
use bailey_domain::name::{GroupName, UserName};
use bailey_domain::operations::{AddUserToGroup, ListGroupsForUser, ListUsersForGroup, RemoveUserFromGroup};
use bailey_domain::{Error, GroupId, Permit, UserId};

use crate::connection::{on, reading};
use crate::error::{conflict_of, database, stored};
use crate::page::{Cursor, Page};
use crate::store::Store;
use crate::tx::Tx;

/// A group that a user is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinedGroup {
    /// Its id.
    pub group_id: GroupId,
    /// Its name.
    pub name: GroupName,
    /// Its comments.
    pub comments: String,
    /// Milliseconds since the epoch.
    pub joined_at: i64,
}

/// A user in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupUser {
    /// The user's name.
    pub name: UserName,
    /// The user's display name.
    pub display_name: String,
    /// Milliseconds since the epoch.
    pub joined_at: i64,
}

impl Store {
    /// The groups that a user is in, by name.
    pub async fn list_groups_for_user(
        &self,
        permit: &Permit<ListGroupsForUser>,
        user: UserId,
    ) -> Result<Vec<JoinedGroup>, Error> {
        const SQL: &str = "
            SELECT g.group_id, g.name, g.comments, m.joined_at
            FROM group_members m JOIN groups g ON g.group_id = m.group_id
            WHERE m.account_id = $1 AND m.user_id = $2 ORDER BY g.folded_name";
        let rows: Vec<(String, String, String, i64)> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(permit.caller().account.to_string()).bind(user.to_string()).fetch_all(pool).await)
        .map_err(database)?;
        let joined = |(group_id, name, comments, joined_at): (String, String, String, i64)| {
            Ok(JoinedGroup {
                group_id: stored(group_id.parse(), "group_id")?,
                name: stored(GroupName::parse("name", &name), "name")?,
                comments,
                joined_at,
            })
        };
        rows.into_iter().map(joined).collect()
    }

    /// The users in a group, by name.
    pub async fn list_users_for_group(
        &self,
        permit: &Permit<ListUsersForGroup>,
        group: GroupId,
        cursor: &Cursor,
    ) -> Result<Page<GroupUser>, Error> {
        const SQL: &str = "
            SELECT u.name, u.display_name, m.joined_at
            FROM group_members m JOIN users u ON u.user_id = m.user_id
            WHERE m.account_id = $1 AND m.group_id = $2 AND u.folded_name > $3 ORDER BY u.folded_name LIMIT $4";
        let rows: Vec<(String, String, i64)> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(permit.caller().account.to_string()).bind(group.to_string()).bind(&cursor.after)
            .bind(cursor.fetch()).fetch_all(pool).await)
        .map_err(database)?;
        let users = rows.into_iter().map(|(name, display_name, joined_at)| {
            Ok(GroupUser { name: stored(UserName::parse("name", &name), "name")?, display_name, joined_at })
        });
        let users = users.collect::<Result<Vec<_>, Error>>()?;
        Ok(Page::of(users, cursor.limit, |user| user.name.folded()))
    }
}

impl Tx {
    /// How many groups a user is in.
    pub async fn count_groups_of(&mut self, user: UserId) -> Result<u64, Error> {
        self.count("SELECT COUNT(*) FROM group_members WHERE user_id = $1", &user.to_string()).await
    }

    /// Whether anybody is in a group, which keeps it from being deleted.
    pub async fn has_members(&mut self, group: GroupId) -> Result<bool, Error> {
        const SQL: &str = "SELECT COUNT(*) FROM group_members WHERE group_id = $1";
        Ok(self.count(SQL, &group.to_string()).await? > 0)
    }

    /// Puts a user into a group.
    pub async fn insert_group_member(
        &mut self,
        permit: &Permit<AddUserToGroup>,
        group: GroupId,
        user: UserId,
    ) -> Result<(), Error> {
        const SQL: &str = "
            INSERT INTO group_members (account_id, group_id, user_id, joined_at) VALUES ($1, $2, $3, $4)";
        let account = permit.caller().account;
        self.demand_user(account, user).await?;
        self.demand_group(account, group).await?;
        on!(self.connection, conn => sqlx::query(SQL)
            .bind(account.to_string()).bind(group.to_string()).bind(user.to_string()).bind(permit.caller().now_ms)
            .execute(conn).await.map(drop))
        .map_err(conflict_of(|| Error::exists("User.Group")))?;
        self.note(Change::GroupMember { group, user });
        Ok(())
    }

    /// Takes a user out of a group; `false` when the user was not in it.
    pub async fn delete_group_member(
        &mut self,
        permit: &Permit<RemoveUserFromGroup>,
        group: GroupId,
        user: UserId,
    ) -> Result<bool, Error> {
        const SQL: &str =
            "DELETE FROM group_members WHERE account_id = $1 AND group_id = $2 AND user_id = $3";
        let gone = on!(self.connection, conn => sqlx::query(SQL)
            .bind(permit.caller().account.to_string()).bind(group.to_string()).bind(user.to_string())
            .execute(conn).await.map(|done| done.rows_affected()))
        .map_err(database)?;
        if gone > 0 {
            self.note(Change::GroupMemberGone { group, user });
        }
        Ok(gone > 0)
    }
}
