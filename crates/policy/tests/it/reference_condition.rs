//! The conditions of the second evaluator.

use std::net::IpAddr;

use regex::Regex;

use crate::generator::{Fact, Question};
use crate::reference::{Pattern, glob, ignores_case, spellings};
use crate::reference_template::{fill, matches, matches_name, plain};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    No,
    Error,
}

pub(crate) struct Condition {
    /// Without `Not`, set and `IfExists`.
    operator: String,
    set: String,
    if_exists: bool,
    negated: bool,
    key: String,
    values: Vec<String>,
    /// The values that hold variables.
    templates: Vec<String>,
    globs: Vec<Regex>,
    names: Vec<Pattern>,
    hidden: bool,
}

impl Condition {
    pub(crate) fn new(operator: &str, key: &str, values: Vec<String>, extended: bool) -> Self {
        let key = key.to_ascii_lowercase();
        let (set, operator) = operator.split_once(':').unwrap_or(("", operator));
        let (operator, if_exists) = match operator.strip_suffix("IfExists") {
            Some(operator) => (operator, true),
            None => (operator, false),
        };
        let (templates, values): (Vec<String>, Vec<String>) =
            values.into_iter().partition(|value| extended && value.contains("${"));
        let like = operator.ends_with("Like");
        let named = key == "acs:principalarn";
        let globs = values.iter().filter(|_| like && !named).map(|value| glob(value)).collect();
        let names = values.iter().filter(|_| like && named).map(|value| Pattern::new(value)).collect();
        Self {
            operator: operator.replace("Not", ""),
            set: set.to_owned(),
            if_exists,
            negated: operator.contains("Not"),
            hidden: !extended && key.starts_with("acs:principaltag/"),
            key,
            values,
            templates,
            globs,
            names,
        }
    }

    pub(crate) fn answer(&self, question: &Question) -> Answer {
        let found = question.facts.iter().find(|(key, _)| key.to_ascii_lowercase() == self.key);
        let several: Vec<Fact> = match found {
            Some(_) if self.hidden => vec![],
            Some((_, Fact::Texts(texts))) => {
                texts.iter().map(|text| Fact::Text((*text).to_owned())).collect()
            }
            Some((_, single)) => vec![single.clone()],
            None => vec![],
        };
        let yes = |yes: bool| if yes { Answer::Yes } else { Answer::No };
        if self.operator == "Null" {
            return yes(self.values.iter().any(|value| boolean(value) == Some(several.is_empty())));
        }
        if several.is_empty() {
            let otherwise = match self.set.as_str() {
                "" => self.negated,
                "ForAnyValue" => false,
                _ => true,
            };
            return yes(self.if_exists || otherwise);
        }
        // Whether each value meets the operator, negation included; none for an error.
        let met: Vec<Option<bool>> = several
            .iter()
            .map(|fact| self.matches(fact, question).map(|matched| matched != self.negated))
            .collect();
        // One that is met does for a positive operator, one that is not met does against a negated one.
        let any = self.set == "ForAnyValue" || (self.set.is_empty() && !self.negated);
        match any {
            true if met.contains(&Some(true)) => Answer::Yes,
            false if met.contains(&Some(false)) => Answer::No,
            _ if met.contains(&None) => Answer::Error,
            _ => yes(!any),
        }
    }

    /// Whether any value matches, those with variables included; none for an error.
    fn matches(&self, fact: &Fact, question: &Question) -> Option<bool> {
        if self.matches_plain(fact)? {
            return Some(true);
        }
        let found = if self.templates.is_empty() { return Some(false) } else { text(fact) };
        let named = self.key == "acs:principalarn";
        let mut missing = false;
        for template in &self.templates {
            let Some(letters) = fill(template, self.operator == "StringLike", question) else {
                missing = true;
                continue;
            };
            let same = match (self.operator.as_str(), named) {
                ("StringLike", true) => matches_name(&letters, &found),
                ("StringLike", false) => matches(&letters, &found.chars().collect::<Vec<_>>()),
                ("StringEquals", true) => matches_name(&letters, &found),
                ("StringEquals", false) => plain(&letters) == found,
                ("StringEqualsIgnoreCase", true) => {
                    spellings(&found).iter().any(|found| plain(&letters).eq_ignore_ascii_case(found))
                }
                _ => plain(&letters).to_lowercase() == found.to_lowercase(),
            };
            if same {
                return Some(true);
            }
        }
        if missing { None } else { Some(false) }
    }

