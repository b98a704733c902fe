//! Reads an answer of the control API: which cell it is, and whether it says everything that such an answer must say.

use bailey_domain::operations::{Entry, Service};
use serde_json::Value;

use super::cast::Person;
use super::table::Cell;
use crate::world::Answer;

/// The guide's sentence, verbatim.
const OUTSIDE: &str = "You do not have access permissions to this workspace, or the workspace does not exist";
const NO_PERMISSION: &str = "You are not authorized to perform this action.";
/// STS says it in its own words, the same whichever side refuses.
const NO_ROLE: &str = "You are not authorized to do this action. You should be authorized by RAM.";

fn sentence(entry: &Entry) -> &'static str {
    if entry.name == "AssumeRole" { NO_ROLE } else { NO_PERMISSION }
}

/// Whether what is done is answered with the decision and nothing around it, as AuthZEN says.
pub(crate) fn answers_bare(entry: &Entry) -> bool {
    matches!(entry.name, "EvaluateAccess" | "SearchAccess")
}

/// Which cell the answer is, or what is wrong with it.
pub(crate) fn judge(answer: &Answer, entry: &Entry, caller: &Person) -> Result<Cell, String> {
    let (code, body) = (answer.code(), answer.json());
    let detail = answer.field("accessDeniedDetail");
    let detail = if detail.is_null() { answer.field("AccessDeniedDetail") } else { detail };
    if answers_bare(entry) && answer.status == 200 {
        let has =
            |name: &str| body.as_object().is_some_and(|body| body.len() == 1 && body.contains_key(name));
        return if has("decision") || has("results") { Ok(Cell::Done) } else { Err(format!("{body}")) };
    }
    let request = answer.field("requestId");
    if request.as_str() != Some(answer.header("x-acs-request-id")) {
        return Err(format!("body and header disagree about the request id: {body}"));
    }
    let cell = match (answer.status, code.as_str()) {
        (200, _) => Cell::Done,
        (403, "NoPermission") => Cell::Denied,
        (403, "Workspace.AccessDenied") => Cell::Outside,
        (400, "NotSupport.Account" | "NotSupport.ServiceLinkedRole") => Cell::Unsupported,
        (404, code) if code.starts_with("EntityNotExist.") => Cell::Absent,
        _ => return Err(format!("{} {body}", answer.status)),
    };
    match cell {
        Cell::Denied if answer.field("message") != sentence(entry) => {
            Err(format!("another sentence: {body}"))
        }
        Cell::Denied => permission_detail(&detail, entry, caller).map_err(|why| format!("{why}: {body}")),
        _ if !detail.is_null() => Err(format!("a detail that nobody may see: {body}")),
        Cell::Outside if answer.field("message") != OUTSIDE => Err(format!("another sentence: {body}")),
        _ => Ok(()),
    }?;
    let is_rpc = body.get("RequestId").is_some();
    if is_rpc == (entry.service == Service::ModelStudio) {
        return Err(format!("the shape of another surface: {body}"));
    }
    Ok(cell)
}

fn permission_detail(detail: &Value, entry: &Entry, caller: &Person) -> Result<(), String> {
    // What the caller `denied` is denied is not STS's.
    let denied = caller.name == "denied" && !entry.action.starts_with("sts:");
    // Root is refused a role by the role, whoever the role trusts, and nothing else by anybody.
    let is_root = caller.name == "root";
    let (kind, refused_by) = if is_root {
        ("RootUser", "AssumeRolePolicy")
    } else {
        ("SubUser", "AccountLevelIdentityBasedPolicy")
    };
    for (field, wanted) in [
        ("AuthAction", entry.action),
        ("AuthPrincipalType", kind),
        ("AuthPrincipalDisplayName", if is_root { "root" } else { &caller.user_id }),
        ("AuthPrincipalOwnerId", &caller.account),
        ("NoPermissionType", if denied { "ExplicitDeny" } else { "ImplicitDeny" }),
        ("PolicyType", refused_by),
    ] {
        if detail[field] != wanted {
            return Err(format!("{field} is not {wanted}"));
        }
    }
    if detail["EncodedDiagnosticMessage"].as_str().is_none_or(str::is_empty) {
        return Err("no EncodedDiagnosticMessage".to_owned());
    }
    Ok(())
}

/// The whole answer but for what may differ between two things that the caller must not tell apart: the request id
/// and the id asked for. Of the sealed message, which is another one each time, the length counts.
pub(crate) fn masked(answer: &Answer, asked_for: &[String]) -> String {
    let mut body = String::from_utf8(answer.body.to_vec()).unwrap();
    let parsed = answer.json();
    for name in ["accessDeniedDetail", "AccessDeniedDetail"] {
        if let Some(sealed) = parsed[name]["EncodedDiagnosticMessage"].as_str() {
            body = body.replace(sealed, &format!("{} SEALED BYTES", sealed.len()));
        }
    }
    let mut headers: Vec<_> = answer.headers.iter().filter(|(name, _)| *name != "date").collect();
    headers.sort_by_key(|(name, _)| name.as_str());
    let mut text = format!("{}\n{headers:?}\n{body}", answer.status);
    text = text.replace(answer.header("x-acs-request-id"), "REQUEST");
    for id in asked_for {
        text = text.replace(id.as_str(), "ASKED-FOR");
    }
    text
}
