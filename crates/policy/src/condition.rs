//! Compiled conditions: which values an operator wants for a key, and whether a request brings one.

use std::fmt;

use crate::context::{Context, Value};
use crate::language::Language;
use crate::operator::{ConditionOperator, Operator, SetOperator};
use crate::template::{Template, Wildcards};
use crate::wanted::Wanted;

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

/// Why a statement could not be told to apply or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConditionError {
    /// The request brought a value that the operator cannot compare.
    Unreadable {
        /// Which condition of the statement, in document order; [`crate::Policy::condition_key`] names its key.
        condition: usize,
        /// The operator.
        operator: ConditionOperator,
        /// What it needs.
        expected: ValueKind,
    },
    /// The request brought no single value for a variable.
    MissingVariable {
        /// Which condition holds the variable; none when it stands in a resource.
        condition: Option<usize>,
    },
}

/// Why one condition cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doubt {
    Unreadable(ValueKind),
    MissingVariable,
}

/// Why an operator cannot have a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WrongValue {
    /// It is not of the kind that the operator needs.
    Kind(ValueKind),
    /// Its variables are not written as they must be.
    Template(&'static str),
}

/// One operator applied to one key. A statement's conditions are a list of these, all of which must be met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Test {
    pub(crate) operator: ConditionOperator,
    pub(crate) key: Box<str>,
    wanted: Wanted,
    /// The wanted values that hold variables.
    templates: Box<[Template]>,
    /// Whether the key exists only in the other language, so that no request has it.
    unknown: bool,
}

/// What became of all conditions of a statement together.
pub(crate) enum Truth {
    Met,
    NotMet,
    /// None is plainly not met, but this one cannot be told.
    Unknown(ConditionError),
}

/// Keys that begin so are about the caller.
const PRINCIPAL: &str = "acs:Principal";

/// Keys that begin so, only the extended language has.
pub(crate) const PRINCIPAL_TAG: &str = "acs:PrincipalTag/";

impl Test {
    /// Compiles the values of an operator. Fails with the first value that can never be right for it.
    pub(crate) fn new(
        operator: ConditionOperator,
        key: &str,
        values: &[String],
        language: Language,
    ) -> Result<Self, (WrongValue, usize)> {
        let wildcards = match operator.operator {
            Operator::StringLike | Operator::StringNotLike => Wildcards::Mean,
            _ => Wildcards::Literal,
        };
        let (mut templates, mut plain, mut places) = (Vec::new(), Vec::new(), Vec::new());
        for (place, value) in values.iter().enumerate() {
            let template = match (language, operator.operator.is_textual()) {
                (Language::Extended, true) => Template::new(value, wildcards),
                _ => Ok(None),
            };
            match template.map_err(|reason| (WrongValue::Template(reason), place))? {
                Some(template) => templates.push(template),
                None => {
                    plain.push(value.clone());
                    places.push(place);
                }
            }
        }
        let wanted = Wanted::new(operator.operator, key, &plain)
            .map_err(|(kind, at)| (WrongValue::Kind(kind), places.get(at).copied().unwrap_or(at)))?;
        let extended =
            key.get(..PRINCIPAL_TAG.len()).is_some_and(|start| start.eq_ignore_ascii_case(PRINCIPAL_TAG));
        let unknown = extended && language == Language::Standard;
        Ok(Self { operator, key: key.into(), wanted, templates: templates.into(), unknown })
    }

    /// Whether the request meets this one.
    pub(crate) fn check(&self, context: &Context<'_>) -> Result<bool, Doubt> {
        let value = self.find(context);
        if let Wanted::Missing(missing) = &self.wanted {
            return Ok(missing.contains(&value.is_none()));
        }
        let negated = self.operator.operator.is_negated();
        let Some(value) = value else {
            let met = match self.operator.set {
                None => negated,
                Some(SetOperator::ForAnyValue) => false,
                Some(SetOperator::ForAllValues) => true,
            };
            return Ok(met || self.operator.if_exists);
        };
        let matches = value.each().map(|one| self.wanted.matches(&self.templates, &one, context));
        match self.operator.set {
            None => any(matches).map(|matched| matched != negated),
            Some(SetOperator::ForAnyValue) => any(matches.map(|one| one.map(|matched| matched != negated))),
            Some(SetOperator::ForAllValues) => {
                any(matches.map(|one| one.map(|matched| matched == negated))).map(|failed| !failed)
            }
        }
    }

    /// The value in the request that this is about.
    pub(crate) fn find<'a>(&self, context: &Context<'a>) -> Option<Value<'a>> {
        let found = if self.unknown { None } else { context.find(&self.key) };
        found.copied().filter(|value| *value != Value::Texts(&[]))
    }

    /// The keys whose values it reads.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        let own = (!self.unknown).then_some(&*self.key);
        own.into_iter().chain(self.templates.iter().flat_map(Template::keys))
    }

    /// Whether it asks who the caller is, or wants what depends on the request: it then means something else for whom
    /// a policy is handed to.
    pub(crate) fn is_personal(&self) -> bool {
        let about = |start: &str| start.eq_ignore_ascii_case(PRINCIPAL);
        !self.templates.is_empty() || self.key.get(..PRINCIPAL.len()).is_some_and(about)
    }

    fn error(&self, condition: usize, doubt: Doubt) -> ConditionError {
        match doubt {
            Doubt::Unreadable(expected) => {
                ConditionError::Unreadable { condition, operator: self.operator, expected }
            }
            Doubt::MissingVariable => ConditionError::MissingVariable { condition: Some(condition) },
        }
    }

    /// The wanted values, for people.
    pub(crate) fn wanted(&self) -> Vec<String> {
        let templates = self.templates.iter().map(|template| template.as_str().to_owned());
        self.wanted.texts().into_iter().chain(templates).collect()
    }
}

/// Whether one is: a certain yes decides even when another one cannot be told.
fn any(all: impl Iterator<Item = Result<bool, Doubt>>) -> Result<bool, Doubt> {
    let mut otherwise = Ok(false);
    for one in all {
        match one {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(doubt) => otherwise = otherwise.and(Err(doubt)),
        }
    }
    otherwise
}

/// Judges all conditions of a statement: a plain "not met" decides even when another one cannot be told.
pub(crate) fn judge(tests: &[Test], context: &Context<'_>) -> Truth {
    let mut error = None;
    for (condition, test) in tests.iter().enumerate() {
        match test.check(context) {
            Ok(true) => {}
            Ok(false) => return Truth::NotMet,
            Err(doubt) => {
                error.get_or_insert_with(|| test.error(condition, doubt));
            }
        }
    }
    error.map_or(Truth::Met, Truth::Unknown)
}

#[cfg(test)]
#[path = "condition_tests.rs"]
mod tests;
