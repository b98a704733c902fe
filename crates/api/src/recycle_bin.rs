//! The recycle bin of users and access keys.

use bailey_control::{RecycledAccessKey, RecycledUser, deleted_for_good_at};
use serde_json::{Value, json};

use crate::access_keys::key_id;
use crate::failure::Failure;
use crate::read::date;
use crate::routes::{Answer, Call};
use crate::users::paged;

/// What the one condition that the list of users knows begins with.
const BY_NAME: &str = "UserPrincipalName eq ";

fn user(call: &Call<'_>, recycled: &RecycledUser) -> Value {
    let user = &recycled.user;
    json!({
        "UserId": user.user_id,
        "UserPrincipalName": call.api.control().user_principal_name(call.caller.account, &user.name),
        "DisplayName": user.display_name,
        "CreateDate": date(user.created_at),
        "RecycleDate": date(recycled.recycled_at),
        "DeleteDate": date(deleted_for_good_at(recycled.recycled_at)),
    })
}

fn access_key(key: &RecycledAccessKey) -> Value {
    json!({
        "AccessKeyId": key.access_key_id,
        "CreateDate": date(key.created_at),
        "RecycleDate": date(key.recycled_at),
        "DeleteDate": date(deleted_for_good_at(key.recycled_at)),
    })
}

pub(crate) async fn list_users_in_recycle_bin(call: &Call<'_>) -> Answer {
    let cursor = call.ram_cursor()?;
    let name = match call.parameters.text("Filter")?.filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => {
            let wrong = || call.parameters.invalid("Filter", "must be `UserPrincipalName eq NAME`");
            let name = text.strip_prefix(BY_NAME).ok_or_else(wrong)?;
            Some(call.api.control().read_user_principal_name(call.caller.account, "Filter", name.trim())?)
        }
    };
    call.finish()?;
    let page = call.api.control().list_users_in_recycle_bin(call.caller, name.as_ref(), &cursor).await?;
    let rows: Vec<_> = page.rows.iter().map(|row| user(call, row)).collect();
    Ok(paged(json!({ "Users": { "User": rows } }), call.token(&page)))
}

pub(crate) async fn get_user_in_recycle_bin(call: &Call<'_>) -> Answer {
    let (id, key) = (call.parameters.text("UserId")?, call.parameters.text("UserAccessKeyId")?);
    call.finish()?;
    let control = call.api.control();
    let found = match (&id, &key) {
        (Some(id), None) => control.get_user_in_recycle_bin(call.caller, id).await?,
        (None, Some(key)) => control.get_user_in_recycle_bin_by_key(call.caller, key).await?,
        (None, None) => return Err(call.parameters.missing("UserId").into()),
        _ => {
            let why = "must be the only thing that names the user";
            return Err(call.parameters.invalid("UserId", why).into());
        }
    };
    Ok(json!({ "User": user(call, &found) }))
}

fn user_id(call: &Call<'_>) -> Result<String, Failure> {
    Ok(call.parameters.required_text("UserId")?)
}

pub(crate) async fn restore_user_from_recycle_bin(call: &Call<'_>) -> Answer {
    let id = user_id(call)?;
    call.finish()?;
    call.api.control().restore_user_from_recycle_bin(call.caller, &id).await?;
    Ok(json!({}))
}

pub(crate) async fn delete_user_in_recycle_bin(call: &Call<'_>) -> Answer {
    let id = user_id(call)?;
    call.finish()?;
    call.api.control().delete_user_in_recycle_bin(call.caller, &id).await?;
    Ok(json!({}))
}

pub(crate) async fn list_access_keys_in_recycle_bin(call: &Call<'_>) -> Answer {
    let user = call.parameters.text("UserId")?;
    call.finish()?;
    let keys = call.api.control().list_access_keys_in_recycle_bin(call.caller, user.as_deref()).await?;
    Ok(json!({ "AccessKeys": { "AccessKey": keys.iter().map(access_key).collect::<Vec<_>>() } }))
}

pub(crate) async fn get_access_key_info_in_recycle_bin(call: &Call<'_>) -> Answer {
    let id = call.parameters.required_text("UserAccessKeyId")?;
    call.finish()?;
    let info = call.api.control().get_access_key_info_in_recycle_bin(call.caller, &id).await?;
    let mut shown = access_key(&info.key);
    shown["UserRecycled"] = json!(info.user_is_recycled);
    if let (Some(user), Some(name)) = (info.key.owner.user(), &info.user_name) {
        shown["UserId"] = json!(user);
        shown["UserPrincipalName"] = json!(call.api.control().user_principal_name(call.caller.account, name));
    }
    Ok(json!({ "AccessKey": shown }))
}

pub(crate) async fn restore_access_key_from_recycle_bin(call: &Call<'_>) -> Answer {
    let (user, id) = (call.parameters.text("UserId")?, key_id(call)?);
    call.finish()?;
    call.api.control().restore_access_key_from_recycle_bin(call.caller, user.as_deref(), id).await?;
    Ok(json!({}))
}

pub(crate) async fn delete_access_key_in_recycle_bin(call: &Call<'_>) -> Answer {
    let (user, id) = (call.parameters.text("UserId")?, key_id(call)?);
    call.finish()?;
    call.api.control().delete_access_key_in_recycle_bin(call.caller, user.as_deref(), id).await?;
    Ok(json!({}))
}
