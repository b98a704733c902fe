//! From the `Condition` element to tests.

use crate::condition::{Test, ValueKind, WrongValue};
use crate::element::{Scalars, object, short, strings};
use crate::error::PolicyError;
use crate::json::Json;
use crate::language::Language;
use crate::operator::ConditionOperator;

/// `{ Operator: { Key: value | [value, …] } }`. The whole may be empty (editors write it so), its parts may not.
pub(crate) fn conditions(
    json: Option<Json>,
    path: &str,
    language: Language,
) -> Result<Box<[Test]>, PolicyError> {
    let Some(json) = json else { return Ok(Box::default()) };
    let path = format!("{path}.Condition");
    let mut tests = Vec::new();
    for (name, keys) in object(json, "Condition", &path)? {
        let path = format!("{path}.{}", short(&name));
        let operator = ConditionOperator::from_name(&name, language).ok_or_else(|| {
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
            let test = Test::new(operator, &key, &values, language).map_err(|(wrong, at)| {
                let value = short(values.get(at).map_or("", String::as_str));
                let reason = match wrong {
                    WrongValue::Kind(kind) => format!("`{value}` is not {}", example(kind)),
                    WrongValue::Template(reason) => format!("`{value}` {reason}"),
                };
                PolicyError::at(path, reason)
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