    /// Whether any value matches; none for an error.
    fn matches_plain(&self, fact: &Fact) -> Option<bool> {
        let operator = self.operator.as_str();
        if operator.starts_with("String") {
            return Some(self.text_matches(operator, &text(fact)));
        }
        if operator == "Bool" {
            let found = match fact {
                Fact::Bool(yes) => *yes,
                Fact::Text(text) => boolean(text)?,
                _ => return None,
            };
            return Some(self.values.iter().any(|value| boolean(value) == Some(found)));
        }
        if operator == "IpAddress" {
            let found = match fact {
                Fact::Ip(address) => *address,
                Fact::Text(text) => text.parse().ok()?,
                _ => return None,
            };
            return Some(self.values.iter().any(|value| in_network(found, value)));
        }
        let (found, values): (f64, Vec<f64>) = if let Some(_relation) = operator.strip_prefix("Numeric") {
            let found = match fact {
                Fact::Number(text) | Fact::Text(text) => text.parse().ok()?,
                _ => return None,
            };
            (found, self.values.iter().map(|value| value.parse().unwrap()).collect())
        } else {
            let found = match fact {
                Fact::Time(milliseconds) => *milliseconds as f64 / 1000.0,
                Fact::Text(text) => seconds(text)?,
                _ => return None,
            };
            (found, self.values.iter().map(|value| seconds(value).unwrap()).collect())
        };
        let relation = operator.trim_start_matches("Numeric").trim_start_matches("Date");
        Some(values.iter().any(|value| match relation {
            "Equals" => found == *value,
            "LessThan" => found < *value,
            "LessThanEquals" => found <= *value,
            "GreaterThan" => found > *value,
            "GreaterThanEquals" => found >= *value,
            other => panic!("no such relation: {other}"),
        }))
    }

    fn text_matches(&self, operator: &str, found: &str) -> bool {
        let named = self.key == "acs:principalarn";
        match operator {
            "StringLike" => {
                self.globs.iter().any(|glob| glob.is_match(found))
                    || self.names.iter().any(|name| name.matches(found))
            }
            "StringEquals" if named => {
                let same = |left: &str, right: &str| {
                    if ignores_case(found) { left.eq_ignore_ascii_case(right) } else { left == right }
                };
                self.values.iter().any(|value| spellings(found).iter().any(|found| same(value, found)))
            }
            "StringEqualsIgnoreCase" if named => {
                let same =
                    |value: &String| spellings(found).iter().any(|found| value.eq_ignore_ascii_case(found));
                self.values.iter().any(same)
            }
            "StringEquals" => self.values.iter().any(|value| value == found),
            "StringEqualsIgnoreCase" => {
                self.values.iter().any(|value| value.to_lowercase() == found.to_lowercase())
            }
            other => panic!("no such operator: {other}"),
        }
    }
}

fn text(fact: &Fact) -> String {
    match fact {
        Fact::Text(text) => text.clone(),
        Fact::Ip(address) => address.to_canonical().to_string(),
        Fact::Bool(yes) => yes.to_string(),
        Fact::Number(number) => number.clone(),
        Fact::Time(milliseconds) => milliseconds.to_string(),
        Fact::Texts(_) => panic!("several values are taken one by one"),
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// The address as bits, IPv4 inside of IPv6.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(four) => u128::from(four.to_ipv6_mapped()),
        IpAddr::V6(six) => u128::from(six),
    }
}

fn in_network(found: IpAddr, network: &str) -> bool {
    let (base, prefix) =
        network.split_once('/').map_or((network, None), |(base, prefix)| (base, Some(prefix)));
    let base: IpAddr = base.parse().unwrap();
    let prefix: u32 = prefix.map_or(if base.is_ipv4() { 32 } else { 128 }, |prefix| prefix.parse().unwrap());
    let length = if base.is_ipv4() { 96 + prefix } else { prefix };
    (bits(found) ^ bits(base)).leading_zeros() >= length
}

/// Seconds since 1970 of `YYYY-MM-DDThh:mm:ss[.f](Z|±hh:mm)`.
fn seconds(text: &str) -> Option<f64> {
    let (date, rest) = text.split_once('T')?;
    let date: Vec<i64> = date.split('-').map(|part| part.parse().unwrap()).collect();
    let at = rest.find(['Z', '+', '-'])?;
    let clock: Vec<f64> = rest[..at].split(':').map(|part| part.parse().unwrap()).collect();
    let offset = match &rest[at..] {
        "Z" => 0.0,
        offset => {
            let (hours, minutes) = offset[1..].split_once(':')?;
            let minutes = hours.parse::<f64>().ok()? * 60.0 + minutes.parse::<f64>().ok()?;
            if offset.starts_with('-') { -minutes } else { minutes }
        }
    };
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let mut days: i64 = (1970..date[0]).map(|year| if leap(year) { 366 } else { 365 }).sum();
    let months = [31, if leap(date[0]) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    days += months.iter().zip(1..date[1]).map(|(length, _)| length).sum::<i64>() + date[2] - 1;
    Some(days as f64 * 86400.0 + clock[0] * 3600.0 + clock[1] * 60.0 + clock[2] - offset * 60.0)
}
