//! What an account has, beside its quotas.

use serde_json::{Map, Value, json};

use crate::routes::{Answer, Call};

pub(crate) async fn get_account_summary(call: &Call<'_>) -> Answer {
    call.finish()?;
    let summary = call.api.control().get_account_summary(call.caller).await?;
    let summary: Map<String, Value> =
        summary.into_iter().map(|(name, figure)| (name.to_owned(), json!(figure))).collect();
    Ok(json!({ "SummaryMap": summary }))
}
