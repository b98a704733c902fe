//! Providers.

use std::future::Future;
use std::pin::Pin;

use bailey_control::ProviderChange;
use bailey_domain::Secret;
use bailey_domain::model::{Dialect, Provider};
use bailey_domain::name::ProviderName;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::routes::{Answer, Call};

/// Asks a provider whether it answers: the gateway's own way out, so that a test says what a call would meet.
pub trait ProviderProbe: Send + Sync {
    /// The HTTP status that the provider's model list answered with, or why it could not be reached.
    fn probe<'a>(
        &'a self,
        provider: &'a Provider,
        credential: Option<&'a Secret<String>>,
    ) -> Pin<Box<dyn Future<Output = Result<u16, String>> + Send + 'a>>;
}

fn shown(provider: &Provider, has_credential: Option<bool>) -> Value {
    let mut fields = json!(provider);
    if let Some(has_credential) = has_credential {
        fields["hasApiKey"] = json!(has_credential);
    }
    fields
}

fn name(call: &Call<'_>) -> Result<ProviderName, Failure> {
    Ok(ProviderName::parse("name", &call.parameters.required_text("name")?)?)
}

fn change(call: &Call<'_>) -> Result<ProviderChange, Failure> {
    let parameters = call.parameters;
    Ok(ProviderChange {
        dialect: parameters.text("dialect")?.map(|text| Dialect::parse("dialect", &text)).transpose()?,
        base_url: parameters.text("baseUrl")?,
        api_key: parameters.text("apiKey")?.map(Secret::new),
        allow_private: parameters.boolean("allowPrivate")?,
    })
}

pub(crate) async fn create_provider(call: &Call<'_>) -> Answer {
    let (name, change) = (name(call)?, change(call)?);
    call.finish()?;
    let provider = call.api.control().create_provider(call.caller, name, change).await?;
    Ok(json!({ "provider": shown(&provider, None) }))
}

pub(crate) async fn list_providers(call: &Call<'_>) -> Answer {
    call.finish()?;
    let providers = call.api.control().list_providers(call.caller).await?;
    let shown: Vec<_> = providers.iter().map(|(provider, has)| shown(provider, Some(*has))).collect();
    Ok(json!({ "providers": shown }))
}

pub(crate) async fn update_provider(call: &Call<'_>) -> Answer {
    let (name, change) = (name(call)?, change(call)?);
    call.finish()?;
    let provider = call.api.control().update_provider(call.caller, &name, change).await?;
    Ok(json!({ "provider": shown(&provider, None) }))
}

pub(crate) async fn delete_provider(call: &Call<'_>) -> Answer {
    let name = name(call)?;
    call.finish()?;
    call.api.control().delete_provider(call.caller, &name).await?;
    Ok(json!({}))
}

pub(crate) async fn test_provider(call: &Call<'_>) -> Answer {
    let name = name(call)?;
    call.finish()?;
    let (provider, credential) = call.api.control().provider_to_test(call.caller, &name).await?;
    let started = call.api.control().clock().now_ms();
    let answer = call.api.probe().probe(&provider, credential.as_ref()).await;
    let took = call.api.control().clock().now_ms() - started;
    Ok(match answer {
        Ok(status) => {
            json!({ "reachable": true, "accepted": (200..300).contains(&status), "status": status, "tookMs": took })
        }
        Err(why) => json!({ "reachable": false, "accepted": false, "why": why, "tookMs": took }),
    })
}
