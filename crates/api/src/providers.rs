//! Providers.

use std::future::Future;
use std::pin::Pin;

use bailey_control::{ListedProvider, ProviderChange};
use bailey_domain::Secret;
use bailey_domain::model::{Bounds, Dialect, Provider};
use bailey_domain::name::ProviderName;
use bailey_domain::upstream::{Fault, Reading};
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

/// The longest timeout that a provider can have: a day.
const LONGEST_MS: i64 = 24 * 60 * 60 * 1000;
/// More calls than one node has connections for.
const MOST_CALLS: i64 = 1_000_000;

fn listed(listed: &ListedProvider) -> Value {
    let mut fields = json!(listed.provider);
    fields["hasApiKey"] = json!(listed.has_credential);
    fields["health"] = listed.health.as_ref().map(health).into();
    fields
}

fn health(read: &Reading) -> Value {
    let failures: serde_json::Map<_, _> = Fault::ALL
        .iter()
        .zip(read.failures)
        .filter(|(_, count)| *count > 0)
        .map(|(fault, count)| (fault.name().to_owned(), count.into()))
        .collect();
    json!({
        "state": read.state.name(),
        "retryInMs": read.opens_in_ms,
        "inFlight": read.in_flight,
        "answered": read.answered,
        "averageFirstByteMs": read.first_byte_micros.checked_div(read.answered).map(|micros| micros / 1000),
        "failed": read.failures.iter().sum::<u64>(),
        "failures": failures,
        "lastFailure": read.last_failure.map(|(fault, _)| fault.name()),
        "gmtLastFailure": read.last_failure.map(|(_, at_ms)| at_ms),
    })
}

fn bounds(call: &Call<'_>) -> Result<Bounds, Failure> {
    let number = |name, most| -> Result<Option<u32>, Failure> {
        Ok(call.parameters.integer(name, 0..=most)?.and_then(|number| number.try_into().ok()))
    };
    Ok(Bounds {
        connect_timeout_ms: number("connectTimeoutMs", LONGEST_MS)?,
        first_byte_timeout_ms: number("firstByteTimeoutMs", LONGEST_MS)?,
        idle_timeout_ms: number("idleTimeoutMs", LONGEST_MS)?,
        max_concurrency: number("maxConcurrency", MOST_CALLS)?,
    })
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
        bounds: bounds(call)?,
    })
}

pub(crate) async fn create_provider(call: &Call<'_>) -> Answer {
    let (name, change) = (name(call)?, change(call)?);
    call.finish()?;
    let provider = call.api.control().create_provider(call.caller, name, change).await?;
    Ok(json!({ "provider": provider }))
}

pub(crate) async fn list_providers(call: &Call<'_>) -> Answer {
    call.finish()?;
    let providers = call.api.control().list_providers(call.caller).await?;
    Ok(json!({ "providers": providers.iter().map(listed).collect::<Vec<_>>() }))
}

pub(crate) async fn update_provider(call: &Call<'_>) -> Answer {
    let (name, change) = (name(call)?, change(call)?);
    call.finish()?;
    let provider = call.api.control().update_provider(call.caller, &name, change).await?;
    Ok(json!({ "provider": provider }))
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
