//! Rules about attributes: the language of fixtures, and of nothing else.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

use super::request::{Evaluation, Members};

/// What a rule is asked about: the question, whose properties win, and those that the file knows.
pub(super) struct Facts<'a> {
    pub(super) asked: &'a Evaluation<'a>,
    pub(super) of_subject: Option<&'a Members>,
    pub(super) of_resource: Option<&'a Members>,
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
        let among = |names: &Option<Vec<String>>, name: &str| {
            names.as_ref().is_none_or(|names| names.iter().any(|own| own == name))
        };
        among(&self.actions, facts.asked.action.name)
            && among(&self.resource_types, facts.asked.resource.kind)
            && self.when.iter().all(|condition| condition.holds(facts))
    }
}

impl Condition {
    /// An attribute that is not there is not anything: only `is_not` holds of it.
    fn holds(&self, facts: &Facts<'_>) -> bool {
        let value = facts.value(&self.attribute);
        if let Some(wanted) = &self.is {
            value.as_deref() == Some(wanted)
        } else if let Some(other) = &self.is_not {
            value.as_deref() != Some(other)
        } else if let Some(list) = &self.r#in {
            value.is_some_and(|value| list.contains(&value))
        } else if let Some(attribute) = &self.same_as {
            value.is_some() && value == facts.value(attribute)
        } else if let Some(item) = &self.contains {
            value.as_deref().and_then(Value::as_array).is_some_and(|list| list.contains(item))
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

impl<'a> Facts<'a> {
    fn value(&self, path: &str) -> Option<Cow<'a, Value>> {
        let Evaluation { subject, action, resource, context } = self.asked;
        let (whose, rest) = path.split_once('.')?;
        let text = |text: &str| Some(Cow::Owned(Value::String(text.to_owned())));
        let property = |own, known| within(own, known, rest.strip_prefix("properties.")?);
        let value = match (whose, rest) {
            ("subject", "type") => return text(subject.kind),
            ("subject", "id") => return text(subject.id),
            ("resource", "type") => return text(resource.kind),
            ("resource", "id") => return text(resource.id),
            ("action", "name") => return text(action.name),
            ("subject", _) => property(subject.properties, self.of_subject),
            ("resource", _) => property(resource.properties, self.of_resource),
            ("action", _) => property(action.properties, None),
            _ => within(*context, None, rest),
        };
        value.map(Cow::Borrowed)
    }
}

/// A member by its name, which may hold dots itself, or through the objects that the dots divide. One of `own` hides the
/// other's of the same name.
fn within<'a>(own: Option<&'a Members>, known: Option<&'a Members>, path: &str) -> Option<&'a Value> {
    let member = |name: &str| own.and_then(|own| own.get(name)).or_else(|| known?.get(name));
    member(path).or_else(|| {
        let (first, rest) = path.split_once('.')?;
        within(Some(member(first)?.as_object()?), None, rest)
    })
}
