//! Rules about attributes: the language of fixtures, and of nothing else.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::request::{Action, Entity};

/// What a rule is asked about.
pub(super) struct Facts<'a> {
    pub(super) subject: &'a Entity,
    pub(super) action: &'a Action,
    pub(super) resource: &'a Entity,
    pub(super) context: &'a Map<String, Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Effect {
    Permit,
    Forbid,
}

/// A rule: it applies when all of its conditions hold.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    effect: Effect,
    /// The actions that it is about; all when left out.
    actions: Option<Vec<String>>,
    /// The types of resource that it is about; all when left out.
    resource_types: Option<Vec<String>>,
    #[serde(default)]
    when: Vec<Condition>,
}

/// One condition on one attribute, with exactly one test.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Condition {
    attribute: String,
    is: Option<Value>,
    is_not: Option<Value>,
    r#in: Option<Vec<Value>>,
    same_as: Option<String>,
    /// A list that holds the value.
    contains: Option<Value>,
}

impl Rule {
    pub(super) fn permits(&self) -> bool {
        self.effect == Effect::Permit
    }

    /// Says what is wrong with it.
    pub(super) fn check(&self) -> Result<(), String> {
        for condition in &self.when {
            let tests = [
                condition.is.is_some(),
                condition.is_not.is_some(),
                condition.r#in.is_some(),
                condition.same_as.is_some(),
                condition.contains.is_some(),
            ];
            if tests.iter().filter(|there| **there).count() != 1 {
                return Err(format!(
                    "the condition on `{}` needs exactly one of is, is_not, in, same_as, contains",
                    condition.attribute
                ));
            }
            for attribute in std::iter::once(&condition.attribute).chain(&condition.same_as) {
                if !is_attribute(attribute) {
                    return Err(format!(
                        "`{attribute}` is no attribute: subject.type, subject.id, subject.properties.NAME, the same of resource, action.name, action.properties.NAME, context.NAME"
                    ));
                }
            }
        }
        Ok(())
    }

    pub(super) fn applies(&self, facts: &Facts<'_>) -> bool {
        let among = |names: &Option<Vec<String>>, name: &String| {
            names.as_ref().is_none_or(|names| names.contains(name))
        };
        among(&self.actions, &facts.action.name)
            && among(&self.resource_types, &facts.resource.kind)
            && self.when.iter().all(|condition| condition.holds(facts))
    }
}

impl Condition {
    /// An attribute that is not there is not anything: only `is_not` holds of it.
    fn holds(&self, facts: &Facts<'_>) -> bool {
        let value = facts.value(&self.attribute);
        if let Some(wanted) = &self.is {
            value.as_ref() == Some(wanted)
        } else if let Some(other) = &self.is_not {
            value.as_ref() != Some(other)
        } else if let Some(list) = &self.r#in {
            value.is_some_and(|value| list.contains(&value))
        } else if let Some(attribute) = &self.same_as {
            value.is_some() && value == facts.value(attribute)
        } else if let Some(item) = &self.contains {
            value.as_ref().and_then(Value::as_array).is_some_and(|list| list.contains(item))
        } else {
            false
        }
    }
}

fn is_attribute(path: &str) -> bool {
    let Some((whose, rest)) = path.split_once('.') else { return false };
    let property = rest.strip_prefix("properties.").is_some_and(|name| !name.is_empty());
    match whose {
        "subject" | "resource" => property || matches!(rest, "type" | "id"),
        "action" => property || rest == "name",
        "context" => !rest.is_empty(),
        _ => false,
    }
}

impl Facts<'_> {
    fn value(&self, path: &str) -> Option<Value> {
        let (whose, rest) = path.split_once('.')?;
        let text = |text: &str| Some(Value::String(text.to_owned()));
        match (whose, rest) {
            ("subject", "type") => text(&self.subject.kind),
            ("subject", "id") => text(&self.subject.id),
            ("resource", "type") => text(&self.resource.kind),
            ("resource", "id") => text(&self.resource.id),
            ("action", "name") => text(&self.action.name),
            ("subject", _) => within(&self.subject.properties, rest.strip_prefix("properties.")?),
            ("resource", _) => within(&self.resource.properties, rest.strip_prefix("properties.")?),
            ("action", _) => within(&self.action.properties, rest.strip_prefix("properties.")?),
            _ => within(self.context, rest),
        }
    }
}

/// A member by its name, which may hold dots itself, or through the objects that the dots divide.
fn within(members: &Map<String, Value>, path: &str) -> Option<Value> {
    if let Some(value) = members.get(path) {
        return Some(value.clone());
    }
    let (first, rest) = path.split_once('.')?;
    within(members.get(first)?.as_object()?, rest)
}
