//! Workspaces.

use bailey_domain::access::Principal;
use bailey_domain::name::{self, WorkspaceName};
use bailey_domain::operations::{CreateWorkspace, DeleteWorkspace, ListWorkspaces, RenameWorkspace};
use bailey_domain::scope::WholeAccount;
use bailey_domain::{Caller, Error, WorkspaceId};
use bailey_store::{Record, Workspace};
use serde_json::{Value, json};

use crate::control::{Control, within};

impl Control {
    /// Creates a sub-workspace. It starts with no member and no model.
    pub async fn create_workspace(
        &self,
        caller: &Caller,
        name: &WorkspaceName,
        service_site: &str,
    ) -> Result<Workspace, Error> {
        name::text("serviceSite", service_site, 0, 64)?;
        let (mut tx, permit) = self.begin::<CreateWorkspace>(caller, WholeAccount, name.as_str()).await?;
        let quota = self.settings_of(caller.account)?.quota_workspaces;
        within(quota, tx.count_workspaces(caller.account).await?, "Workspace", "workspaces")?;
        let id = WorkspaceId::random(&*self.entropy);
        let workspace = tx.insert_workspace(&permit, id, name, service_site).await?;
        tx.commit(permit, Record { target: id.to_string(), before: Value::Null, after: json!(workspace) })
            .await?;
        Ok(workspace)
    }

    /// Lists the workspaces that the caller may see: all of them for root and management, else those joined.
    pub async fn list_workspaces(&self, caller: &Caller) -> Result<Vec<Workspace>, Error> {
        let permit = self.permit::<ListWorkspaces>(caller, WholeAccount, "").await?;
        let mut workspaces = self.store.list_workspaces(&permit).await?;
        if caller.principal != Principal::Root {
            workspaces
                .retain(|workspace| self.directory().sees::<ListWorkspaces>(caller, workspace.workspace_id));
        }
        Ok(workspaces)
    }

    /// Renames a workspace.
    pub async fn rename_workspace(
        &self,
        caller: &Caller,
        id: WorkspaceId,
        name: &WorkspaceName,
    ) -> Result<Workspace, Error> {
        let target = id.to_string();
        let (mut tx, permit) = self.begin::<RenameWorkspace>(caller, id, &target).await?;
        let before = tx.find_workspace(caller.account, id).await?;
        let workspace = tx.rename_workspace(&permit, name).await?;
        tx.commit(permit, Record { target, before: json!(before), after: json!(workspace) }).await?;
        Ok(workspace)
    }

    /// Deletes a sub-workspace, or gives what keeps it from being deleted: pairs of resource type and reason.
    pub async fn delete_workspace(
        &self,
        caller: &Caller,
        id: WorkspaceId,
    ) -> Result<Vec<(&'static str, String)>, Error> {
        let target = id.to_string();
        let (mut tx, permit) = self.begin::<DeleteWorkspace>(caller, id, &target).await?;
        let workspace = tx.find_workspace(caller.account, id).await?;
        let mut reasons = Vec::new();
        if workspace.as_ref().is_some_and(|workspace| workspace.is_default) {
            reasons.push(("Workspace", "the default workspace cannot be deleted".to_owned()));
        }
        let keys = tx.count_workspace_keys(id).await?;
        if keys > 0 {
            reasons.push(("ApiKey", format!("the workspace holds {keys} API keys. Delete them first")));
        }
        if !reasons.is_empty() {
            tx.abandon().await?;
            return Ok(reasons);
        }
        tx.delete_workspace(&permit).await?;
        tx.commit(permit, Record { target, before: json!(workspace), after: Value::Null }).await?;
        Ok(reasons)
    }
}
