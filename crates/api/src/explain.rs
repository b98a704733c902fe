//! Why.

use bailey_acs::parameters::Parameters;
use bailey_control::{Asked, Subject};
use bailey_domain::page::Page;
use bailey_domain::{ApiKeyId, Error};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::read;
use crate::routes::{Answer, Call};

fn subject(parameters: &Parameters) -> Result<Subject, Failure> {
    let subject = parameters.object("subject")?.ok_or_else(|| parameters.missing("subject"))?;
    let id = subject.required_text("id")?;
    match subject.required_text("type")?.as_str() {
        "user" => Ok(Subject::User(id)),
        "role" => Ok(Subject::Role(id)),
        "apiKey" => id.parse::<ApiKeyId>().map(Subject::ApiKey).map_err(|_| Error::absent("ApiKey").into()),
        _ => Err(subject.invalid("type", "must be user, role or apiKey").into()),
    }
}

/// A question as Explain and SimulateAccess take it.
pub(crate) fn question(parameters: &Parameters) -> Result<Asked, Failure> {
    let mut asked = Asked {
        action: parameters.text("action")?,
        workspace: read::optional_workspace(parameters)?,
        model: parameters.text("model")?,
        page: parameters.text("page")?.map(|text| Page::parse("page", &text)).transpose()?,
        resource: parameters.text("resource")?,
        ..Asked::about(subject(parameters)?)
    };
    if let Some(context) = parameters.object("context")? {
        if let Some(text) = context.text("sourceIp")? {
            asked.source_ip =
                Some(text.parse().map_err(|_| context.invalid("sourceIp", "must be an IP address"))?);
        }
        asked.now_ms = read::moment(&context, "currentTime")?;
        let names: Vec<String> = context
            .names()
            .filter(|name| !matches!(*name, "sourceIp" | "currentTime"))
            .map(str::to_owned)
            .collect();
        for name in names {
            let value = match context.json(&name) {
                Some(Value::String(text)) => text,
                Some(value @ (Value::Bool(_) | Value::Number(_))) => value.to_string(),
                _ => return Err(context.invalid(&name, "must be a text, a number or a boolean").into()),
            };
            asked.context.push((name, value));
        }
    }
    Ok(asked)
}

pub(crate) async fn explain(call: &Call<'_>) -> Answer {
    let asked = question(call.parameters)?;
    call.finish()?;
    let decision = call.api.control().explain(call.caller, &asked).await?;
    Ok(json!({ "decision": decision }))
}

pub(crate) async fn get_decision(call: &Call<'_>) -> Answer {
    // An id of another shape is one that no request has.
    let request =
        call.parameters.required_text("requestId")?.parse().map_err(|_| Error::absent("Decision"))?;
    call.finish()?;
    let decision = call.api.control().get_decision(call.caller, request).await?;
    Ok(json!({ "decision": decision }))
}
