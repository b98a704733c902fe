//! OIDC providers.

use bailey_control::{OidcProvider, OidcProviderText};
use bailey_domain::AccountId;
use bailey_domain::name::OidcProviderName;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::read::date;
use crate::routes::{Answer, Call};
use crate::users::paged;

fn shown(account: AccountId, provider: &OidcProvider) -> Value {
    json!({
        "OIDCProviderName": provider.name,
        "Arn": format!("acs:ram::{account}:oidc-provider/{}", provider.name),
        "IssuerUrl": provider.issuer_url,
        "ClientIds": provider.client_ids.join(","),
        "Fingerprints": provider.fingerprints.join(","),
        "Description": provider.description,
        "IssuanceLimitTime": provider.issuance_limit_time,
        "CreateDate": date(provider.created_at),
        "UpdateDate": date(provider.updated_at),
        "GmtCreate": provider.created_at.to_string(),
        "GmtModified": provider.updated_at.to_string(),
    })
}

fn whole(call: &Call<'_>, provider: &OidcProvider) -> Value {
    json!({ "OIDCProvider": shown(call.caller.account, provider) })
}

fn name(call: &Call<'_>) -> Result<OidcProviderName, Failure> {
    let field = "OIDCProviderName";
    Ok(OidcProviderName::parse(field, &call.parameters.required_text(field)?)?)
}

/// Texts between commas; an empty text is none.
fn listed(call: &Call<'_>, field: &str) -> Result<Option<Vec<String>>, Failure> {
    let text = call.parameters.text(field)?;
    Ok(text.map(|text| match text.as_str() {
        "" => Vec::new(),
        text => text.split(',').map(str::to_owned).collect(),
    }))
}

fn text(call: &Call<'_>, description: &str) -> Result<OidcProviderText, Failure> {
    let hours = call.parameters.integer("IssuanceLimitTime", 0..=i64::from(u32::MAX))?;
    Ok(OidcProviderText {
        client_ids: listed(call, "ClientIds")?,
        description: call.parameters.document(description)?,
        issuance_limit_time: hours.map(i64::unsigned_abs),
        ..OidcProviderText::default()
    })
}

pub(crate) async fn create_oidc_provider(call: &Call<'_>) -> Answer {
    let name = name(call)?;
    let issuer_url = Some(call.parameters.required_text("IssuerUrl")?);
    let text = OidcProviderText {
        issuer_url,
        fingerprints: listed(call, "Fingerprints")?,
        ..text(call, "Description")?
    };
    if text.client_ids.is_none() {
        return Err(call.parameters.missing("ClientIds").into());
    }
    call.finish()?;
    let (control, documents) = (call.api.control(), call.api.documents());
    let provider = control.create_oidc_provider(call.caller, name, text, documents).await?;
    Ok(whole(call, &provider))
}

pub(crate) async fn get_oidc_provider(call: &Call<'_>) -> Answer {
    let name = name(call)?;
    call.finish()?;
    Ok(whole(call, &call.api.control().get_oidc_provider(call.caller, &name).await?))
}

pub(crate) async fn list_oidc_providers(call: &Call<'_>) -> Answer {
    let cursor = call.ram_groups_cursor()?;
    call.finish()?;
    let page = call.api.control().list_oidc_providers(call.caller, &cursor).await?;
    let providers: Vec<_> = page.rows.iter().map(|provider| shown(call.caller.account, provider)).collect();
    Ok(paged(json!({ "OIDCProviders": { "OIDCProvider": providers } }), call.token(&page)))
}

pub(crate) async fn update_oidc_provider(call: &Call<'_>) -> Answer {
    let (name, text) = (name(call)?, text(call, "NewDescription")?);
    call.finish()?;
    Ok(whole(call, &call.api.control().update_oidc_provider(call.caller, &name, text).await?))
}

pub(crate) async fn delete_oidc_provider(call: &Call<'_>) -> Answer {
    let name = name(call)?;
    call.finish()?;
    call.api.control().delete_oidc_provider(call.caller, &name).await?;
    Ok(json!({}))
}

pub(crate) async fn add_client_id(call: &Call<'_>) -> Answer {
    let (name, id) = (name(call)?, call.parameters.required_text("ClientId")?);
    call.finish()?;
    Ok(whole(call, &call.api.control().add_client_id(call.caller, &name, id).await?))
}

pub(crate) async fn remove_client_id(call: &Call<'_>) -> Answer {
    let (name, id) = (name(call)?, call.parameters.required_text("ClientId")?);
    call.finish()?;
    Ok(whole(call, &call.api.control().remove_client_id(call.caller, &name, &id).await?))
}
