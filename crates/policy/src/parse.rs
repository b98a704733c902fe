//! From a document to statements: the grammar, strictly, with the path of whatever is wrong.

use crate::condition::{Test, ValueKind};
use crate::error::PolicyError;
use crate::glob::Glob;
use crate::json::Json;
use crate::operator::Operator;
use crate::policy::Effect;

/// A statement as it was written, checked.
pub(crate) struct Statement {
    pub(crate) effect: Effect,
    /// Whether `actions` came as `NotAction`.
    pub(crate) inverted: bool,
    pub(crate) actions: Box<[Glob]>,
    pub(crate) resources: Box<[Glob]>,
    pub(crate) tests: Box<[Test]>,
}

/// Parses a whole document.
pub(crate) fn parse(document: &str) -> Result<Vec<Statement>, PolicyError> {
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
    match version {
        Some(Json::Text(version)) if version == "1" => {}
        Some(Json::Text(_)) => {
            return Err(PolicyError::at("Version", "must be \"1\", there is no other version"));
        }
        Some(other) => {
            return Err(PolicyError::at(
                "Version",
                format!("is {}, write it as the string \"1\"", other.kind()),
            ));
        }
        None => return Err(PolicyError::at("Version", "is missing, add \"Version\": \"1\"")),
    }
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
        .map(|(index, json)| statement(json, &format!("Statement[{index}]")))
        .collect()
}

fn statement(json: Json, path: &str) -> Result<Statement, PolicyError> {
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
    let effect = match effect {
        Some(Json::Text(effect)) if effect == "Allow" => Effect::Allow,
        Some(Json::Text(effect)) if effect == "Deny" => Effect::Deny,
        Some(_) => {
            return Err(PolicyError::at(
                format!("{path}.Effect"),
                "must be \"Allow\" or \"Deny\", in this case",
            ));
        }
        None => {
            return Err(PolicyError::at(format!("{path}.Effect"), "is missing, add \"Allow\" or \"Deny\""));
        }
    };
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
    let actions = patterns(actions, &format!("{path}.{element}"), check_action)?;
    let path_of_resource = format!("{path}.Resource");
    let resource = resource
        .ok_or_else(|| PolicyError::at(path_of_resource.as_str(), "is missing, add it or write \"*\""))?;
    let resources = patterns(resource, &path_of_resource, check_resource)?;
    let tests = match condition {
        Some(condition) => conditions(condition, &format!("{path}.Condition"))?,
        None => Box::default(),
    };
    Ok(Statement { effect, inverted, actions, resources, tests })
}

/// `{ Operator: { Key: value | [value, …] } }`. The whole may be empty (editors write it so), its parts may not.
fn conditions(json: Json, path: &str) -> Result<Box<[Test]>, PolicyError> {
    let mut tests = Vec::new();
    for (name, keys) in object(json, "Condition", path)? {
        let path = format!("{path}.{}", short(&name));
        let operator = Operator::from_name(&name).ok_or_else(|| {
            PolicyError::at(path.as_str(), "is not a condition operator of the policy language")
        })?;
        let keys = object(keys, "an operator", &path)?;
        if keys.is_empty() {
            return Err(PolicyError::at(path, "has no condition key, add one or remove the operator"));
        }
        for (key, values) in keys {
            let path = format!("{path}[\"{}\"]", short(&key));
            check_key(&key).map_err(|reason| PolicyError::at(path.as_str(), reason))?;
            let values = strings(values, &path, Scalars::Any)?;
            let test = Test::new(operator, &key, &values).map_err(|(kind, at)| {
                let value = values.get(at).map_or("", String::as_str);
                PolicyError::at(path, format!("`{}` is not {}", short(value), example(kind)))
            })?;
            tests.push(test);
        }
    }
    Ok(tests.into())
}

fn example(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Text => "text",
        ValueKind::Number => "a decimal number, write it like 10 or 0.5",
        ValueKind::Date => "an ISO 8601 date and time with offset, write it like 2026-01-31T23:59:59Z",
        ValueKind::Bool => "`true` or `false`",
        ValueKind::Ip => "an IP address or CIDR block, write it like 192.0.2.1 or 192.0.2.0/24",
    }
}

fn check_key(key: &str) -> Result<(), &'static str> {
    match key.split_once(':') {
        Some((service, name)) if !service.is_empty() && !name.is_empty() && key.trim() == key => Ok(()),
        _ => Err("is not a condition key, write it as `service:key`"),
    }
}

fn check_action(action: &str) -> Result<(), &'static str> {
    if action.chars().any(|letter| letter.is_whitespace() || letter.is_control()) {
        Err("holds a blank or control character, which no action has")
    } else if action.contains([':', '*']) {
        Ok(())
    } else {
        Err("is not an action, write it as `service:Name` or `*`")
    }
}

/// A resource must be able to match something that begins with `acs:`; anything else would never apply.
fn check_resource(resource: &str) -> Result<(), &'static str> {
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

fn patterns(
    json: Json,
    path: &str,
    check: impl Fn(&str) -> Result<(), &'static str>,
) -> Result<Box<[Glob]>, PolicyError> {
    let texts = strings(json, path, Scalars::Strings)?;
    for text in &texts {
        check(text).map_err(|reason| PolicyError::at(path, format!("`{}` {reason}", short(text))))?;
    }
    Ok(texts.iter().map(|text| Glob::new(text)).collect())
}

/// Which scalars are taken as strings.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scalars {
    Strings,
    /// Booleans and numbers too: the language quotes them, people forget to.
    Any,
}

/// One string or a list of at least one.
fn strings(json: Json, path: &str, scalars: Scalars) -> Result<Vec<String>, PolicyError> {
    let list = match json {
        Json::List(list) => list,
        single => vec![single],
    };
    if list.is_empty() {
        return Err(PolicyError::at(path, "is empty, add at least one value"));
    }
    list.into_iter()
        .map(|item| match item {
            Json::Text(text) => Ok(text),
            Json::Bool(value) if scalars == Scalars::Any => Ok(value.to_string()),
            Json::Number(value) if scalars == Scalars::Any => Ok(value),
            other => Err(PolicyError::at(path, format!("holds {}, write a string", other.kind()))),
        })
        .collect()
}

fn object(json: Json, what: &str, path: &str) -> Result<Vec<(String, Json)>, PolicyError> {
    match json {
        Json::Object(members) => Ok(members),
        other => Err(PolicyError::at(path, format!("{what} must be a JSON object, not {}", other.kind()))),
    }
}

fn unknown(path: &str, name: &str, known: &str) -> PolicyError {
    let name = short(name);
    let path = if path.is_empty() { name } else { format!("{path}.{name}") };
    PolicyError::at(path, format!("is not an element of the policy language, remove it (known: {known})"))
}

/// The beginning of what the caller wrote, short enough for a message.
fn short(text: &str) -> String {
    match text.char_indices().nth(64) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
