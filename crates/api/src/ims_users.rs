//! RAM users as IMS has them: by logon name. The operations are RAM's own.

use bailey_control::{ListsUsers, Page, User, UserReference};
use bailey_domain::operations::{DeleteUser, GetUser, ListUserBasicInfos, ListUsers, UpdateUser};
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::read::date;
use crate::routes::{Answer, Call};
use crate::users::{self, paged, texts};

/// Users here are active: nothing freezes them.
const ACTIVE: &str = "active";

fn logon_name(call: &Call<'_>, user: &User) -> Value {
    json!(call.api.control().user_principal_name(call.caller.account, &user.name))
}

/// A user as IMS shows it: as RAM does, under the logon name.
fn shown(call: &Call<'_>, user: &User) -> Map<String, Value> {
    let mut fields = users::with_update(user);
    fields.remove("UserName");
    fields.insert("UserPrincipalName".into(), logon_name(call, user));
    fields.insert("ProvisionType".into(), json!("Manual"));
    fields
}

/// Which user is meant: one of logon name, id and, where `by_key` names the parameter, access key.
fn reference(call: &Call<'_>, by_key: Option<&str>) -> Result<UserReference, Failure> {
    let name = call.optional_logon_name("UserPrincipalName")?;
    let id = call.parameters.text("UserId")?;
    let key = by_key.map(|field| call.parameters.text(field)).transpose()?.flatten();
    match (name, id, key) {
        (Some(name), None, None) => Ok(UserReference::Name(name)),
        (None, Some(id), None) => Ok(UserReference::Id(id)),
        (None, None, Some(key)) => Ok(UserReference::AccessKey(key)),
        (None, None, None) => Err(call.parameters.missing("UserPrincipalName").into()),
        _ => Err(call
            .parameters
            .invalid("UserPrincipalName", "must be the only thing that names the user")
            .into()),
    }
}

pub(crate) async fn create_user(call: &Call<'_>) -> Answer {
    let name = call.logon_name("UserPrincipalName")?;
    let text = texts(call, "")?;
    call.finish()?;
    let user = call.api.control().create_user(call.caller, name, text).await?;
    Ok(json!({ "User": shown(call, &user) }))
}

pub(crate) async fn get_user(call: &Call<'_>) -> Answer {
    let reference = reference(call, Some("UserAccessKeyId"))?;
    call.finish()?;
    let name = call.api.control().user_name::<GetUser>(call.caller, reference).await?;
    let (user, last_login) = call.api.control().get_user(call.caller, &name).await?;
    let mut fields = shown(call, &user);
    if let Some(at_ms) = last_login {
        fields.insert("LastLoginDate".into(), json!(date(at_ms)));
    }
    fields.insert("UserName".into(), json!(user.name));
    Ok(json!({ "User": fields }))
}

pub(crate) async fn update_user(call: &Call<'_>) -> Answer {
    let reference = reference(call, None)?;
    let new_name = call.optional_logon_name("NewUserPrincipalName")?;
    let text = texts(call, "New")?;
    call.finish()?;
    let name = call.api.control().user_name::<UpdateUser>(call.caller, reference).await?;
    let user = call.api.control().update_user(call.caller, &name, new_name, text).await?;
    Ok(json!({ "User": shown(call, &user) }))
}

pub(crate) async fn delete_user(call: &Call<'_>) -> Answer {
    let reference = reference(call, None)?;
    call.finish()?;
    let name = call.api.control().user_name::<DeleteUser>(call.caller, reference).await?;
    call.api.control().delete_user(call.caller, &name).await?;
    Ok(json!({}))
}

/// A page of users of the states that `Status` names.
async fn listed<O: ListsUsers>(call: &Call<'_>) -> Result<Page<User>, Failure> {
    let cursor = call.ram_cursor()?;
    let states = call.parameters.text("Status")?.unwrap_or_default();
    let are_meant = match states.as_str() {
        "" | "active" | "active,freeze" => true,
        "freeze" => false,
        _ => {
            return Err(call.parameters.invalid("Status", "must be active, freeze, or active,freeze").into());
        }
    };
    call.finish()?;
    let page = call.api.control().list_users::<O>(call.caller, &cursor).await?;
    Ok(if are_meant { page } else { Page { rows: Vec::new(), next: None, total: None } })
}

pub(crate) async fn list_users(call: &Call<'_>) -> Answer {
    let page = listed::<ListUsers>(call).await?;
    let rows = page.rows.iter().map(|user| {
        let mut fields = shown(call, user);
        fields.insert("Status".into(), json!(ACTIVE));
        fields
    });
    Ok(paged(json!({ "Users": { "User": rows.collect::<Vec<_>>() } }), call.token(&page)))
}

pub(crate) async fn list_user_basic_infos(call: &Call<'_>) -> Answer {
    let page = listed::<ListUserBasicInfos>(call).await?;
    let rows = page.rows.iter().map(|user| {
        json!({
            "UserId": user.user_id,
            "UserPrincipalName": logon_name(call, user),
            "DisplayName": user.display_name,
            "Status": ACTIVE,
        })
    });
    let fields = json!({ "UserBasicInfos": { "UserBasicInfo": rows.collect::<Vec<_>>() } });
    Ok(paged(fields, call.token(&page)))
}
