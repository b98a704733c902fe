//! Access keys.

use bailey_control::{AccessKey, LastUse};
use bailey_domain::name::UserName;
use bailey_domain::{AccessKeyId, Error};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::read::date;
use crate::routes::{Answer, Call};

fn status(key: &AccessKey) -> &'static str {
    if key.active { "Active" } else { "Inactive" }
}

fn shown(key: &AccessKey) -> Value {
    json!({ "AccessKeyId": key.access_key_id, "Status": status(key), "CreateDate": date(key.created_at) })
}

/// An id of a shape that none has is the id of a key that does not exist.
pub(crate) fn key_id(call: &Call<'_>) -> Result<AccessKeyId, Failure> {
    let text = call.parameters.required_text("UserAccessKeyId")?;
    text.parse().map_err(|_| Error::absent("User.AccessKey").into())
}

/// A credential's status as callers say it.
pub(crate) fn is_active(call: &Call<'_>, status: &str) -> Result<bool, Failure> {
    match status {
        "Active" => Ok(true),
        "Inactive" => Ok(false),
        _ => Err(call.parameters.invalid("Status", "must be Active or Inactive").into()),
    }
}

pub(crate) async fn create_access_key(call: &Call<'_>) -> Answer {
    let name = call.optional_user_name("UserName")?;
    call.finish()?;
    let issued = call.api.control().create_access_key(call.caller, name.as_ref()).await?;
    let mut key = shown(&issued.key);
    key["AccessKeySecret"] = json!(issued.secret.reveal());
    Ok(json!({ "AccessKey": key }))
}

pub(crate) async fn list_access_keys(call: &Call<'_>) -> Answer {
    let name = call.optional_user_name("UserName")?;
    call.finish()?;
    let keys = call.api.control().list_access_keys(call.caller, name.as_ref()).await?;
    Ok(json!({ "AccessKeys": { "AccessKey": keys.iter().map(shown).collect::<Vec<_>>() } }))
}

pub(crate) async fn update_access_key(call: &Call<'_>) -> Answer {
    let name = call.optional_user_name("UserName")?;
    let id = key_id(call)?;
    let active = is_active(call, &call.parameters.required_text("Status")?)?;
    call.finish()?;
    call.api.control().update_access_key(call.caller, name.as_ref(), id, active).await?;
    Ok(json!({}))
}

pub(crate) async fn delete_access_key(call: &Call<'_>) -> Answer {
    let name = call.optional_user_name("UserName")?;
    let id = key_id(call)?;
    call.finish()?;
    call.api.control().delete_access_key(call.caller, name.as_ref(), id).await?;
    Ok(json!({}))
}

async fn last_used(call: &Call<'_>, name: Option<UserName>) -> Result<Option<LastUse>, Failure> {
    let id = key_id(call)?;
    call.finish()?;
    Ok(call.api.control().get_access_key_last_used(call.caller, name.as_ref(), id).await?)
}

/// Without a date the key was never used.
pub(crate) async fn get_access_key_last_used(call: &Call<'_>) -> Answer {
    let name = call.optional_user_name("UserName")?;
    Ok(match last_used(call, name).await? {
        Some(last) => json!({ "AccessKeyLastUsed": { "LastUsedDate": date(last.at_ms) } }),
        None => json!({ "AccessKeyLastUsed": {} }),
    })
}

/// IMS names the service too.
pub(crate) async fn get_access_key_last_used_of_ims(call: &Call<'_>) -> Answer {
    let name = call.optional_logon_name("UserPrincipalName")?;
    Ok(match last_used(call, name).await? {
        Some(last) => json!({
            "AccessKeyLastUsed": { "LastUsedDate": date(last.at_ms), "ServiceName": last.service },
        }),
        None => json!({ "AccessKeyLastUsed": {} }),
    })
}
