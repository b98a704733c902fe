//! Workspaces.

use bailey_control::Workspace;
use bailey_domain::name::WorkspaceName;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::routes::{Answer, Call};

fn shown(workspace: &Workspace) -> Value {
    json!({
        "workspaceId": workspace.workspace_id, "workspaceName": workspace.name, "isDefault": workspace.is_default,
        "serviceSite": workspace.service_site, "gmtCreate": workspace.created_at,
    })
}

fn name(call: &Call<'_>) -> Result<WorkspaceName, Failure> {
    Ok(WorkspaceName::parse("workspaceName", &call.parameters.required_text("workspaceName")?)?)
}

pub(crate) async fn create_workspace(call: &Call<'_>) -> Answer {
    let name = name(call)?;
    let service_site = call.parameters.text("serviceSite")?.unwrap_or_default();
    call.finish()?;
    let workspace = call.api.control().create_workspace(call.caller, &name, &service_site).await?;
    Ok(json!({ "workspace": shown(&workspace) }))
}

pub(crate) async fn list_workspaces(call: &Call<'_>) -> Answer {
    let wanted = call.optional_workspace()?;
    let part = call.parameters.text("workspaceName")?.unwrap_or_default().to_lowercase();
    call.list_cursor()?;
    call.finish()?;
    let mut workspaces = call.api.control().list_workspaces(call.caller).await?;
    workspaces.retain(|workspace| {
        wanted.is_none_or(|id| workspace.workspace_id == id)
            && workspace.name.as_str().to_lowercase().contains(&part)
    });
    let (page, token, total) = call.slice(workspaces, |workspace| workspace.workspace_id.to_string())?;
    Ok(
        json!({ "workspaces": page.iter().map(shown).collect::<Vec<_>>(), "nextToken": token, "totalCount": total, "maxResults": page.len() }),
    )
}

pub(crate) async fn rename_workspace(call: &Call<'_>) -> Answer {
    let (workspace, name) = (call.workspace()?, name(call)?);
    call.finish()?;
    let workspace = call.api.control().rename_workspace(call.caller, workspace, &name).await?;
    Ok(json!({ "workspace": shown(&workspace) }))
}

pub(crate) async fn delete_workspace(call: &Call<'_>) -> Answer {
    let workspace = call.workspace()?;
    call.finish()?;
    let reasons = call.api.control().delete_workspace(call.caller, workspace).await?;
    let reasons: Vec<_> =
        reasons.iter().map(|(kind, reason)| json!({ "resourceType": kind, "reason": reason })).collect();
    Ok(json!({ "isDeleted": reasons.is_empty(), "failReasons": reasons }))
}
