//! Model grants of workspaces.

use bailey_control::{GrantChange, GrantFilter, OpenScope};
use bailey_domain::name::ModelName;
use serde_json::json;

use crate::routes::{Answer, Call};

/// Models per write, as the vendor's data-plane document says.
const MOST_MODELS: usize = 20;

pub(crate) async fn list_model_permissions(call: &Call<'_>) -> Answer {
    let parameters = call.parameters;
    let workspace = call.workspace()?;
    let scope = match parameters.text("authorizationScope")?.as_deref() {
        Some("AUTHORIZED") => GrantFilter::Authorized,
        None | Some("AUTHORIZABLE") => GrantFilter::Authorizable,
        Some(_) => {
            return Err(parameters
                .invalid("authorizationScope", "must be AUTHORIZED or AUTHORIZABLE")
                .into());
        }
    };
    if !matches!(parameters.text("modelAction")?.as_deref(), None | Some("INFERENCE")) {
        return Err(parameters.invalid("modelAction", "must be INFERENCE").into());
    }
    let (model, name) = match parameters.object("filter")? {
        None => (None, String::new()),
        Some(filter) => (filter.text("model")?, filter.text("name")?.unwrap_or_default().to_lowercase()),
    };
    call.list_cursor()?;
    call.finish()?;
    let mut grants = call.api.control().list_model_permissions(call.caller, workspace, scope).await?;
    grants.retain(|(entry, _)| {
        model.as_deref().is_none_or(|model| entry.model.as_str() == model)
            && entry.name.to_lowercase().contains(&name)
    });
    let (page, token, total) = call.slice(grants, |(entry, _)| entry.model.to_string())?;
    let list: Vec<_> = page
        .iter()
        .map(|(entry, grant)| json!({ "model": entry.model, "name": entry.name, "permissions": grant }))
        .collect();
    Ok(json!({ "list": list, "nextToken": token, "totalCount": total, "maxResults": page.len() }))
}

pub(crate) async fn update_model_permissions(call: &Call<'_>) -> Answer {
    let parameters = call.parameters;
    let workspace = call.workspace()?;
    let scope = match parameters.text("accessAllEntities")?.as_deref() {
        Some("OPEN") => OpenScope::Open,
        Some("CLOSE") => OpenScope::Close,
        None | Some("" | "KEEP") => OpenScope::Keep,
        Some(_) => return Err(parameters.invalid("accessAllEntities", "must be OPEN, CLOSE or KEEP").into()),
    };
    let models = parameters.objects("models")?.unwrap_or_default();
    if scope == OpenScope::Keep && models.is_empty() {
        return Err(parameters.missing("models").into());
    }
    if models.len() > MOST_MODELS {
        return Err(parameters
            .invalid("models", format!("must be at most {MOST_MODELS} models in one call"))
            .into());
    }
    let mut changes = Vec::with_capacity(models.len());
    for entry in &models {
        changes.push(GrantChange {
            model: ModelName::parse("models.model", &entry.required_text("model")?)?,
            inference: entry.boolean("inference")?,
            fine_tune: entry.boolean("fineTune")?,
            deploy: entry.boolean("deploy")?,
        });
    }
    call.finish()?;
    Ok(json!(call.api.control().update_model_permissions(call.caller, workspace, scope, &changes).await?))
}
