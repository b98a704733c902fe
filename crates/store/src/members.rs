//! Members of workspaces.

use bailey_domain::change::{Change, KeyFacts};
use bailey_domain::operations::{
    AddMember, AddUsers, GetMember, ListMembers, Operation, RemoveMember, SetMemberPages,
};
use bailey_domain::page::Pages;
use bailey_domain::scope::{Scope, ScopeKind};
use bailey_domain::{Error, Permit, UserId, WorkspaceId};
use serde::Serialize;

use crate::connection::{on, reading};
use crate::error::{conflict_of, database, stored, to_signed};
use crate::page::{Cursor, Page};
use crate::store::Store;
use crate::tx::Tx;

/// A member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// The RAM user's id.
    pub user_id: UserId,
    /// The RAM user's name.
    pub user_name: String,
    /// The name shown in Model Studio.
    pub display_name: String,
    /// The page permissions.
    pub pages: Pages,
    /// Who added the member: `root` or a RAM user's id.
    pub added_by: String,
    /// Milliseconds since the epoch.
    pub created_at: i64,
}

/// A seat that is to be given.
#[derive(Clone, Copy, Debug)]
pub struct NewMember {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Who gets it.
    pub user: UserId,
    /// The page permissions.
    pub pages: Pages,
}

#[derive(sqlx::FromRow)]
struct MemberRow {
    workspace_id: String,
    user_id: String,
    name: String,
    display_name: String,
    pages: String,
    added_by: String,
    created_at: i64,
}

impl TryFrom<MemberRow> for Member {
    type Error = Error;
    fn try_from(row: MemberRow) -> Result<Self, Error> {
        Ok(Self {
            workspace_id: stored(row.workspace_id.parse(), "workspace_id")?,
            user_id: stored(row.user_id.parse(), "user_id")?,
            user_name: row.name,
            display_name: row.display_name,
            pages: stored(serde_json::from_str(&row.pages), "pages")?,
            added_by: row.added_by,
            created_at: row.created_at,
        })
    }
}

/// Members of a workspace with their names.
macro_rules! members {
    ($rest:literal) => {
        concat!(
            "SELECT m.workspace_id, m.user_id, u.name, s.display_name, m.pages, m.added_by, m.created_at
            FROM members m JOIN users u ON u.user_id = m.user_id JOIN studio_users s ON s.user_id = m.user_id
            WHERE m.workspace_id = $1 ",
            $rest
        )
    };
}

const FIND: &str = members!("AND m.user_id = $2");

/// Refuses to act on another seat than the permit's. A method is told whose seat it is about, since a permit may be
/// about somebody unknown, and the types do not see that the two are one.
fn demand_seat<S: Scope>(scope: &S, workspace: WorkspaceId, user: UserId) -> Result<(), Error> {
    let same = scope.workspace() == Some(workspace) && scope.subject() == Some(user);
    if S::KIND != ScopeKind::Seat || same {
        Ok(())
    } else {
        Err(Error::internal("the permit is for another seat"))
    }
}

/// The operations that give a seat.
pub trait Seats: Operation {}
impl Seats for AddMember {}
impl Seats for AddUsers {}

impl Store {
    /// The members of the permit's workspace, by name.
    pub async fn list_members(
        &self,
        permit: &Permit<ListMembers>,
        cursor: &Cursor,
    ) -> Result<Page<Member>, Error> {
        const SQL: &str = members!("AND u.folded_name > $2 ORDER BY u.folded_name LIMIT $3");
        let rows: Vec<MemberRow> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(permit.scope().to_string()).bind(&cursor.after).bind(cursor.fetch()).fetch_all(pool).await)
        .map_err(database)?;
        let members = rows.into_iter().map(Member::try_from).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(members, cursor.limit, |member| member.user_name.to_lowercase()))
    }

    /// One member of the permit's workspace.
    pub async fn find_member(&self, permit: &Permit<GetMember>) -> Result<Option<Member>, Error> {
        let seat = permit.scope();
        let Some(user) = seat.user else { return Ok(None) };
        let row: Option<MemberRow> = reading!(self.pools, pool => sqlx::query_as(FIND)
            .bind(seat.workspace.to_string()).bind(user.to_string()).fetch_optional(pool).await)
        .map_err(database)?;
        row.map(Member::try_from).transpose()
    }
}

