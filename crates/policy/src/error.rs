//! What can be wrong with a document or a catalogue. Evaluation itself never fails.

use std::fmt;

/// Why a policy document is refused. Its text is the message of a `MalformedPolicyDocument` answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    path: String,
    reason: String,
}

impl PolicyError {
    pub(crate) fn at(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { path: path.into(), reason: reason.into() }
    }

    /// A message that is known from the real service and must be sent as it is.
    pub(crate) fn literal(reason: &str) -> Self {
        Self::at("", reason)
    }

    /// Where in the document, such as `Statement[0].Condition.IpAddress["acs:SourceIp"]`; empty when the
    /// document as a whole is meant.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong there and what to do about it.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            out.write_str(&self.reason)
        } else {
            write!(out, "{}: {}", self.path, self.reason)
        }
    }
}

impl std::error::Error for PolicyError {}

/// Why a list of action names cannot be a catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CatalogueError {
    /// More names than [`crate::MAXIMUM_ACTIONS`].
    TooMany,
    /// The name is not of the form `service:Name`, or it holds a wildcard or a blank.
    BadName(String),
    /// The name stands twice; case does not distinguish.
    Duplicate(String),
}

impl fmt::Display for CatalogueError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany => write!(out, "a catalogue holds at most {} actions", crate::MAXIMUM_ACTIONS),
            Self::BadName(name) => {
                write!(out, "`{name}` is not an action name; write it as `service:Name`, without wildcards")
            }
            Self::Duplicate(name) => write!(out, "action `{name}` stands twice in the catalogue"),
        }
    }
}

impl std::error::Error for CatalogueError {}
