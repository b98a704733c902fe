//! Compiled conditions: which values an operator wants for a key, and whether a request brings one.

use std::fmt;

use ipnet::IpNet;
use jiff::Timestamp;

use crate::context::{Context, Value, parse_bool, parse_time};
use crate::glob::Glob;
use crate::number::Number;
use crate::operator::{Comparison, Operator, Relation};
use crate::resource::Resource;

/// What kind of value an operator needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ValueKind {
    /// Any text.
    Text,
    /// A decimal number.
    Number,
    /// An ISO 8601 date and time with offset.
    Date,
    /// `true` or `false`.
    Bool,
    /// An IP address; in a policy also a CIDR block.
    Ip,
}

impl fmt::Display for ValueKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Text => "text",
            Self::Number => "a number",
            Self::Date => "a date",
            Self::Bool => "`true` or `false`",
            Self::Ip => "an IP address",
        })
    }
}

/// The request brought a value that the operator cannot compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConditionError {
    /// Which condition of the statement, in document order; [`crate::Policy::condition_key`] names its key.
    pub condition: usize,
    /// The operator.
    pub operator: Operator,
    /// What it needs.
    pub expected: ValueKind,
}

/// One operator applied to one key. A statement's conditions are a list of these, all of which must be met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Test {
    pub(crate) operator: Operator,
    pub(crate) key: Box<str>,
    wanted: Wanted,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    Texts(Box<[Box<str>]>),
    TextsIgnoreCase(Box<[Box<str>]>),
    Globs(Box<[Glob]>),
    /// Names of principals, as [`Wanted::Texts`], [`Wanted::TextsIgnoreCase`] and [`Wanted::Globs`].
    Names(Box<[Box<str>]>),
    NamesIgnoreCase(Box<[Box<str>]>),
    NameGlobs(Box<[Glob]>),
    Numbers(Box<[Number]>, Relation),
    Times(Box<[i64]>, Relation),
    Bools(Box<[bool]>),
    Networks(Box<[IpNet]>),
}

/// What became of all conditions of a statement together.
pub(crate) enum Truth {
    Met,
    NotMet,
    /// None is plainly not met, but this one cannot be told.
    Unknown(ConditionError),
}

impl Test {
    /// Compiles the values of an operator. Fails with the first value that can never be right for it.
    pub(crate) fn new(operator: Operator, key: &str, values: &[String]) -> Result<Self, (ValueKind, usize)> {
        // The value of this key is an ARN that the system writes, see `resource`.
        let names = key.eq_ignore_ascii_case("acs:PrincipalARN");
        let texts = || values.iter().map(|value| value.as_str().into()).collect();
        let globs = || values.iter().map(|value| Glob::new(value)).collect();
        let wanted = match operator.comparison() {
            Comparison::Text if names => Wanted::Names(texts()),
            Comparison::Text => Wanted::Texts(texts()),
            Comparison::TextIgnoreCase if names => Wanted::NamesIgnoreCase(texts()),
            Comparison::TextIgnoreCase => Wanted::TextsIgnoreCase(texts()),
            Comparison::Like if names => Wanted::NameGlobs(globs()),
            Comparison::Like => Wanted::Globs(globs()),
            Comparison::Numeric(relation) => {
                Wanted::Numbers(each(values, ValueKind::Number, |value| value.parse().ok())?, relation)
            }
            Comparison::Date(relation) => Wanted::Times(each(values, ValueKind::Date, parse_time)?, relation),
            Comparison::Bool => Wanted::Bools(each(values, ValueKind::Bool, parse_bool)?),
            Comparison::Ip => Wanted::Networks(each(values, ValueKind::Ip, parse_network)?),
        };
        Ok(Self { operator, key: key.into(), wanted })
    }

    /// Whether the request meets this one.
    pub(crate) fn check(&self, context: &Context<'_>) -> Result<bool, ValueKind> {
        let Some(value) = context.find(&self.key) else { return Ok(self.operator.is_negated()) };
        Ok(self.any_value_matches(value)? != self.operator.is_negated())
    }

