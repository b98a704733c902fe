//! System Administration, Accounts.

use bailey_acs::parameters::Parameters;
use bailey_control::{NewStudioUser, StudioUser};
use bailey_domain::name::{DisplayName, UserName};
use bailey_domain::page::Pages;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::routes::{Answer, Call};

/// Users per batch.
const MOST_USERS: usize = 1000;

fn shown(user: &StudioUser) -> Value {
    json!({
        "userName": user.user_name, "userId": user.user_id, "displayName": user.display_name,
        "gmtCreate": user.created_at, "workspaces": user.workspaces,
    })
}

pub(crate) async fn add_user(call: &Call<'_>) -> Answer {
    if !matches!(call.parameters.text("type")?.as_deref(), None | Some("RamUser")) {
        return Err(call.parameters.invalid("type", "must be RamUser").into());
    }
    let name = call.user_name("userName")?;
    let display_name = match call.parameters.text("displayName")? {
        Some(text) => DisplayName::parse("displayName", &text)?,
        None => DisplayName::parse("displayName", name.as_str())?,
    };
    call.finish()?;
    let user = call.api.control().add_user(call.caller, &name, &display_name).await?;
    Ok(json!({ "user": shown(&user) }))
}

fn line(entry: &Parameters) -> Result<NewStudioUser, Failure> {
    let user_name = UserName::parse("users.userName", &entry.required_text("userName")?)?;
    let display_name = entry.text("displayName")?.unwrap_or_else(|| user_name.to_string());
    let mut seats = Vec::new();
    for seat in entry.objects("workspaces")?.unwrap_or_default() {
        let pages = Pages::parse("users.workspaces.pages", &seat.texts("pages")?.unwrap_or_default())?;
        seats.push((seat.required_text("workspaceId")?.parse()?, pages));
    }
    Ok(NewStudioUser {
        display_name: DisplayName::parse("users.displayName", &display_name)?,
        user_name,
        seats,
    })
}

pub(crate) async fn add_users(call: &Call<'_>) -> Answer {
    let entries = call.parameters.objects("users")?.unwrap_or_default();
    if entries.is_empty() {
        return Err(call.parameters.missing("users").into());
    }
    if entries.len() > MOST_USERS {
        return Err(call
            .parameters
            .invalid("users", format!("must be at most {MOST_USERS} users in one call"))
            .into());
    }
    let lines = entries.iter().map(line).collect::<Result<Vec<_>, _>>()?;
    let dry_run = call.parameters.boolean("dryRun")?.unwrap_or(false);
    let atomic = call.parameters.boolean("atomic")?.unwrap_or(false);
    call.finish()?;
    let results = call.api.control().add_users(call.caller, &lines, dry_run, atomic).await?;
    Ok(json!({ "results": results }))
}

pub(crate) async fn list_studio_users(call: &Call<'_>) -> Answer {
    let cursor = call.list_cursor()?;
    call.finish()?;
    let page = call.api.control().list_studio_users(call.caller, &cursor).await?;
    Ok(
        json!({ "users": page.rows.iter().map(shown).collect::<Vec<_>>(), "nextToken": call.token(&page), "maxResults": cursor.limit }),
    )
}

pub(crate) async fn remove_user(call: &Call<'_>) -> Answer {
    let name = call.user_name("userName")?;
    call.finish()?;
    Ok(json!(call.api.control().remove_user(call.caller, &name).await?))
}
