//! The condition operators of the language and how each compares.

use std::cmp::Ordering;
use std::fmt;

macro_rules! operators {
    ($($name:ident = $comparison:expr, $negated:literal;)+) => {
        /// A condition operator. The list is closed: set operators, `IfExists` and `Null` are not in the language.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "the names are those of the language and say what they do")]
        pub enum Operator { $($name,)+ }

        impl Operator {
            /// Every operator.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// Its name in a policy document.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// Whether it is met when none of its values matches, and when its key is missing.
            pub fn is_negated(self) -> bool {
                match self { $(Self::$name => $negated,)+ }
            }

            pub(crate) fn comparison(self) -> Comparison {
                match self { $(Self::$name => $comparison,)+ }
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
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|operator| operator.name() == name)
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
