//! Refusals that name the parameter, the reason and the next step.

use std::fmt;

use http::StatusCode;

use super::SEPARATOR;

/// A parameter that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterError {
    path: String,
    kind: ParameterErrorKind,
}

/// What is wrong with a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParameterErrorKind {
    /// It is mandatory and absent.
    Missing,
    /// It is there and not acceptable. The text completes "`path` ": `must be …`.
    Invalid {
        /// The reason, and what to send instead.
        why: String,
    },
    /// The operation has no such parameter.
    Unknown,
    /// It was given more than once: twice in one place, or in two of query, body and path.
    Duplicate,
    /// It is longer than it may be.
    TooLong {
        /// The bound, with its unit: `128 characters`.
        limit: String,
    },
    /// The JSON it holds cannot be read.
    Json {
        /// The reason.
        why: String,
        /// From 1.
        line: usize,
        /// From 1; 0 before the first character.
        column: usize,
    },
    /// The body's type is neither JSON nor a form.
    ContentType,
}

impl ParameterError {
    /// `key` may be joined with the notes' separator. A name may hold control characters, a message may not.
    pub(super) fn new(key: &str, kind: ParameterErrorKind) -> Self {
        let shown = key.chars().map(|character| if character == SEPARATOR { '.' } else { character });
        Self { path: shown.filter(|character| !character.is_control()).collect(), kind }
    }

    pub(super) fn invalid(key: &str, why: impl Into<String>) -> Self {
        Self::new(key, ParameterErrorKind::Invalid { why: why.into() })
    }

    /// The parameter's full path, flattened: `models.1.inference`. `body` for the body as a whole.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong with it.
    #[must_use]
    pub fn kind(&self) -> &ParameterErrorKind {
        &self.kind
    }

    /// The general code; services with codes of their own map [`Self::kind`] and [`Self::path`].
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self.kind {
            ParameterErrorKind::Missing => "MissingParameter",
            ParameterErrorKind::ContentType => "UnsupportedMediaType",
            ParameterErrorKind::Invalid { .. }
            | ParameterErrorKind::Unknown
            | ParameterErrorKind::Duplicate
            | ParameterErrorKind::TooLong { .. }
            | ParameterErrorKind::Json { .. } => "InvalidParameter",
        }
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self.kind {
            ParameterErrorKind::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ParameterErrorKind::Missing
            | ParameterErrorKind::Invalid { .. }
            | ParameterErrorKind::Unknown
            | ParameterErrorKind::Duplicate
            | ParameterErrorKind::TooLong { .. }
            | ParameterErrorKind::Json { .. } => StatusCode::BAD_REQUEST,
        }
    }
}

impl fmt::Display for ParameterError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match &self.kind {
            // The OpenAPI gateway's own words.
            ParameterErrorKind::Missing => write!(
                formatter,
                "The input parameter \"{path}\" that is mandatory for processing this request is not supplied."
            ),
            ParameterErrorKind::Invalid { why } => write!(formatter, "`{path}` {why}"),
            ParameterErrorKind::Unknown => write!(
                formatter,
                "`{path}` is not a parameter of this operation; remove it, or check its spelling"
            ),
            ParameterErrorKind::Duplicate => {
                write!(formatter, "`{path}` is given more than once; send it once, in one place")
            }
            ParameterErrorKind::TooLong { limit } => {
                write!(formatter, "`{path}` is too long; send at most {limit}")
            }
            ParameterErrorKind::Json { why, line, column } => write!(
                formatter,
                "`{path}` is not acceptable JSON at line {line} column {column}: {why}; correct the JSON text"
            ),
            ParameterErrorKind::ContentType => write!(
                formatter,
                "`{path}` must be `application/json` or `application/x-www-form-urlencoded`, in UTF-8; send the body as one of them"
            ),
        }
    }
}

impl std::error::Error for ParameterError {}
