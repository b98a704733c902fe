//! Many questions at once: defaults, the three semantics, and one wrong question among good ones.

use bailey_domain::Error;
use serde_json::{Value, json};

use super::point::Point;
use super::request::{Evaluation, Source, optional_object};
use crate::failure::Failure;
use crate::routes::Answer;

/// How many questions one call may hold.
const MOST: usize = 1000;

/// When to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Semantic {
    ExecuteAll,
    DenyOnFirstDeny,
    PermitOnFirstPermit,
}

impl Semantic {
    fn read(request: &Value) -> Result<Self, Failure> {
        let options = optional_object(request, "options")?;
        match options.and_then(|options| options.get("evaluations_semantic")) {
            None | Some(Value::Null) => Ok(Self::ExecuteAll),
            Some(value) => match value.as_str() {
                Some("execute_all") => Ok(Self::ExecuteAll),
                Some("deny_on_first_deny") => Ok(Self::DenyOnFirstDeny),
                Some("permit_on_first_permit") => Ok(Self::PermitOnFirstPermit),
                _ => Err(Error::field(
                    "options.evaluations_semantic",
                    "must be execute_all, deny_on_first_deny or permit_on_first_permit",
                )
                .into()),
            },
        }
    }

    fn stops_after(self, decision: bool) -> bool {
        match self {
            Self::ExecuteAll => false,
            Self::DenyOnFirstDeny => !decision,
            Self::PermitOnFirstPermit => decision,
        }
    }
}

pub(super) async fn answer(point: &Point<'_>, request: &Value) -> Answer {
    let semantic = Semantic::read(request)?;
    let items = match request.get("evaluations") {
        None | Some(Value::Null) => &[],
        Some(Value::Array(items)) => items.as_slice(),
        Some(_) => return Err(Error::field("evaluations", "must be a list").into()),
    };
    if items.is_empty() {
        return point.evaluate(&Evaluation::read(Source::of(request))?).await;
    }
    if items.len() > MOST {
        let why = format!("holds {} questions and may hold {MOST}; ask in several calls", items.len());
        return Err(Error::field("evaluations", why).into());
    }
    for name in ["subject", "action", "resource", "context"] {
        optional_object(request, name)?;
    }
    let mut answers = Vec::with_capacity(items.len());
    for item in items {
        // What is wrong with one question is that question's answer; who may not ask gets no answer at all.
        let answer = match Evaluation::read(Source::among(item, request)) {
            Ok(evaluation) => match point.evaluate(&evaluation).await {
                Err(Failure::Operation(Error::Invalid { .. })) => json!({ "decision": false }),
                other => other?,
            },
            Err(_) => json!({ "decision": false }),
        };
        let decision = answer["decision"] == true;
        answers.push(answer);
        if semantic.stops_after(decision) {
            break;
        }
    }
    Ok(json!({ "evaluations": answers }))
}

#[cfg(test)]
mod tests {
    use super::super::request::Entity;
    use super::*;

    #[test]
    fn an_own_entity_replaces_the_default_but_for_what_it_must_have() {
        let request = json!({
            "subject": { "type": "user", "id": "alice", "properties": { "role": "admin" } },
            "action": { "name": "read", "properties": { "how": "fast" } },
            "resource": { "type": "record", "properties": { "status": "active" } },
            "context": { "a": 1 },
        });
        let item = json!({
            "subject": { "id": "bob" }, "action": {}, "resource": { "id": "1" }, "context": { "b": 2 },
        });
        let expected = json!({
            "subject": { "type": "user", "id": "bob" },
            "action": { "name": "read" },
            "resource": { "type": "record", "id": "1" },
            "context": { "b": 2 },
        });
        let read = Evaluation::read(Source::among(&item, &request)).unwrap();
        assert_eq!(read, Evaluation::read(Source::of(&expected)).unwrap());
        let nothing = json!({ "context": null });
        let subject = Entity::read(Source::among(&nothing, &request), "subject").unwrap();
        assert_eq!(subject, Entity::read(Source::of(&request), "subject").unwrap());
        let lived_on_defaults = json!({ "resource": { "id": "1" }, "context": null });
        let read = Evaluation::read(Source::among(&lived_on_defaults, &request)).unwrap();
        assert_eq!(read.context, request["context"].as_object());
        assert_eq!(read.action.properties, request["action"]["properties"].as_object());
        // What is there and empty is not left out.
        let emptied = json!({ "subject": { "id": null }, "resource": { "id": "1" } });
        assert!(Evaluation::read(Source::among(&emptied, &request)).is_err());
        for no_object in [json!("x"), json!([]), Value::Null] {
            for name in ["subject", "action", "resource"] {
                assert!(Entity::searched(Source::among(&no_object, &expected), name).is_err());
            }
        }
    }
}
