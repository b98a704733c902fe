//! Conditions that are never met, or always.

use ipnet::IpNet;

use crate::condition::{PRINCIPAL_TAG, ValueKind};
use crate::json::Json;
use crate::language::Language;
use crate::lint::finding::{Findings, Rule};
use crate::lint::nearest::nearest;
use crate::lint::place::{Place, items};
use crate::operator::{Comparison, ConditionOperator, Operator, SetOperator};
use crate::policy::Effect;

/// The global keys that there are, with the kind of their values. Those with a `/` go on with a name.
const KEYS: [(&str, ValueKind); 15] = [
    ("acs:CurrentTime", ValueKind::Date),
    ("acs:SecureTransport", ValueKind::Bool),
    ("acs:SourceIp", ValueKind::Ip),
    ("acs:MFAPresent", ValueKind::Bool),
    ("acs:PrincipalARN", ValueKind::Text),
    ("acs:PrincipalRDId", ValueKind::Text),
    ("acs:PrincipalRDPath", ValueKind::Text),
    ("acs:RequestTag/", ValueKind::Text),
    ("acs:ResourceTag/", ValueKind::Text),
    (PRINCIPAL_TAG, ValueKind::Text),
    ("acs:SourceVpc", ValueKind::Text),
    ("acs:SourceIdentity", ValueKind::Text),
    ("acs:Service", ValueKind::Text),
    ("acs:UserAgent", ValueKind::Text),
    ("acs:Referer", ValueKind::Text),
];

pub(crate) fn check(
    place: &Place,
    statement: &Json,
    effect: Effect,
    language: Language,
    findings: &mut Findings<'_>,
) {
    let place = place.member("Condition");
    let Some(Json::Object(operators)) = statement.get("Condition") else { return };
    if operators.is_empty() {
        let message = "the condition is empty and so always met".to_owned();
        findings.add(Rule::EmptyCondition, &place, message, Some("remove it".to_owned()));
    }
    for (name, keys) in operators {
        let (place, operator) = (place.member(name), ConditionOperator::from_name(name, language));
        let (Some(operator), Json::Object(keys)) = (operator, keys) else { continue };
        for (key, values) in keys {
            let place = place.member(key);
            known(&place, key, operator, language, findings);
            if operator.set == Some(SetOperator::ForAllValues)
                && effect == Effect::Allow
                && !asks_for(operators, key)
            {
                let message = format!("{operator} is met when the request has no `{key}`, and so allows it");
                let fix = format!(r#"add "Null": {{"{key}": "false"}}"#);
                findings.add(Rule::VacuousForAll, &place, message, Some(fix));
            }
            for (place, value) in items(&place, values) {
                if let Some(value) = value.as_text() {
                    variables(&place, value, language, findings);
                    one(&place, key, operator.operator, value, findings);
                }
            }
        }
    }
}

/// Whether another condition makes sure that the key is there.
fn asks_for(operators: &[(String, Json)], key: &str) -> bool {
    operators.iter().any(|(name, keys)| {
        let Json::Object(keys) = keys else { return false };
        let there = keys.iter().find(|(own, _)| own.eq_ignore_ascii_case(key)).map(|(_, value)| value);
        let is_false = |value: &Json| match value {
            Json::Bool(yes) => !yes,
            Json::Text(text) => text.eq_ignore_ascii_case("false"),
            _ => false,
        };
        let all_false = |value| items(&Place::default(), value).iter().all(|(_, value)| is_false(value));
        match name.as_str() {
            "Null" => there.is_some_and(all_false),
            _ => there.is_some() && name.starts_with("ForAnyValue:") && !name.ends_with("IfExists"),
        }
    })
}

/// Whether there is such a key, and whether it has what the operator compares.
fn known(
    place: &Place,
    key: &str,
    operator: ConditionOperator,
    language: Language,
    findings: &mut Findings<'_>,
) {
    let Some((name, kind)) = exists(place, key, findings) else { return };
    if *name == PRINCIPAL_TAG && language == Language::Standard {
        let message = format!("`{key}` exists only in the extended language, so no request has it here");
        let fix = "write \"Version\": \"1-extended\", or ask for acs:PrincipalARN".to_owned();
        findings.add(Rule::UnknownKey, place, message, Some(fix));
        return;
    }
    let compares = match operator.operator.comparison() {
        Comparison::Missing => return,
        Comparison::Text | Comparison::TextIgnoreCase | Comparison::Like => ValueKind::Text,
        Comparison::Numeric(_) => ValueKind::Number,
        Comparison::Date(_) => ValueKind::Date,
        Comparison::Bool => ValueKind::Bool,
        Comparison::Ip => ValueKind::Ip,
    };
    if compares != *kind {
        let better = match kind {
            ValueKind::Text => "StringEquals or StringLike",
            ValueKind::Number => "NumericEquals or another Numeric operator",
            ValueKind::Date => "DateLessThan or another Date operator",
            ValueKind::Bool => "Bool",
            ValueKind::Ip => "IpAddress or NotIpAddress",
        };
        let message = format!("`{key}` is {kind}, and {operator} compares {compares}");
        findings.add(Rule::WrongOperator, place, message, Some(format!("use {better}")));
    }
}

/// The key, if there is one of the name.
fn exists(
    place: &Place,
    key: &str,
    findings: &mut Findings<'_>,
) -> Option<&'static (&'static str, ValueKind)> {
    // Services have keys of their own, which nobody here knows.
    if !key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("acs:")) {
        return None;
    }
    let is = |(name, _): &&(&str, ValueKind)| match name.ends_with('/') {
        true => {
            key.len() > name.len() && key.get(..name.len()).is_some_and(|own| own.eq_ignore_ascii_case(name))
        }
        false => key.eq_ignore_ascii_case(name),
    };
    let known = KEYS.iter().find(is);
    if known.is_none() {
        let meant = nearest(key, KEYS.iter().map(|(name, _)| *name));
        let fix = meant.map(|meant| format!("write `{meant}`"));
        findings.add(Rule::UnknownKey, place, format!("no request has a `{key}`"), fix);
    }
    known
}

