//! The audit chain.

use bailey_control::{AuditFilter, AuditRecord};
use bailey_domain::{Error, Principal};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::read;
use crate::routes::{Answer, Call};

fn shown(record: &AuditRecord) -> Result<Value, Failure> {
    let mut fields = serde_json::to_value(record).map_err(Error::internal)?;
    fields["action"] = json!(record.operation);
    Ok(fields)
}

/// Records name actors by id, which never changes hands; people read names.
async fn with_names(call: &Call<'_>, records: &[AuditRecord]) -> Result<Vec<Value>, Failure> {
    let mut shown_records = Vec::with_capacity(records.len());
    for record in records {
        let mut fields = shown(record)?;
        if let Ok(user) = record.actor.parse() {
            let name = call.api.control().name_of(call.caller, Principal::User(user)).await?;
            fields["actorId"] = json!(record.actor);
            fields["actor"] = json!(if name.is_empty() { record.actor.clone() } else { name });
        }
        shown_records.push(fields);
    }
    Ok(shown_records)
}

pub(crate) async fn list_audit_records(call: &Call<'_>) -> Answer {
    let parameters = call.parameters;
    let actor = parameters.text("actor")?;
    let mut filter = AuditFilter {
        workspace_id: parameters.text("workspaceId")?,
        actor: actor.clone(),
        operation: parameters
            .text("action")?
            .map(|action| action.rsplit(':').next().unwrap_or_default().to_owned()),
        outcome: parameters.text("outcome")?,
        from: read::moment(parameters, "from")?,
        to: read::moment(parameters, "to")?,
    };
    if !matches!(filter.outcome.as_deref(), None | Some("allow" | "deny")) {
        return Err(parameters.invalid("outcome", "must be allow or deny").into());
    }
    let cursor = call.list_cursor()?;
    call.finish()?;
    if let Some(name) = actor {
        filter.actor = Some(call.api.control().actor_named(call.caller, &name).await?);
    }
    let page = call.api.control().list_audit_records(call.caller, &filter, &cursor).await?;
    Ok(
        json!({ "records": with_names(call, &page.rows).await?, "nextToken": call.token(&page), "maxResults": cursor.limit }),
    )
}

pub(crate) async fn verify_audit(call: &Call<'_>) -> Answer {
    call.finish()?;
    Ok(match call.api.control().verify_audit(call.caller).await? {
        Ok(records) => json!({ "valid": true, "records": records }),
        Err(fault) => json!({ "valid": false, "records": fault.sequence.saturating_sub(1), "fault": fault }),
    })
}

pub(crate) async fn export_audit(call: &Call<'_>) -> Answer {
    let token = call.parameters.text("nextToken")?.unwrap_or_default();
    call.finish()?;
    let control = call.api.control();
    let after = control.read_page_token(call.caller.account, "nextToken", &token)?;
    let records = control.export_audit(call.caller, after.parse().unwrap_or(0)).await?;
    let next = records.last().map(|last| control.page_token(call.caller.account, &last.sequence.to_string()));
    Ok(json!({ "records": records.iter().map(shown).collect::<Result<Vec<_>, _>>()?, "nextToken": next }))
}