impl Tx {
    /// A member as this transaction sees it.
    pub async fn find_member(
        &mut self,
        workspace: WorkspaceId,
        user: UserId,
    ) -> Result<Option<Member>, Error> {
        let row: Option<MemberRow> = on!(self.connection, conn => sqlx::query_as(FIND)
            .bind(workspace.to_string()).bind(user.to_string()).fetch_optional(conn).await)
        .map_err(database)?;
        row.map(Member::try_from).transpose()
    }

    /// Gives a seat. Its epoch is this revision, so no key made under an earlier seat fits it.
    pub async fn insert_member<O: Seats>(
        &mut self,
        permit: &Permit<O>,
        new: NewMember,
    ) -> Result<Member, Error> {
        const SQL: &str = "
            INSERT INTO members (account_id, workspace_id, user_id, pages, epoch, added_by, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let caller = permit.caller();
        let NewMember { workspace, user, pages } = new;
        demand_seat(permit.scope(), workspace, user)?;
        self.demand_user(caller.account, user).await?;
        if self.find_workspace(caller.account, workspace).await?.is_none() {
            return Err(Error::absent("Workspace"));
        }
        on!(self.connection, conn => sqlx::query(SQL)
            .bind(caller.account.to_string()).bind(workspace.to_string()).bind(user.to_string())
            .bind(crate::audit::text_of(&pages)?).bind(to_signed(self.revision)).bind(caller.actor())
            .bind(caller.now_ms).execute(conn).await.map(drop))
        .map_err(conflict_of(|| Error::exists("Member")))?;
        self.note(Change::Member { workspace, user, pages, epoch: self.revision });
        self.find_member(workspace, user).await?.ok_or_else(|| Error::absent("Member"))
    }

    /// Gives the keys that the member made under earlier seats in this workspace back to the new one.
    pub async fn restore_keys(
        &mut self,
        permit: &Permit<AddMember>,
        workspace: WorkspaceId,
        user: UserId,
    ) -> Result<u64, Error> {
        const SQL: &str =
            "UPDATE api_keys SET epoch = $3 WHERE workspace_id = $1 AND owner_id = $2 RETURNING api_key_id";
        demand_seat(permit.scope(), workspace, user)?;
        let rows: Vec<(String,)> = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(workspace.to_string()).bind(user.to_string()).bind(to_signed(self.revision)).fetch_all(conn).await)
        .map_err(database)?;
        for (id,) in &rows {
            let facts: KeyFacts = self.key_facts(stored(id.parse(), "api_key_id")?).await?;
            self.note(Change::Key(Box::new(facts)));
        }
        Ok(rows.len() as u64)
    }

    /// Sets the page permissions of the permit's member, the whole set.
    pub async fn set_member_pages(
        &mut self,
        permit: &Permit<SetMemberPages>,
        user: UserId,
        pages: Pages,
    ) -> Result<Member, Error> {
        const SQL: &str =
            "UPDATE members SET pages = $3 WHERE workspace_id = $1 AND user_id = $2 RETURNING epoch";
        let workspace = permit.scope().workspace;
        demand_seat(permit.scope(), workspace, user)?;
        let row: Option<(i64,)> = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(workspace.to_string()).bind(user.to_string()).bind(crate::audit::text_of(&pages)?)
            .fetch_optional(conn).await)
        .map_err(database)?;
        let (epoch,) = row.ok_or_else(|| Error::absent("Member"))?;
        self.note(Change::Member { workspace, user, pages, epoch: crate::error::to_unsigned(epoch) });
        self.find_member(workspace, user).await?.ok_or_else(|| Error::absent("Member"))
    }

    /// Takes the permit's member out of the workspace. Gives how many live keys die by that.
    pub async fn delete_member(&mut self, permit: &Permit<RemoveMember>, user: UserId) -> Result<u64, Error> {
        const LIVE: &str = "SELECT COUNT(*) FROM api_keys k JOIN members m
            ON m.workspace_id = k.workspace_id AND m.user_id = k.owner_id AND m.epoch = k.epoch
            WHERE k.workspace_id = $1 AND k.owner_id = $2 AND NOT k.disabled";
        const SQL: &str = "DELETE FROM members WHERE workspace_id = $1 AND user_id = $2";
        let workspace = permit.scope().workspace;
        demand_seat(permit.scope(), workspace, user)?;
        let (place, who) = (workspace.to_string(), user.to_string());
        let killed = self.count_two(LIVE, &place, &who).await?;
        if self.execute_two(SQL, &place, &who).await? == 0 {
            return Err(Error::absent("Member"));
        }
        self.note(Change::MemberGone { workspace, user });
        Ok(killed)
    }
}
