//! Who can.

use bailey_control::Deed;
use bailey_domain::page::Page;
use serde_json::json;

use crate::failure::Failure;
use crate::routes::{Answer, Call};

fn deed(call: &Call<'_>) -> Result<Deed, Failure> {
    let parameters = call.parameters;
    let (action, model, page) =
        (parameters.text("action")?, parameters.text("model")?, parameters.text("page")?);
    let (workspace, resource) = (call.optional_workspace()?, parameters.text("resource")?);
    if resource.is_some() && action.is_none() {
        return Err(parameters.invalid("resource", "must stand with an action").into());
    }
    match (action, model, page) {
        (Some(action), None, None) => Ok(Deed::Action(action, workspace, resource)),
        (None, Some(model), None) => Ok(Deed::Model(model, workspace)),
        (None, None, Some(page)) => {
            let workspace = workspace.ok_or_else(|| parameters.missing("workspaceId"))?;
            Ok(Deed::Page(Page::parse("page", &page)?, workspace))
        }
        _ => {
            Err(parameters.invalid("action", "must be given, or one of model and page instead of it").into())
        }
    }
}

pub(crate) async fn who_can(call: &Call<'_>) -> Answer {
    let deed = deed(call)?;
    let cursor = call.list_cursor()?;
    call.finish()?;
    let page = call.api.control().who_can(call.caller, &deed, &cursor).await?;
    let able: Vec<_> =
        page.rows.iter().map(|able| json!({ "type": able.kind, "id": able.id, "arn": able.arn })).collect();
    let mut answer = json!({ "principals": able });
    if let Some(token) = call.token(&page) {
        answer["nextToken"] = json!(token);
    }
    Ok(answer)
}
