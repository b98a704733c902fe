//! RAM users.

use bailey_control::{NewUserText, User};
use bailey_domain::name::UserName;
use bailey_domain::operations::ListUsers;
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::read::date;
use crate::routes::{Answer, Call};

/// A user as RAM shows it. Fields that were never given are left out, as the real service does.
pub(crate) fn shown(user: &User) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("UserId".into(), json!(user.user_id));
    fields.insert("UserName".into(), json!(user.name));
    fields.insert("CreateDate".into(), json!(date(user.created_at)));
    let optional = [
        ("DisplayName", &user.display_name),
        ("Email", &user.email),
        ("MobilePhone", &user.mobile_phone),
        ("Comments", &user.comments),
    ];
    for (name, text) in optional.into_iter().filter(|(_, text)| !text.is_empty()) {
        fields.insert(name.into(), json!(text));
    }
    fields
}

pub(crate) fn with_update(user: &User) -> Map<String, Value> {
    let mut fields = shown(user);
    fields.insert("UpdateDate".into(), json!(date(user.updated_at)));
    fields
}

pub(crate) fn texts(call: &Call<'_>, prefix: &str) -> Result<NewUserText, Failure> {
    let text = |name: &str| call.parameters.text(&format!("{prefix}{name}"));
    Ok(NewUserText {
        display_name: text("DisplayName")?,
        email: text("Email")?,
        mobile_phone: text("MobilePhone")?,
        comments: call.parameters.document(&format!("{prefix}Comments"))?,
    })
}

pub(crate) async fn create_user(call: &Call<'_>) -> Answer {
    let name = call.user_name("UserName")?;
    let text = texts(call, "")?;
    call.finish()?;
    let user = call.api.control().create_user(call.caller, name, text).await?;
    Ok(json!({ "User": shown(&user) }))
}

pub(crate) async fn get_user(call: &Call<'_>) -> Answer {
    let name = call.user_name("UserName")?;
    call.finish()?;
    let (user, last_login_at) = call.api.control().get_user(call.caller, &name).await?;
    let mut fields = with_update(&user);
    if let Some(last_login_at) = last_login_at {
        fields.insert("LastLoginDate".into(), json!(date(last_login_at)));
    }
    Ok(json!({ "User": fields }))
}

pub(crate) async fn update_user(call: &Call<'_>) -> Answer {
    let name = call.user_name("UserName")?;
    let new_name =
        call.parameters.text("NewUserName")?.map(|text| UserName::parse("NewUserName", &text)).transpose()?;
    let text = texts(call, "New")?;
    call.finish()?;
    let user = call.api.control().update_user(call.caller, &name, new_name, text).await?;
    Ok(json!({ "User": with_update(&user) }))
}

pub(crate) async fn delete_user(call: &Call<'_>) -> Answer {
    let name = call.user_name("UserName")?;
    call.finish()?;
    call.api.control().delete_user(call.caller, &name).await?;
    Ok(json!({}))
}

pub(crate) async fn list_users(call: &Call<'_>) -> Answer {
    let cursor = call.ram_cursor()?;
    call.finish()?;
    let page = call.api.control().list_users::<ListUsers>(call.caller, &cursor).await?;
    let users: Vec<_> = page.rows.iter().map(with_update).collect();
    Ok(paged(json!({ "Users": { "User": users } }), call.token(&page)))
}

/// RAM's page marks: `IsTruncated` always, since clients rely on it, `Marker` only where there is more.
pub(crate) fn paged(mut fields: Value, marker: Option<String>) -> Value {
    fields["IsTruncated"] = json!(marker.is_some());
    if let Some(marker) = marker {
        fields["Marker"] = json!(marker);
    }
    fields
}
