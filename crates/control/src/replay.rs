//! Earlier requests as questions: refused model calls by their recorded checks, control requests by their audit records.

use bailey_domain::access::Principal;
use bailey_domain::operations::{self, Entry};
use bailey_domain::rules::Needs;
use bailey_domain::scope::ScopeKind;
use bailey_store::{AuditRecord, GatewayDecision};

use crate::explain::{Asked, Found, Subject};

/// An earlier request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// Its id.
    pub request_id: String,
    /// The model or the RAM action.
    pub what: String,
    /// Who: a key's handle, `root`, a RAM user's or role's id.
    pub who: String,
}

type Question = (Replayed, Found, Asked);

/// A refused model call; `None` when the key or the model was nobody's.
pub(crate) fn of_call(call: &GatewayDecision) -> Option<Question> {
    let subject = |check: &str| {
        let link = call.decision.chain.iter().find(|link| link.check == check);
        link.map(|link| link.subject.as_str())
    };
    let key = subject("key")?;
    let id = key.parse().ok()?;
    let model = subject("model")?;
    let asked = Asked {
        model: Some(model.to_owned()),
        source_ip: subject("source-address").and_then(|text| text.parse().ok()),
        now_ms: Some(call.at_ms),
        ..Asked::about(Subject::ApiKey(id))
    };
    let request_id = call.decision.request_id.clone();
    Some((Replayed { request_id, what: model.to_owned(), who: key.to_owned() }, Found::Key(id), asked))
}

/// A request to the control API; `None` where the record does not say enough, or no permission decides it.
pub(crate) fn of_record(record: &AuditRecord) -> Option<Question> {
    let entry = operations::find(&record.operation).filter(|entry| hangs_on_permissions(entry))?;
    let principal = actor(&record.actor)?;
    let workspace = match record.workspace_id.as_str() {
        "" => None,
        text => Some(text.parse().ok()?),
    };
    let asked = Asked {
        action: Some(entry.action.to_owned()),
        workspace,
        source_ip: record.source_ip.parse().ok(),
        now_ms: Some(record.recorded_at),
        ..Asked::about(Subject::User(record.actor.clone()))
    };
    let request_id = record.request_id.clone();
    let replayed = Replayed { request_id, what: entry.action.to_owned(), who: record.actor.clone() };
    Some((replayed, Found::Person(principal), asked))
}

/// Records do not have the RAM resource, and not whom an operation on a person was about.
fn hangs_on_permissions(entry: &Entry) -> bool {
    let unknown = |part: &Needs| matches!(part, Needs::Anyone | Needs::Myself | Needs::SelfService(_));
    entry.scope != ScopeKind::Ram
        && entry.action.starts_with("modelstudio:")
        && !entry.needs.mentions(&unknown)
}

/// Who acted: a role's session acted in its role.
fn actor(text: &str) -> Option<Principal> {
    if text == "root" {
        return Some(Principal::Root);
    }
    match text.strip_prefix("role:") {
        Some(session) => session.split(':').next()?.parse().ok().map(Principal::Role),
        None => text.parse().ok().map(Principal::User),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_permissions_decide_is_asked_again() {
        let asked = |name: &str| hangs_on_permissions(operations::find(name).unwrap());
        assert!(asked("CreateWorkspace") && asked("CreateApiKey") && asked("SetMemberPages"));
        for other in ["ListWorkspaces", "Explain", "GetEffectiveAccess", "CreateUser", "AssumeRole"] {
            assert!(!asked(other), "{other}");
        }
    }

    #[test]
    fn actors_are_read_as_records_write_them() {
        assert_eq!(actor("root"), Some(Principal::Root));
        assert!(matches!(actor("212345678901234567"), Some(Principal::User(_))));
        assert!(matches!(actor("role:312345678901234567:night"), Some(Principal::Role(_))));
        assert_eq!(actor("nobody"), None);
    }
}
