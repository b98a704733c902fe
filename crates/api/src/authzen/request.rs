//! What a request says, read strictly: a field that is missing or of another type is refused by its path.

use std::net::IpAddr;

use bailey_control::{AccessEntity, Given, Resource};
use bailey_domain::Error;
use serde_json::{Map, Value};

use super::Sought;
use crate::failure::Failure;
use crate::read;

/// Members of an object.
pub(crate) type Members = Map<String, Value>;

/// A subject or a resource.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Entity<'v> {
    pub(crate) kind: &'v str,
    /// Empty where a search leaves it out.
    pub(crate) id: &'v str,
    pub(crate) properties: Option<&'v Members>,
}

/// An action.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Action<'v> {
    pub(crate) name: &'v str,
    pub(crate) properties: Option<&'v Members>,
}

/// One question. It borrows from the request, so a batch may ask a thousand that share large defaults.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Evaluation<'v> {
    pub(crate) subject: Entity<'v>,
    pub(crate) action: Action<'v>,
    pub(crate) resource: Entity<'v>,
    pub(crate) context: Option<&'v Members>,
}

/// Where a question stands: in a request of its own, or in a batch whose request holds the defaults.
#[derive(Clone, Copy)]
pub(crate) struct Source<'v> {
    own: &'v Value,
    usual: Option<&'v Value>,
}

/// What a question says of an entity or of its action, and what stands in for a `type`, `id` or `name` that it lacks.
#[derive(Clone, Copy)]
struct Said<'v> {
    name: &'static str,
    own: &'v Members,
    usual: Option<&'v Members>,
}

/// A member that must be an object, where it is there.
pub(crate) fn optional_object<'v>(within: &'v Value, name: &str) -> Result<Option<&'v Members>, Failure> {
    match within.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(members)) => Ok(Some(members)),
        Some(_) => Err(Error::field(name, "must be an object").into()),
    }
}

fn missing(name: &str) -> Failure {
    Error::field(name, "is missing").into()
}

impl<'v> Source<'v> {
    /// A request with one question.
    pub(crate) fn of(request: &'v Value) -> Self {
        Self { own: request, usual: None }
    }

    /// A question of a batch. Each of subject, action, resource and context is taken whole, its own or the default; only a
    /// `type`, `id` or `name` that must be there and lacks comes from the default of the same kind.
    pub(crate) fn among(item: &'v Value, request: &'v Value) -> Self {
        // A question that is no object has none of the four of its own, and must not live on the defaults alone.
        Self { own: item, usual: item.is_object().then_some(request) }
    }

    fn said(self, name: &'static str) -> Result<Option<Said<'v>>, Failure> {
        let usual = self.usual.map(|usual| optional_object(usual, name)).transpose()?.flatten();
        let own = optional_object(self.own, name)?;
        Ok(own.or(usual).map(|own| Said { name, own, usual }))
    }

    fn required(self, name: &'static str) -> Result<Said<'v>, Failure> {
        self.said(name)?.ok_or_else(|| missing(name))
    }

    fn context(self) -> Result<Option<&'v Members>, Failure> {
        Ok(self.said("context")?.map(|said| said.own))
    }
}

impl<'v> Said<'v> {
    fn text(self, field: &str) -> Result<&'v str, Failure> {
        let path = || format!("{}.{field}", self.name);
        match self.own.get(field).or_else(|| self.usual?.get(field)) {
            None | Some(Value::Null) => Err(missing(&path())),
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(Error::field(&path(), "must be a text").into()),
        }
    }

    fn properties(self) -> Result<Option<&'v Members>, Failure> {
        match self.own.get("properties") {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(properties)) => Ok(Some(properties)),
            Some(_) => Err(Error::field(&format!("{}.properties", self.name), "must be an object").into()),
        }
    }
}

