//! From a document to statements: the grammar, strictly, with the path of whatever is wrong.

use crate::condition::Test;
use crate::element::{Scalars, object, patterns, short, strings, unknown};
use crate::error::PolicyError;
use crate::glob::Glob;
use crate::json::Json;
use crate::language::Language;
use crate::parse_condition::conditions;
use crate::policy::Effect;
use crate::reach::Reach;
use crate::template::{Template, Wildcards};

/// A statement as it was written, checked.
pub(crate) struct Statement {
    pub(crate) effect: Effect,
    /// Whether `actions` came as `NotAction`.
    pub(crate) inverted: bool,
    pub(crate) actions: Box<[Glob]>,
    pub(crate) resources: Reach,
    pub(crate) tests: Box<[Test]>,
}

/// Parses a whole document.
pub(crate) fn parse(document: &str) -> Result<Vec<Statement>, PolicyError> {
    each_statement(document, statement)
}

/// Checks the frame of a document and hands each statement on, with its path and the language that it is written in.
pub(crate) fn each_statement<S>(
    document: &str,
    statement: impl Fn(Json, &str, Language) -> Result<S, PolicyError>,
) -> Result<Vec<S>, PolicyError> {
    let json = Json::parse(document)
        .map_err(|error| PolicyError::at("", format!("the policy document is not valid JSON: {error}")))?;
    let members = object(json, "the policy document", "")?;
    let (mut version, mut statements) = (None, None);
    for (name, value) in members {
        match name.as_str() {
            "Version" => version = Some(value),
            "Statement" => statements = Some(value),
            _ => return Err(unknown("", &name, "Version and Statement")),
        }
    }
    let language = Language::of(version.as_ref())?;
    let statements = statements
        .ok_or_else(|| PolicyError::at("Statement", "is missing, add a list with at least one statement"))?;
    let list = match statements {
        Json::List(list) => list,
        single => vec![single],
    };
    if list.is_empty() {
        return Err(PolicyError::at("Statement", "is empty, add at least one statement"));
    }
    list.into_iter()
        .enumerate()
        .map(|(index, json)| statement(json, &format!("Statement[{index}]"), language))
        .collect()
}

fn statement(json: Json, path: &str, language: Language) -> Result<Statement, PolicyError> {
    let (mut effect, mut action, mut not_action, mut resource, mut condition) =
        (None, None, None, None, None);
    for (name, value) in object(json, "a statement", path)? {
        match name.as_str() {
            "Effect" => effect = Some(value),
            "Action" => action = Some(value),
            "NotAction" => not_action = Some(value),
            "Resource" => resource = Some(value),
            "Condition" => condition = Some(value),
            "Principal" => {
                let reason = "stands only in trust policies of roles, remove it from this policy";
                return Err(PolicyError::at(format!("{path}.Principal"), reason));
            }
            _ => return Err(unknown(path, &name, "Effect, Action, NotAction, Resource and Condition")),
        }
    }
    let effect = read_effect(effect, path)?;
    let (inverted, actions) = read_actions(action, not_action, path, check_action)?;
    let path_of_resource = format!("{path}.Resource");
    let resource = resource
        .ok_or_else(|| PolicyError::at(path_of_resource.as_str(), "is missing, add it or write \"*\""))?;
    let resources = resources(resource, &path_of_resource, language)?;
    let tests = conditions(condition, path, language)?;
    Ok(Statement { effect, inverted, actions, resources, tests })
}

fn resources(json: Json, path: &str, language: Language) -> Result<Reach, PolicyError> {
    let (mut globs, mut templates) = (Vec::new(), Vec::new());
    for text in strings(json, path, Scalars::Strings)? {
        let wrong = |reason| PolicyError::at(path, format!("`{}` {reason}", short(&text)));
        let template = match language {
            Language::Standard => None,
            Language::Extended => Template::new(&text, Wildcards::Mean).map_err(wrong)?,
        };
        match template {
            Some(template) => {
                check_resource(&template.widest()).map_err(wrong)?;
                templates.push(template);
            }
            None => {
                check_resource(&text).map_err(wrong)?;
                globs.push(Glob::new(&text));
            }
        }
    }
    Ok(Reach { globs: globs.into(), templates: templates.into() })
}

/// Reads `Effect`.
pub(crate) fn read_effect(effect: Option<Json>, path: &str) -> Result<Effect, PolicyError> {
    let wrong = |reason| PolicyError::at(format!("{path}.Effect"), reason);
    match effect {
        Some(Json::Text(effect)) if effect == "Allow" => Ok(Effect::Allow),
        Some(Json::Text(effect)) if effect == "Deny" => Ok(Effect::Deny),
        Some(_) => Err(wrong("must be \"Allow\" or \"Deny\", in this case")),
        None => Err(wrong("is missing, add \"Allow\" or \"Deny\"")),
    }
}

/// Reads `Action` or `NotAction`, exactly one of them; the Boolean says whether it was the latter.
pub(crate) fn read_actions(
    action: Option<Json>,
    not_action: Option<Json>,
    path: &str,
    check: impl Fn(&str) -> Result<(), &'static str>,
) -> Result<(bool, Box<[Glob]>), PolicyError> {
    let (inverted, element, actions) = match (action, not_action) {
        (Some(actions), None) => (false, "Action", actions),
        (None, Some(actions)) => (true, "NotAction", actions),
        (None, None) => {
            return Err(PolicyError::literal("Add an Action or NotAction element to the policy statement."));
        }
        (Some(_), Some(_)) => {
            return Err(PolicyError::at(path, "has both Action and NotAction, keep one of them"));
        }
    };
    Ok((inverted, patterns(actions, &format!("{path}.{element}"), check)?))
}

pub(crate) fn check_action(action: &str) -> Result<(), &'static str> {
    if action.chars().any(|letter| letter.is_whitespace() || letter.is_control()) {
        Err("holds a blank or control character, which no action has")
    } else if action.contains([':', '*']) {
        Ok(())
    } else {
        Err("is not an action, write it as `service:Name` or `*`")
    }
}

/// A resource must be able to match something that begins with `acs:`; anything else would never apply.
pub(crate) fn check_resource(resource: &str) -> Result<(), &'static str> {
    let mut rest = resource.bytes();
    for expected in *b"acs:" {
        match rest.next() {
            Some(b'*') => return Ok(()),
            Some(byte) if byte == b'?' || byte == expected => {}
            _ => return Err("is not a resource, write it as `acs:service:region:account:name` or `*`"),
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
