//! Members of workspaces and their page permissions.

use bailey_control::{Member, NewSeat};
use bailey_domain::page::PAGES;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::routes::{Answer, Call};

async fn shown(call: &Call<'_>, member: &Member) -> Result<Value, Failure> {
    let added_by = match member.added_by.parse() {
        Ok(user) => call.api.control().name_of(call.caller, bailey_domain::Principal::User(user)).await?,
        Err(_) => member.added_by.clone(),
    };
    Ok(json!({
        "workspaceId": member.workspace_id, "userName": member.user_name, "userId": member.user_id,
        "displayName": member.display_name, "pages": member.pages, "gmtCreate": member.created_at,
        // Whoever added the member may be gone; then the id says more than nothing.
        "addedBy": if added_by.is_empty() { member.added_by.clone() } else { added_by },
    }))
}

pub(crate) async fn add_member(call: &Call<'_>) -> Answer {
    let new = NewSeat {
        workspace: call.workspace()?,
        user_name: call.user_name("userName")?,
        pages: call.pages(call.parameters)?,
        restore_keys: call.parameters.boolean("restoreKeys")?.unwrap_or(false),
    };
    call.finish()?;
    let added = call.api.control().add_member(call.caller, &new).await?;
    Ok(json!({ "member": shown(call, &added.member).await?, "restoredApiKeys": added.restored_keys }))
}

pub(crate) async fn list_members(call: &Call<'_>) -> Answer {
    let workspace = call.workspace()?;
    let cursor = call.list_cursor()?;
    call.finish()?;
    let page = call.api.control().list_members(call.caller, workspace, &cursor).await?;
    let mut members = Vec::with_capacity(page.rows.len());
    for member in &page.rows {
        members.push(shown(call, member).await?);
    }
    Ok(json!({ "members": members, "nextToken": call.token(&page), "maxResults": cursor.limit }))
}

pub(crate) async fn get_member(call: &Call<'_>) -> Answer {
    let (workspace, name) = (call.workspace()?, call.user_name("userName")?);
    call.finish()?;
    let member = call.api.control().get_member(call.caller, workspace, &name).await?;
    Ok(json!({ "member": shown(call, &member).await? }))
}

pub(crate) async fn set_member_pages(call: &Call<'_>) -> Answer {
    let (workspace, name) = (call.workspace()?, call.user_name("userName")?);
    // The whole set is written, so leaving it out must not be read as taking everything away.
    if !call.parameters.names().any(|given| given == "pages") {
        return Err(call.parameters.missing("pages").into());
    }
    let pages = call.pages(call.parameters)?;
    call.finish()?;
    let member = call.api.control().set_member_pages(call.caller, workspace, &name, pages).await?;
    Ok(json!({ "member": shown(call, &member).await? }))
}

pub(crate) async fn remove_member(call: &Call<'_>) -> Answer {
    let (workspace, name) = (call.workspace()?, call.user_name("userName")?);
    call.finish()?;
    Ok(json!(call.api.control().remove_member(call.caller, workspace, &name).await?))
}

pub(crate) async fn get_effective_access(call: &Call<'_>) -> Answer {
    let (workspace, name) = (call.workspace()?, call.user_name("userName")?);
    call.finish()?;
    let access = call.api.control().get_effective_access(call.caller, workspace, &name).await?;
    Ok(json!({ "access": access }))
}

pub(crate) async fn list_pages(call: &Call<'_>) -> Answer {
    call.finish()?;
    call.api.control().list_pages(call.caller).await?;
    let pages: Vec<_> = PAGES
        .iter()
        .map(|entry| json!({ "page": entry.name, "tab": entry.tab, "nameEn": entry.name_en, "nameZh": entry.name_zh }))
        .collect();
    Ok(json!({ "pages": pages }))
}
