//! Workspaces.

use bailey_domain::change::Change;
use bailey_domain::name::WorkspaceName;
use bailey_domain::operations::{
    CreateWorkspace, DeleteWorkspace, ListWorkspaces, RenameWorkspace, SearchAccess, UpdateModelPermissions,
};
use bailey_domain::{AccountId, Error, Permit, WorkspaceId};
use serde::Serialize;

use crate::connection::{on, reading};
use crate::error::{conflict_of, database, stored};
use crate::page::{Cursor, Page};
use crate::store::Store;
use crate::tx::Tx;

/// A workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Workspace {
    /// Its id.
    pub workspace_id: WorkspaceId,
    /// Its name.
    pub name: WorkspaceName,
    /// Whether it is the account's default one.
    pub is_default: bool,
    /// Whether every model may be called, future ones included.
    pub open_models: bool,
    /// What the creator said about the service site; kept and given back.
    pub service_site: String,
    /// Milliseconds since the epoch.
    pub created_at: i64,
}

#[derive(sqlx::FromRow)]
struct WorkspaceRow {
    workspace_id: String,
    name: String,
    is_default: bool,
    open_models: bool,
    service_site: String,
    created_at: i64,
}

impl TryFrom<WorkspaceRow> for Workspace {
    type Error = Error;
    fn try_from(row: WorkspaceRow) -> Result<Self, Error> {
        Ok(Self {
            workspace_id: stored(row.workspace_id.parse(), "workspace_id")?,
            name: stored(WorkspaceName::parse("name", &row.name), "name")?,
            is_default: row.is_default,
            open_models: row.open_models,
            service_site: row.service_site,
            created_at: row.created_at,
        })
    }
}

const FIND: &str = "SELECT * FROM workspaces WHERE account_id = $1 AND workspace_id = $2";

fn name_taken() -> Error {
    Error::Conflict {
        code: "EntityAlreadyExists.Workspace".into(),
        message: "a workspace of this `workspaceName` exists in the account. Choose another name".to_owned(),
    }
}

impl Store {
    /// Every workspace of the account, oldest first; who may see which is for the caller to sort out.
    pub async fn list_workspaces(&self, permit: &Permit<ListWorkspaces>) -> Result<Vec<Workspace>, Error> {
        const SQL: &str = "SELECT * FROM workspaces WHERE account_id = $1 ORDER BY created_at, workspace_id";
        let rows: Vec<WorkspaceRow> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(permit.caller().account.to_string()).fetch_all(pool).await)
        .map_err(database)?;
        rows.into_iter().map(Workspace::try_from).collect()
    }

    /// The ids of the account's workspaces, in their order: candidates of a search.
    pub async fn list_workspace_ids(
        &self,
        permit: &Permit<SearchAccess>,
        cursor: &Cursor,
    ) -> Result<Page<WorkspaceId>, Error> {
        const SQL: &str = "
            SELECT workspace_id FROM workspaces WHERE account_id = $1 AND workspace_id > $2
            ORDER BY workspace_id LIMIT $3";
        self.list_ids(permit, SQL, cursor, "workspace_id").await
    }

    /// The account's default workspace.
    pub async fn default_workspace(&self, account: AccountId) -> Result<WorkspaceId, Error> {
        const SQL: &str = "SELECT workspace_id FROM workspaces WHERE account_id = $1 AND is_default";
        let (id,): (String,) = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(account.to_string()).fetch_one(pool).await)
        .map_err(database)?;
        stored(id.parse(), "workspace_id")
    }

    /// A workspace, for what is answered about it.
    pub async fn find_workspace(
        &self,
        account: AccountId,
        id: WorkspaceId,
    ) -> Result<Option<Workspace>, Error> {
        let row: Option<WorkspaceRow> = reading!(self.pools, pool => sqlx::query_as(FIND)
            .bind(account.to_string()).bind(id.to_string()).fetch_optional(pool).await)
        .map_err(database)?;
        row.map(Workspace::try_from).transpose()
    }
}

impl Tx {
    /// A workspace as this transaction sees it.
    pub async fn find_workspace(
        &mut self,
        account: AccountId,
        id: WorkspaceId,
    ) -> Result<Option<Workspace>, Error> {
        let row: Option<WorkspaceRow> = on!(self.connection, conn => sqlx::query_as(FIND)
            .bind(account.to_string()).bind(id.to_string()).fetch_optional(conn).await)
        .map_err(database)?;
        row.map(Workspace::try_from).transpose()
    }

