//! What a request says, read strictly: a field that is missing or of another type is refused by its path.

use std::net::IpAddr;

use bailey_control::{AccessEntity, Given, Resource};
use bailey_domain::Error;
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::read;

/// A subject or a resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Entity {
    pub(crate) kind: String,
    /// Empty where a search leaves it out.
    pub(crate) id: String,
    pub(crate) properties: Map<String, Value>,
}

/// An action.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Action {
    pub(crate) name: String,
    pub(crate) properties: Map<String, Value>,
}

/// One question.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Evaluation {
    pub(crate) subject: Entity,
    pub(crate) action: Action,
    pub(crate) resource: Entity,
    pub(crate) context: Map<String, Value>,
}

/// A member that must be an object.
pub(crate) fn object<'v>(within: &'v Value, name: &str) -> Result<&'v Map<String, Value>, Failure> {
    optional_object(within, name)?.ok_or_else(|| missing(name))
}

/// The same where it may be left out.
pub(crate) fn optional_object<'v>(
    within: &'v Value,
    name: &str,
) -> Result<Option<&'v Map<String, Value>>, Failure> {
    match within.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(members)) => Ok(Some(members)),
        Some(_) => Err(Error::field(name, "must be an object").into()),
    }
}

pub(crate) fn missing(name: &str) -> Failure {
    Error::field(name, "is missing").into()
}

fn text(members: &Map<String, Value>, within: &str, name: &str) -> Result<String, Failure> {
    let path = format!("{within}.{name}");
    match members.get(name) {
        None | Some(Value::Null) => Err(missing(&path)),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(Error::field(&path, "must be a text").into()),
    }
}

fn properties(members: &Map<String, Value>, within: &str) -> Result<Map<String, Value>, Failure> {
    match members.get("properties") {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(properties)) => Ok(properties.clone()),
        Some(_) => Err(Error::field(&format!("{within}.properties"), "must be an object").into()),
    }
}

impl Entity {
    pub(crate) fn read(request: &Value, name: &str) -> Result<Self, Failure> {
        let members = object(request, name)?;
        Ok(Self { id: text(members, name, "id")?, ..Self::searched(request, name)? })
    }

    /// One that is searched for: its id, if there is one, counts for nothing.
    pub(crate) fn searched(request: &Value, name: &str) -> Result<Self, Failure> {
        let members = object(request, name)?;
        Ok(Self {
            kind: text(members, name, "type")?,
            id: String::new(),
            properties: properties(members, name)?,
        })
    }

    pub(crate) fn as_subject(&self) -> AccessEntity {
        AccessEntity { kind: self.kind.clone(), id: self.id.clone() }
    }

    /// As a resource of an account, whose workspace is a property.
    pub(crate) fn as_resource(&self) -> Result<Resource, Failure> {
        let workspace = match self.properties.get("workspace_id") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => {
                return Err(Error::field("resource.properties.workspace_id", "must be a text").into());
            }
        };
        Ok(Resource { entity: self.as_subject(), workspace })
    }
}

impl Action {
    pub(crate) fn read(request: &Value) -> Result<Self, Failure> {
        let members = object(request, "action")?;
        Ok(Self { name: text(members, "action", "name")?, properties: properties(members, "action")? })
    }
}

impl Evaluation {
    pub(crate) fn read(request: &Value) -> Result<Self, Failure> {
        Ok(Self {
            subject: Entity::read(request, "subject")?,
            action: Action::read(request)?,
            resource: Entity::read(request, "resource")?,
            context: context(request)?,
        })
    }

    /// The same as a question about an account.
    pub(crate) fn as_question(&self) -> Result<bailey_control::Evaluation, Failure> {
        Ok(bailey_control::Evaluation {
            subject: self.subject.as_subject(),
            action: self.action.name.clone(),
            resource: self.resource.as_resource()?,
            given: given(&self.context)?,
        })
    }
}

pub(crate) fn context(request: &Value) -> Result<Map<String, Value>, Failure> {
    Ok(optional_object(request, "context")?.cloned().unwrap_or_default())
}

/// Whether the caller wants more than yes or no.
pub(crate) fn wants_explanation(context: &Map<String, Value>) -> Result<bool, Failure> {
    match context.get("explain") {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(wanted)) => Ok(*wanted),
        Some(_) => Err(Error::field("context.explain", "must be true or false").into()),
    }
}

/// The circumstances: `sourceIp`, `currentTime`, and condition keys, whose names have a colon. Other members are for
/// other decision points and count for nothing here.
pub(crate) fn given(context: &Map<String, Value>) -> Result<Given, Failure> {
    let mut given = Given::default();
    for (name, value) in context {
        let wrong = |why: &str| Failure::from(Error::field(&format!("context.{name}"), why));
        match (name.as_str(), value) {
            (_, Value::Null) => {}
            ("sourceIp", value) => {
                let address = value.as_str().and_then(|text| text.parse::<IpAddr>().ok());
                given.source_ip = Some(address.ok_or_else(|| wrong("must be an IP address"))?);
            }
            ("currentTime", value) => {
                let moment = read::moment_of(value);
                given.now_ms = Some(moment.ok_or_else(|| wrong(read::MOMENT))?);
            }
            (key, Value::String(text)) if key.contains(':') => {
                given.keys.push((key.to_owned(), text.clone()));
            }
            (key, Value::Bool(_) | Value::Number(_)) if key.contains(':') => {
                given.keys.push((key.to_owned(), value.to_string()));
            }
            (key, _) if key.contains(':') => return Err(wrong("must be a text, a number or a boolean")),
            _ => {}
        }
    }
    Ok(given)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_is_known_of_a_context_counts() {
        let context = |value: Value| value.as_object().unwrap().clone();
        let read = given(&context(json!({
            "time": "2025-06-27T18:03-07:00", "ip": "no address", "sourceIp": "192.0.2.1", "currentTime": 5,
            "acs:MFAPresent": true, "ram:x": null,
        })));
        let read = read.unwrap();
        assert_eq!((read.source_ip, read.now_ms), (Some("192.0.2.1".parse().unwrap()), Some(5)));
        assert_eq!(read.keys, [("acs:MFAPresent".to_owned(), "true".to_owned())]);
        for bad in [json!({ "sourceIp": 1 }), json!({ "currentTime": "soon" }), json!({ "acs:X": [] })] {
            assert!(given(&context(bad)).is_err());
        }
    }
}
