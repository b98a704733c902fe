//! Many questions at once: defaults, the three semantics, and one wrong question among good ones.

use bailey_domain::Error;
use serde_json::{Map, Value, json};

use super::point::Point;
use super::request::{Evaluation, optional_object};
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
        return point.evaluate(&Evaluation::read(request)?).await;
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
        let answer = match Evaluation::read(&with_defaults(request, item)) {
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

/// A question with the defaults of its batch. Each of the four is taken whole; only a `type`, `id` or `name` that an entity
/// must have and lacks comes from the default of the same kind.
fn with_defaults(request: &Value, item: &Value) -> Value {
    let mut whole = Map::new();
    for (name, required) in [
        ("subject", &["type", "id"][..]),
        ("action", &["name"]),
        ("resource", &["type", "id"]),
        ("context", &[]),
    ] {
        let usual = request.get(name);
        let Some(own) = item.get(name).filter(|own| !own.is_null()).or(usual) else { continue };
        let mut own = own.clone();
        if let (Some(members), Some(usual)) = (own.as_object_mut(), usual.and_then(Value::as_object)) {
            for field in required {
                if let Some(value) = usual.get(*field).filter(|_| !members.contains_key(*field)) {
                    members.insert((*field).to_owned(), value.clone());
                }
            }
        }
        whole.insert(name.to_owned(), own);
    }
    // A question that is no object has none of the four of its own, and must not live on the defaults alone.
    if item.is_object() { Value::Object(whole) } else { Value::Null }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_own_entity_replaces_the_default_but_for_what_it_must_have() {
        let request = json!({
            "subject": { "type": "user", "id": "alice", "properties": { "role": "admin" } },
            "resource": { "type": "record", "properties": { "status": "active" } },
            "context": { "a": 1 },
        });
        let item = json!({ "subject": { "id": "bob" }, "resource": { "id": "1" }, "context": { "b": 2 } });
        let expected = json!({
            "subject": { "type": "user", "id": "bob" },
            "resource": { "type": "record", "id": "1" },
            "context": { "b": 2 },
        });
        assert_eq!(with_defaults(&request, &item), expected);
        assert_eq!(with_defaults(&request, &json!({}))["subject"], request["subject"]);
        assert_eq!(with_defaults(&request, &json!("x")), Value::Null);
    }
}