    /// How many workspaces the account has.
    pub async fn count_workspaces(&mut self, account: AccountId) -> Result<u64, Error> {
        self.count("SELECT COUNT(*) FROM workspaces WHERE account_id = $1", &account.to_string()).await
    }

    /// Creates a sub-workspace.
    pub async fn insert_workspace(
        &mut self,
        permit: &Permit<CreateWorkspace>,
        id: WorkspaceId,
        name: &WorkspaceName,
        service_site: &str,
    ) -> Result<Workspace, Error> {
        const SQL: &str = "
            INSERT INTO workspaces (workspace_id, account_id, name, is_default, open_models, service_site, created_at)
            VALUES ($1, $2, $3, FALSE, FALSE, $4, $5) RETURNING *";
        let account = permit.caller().account;
        let row: WorkspaceRow = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(id.to_string()).bind(account.to_string()).bind(name.as_str()).bind(service_site)
            .bind(permit.caller().now_ms).fetch_one(conn).await)
        .map_err(conflict_of(name_taken))?;
        self.note(Change::Workspace { account, workspace: id, is_default: false, open: false });
        row.try_into()
    }

    /// Renames the permit's workspace.
    pub async fn rename_workspace(
        &mut self,
        permit: &Permit<RenameWorkspace>,
        name: &WorkspaceName,
    ) -> Result<Workspace, Error> {
        const SQL: &str =
            "UPDATE workspaces SET name = $3 WHERE account_id = $1 AND workspace_id = $2 RETURNING *";
        let row: WorkspaceRow = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(permit.caller().account.to_string()).bind(permit.scope().to_string()).bind(name.as_str())
            .fetch_one(conn).await)
        .map_err(conflict_of(name_taken))?;
        row.try_into()
    }

    /// Opens the permit's workspace to all models, or closes it.
    pub async fn open_models(
        &mut self,
        permit: &Permit<UpdateModelPermissions>,
        open: OpenModels,
    ) -> Result<(), Error> {
        const SQL: &str = "
            UPDATE workspaces SET open_models = $3 WHERE account_id = $1 AND workspace_id = $2 RETURNING is_default";
        let (account, workspace) = (permit.caller().account, *permit.scope());
        let open = open == OpenModels::Yes;
        let (is_default,): (bool,) = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(workspace.to_string()).bind(open).fetch_one(conn).await)
        .map_err(database)?;
        self.note(Change::Workspace { account, workspace, is_default, open });
        Ok(())
    }

    /// How many API keys the permit's workspace holds.
    pub async fn count_workspace_keys(&mut self, workspace: WorkspaceId) -> Result<u64, Error> {
        self.count("SELECT COUNT(*) FROM api_keys WHERE workspace_id = $1", &workspace.to_string()).await
    }

    /// Deletes the permit's workspace with its seats, grants, limits and budgets, and with the attachments that count for it.
    pub async fn delete_workspace(&mut self, permit: &Permit<DeleteWorkspace>) -> Result<(), Error> {
        const MEMBERS: &str =
            "DELETE FROM members WHERE account_id = $1 AND workspace_id = $2 RETURNING user_id";
        const GRANTS: &str = "DELETE FROM model_grants WHERE account_id = $1 AND workspace_id = $2";
        const LIMITS: &str =
            "DELETE FROM model_limits WHERE account_id = $1 AND level = 'workspace' AND level_id = $2";
        const BUDGETS: &str = "DELETE FROM budgets WHERE account_id = $1 AND workspace_id = $2";
        const WORKSPACE: &str = "DELETE FROM workspaces WHERE account_id = $1 AND workspace_id = $2";
        let (account, workspace) = (permit.caller().account.to_string(), *permit.scope());
        let id = workspace.to_string();
        let members: Vec<(String,)> = on!(self.connection, conn => sqlx::query_as(MEMBERS)
            .bind(&account).bind(&id).fetch_all(conn).await)
        .map_err(database)?;
        for (user,) in members {
            self.note(Change::MemberGone { workspace, user: stored(user.parse(), "user_id")? });
        }
        self.clear_scoped_attachments(permit.caller().account, workspace).await?;
        for sql in [GRANTS, LIMITS, BUDGETS, WORKSPACE] {
            self.execute_two(sql, &account, &id).await?;
        }
        self.note(Change::WorkspaceGone { workspace });
        Ok(())
    }
}

/// Whether a workspace may call every model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenModels {
    /// Every model, future ones included.
    Yes,
    /// Only granted ones.
    No,
}