    fn any_value_matches(&self, found: &Value<'_>) -> Result<bool, ValueKind> {
        match &self.wanted {
            Wanted::Texts(texts) => found.as_text(|found| texts.iter().any(|text| **text == *found)),
            Wanted::TextsIgnoreCase(texts) => {
                found.as_text(|found| texts.iter().any(|text| equal_ignore_case(text, found)))
            }
            Wanted::Globs(globs) => found.as_text(|found| globs.iter().any(|glob| glob.matches(found))),
            Wanted::Names(texts) => found.as_text(|found| {
                let found = Resource::new(found);
                texts.iter().any(|text| found.equals(text))
            }),
            Wanted::NamesIgnoreCase(texts) => found.as_text(|found| {
                let found = Resource::new(found);
                texts.iter().any(|text| found.equals_ignore_ascii_case(text))
            }),
            Wanted::NameGlobs(globs) => found.as_text(|found| {
                let found = Resource::new(found);
                globs.iter().any(|glob| found.matches(glob))
            }),
            Wanted::Numbers(numbers, relation) => {
                found.as_number().map(|found| numbers.iter().any(|number| relation.holds(&found, number)))
            }
            Wanted::Times(times, relation) => {
                found.as_time().map(|found| times.iter().any(|time| relation.holds(&found, time)))
            }
            Wanted::Bools(bools) => found.as_bool().map(|found| bools.contains(&found)),
            Wanted::Networks(networks) => {
                found.as_address().map(|found| networks.iter().any(|network| network.contains(&found)))
            }
        }
    }

    /// The wanted values, for people.
    pub(crate) fn wanted(&self) -> Vec<String> {
        match &self.wanted {
            Wanted::Texts(texts)
            | Wanted::TextsIgnoreCase(texts)
            | Wanted::Names(texts)
            | Wanted::NamesIgnoreCase(texts) => texts.iter().map(ToString::to_string).collect(),
            Wanted::Globs(globs) | Wanted::NameGlobs(globs) => {
                globs.iter().map(|glob| glob.as_str().to_owned()).collect()
            }
            Wanted::Numbers(numbers, _) => numbers.iter().map(Number::to_string).collect(),
            Wanted::Times(times, _) => times
                .iter()
                .map(|time| {
                    Timestamp::from_millisecond(*time)
                        .map_or_else(|_| time.to_string(), |time| time.to_string())
                })
                .collect(),
            Wanted::Bools(bools) => bools.iter().map(bool::to_string).collect(),
            Wanted::Networks(networks) => networks.iter().map(IpNet::to_string).collect(),
        }
    }
}

/// Judges all conditions of a statement: a plain "not met" decides even when another one cannot be told.
pub(crate) fn judge(tests: &[Test], context: &Context<'_>) -> Truth {
    let mut error = None;
    for (condition, test) in tests.iter().enumerate() {
        match test.check(context) {
            Ok(true) => {}
            Ok(false) => return Truth::NotMet,
            Err(expected) => {
                error.get_or_insert(ConditionError { condition, operator: test.operator, expected });
            }
        }
    }
    error.map_or(Truth::Met, Truth::Unknown)
}

fn each<T>(
    values: &[String],
    kind: ValueKind,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Box<[T]>, (ValueKind, usize)> {
    values.iter().enumerate().map(|(at, value)| parse(value).ok_or((kind, at))).collect()
}

/// An address, or a block in CIDR notation. IPv4 inside of IPv6 becomes IPv4, as it does in requests.
fn parse_network(text: &str) -> Option<IpNet> {
    let network: IpNet = match text.contains('/') {
        true => text.parse().ok()?,
        false => IpNet::from(text.parse::<std::net::IpAddr>().ok()?),
    };
    match network {
        IpNet::V6(inside) if inside.prefix_len() >= 96 => match inside.addr().to_ipv4_mapped() {
            Some(address) => IpNet::new(address.into(), inside.prefix_len() - 96).ok(),
            None => Some(network),
        },
        _ => Some(network),
    }
}

fn equal_ignore_case(left: &str, right: &str) -> bool {
    left.chars().flat_map(char::to_lowercase).eq(right.chars().flat_map(char::to_lowercase))
}

#[cfg(test)]
#[path = "condition_tests.rs"]
mod tests;
