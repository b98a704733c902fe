//! API keys.

use bailey_control::{ApiKey, KeyChange, KeyFilter, KeyOrder, KeyRequest, LONGEST_OVERLAP_SECONDS};
use bailey_domain::{ApiKeyId, Error};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::limits;
use crate::read;
use crate::routes::{Answer, Call};

/// A key as answers show it. A value that an overlap kept is shown for as long as it counts.
fn shown(call: &Call<'_>, key: &ApiKey, value: Option<&str>) -> Value {
    let previous = key.previous_ends_at.filter(|at_ms| *at_ms > call.caller.now_ms);
    let auth = match &key.auth {
        None => json!({ "type": "All" }),
        Some(auth) => json!({
            "type": "Custom",
            "accessIps": auth.access_ips,
            "modelAccessScope": {
                "allowAllModels": auth.accessible_models.is_none(),
                "accessibleModels": auth.accessible_models.clone().unwrap_or_default(),
            },
        }),
    };
    json!({
        "apiKeyId": key.api_key_id.to_string(),
        "apiKeyValue": value.map_or_else(|| format!("sk-****{}", key.tail), str::to_owned),
        "auth": auth,
        "createdBy": key.owner_name,
        "description": key.description,
        "disabled": i32::from(key.disabled),
        "expiresAt": key.expires_at,
        "gmtCreate": key.created_at,
        "lastUsedAt": key.last_used_at,
        "previousValueExpiresAt": previous,
        "workspaceId": key.workspace_id,
        "workspaceName": key.workspace_name,
    })
}

/// An id of a shape that none has is the id of a key that does not exist.
fn key_id(call: &Call<'_>) -> Result<ApiKeyId, Failure> {
    call.parameters.required_text("apiKeyId")?.parse().map_err(|_| Error::absent("ApiKey").into())
}

/// When a key's time is to be over: a time, or 0 for never. Ours: the vendor's keys do not end.
fn expires_at(call: &Call<'_>) -> Result<Option<Option<i64>>, Failure> {
    Ok(read::moment(call.parameters, "expiresAt")?.map(|at_ms| (at_ms != 0).then_some(at_ms)))
}

pub(crate) async fn create_api_key(call: &Call<'_>) -> Answer {
    let workspace = call.optional_workspace()?;
    let description = call.parameters.text("description")?.unwrap_or_default();
    let auth = read::auth(call.parameters)?.flatten();
    let expires_at = expires_at(call)?.flatten();
    call.finish()?;
    let control = call.api.control();
    let workspace = control.workspace_or_default(call.caller, workspace).await?;
    let issued =
        control.create_api_key(call.caller, workspace, KeyRequest { description, auth, expires_at }).await?;
    Ok(json!({ "apiKey": shown(call, &issued.key, Some(issued.value.reveal())) }))
}

pub(crate) async fn list_api_keys(call: &Call<'_>) -> Answer {
    let workspace = call.optional_workspace()?;
    let wanted = call.parameters.text("apiKeyId")?.filter(|text| !text.is_empty());
    let description = call.parameters.text("description")?.filter(|text| !text.is_empty());
    let by = call.parameters.text("orderBy")?;
    if !matches!(by.as_deref(), None | Some("apiKeyId" | "gmtCreate")) {
        return Err(call.parameters.invalid("orderBy", "must be apiKeyId or gmtCreate").into());
    }
    // Ids say nothing about order, so both orders are by creation.
    let order = match call.parameters.text("order")?.as_deref() {
        None | Some("DESC") => KeyOrder::NewestFirst,
        Some("ASC") => KeyOrder::OldestFirst,
        Some(_) => return Err(call.parameters.invalid("order", "must be ASC or DESC").into()),
    };
    let cursor = call.list_cursor()?;
    call.finish()?;
    let api_key_id = match wanted.map(|text| text.parse()) {
        None => None,
        Some(Ok(id)) => Some(id),
        // No key has such an id.
        Some(Err(_)) => return Ok(json!({ "apiKeys": [], "totalCount": 0 })),
    };
    let filter = KeyFilter { api_key_id, description };
    let page = call.api.control().list_api_keys(call.caller, workspace, &filter, order, &cursor).await?;
    let keys: Vec<_> = page.rows.iter().map(|key| shown(call, key, None)).collect();
    Ok(
        json!({ "apiKeys": keys, "nextToken": call.token(&page), "totalCount": page.total, "maxResults": cursor.limit }),
    )
}

pub(crate) async fn get_api_key(call: &Call<'_>) -> Answer {
    let id = key_id(call)?;
    call.finish()?;
    let (key, own) = call.api.control().get_api_key(call.caller, id).await?;
    let own: Vec<_> = own
        .iter()
        .map(|row| {
            let mut fields = limits::limits(&row.limits);
            fields["model"] = json!(row.model);
            fields
        })
        .collect();
    let mut fields = shown(call, &key, None);
    fields["modelLimits"] = json!(own);
    Ok(json!({ "apiKey": fields }))
}

pub(crate) async fn update_api_key(call: &Call<'_>) -> Answer {
    let id = key_id(call)?;
    // Ours: the vendor's API limits accounts and workspaces only.
    let given = call.parameters.names().any(|name| name == "modelLimits");
    let change = KeyChange {
        description: call.parameters.text("description")?,
        auth: read::auth(call.parameters)?,
        expires_at: expires_at(call)?,
        limits: if given { limits::changes(call, "modelLimits")? } else { Vec::new() },
    };
    call.finish()?;
    let key = call.api.control().update_api_key(call.caller, id, change).await?;
    Ok(json!({ "apiKey": shown(call, &key, None) }))
}

pub(crate) async fn enable_api_key(call: &Call<'_>) -> Answer {
    let id = key_id(call)?;
    call.finish()?;
    call.api.control().enable_api_key(call.caller, id).await?;
    Ok(json!({}))
}

pub(crate) async fn disable_api_key(call: &Call<'_>) -> Answer {
    let id = key_id(call)?;
    call.finish()?;
    Ok(json!(call.api.control().disable_api_key(call.caller, id).await?))
}

pub(crate) async fn reset_api_key(call: &Call<'_>) -> Answer {
    let id = key_id(call)?;
    // Ours: the vendor's service ends the old value at once, as we do when nothing is said.
    let overlap = call.parameters.integer("overlapSeconds", 0..=i64::from(LONGEST_OVERLAP_SECONDS))?;
    call.finish()?;
    let overlap = overlap.and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or_default();
    let issued = call.api.control().reset_api_key(call.caller, id, overlap).await?;
    Ok(json!({ "apiKey": shown(call, &issued.key, Some(issued.value.reveal())) }))
}

pub(crate) async fn delete_api_key(call: &Call<'_>) -> Answer {
    let id = key_id(call)?;
    call.finish()?;
    Ok(json!(call.api.control().delete_api_key(call.caller, id).await?))
}