/// Variables where there are none, and variables that have no value in any request.
pub(crate) fn variables(place: &Place, text: &str, language: Language, findings: &mut Findings<'_>) {
    if !text.contains("${") {
        return;
    }
    if language == Language::Standard {
        let message = format!("`{text}` is taken as it stands, the standard language has no variables");
        let fix = "write \"Version\": \"1-extended\", or a policy for each of what is meant".to_owned();
        findings.add(Rule::LiteralVariable, place, message, Some(fix));
        return;
    }
    let names = text.split("${").skip(1).filter_map(|rest| rest.split_once('}'));
    for (name, _) in names {
        exists(place, name, findings);
    }
}

/// One value.
fn one(place: &Place, key: &str, operator: Operator, value: &str, findings: &mut Findings<'_>) {
    match operator.comparison() {
        Comparison::Text | Comparison::TextIgnoreCase => {
            // The region of a RAM ARN may be written so.
            let arn = key.eq_ignore_ascii_case("acs:PrincipalARN");
            let rest = value.strip_prefix("acs:ram:*:").filter(|_| arn).unwrap_or(value);
            let literal = rest.replace("${*}", "").replace("${?}", "");
            if literal.contains(['*', '?']) {
                let better = if operator.is_negated() { "StringNotLike" } else { "StringLike" };
                let message = format!("{operator} takes the wildcard in `{value}` for an ordinary character");
                findings.add(Rule::LiteralWildcard, place, message, Some(format!("use {better}")));
            }
        }
        Comparison::Ip => address(place, operator, value, findings),
        _ => {}
    }
}

fn address(place: &Place, operator: Operator, value: &str, findings: &mut Findings<'_>) {
    if matches!(value, "0.0.0.0" | "::") {
        let message = format!("no request comes from `{value}`");
        let fix = format!("write `{value}/0` for all addresses, or those that are meant");
        findings.add(Rule::NoAddress, place, message, Some(fix));
        return;
    }
    let Ok(network) = value.parse::<IpNet>() else { return };
    if network.prefix_len() == 0 {
        let always = if operator.is_negated() { "never" } else { "always" };
        let message = format!("`{value}` holds every address, so {operator} is {always} met");
        let fix = "name the addresses that are meant, or remove the condition".to_owned();
        findings.add(Rule::AnyAddress, place, message, Some(fix));
    } else if network.addr() != network.network() {
        let message = format!("`{value}` is the whole block `{}`", network.trunc());
        findings.add(Rule::HostBits, place, message, Some(format!("write `{}`", network.trunc())));
    }
}
