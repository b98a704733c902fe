//! The values that a condition wants, compiled for its operator, and how one value of a request compares to them.

use ipnet::IpNet;
use jiff::Timestamp;

use crate::condition::{Doubt, ValueKind};
use crate::context::{Context, Value, parse_bool, parse_time};
use crate::glob::{Glob, matches_marked};
use crate::number::Number;
use crate::operator::{Comparison, Operator, Relation};
use crate::resource::Resource;
use crate::template::{Filled, Template};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
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
    /// Whether the key has to be missing.
    Missing(Box<[bool]>),
}

impl Wanted {
    /// Compiles the values of an operator. Fails with the first value that can never be right for it.
    pub(crate) fn new(operator: Operator, key: &str, values: &[String]) -> Result<Self, (ValueKind, usize)> {
        // The value of this key is an ARN that the system writes, see `resource`.
        let names = key.eq_ignore_ascii_case("acs:PrincipalARN");
        let texts = || values.iter().map(|value| value.as_str().into()).collect();
        let globs = || values.iter().map(|value| Glob::new(value)).collect();
        Ok(match operator.comparison() {
            Comparison::Text if names => Self::Names(texts()),
            Comparison::Text => Self::Texts(texts()),
            Comparison::TextIgnoreCase if names => Self::NamesIgnoreCase(texts()),
            Comparison::TextIgnoreCase => Self::TextsIgnoreCase(texts()),
            Comparison::Like if names => Self::NameGlobs(globs()),
            Comparison::Like => Self::Globs(globs()),
            Comparison::Numeric(relation) => {
                Self::Numbers(each(values, ValueKind::Number, |value| value.parse().ok())?, relation)
            }
            Comparison::Date(relation) => Self::Times(each(values, ValueKind::Date, parse_time)?, relation),
            Comparison::Bool => Self::Bools(each(values, ValueKind::Bool, parse_bool)?),
            Comparison::Missing => Self::Missing(each(values, ValueKind::Bool, parse_bool)?),
            Comparison::Ip => Self::Networks(each(values, ValueKind::Ip, parse_network)?),
        })
    }

    /// Whether one value of the request, which is no list, matches any of these or of the templates.
    pub(crate) fn matches(
        &self,
        templates: &[Template],
        found: &Value<'_>,
        context: &Context<'_>,
    ) -> Result<bool, Doubt> {
        if self.matches_plain(found).map_err(Doubt::Unreadable)? {
            return Ok(true);
        }
        let mut missing = Ok(false);
        for template in templates {
            match template.fill(context) {
                Ok(filled) => {
                    let matches = found.as_text(|found| self.matches_filled(&filled, found));
                    if matches.map_err(Doubt::Unreadable)? {
                        return Ok(true);
                    }
                }
                Err(_) => missing = Err(Doubt::MissingVariable),
            }
        }
        missing
    }

    fn matches_plain(&self, found: &Value<'_>) -> Result<bool, ValueKind> {
        match self {
            Self::Texts(texts) => found.as_text(|found| texts.iter().any(|text| **text == *found)),
            Self::TextsIgnoreCase(texts) => {
                found.as_text(|found| texts.iter().any(|text| equal_ignore_case(text, found)))
            }
            Self::Globs(globs) => found.as_text(|found| globs.iter().any(|glob| glob.matches(found))),
            Self::Names(texts) => found.as_text(|found| {
                let found = Resource::new(found);
                texts.iter().any(|text| found.equals(text))
            }),
            Self::NamesIgnoreCase(texts) => found.as_text(|found| {
                let found = Resource::new(found);
                texts.iter().any(|text| found.equals_ignore_ascii_case(text))
            }),
            Self::NameGlobs(globs) => found.as_text(|found| {
                let found = Resource::new(found);
                globs.iter().any(|glob| found.matches(glob))
            }),
            Self::Numbers(numbers, relation) => {
                found.as_number().map(|found| numbers.iter().any(|number| relation.holds(&found, number)))
            }
            Self::Times(times, relation) => {
                found.as_time().map(|found| times.iter().any(|time| relation.holds(&found, time)))
            }
            Self::Bools(bools) => found.as_bool().map(|found| bools.contains(&found)),
            Self::Networks(networks) => {
                found.as_address().map(|found| networks.iter().any(|network| network.contains(&found)))
            }
            // It is about the key, and is told before there is a value.
            Self::Missing(_) => Ok(false),
        }
    }

    fn matches_filled(&self, filled: &Filled, found: &str) -> bool {
        let equals = |ask: &dyn Fn(&str) -> bool| filled.text().is_some_and(ask);
        match self {
            Self::Texts(_) => equals(&|text| text == found),
            Self::TextsIgnoreCase(_) => equals(&|text| equal_ignore_case(text, found)),
            Self::Globs(_) => matches_marked::<false>(filled.bytes(), found.as_bytes()),
            Self::Names(_) => equals(&|text| Resource::new(found).equals(text)),
            Self::NamesIgnoreCase(_) => equals(&|text| Resource::new(found).equals_ignore_ascii_case(text)),
            Self::NameGlobs(_) => Resource::new(found).matches_marked(filled.bytes()),
            Self::Numbers(..) | Self::Times(..) | Self::Bools(_) | Self::Networks(_) | Self::Missing(_) => {
                false
            }
        }
    }

    /// The values, for people.
    pub(crate) fn texts(&self) -> Vec<String> {
        match self {
            Self::Texts(texts)
            | Self::TextsIgnoreCase(texts)
            | Self::Names(texts)
            | Self::NamesIgnoreCase(texts) => texts.iter().map(ToString::to_string).collect(),
            Self::Globs(globs) | Self::NameGlobs(globs) => {
                globs.iter().map(|glob| glob.as_str().to_owned()).collect()
            }
            Self::Numbers(numbers, _) => numbers.iter().map(Number::to_string).collect(),
            Self::Times(times, _) => times
                .iter()
                .map(|time| {
                    Timestamp::from_millisecond(*time)
                        .map_or_else(|_| time.to_string(), |time| time.to_string())
                })
                .collect(),
            Self::Bools(bools) | Self::Missing(bools) => bools.iter().map(bool::to_string).collect(),
            Self::Networks(networks) => networks.iter().map(IpNet::to_string).collect(),
        }
    }
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
