//! The model catalogue.

use bailey_acs::parameters::Parameters;
use bailey_domain::model::{Capability, Model, Price, Route};
use bailey_domain::name::{ModelName, ProviderName};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::routes::{Answer, Call};

/// Larger than any context window, and still exact in every client's numbers.
const MOST_TOKENS: i64 = 1 << 40;

fn shown(model: &Model) -> Value {
    let prices: Vec<_> = model
        .prices
        .iter()
        .map(|price| json!({ "priceName": price.kind, "price": price.micro_per_thousand_tokens, "priceUnit": "micro-units per 1,000 tokens" }))
        .collect();
    json!({
        "model": model.model,
        "name": model.name,
        "capabilities": model.capabilities.iter().map(|capability| capability.name()).collect::<Vec<_>>(),
        "features": [],
        "provider": model.routes.first().map(|route| route.provider.as_str()).unwrap_or_default(),
        "modelInfo": {
            "contextWindow": model.context_window, "maxInputTokens": model.max_input_tokens, "maxOutputTokens": model.max_output_tokens,
        },
        "prices": if prices.is_empty() { json!([]) } else { json!([{ "rangeName": "all", "prices": prices }]) },
        "routes": model.routes,
    })
}

pub(crate) async fn list_models(call: &Call<'_>) -> Answer {
    let parameters = call.parameters;
    let model = parameters.text("model")?.filter(|text| !text.is_empty());
    let name = parameters.text("name")?.unwrap_or_default().to_lowercase();
    let providers = parameters.texts("providers")?.unwrap_or_default();
    let wanted = parameters.texts("capabilities")?.unwrap_or_default();
    let capabilities =
        wanted.iter().map(|text| Capability::parse("capabilities", text)).collect::<Result<Vec<_>, _>>()?;
    let features = parameters.texts("features")?.unwrap_or_default();
    let window = parameters.integer("contextWindow", 0..=MOST_TOKENS)?;
    parameters.text("language")?;
    call.list_cursor()?;
    call.finish()?;
    let mut models = call.api.control().list_models(call.caller).await?;
    models.retain(|entry| {
        model.as_deref().is_none_or(|model| entry.model.as_str() == model)
            && (entry.name.to_lowercase().contains(&name) || entry.model.as_str().contains(&name))
            && (providers.is_empty()
                || entry
                    .routes
                    .iter()
                    .any(|route| providers.iter().any(|name| route.provider.as_str() == name)))
            && capabilities.iter().all(|capability| entry.capabilities.contains(capability))
            && features.is_empty()
            && window
                .is_none_or(|least| entry.context_window.is_some_and(|window| window >= least.unsigned_abs()))
    });
    let (page, token, total) = call.slice(models, |entry| entry.model.to_string())?;
    Ok(
        json!({ "models": page.iter().map(shown).collect::<Vec<_>>(), "nextToken": token, "totalCount": total, "maxResults": page.len() }),
    )
}

fn model_name(call: &Call<'_>) -> Result<ModelName, Failure> {
    Ok(ModelName::parse("model", &call.parameters.required_text("model")?)?)
}

fn count(parameters: &Parameters, name: &str) -> Result<Option<u64>, Failure> {
    Ok(parameters.integer(name, 1..=MOST_TOKENS)?.map(i64::unsigned_abs))
}

fn whole(parameters: &Parameters, name: &str, usual: u32) -> Result<u32, Failure> {
    let number = parameters.integer(name, 0..=1_000_000)?;
    Ok(number.and_then(|number| u32::try_from(number).ok()).unwrap_or(usual))
}

fn route(parameters: &Parameters, model: &ModelName) -> Result<Route, Failure> {
    let upstream = parameters.text("upstreamModel")?;
    Ok(Route {
        provider: ProviderName::parse("routes.provider", &parameters.required_text("provider")?)?,
        upstream_model: upstream
            .map_or_else(|| Ok(model.clone()), |text| ModelName::parse("routes.upstreamModel", &text))?,
        priority: whole(parameters, "priority", 1)?,
        weight: whole(parameters, "weight", 1)?,
    })
}

fn price(parameters: &Parameters) -> Result<Price, Failure> {
    let kind = parameters.required_text("type")?;
    if !matches!(kind.as_str(), "input" | "output") {
        return Err(parameters.invalid("type", "must be input or output").into());
    }
    let amount = parameters.integer("microPerThousandTokens", 0..=MOST_TOKENS)?;
    let amount = amount.ok_or_else(|| parameters.missing("microPerThousandTokens"))?;
    Ok(Price { kind, micro_per_thousand_tokens: amount.unsigned_abs() })
}

pub(crate) async fn put_model(call: &Call<'_>) -> Answer {
    let parameters = call.parameters;
    let model = model_name(call)?;
    let capabilities = parameters.texts("capabilities")?.unwrap_or_else(|| vec!["chat".to_owned()]);
    let entry = Model {
        name: parameters.text("name")?.unwrap_or_else(|| model.to_string()),
        capabilities: capabilities
            .iter()
            .map(|text| Capability::parse("capabilities", text))
            .collect::<Result<_, _>>()?,
        context_window: count(parameters, "contextWindow")?,
        max_input_tokens: count(parameters, "maxInputTokens")?,
        max_output_tokens: count(parameters, "maxOutputTokens")?,
        prices: parameters
            .objects("prices")?
            .unwrap_or_default()
            .iter()
            .map(price)
            .collect::<Result<_, _>>()?,
        routes: parameters
            .objects("routes")?
            .unwrap_or_default()
            .iter()
            .map(|inner| route(inner, &model))
            .collect::<Result<_, _>>()?,
        model,
    };
    call.finish()?;
    call.api.control().put_model(call.caller, &entry).await?;
    Ok(json!({ "model": shown(&entry) }))
}

pub(crate) async fn delete_model(call: &Call<'_>) -> Answer {
    let model = model_name(call)?;
    call.finish()?;
    Ok(json!(call.api.control().delete_model(call.caller, &model).await?))
}
