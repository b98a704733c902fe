//! The report of everybody's credentials. CSV travels as base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::read::date;
use crate::routes::{Answer, Call};

/// Identities of one part, at most and where none is said: as many users as the real service reports on, and root.
const MOST: i64 = 3501;

/// The report is made before the answer, so it is never under way.
pub(crate) async fn generate_credential_report(call: &Call<'_>) -> Answer {
    call.finish()?;
    call.api.control().generate_credential_report(call.caller).await?;
    Ok(json!({ "State": "COMPLETED" }))
}

pub(crate) async fn get_credential_report(call: &Call<'_>) -> Answer {
    let cursor = call.newer_cursor("MaxItems", MOST, MOST)?;
    call.finish()?;
    let page = call.api.control().get_credential_report(call.caller, &cursor).await?;
    let mut fields = json!({
        "Content": STANDARD.encode(&page.content),
        "GeneratedTime": date(page.generated_at),
        // A text, unlike everywhere else: the SDK has it so.
        "IsTruncated": page.next.is_some().to_string(),
    });
    if let Some(next) = &page.next {
        fields["NextToken"] = json!(call.api.control().page_token(call.caller.account, next));
    }
    Ok(fields)
}
