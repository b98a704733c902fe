//! API keys.

use bailey_control::{ApiKey, KeyChange, KeyFilter, KeyOrder};
use bailey_domain::{ApiKeyId, Error};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::limits;
use crate::read;
use crate::routes::{Answer, Call};

fn shown(key: &ApiKey, value: Option<&str>) -> Value {
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
        "gmtCreate": key.created_at,
        "workspaceId": key.workspace_id,
        "workspaceName": key.workspace_name,
    })
}

/// An id of a shape that none has is the id of a key that does not exist.
fn key_id(call: &Call<'_>) -> Result<ApiKeyId, Failure> {
    call.parameters.required_text("apiKeyId")?.parse().map_err(|_| Error::absent("ApiKey").into())
}

pub(crate) async fn create_api_key(call: &Call<'_>) -> Answer {
    let workspace = call.optional_workspace()?;
    let description = call.parameters.text("description")?.unwrap_or_default();
    let auth = read::auth(call.parameters)?.flatten();
    call.finish()?;
    let control = call.api.control();
    let workspace = control.workspace_or_default(call.caller, workspace).await?;
    let issued = control.create_api_key(call.caller, workspace, &description, auth).await?;
    Ok(json!({ "apiKey": shown(&issued.key, Some(issued.value.reveal())) }))
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
    let keys: Vec<_> = page.rows.iter().map(|key| shown(key, None)).collect();
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
    let mut fields = shown(&key, None);
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
        limits: if given { limits::changes(call, "modelLimits")? } else { Vec::new() },
    };
    call.finish()?;
    let key = call.api.control().update_api_key(call.caller, id, change).await?;
    Ok(json!({ "apiKey": shown(&key, None) }))
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
    call.finish()?;
    let issued = call.api.control().reset_api_key(call.caller, id).await?;
    Ok(json!({ "apiKey": shown(&issued.key, Some(issued.value.reveal())) }))
}

pub(crate) async fn delete_api_key(call: &Call<'_>) -> Answer {
    let id = key_id(call)?;
    call.finish()?;
    Ok(json!(call.api.control().delete_api_key(call.caller, id).await?))
}