impl<'v> Entity<'v> {
    pub(crate) fn read(source: Source<'v>, name: &'static str) -> Result<Self, Failure> {
        let id = source.required(name)?.text("id")?;
        Ok(Self { id, ..Self::searched(source, name)? })
    }

    /// One that is searched for: its id, if there is one, counts for nothing.
    pub(crate) fn searched(source: Source<'v>, name: &'static str) -> Result<Self, Failure> {
        let said = source.required(name)?;
        Ok(Self { kind: said.text("type")?, id: "", properties: said.properties()? })
    }

    pub(crate) fn as_subject(&self) -> AccessEntity {
        AccessEntity { kind: self.kind.to_owned(), id: self.id.to_owned() }
    }

    /// As a resource of an account, whose workspace is a property.
    pub(crate) fn as_resource(&self) -> Result<Resource, Failure> {
        let workspace = match self.properties.and_then(|properties| properties.get("workspace_id")) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => {
                return Err(Error::field("resource.properties.workspace_id", "must be a text").into());
            }
        };
        Ok(Resource { entity: self.as_subject(), workspace })
    }
}

impl<'v> Action<'v> {
    fn read(source: Source<'v>) -> Result<Self, Failure> {
        let said = source.required("action")?;
        Ok(Self { name: said.text("name")?, properties: said.properties()? })
    }
}

impl<'v> Evaluation<'v> {
    pub(crate) fn read(source: Source<'v>) -> Result<Self, Failure> {
        Ok(Self {
            subject: Entity::read(source, "subject")?,
            action: Action::read(source)?,
            resource: Entity::read(source, "resource")?,
            context: source.context()?,
        })
    }

    /// What a search asks: the one that is sought is left open.
    pub(crate) fn searched(sought: Sought, source: Source<'v>) -> Result<Self, Failure> {
        let entity = |name, is_sought| {
            if is_sought { Entity::searched(source, name) } else { Entity::read(source, name) }
        };
        let context = source.context()?;
        Ok(Self {
            subject: entity("subject", sought == Sought::Subjects)?,
            action: if sought == Sought::Actions { Action::default() } else { Action::read(source)? },
            resource: entity("resource", sought == Sought::Resources)?,
            context,
        })
    }

    /// The same as a question about an account.
    pub(crate) fn as_question(&self) -> Result<bailey_control::Evaluation, Failure> {
        Ok(bailey_control::Evaluation {
            subject: self.subject.as_subject(),
            action: self.action.name.to_owned(),
            resource: self.resource.as_resource()?,
            given: given(self.context)?,
        })
    }
}

/// Whether the caller wants more than yes or no.
pub(crate) fn wants_explanation(context: Option<&Members>) -> Result<bool, Failure> {
    match context.and_then(|context| context.get("explain")) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(wanted)) => Ok(*wanted),
        Some(_) => Err(Error::field("context.explain", "must be true or false").into()),
    }
}

/// The circumstances: `sourceIp`, `currentTime`, and condition keys, whose names have a colon. Other members are for
/// other decision points and count for nothing here.
pub(crate) fn given(context: Option<&Members>) -> Result<Given, Failure> {
    let mut given = Given::default();
    for (name, value) in context.into_iter().flatten() {
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
        let read = |context: Value| given(context.as_object());
        let known = read(json!({
            "time": "2025-06-27T18:03-07:00", "ip": "no address", "sourceIp": "192.0.2.1", "currentTime": 5,
            "acs:MFAPresent": true, "ram:x": null,
        }));
        let known = known.unwrap();
        assert_eq!((known.source_ip, known.now_ms), (Some("192.0.2.1".parse().unwrap()), Some(5)));
        assert_eq!(known.keys, [("acs:MFAPresent".to_owned(), "true".to_owned())]);
        for bad in [json!({ "sourceIp": 1 }), json!({ "currentTime": "soon" }), json!({ "acs:X": [] })] {
            assert!(read(bad).is_err());
        }
    }
}
