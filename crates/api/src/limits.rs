//! Limits of models.

use bailey_acs::parameters::Parameters;
use bailey_control::{LimitChange, LimitsOfModel};
use bailey_domain::limit::ModelLimits;
use bailey_domain::name::ModelName;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::routes::{Answer, Call};

/// Models per write, as the vendor's document says.
const MOST_MODELS: usize = 200;
/// The longest period: a month.
const LONGEST_PERIOD: i64 = 31 * 24 * 3600;
const MOST: i64 = 1 << 40;
const MOST_AT_A_TIME: i64 = 1_000_000;

pub(crate) fn limits(limits: &ModelLimits) -> Value {
    if limits.is_empty() {
        return Value::Null;
    }
    json!({
        "requestLimit": limits.requests.map(|rate| rate.amount),
        "requestLimitPeriod": limits.requests.map(|rate| rate.period_seconds),
        "usageLimit": limits.tokens.map(|rate| rate.amount),
        "usageLimitPeriod": limits.tokens.map(|rate| rate.period_seconds),
        "usageLimitField": limits.tokens.map(|_| "total_tokens"),
        "concurrencyLimit": limits.concurrency,
    })
}

pub(crate) async fn list_model_limits(call: &Call<'_>) -> Answer {
    let workspace = call.workspace()?;
    let model = call.parameters.text("model")?.filter(|text| !text.is_empty());
    let name = call.parameters.text("name")?.unwrap_or_default().to_lowercase();
    call.list_cursor()?;
    call.finish()?;
    let mut rows = call.api.control().list_model_limits(call.caller, workspace).await?;
    rows.retain(|row| {
        model.as_deref().is_none_or(|model| row.model.model.as_str() == model)
            && row.model.name.to_lowercase().contains(&name)
    });
    let (page, token, total) = call.slice(rows, |row| row.model.model.to_string())?;
    let shown = |row: &LimitsOfModel| {
        json!({
            "model": row.model.model, "name": row.model.name, "workspaceId": workspace,
            "modelLimit": limits(&row.account), "workspaceLimit": limits(&row.workspace),
        })
    };
    Ok(
        json!({ "limits": page.iter().map(shown).collect::<Vec<_>>(), "nextToken": token, "totalCount": total, "maxResults": page.len() }),
    )
}

pub(crate) fn changes(call: &Call<'_>, field: &str) -> Result<Vec<LimitChange>, Failure> {
    let entries = call.parameters.objects(field)?.unwrap_or_default();
    if entries.is_empty() {
        return Err(call.parameters.missing(field).into());
    }
    if entries.len() > MOST_MODELS {
        return Err(call
            .parameters
            .invalid(field, format!("must be at most {MOST_MODELS} models in one call"))
            .into());
    }
    entries.iter().map(change).collect()
}

/// What is to become of one model's limits.
pub(crate) fn change(entry: &Parameters) -> Result<LimitChange, Failure> {
    let delete = match entry.text("operationType")?.as_deref() {
        None | Some("" | "OVERLAY") => false,
        Some("DELETE") => true,
        Some(_) => return Err(entry.invalid("operationType", "must be OVERLAY or DELETE").into()),
    };
    if !matches!(entry.text("usageLimitField")?.as_deref(), None | Some("" | "total_tokens")) {
        return Err(entry.invalid("usageLimitField", "must be total_tokens").into());
    }
    let amount = |name: &str| -> Result<Option<u64>, Failure> {
        Ok(entry.integer(name, 0..=MOST)?.map(i64::unsigned_abs))
    };
    let period = |name: &str| -> Result<Option<u32>, Failure> {
        Ok(entry.integer(name, 1..=LONGEST_PERIOD)?.and_then(|seconds| u32::try_from(seconds).ok()))
    };
    Ok(LimitChange {
        model: ModelName::parse("model", &entry.required_text("model")?)?,
        delete,
        request_limit: amount("requestLimit")?,
        request_period: period("requestLimitPeriod")?,
        usage_limit: amount("usageLimit")?,
        usage_period: period("usageLimitPeriod")?,
        concurrency_limit: entry
            .integer("concurrencyLimit", 0..=MOST_AT_A_TIME)?
            .and_then(|most| u32::try_from(most).ok()),
    })
}

pub(crate) async fn update_model_limits(call: &Call<'_>) -> Answer {
    let workspace = call.workspace()?;
    let changes = changes(call, "workspaceLimits")?;
    call.finish()?;
    call.api.control().update_model_limits(call.caller, workspace, &changes).await?;
    Ok(json!({}))
}

pub(crate) async fn update_account_model_limits(call: &Call<'_>) -> Answer {
    let changes = changes(call, "modelLimits")?;
    call.finish()?;
    call.api.control().update_account_model_limits(call.caller, &changes).await?;
    Ok(json!({}))
}
