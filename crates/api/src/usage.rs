//! Use.

use bailey_control::UsageBy;
use serde_json::{Value, json};

use crate::read;
use crate::routes::{Answer, Call};

/// Without times, the last thirty days count.
const USUAL_SPAN_MS: i64 = 30 * 24 * 3_600_000;

/// Null where there is nothing to be averaged.
fn average(sum: i64, count: i64) -> Option<i64> {
    (count > 0).then(|| sum / count)
}

pub(crate) async fn get_usage(call: &Call<'_>) -> Answer {
    let workspace = call.optional_workspace()?;
    let group = call.parameters.text("groupBy")?.unwrap_or_else(|| "model".to_owned());
    let by = match group.as_str() {
        "model" => UsageBy::Model,
        "apiKey" => UsageBy::ApiKey,
        "user" => UsageBy::User,
        "workspace" => UsageBy::Workspace,
        "hour" => UsageBy::Hour,
        "day" => UsageBy::Day,
        _ => {
            return Err(call
                .parameters
                .invalid("groupBy", "must be model, apiKey, user, workspace, hour or day")
                .into());
        }
    };
    let to = read::moment(call.parameters, "to")?.unwrap_or(i64::MAX);
    let from =
        read::moment(call.parameters, "from")?.unwrap_or_else(|| to.min(call.caller.now_ms) - USUAL_SPAN_MS);
    call.finish()?;
    let rows = call.api.control().get_usage(call.caller, workspace, by, from, to).await?;
    let usage: Vec<Value> = rows
        .iter()
        .map(|row| {
            let name = match by {
                UsageBy::Hour | UsageBy::Day => json!(row.name.parse::<i64>().unwrap_or_default()),
                _ => json!(row.name),
            };
            json!({
                group.as_str(): name, "requests": row.requests, "failedRequests": row.failed_requests,
                "cutRequests": row.cut_requests, "inputTokens": row.input_tokens, "outputTokens": row.output_tokens,
                "totalTokens": row.input_tokens + row.output_tokens, "costMicro": row.cost,
                "averageDurationMs": average(row.duration_ms, row.requests),
                "averageFirstByteMs": average(row.first_byte_ms, row.answered_requests),
            })
        })
        .collect();
    Ok(json!({ "usage": usage, "groupBy": group }))
}
