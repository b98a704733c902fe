//! The condition operators of the language and how each compares.

use std::cmp::Ordering;
use std::fmt;

use crate::language::Language;

macro_rules! operators {
    ($($name:ident = $comparison:expr, $negated:literal;)+) => {
        /// A condition operator.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "the names are those of the language and say what they do")]
        pub enum Operator {
            $($name,)+
            /// Whether the key is missing. Only in the extended language.
            Null,
        }

        impl Operator {
            /// Every operator of the standard language.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// Its name in a policy document.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ Self::Null => "Null" }
            }

            /// Whether it is met when none of its values matches, and when its key is missing.
            pub fn is_negated(self) -> bool {
                match self { $(Self::$name => $negated,)+ Self::Null => false }
            }

            pub(crate) fn comparison(self) -> Comparison {
                match self { $(Self::$name => $comparison,)+ Self::Null => Comparison::Missing }
            }
        }
    };
}

operators! {
    StringEquals = Comparison::Text, false;
    StringNotEquals = Comparison::Text, true;
    StringEqualsIgnoreCase = Comparison::TextIgnoreCase, false;
    StringNotEqualsIgnoreCase = Comparison::TextIgnoreCase, true;
    StringLike = Comparison::Like, false;
    StringNotLike = Comparison::Like, true;
    NumericEquals = Comparison::Numeric(Relation::Equal), false;
    NumericNotEquals = Comparison::Numeric(Relation::Equal), true;
    NumericLessThan = Comparison::Numeric(Relation::Less), false;
    NumericLessThanEquals = Comparison::Numeric(Relation::LessOrEqual), false;
    NumericGreaterThan = Comparison::Numeric(Relation::Greater), false;
    NumericGreaterThanEquals = Comparison::Numeric(Relation::GreaterOrEqual), false;
    DateEquals = Comparison::Date(Relation::Equal), false;
    DateNotEquals = Comparison::Date(Relation::Equal), true;
    DateLessThan = Comparison::Date(Relation::Less), false;
    DateLessThanEquals = Comparison::Date(Relation::LessOrEqual), false;
    DateGreaterThan = Comparison::Date(Relation::Greater), false;
    DateGreaterThanEquals = Comparison::Date(Relation::GreaterOrEqual), false;
    Bool = Comparison::Bool, false;
    IpAddress = Comparison::Ip, false;
    NotIpAddress = Comparison::Ip, true;
}

impl Operator {
    /// Whether its values are texts, in which variables can stand.
    pub(crate) fn is_textual(self) -> bool {
        matches!(self.comparison(), Comparison::Text | Comparison::TextIgnoreCase | Comparison::Like)
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|operator| operator.name() == name)
    }
}

/// How an operator goes over the values of a key that has several in the request. Only in the extended language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SetOperator {
    /// One of the values must meet it. A missing key does not.
    ForAnyValue,
    /// All of the values must meet it. A missing key does.
    ForAllValues,
}

/// An operator as it stands in a document. Without a set operator, a positive operator is met when one of the values
/// in the request matches, a negated one when none does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConditionOperator {
    /// How it goes over several values.
    pub set: Option<SetOperator>,
    /// The operator itself.
    pub operator: Operator,
    /// Whether a missing key meets it, whatever it is.
    pub if_exists: bool,
}

impl From<Operator> for ConditionOperator {
    fn from(operator: Operator) -> Self {
        Self { set: None, operator, if_exists: false }
    }
}

impl ConditionOperator {
    pub(crate) fn from_name(name: &str, language: Language) -> Option<Self> {
        if language == Language::Standard {
            return Operator::from_name(name).map(Self::from);
        }
        if name == "Null" {
            return Some(Operator::Null.into());
        }
        let (set, name) = match name.split_once(':') {
            Some(("ForAnyValue", name)) => (Some(SetOperator::ForAnyValue), name),
            Some(("ForAllValues", name)) => (Some(SetOperator::ForAllValues), name),
            Some(_) => return None,
            None => (None, name),
        };
        let short = name.strip_suffix("IfExists");
        Some(Self { set, operator: Operator::from_name(short.unwrap_or(name))?, if_exists: short.is_some() })
    }
}

impl fmt::Display for ConditionOperator {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.set {
            Some(SetOperator::ForAnyValue) => out.write_str("ForAnyValue:")?,
            Some(SetOperator::ForAllValues) => out.write_str("ForAllValues:")?,
            None => {}
        }
        out.write_str(self.operator.name())?;
        if self.if_exists { out.write_str("IfExists") } else { Ok(()) }
    }
}

impl serde::Serialize for ConditionOperator {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl serde::Serialize for Operator {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// What an operator asks of one value, before negation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Text,
    TextIgnoreCase,
    Like,
    Numeric(Relation),
    Date(Relation),
    Bool,
    Ip,
    Missing,
}

/// How the value of the request must stand to the value of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Relation {
    pub(crate) fn holds<T: Ord>(self, found: &T, wanted: &T) -> bool {
        let order = found.cmp(wanted);
        match self {
            Self::Equal => order == Ordering::Equal,
            Self::Less => order == Ordering::Less,
            Self::LessOrEqual => order != Ordering::Greater,
            Self::Greater => order == Ordering::Greater,
            Self::GreaterOrEqual => order != Ordering::Less,
        }
    }
}
