//! Which language a document is written in.

use crate::error::PolicyError;
use crate::json::Json;

/// The policy language of a document. Its `Version` says which, so that the same text means the same wherever it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// The language of the real service: what it does not know is refused, and `${` is plain text.
    Standard,
    /// Also `ForAnyValue:`, `ForAllValues:`, `…IfExists`, `Null`, variables like `${acs:PrincipalTag/team}` in
    /// resources and texts, and the keys `acs:PrincipalTag/…`.
    Extended,
}

impl Language {
    /// Reads the `Version` of a document.
    pub(crate) fn of(version: Option<&Json>) -> Result<Self, PolicyError> {
        let wrong = |reason: String| Err(PolicyError::at("Version", reason));
        match version {
            Some(Json::Text(version)) => match version.as_str() {
                "1" => Ok(Self::Standard),
                "1-extended" => Ok(Self::Extended),
                _ => wrong("must be \"1\" or, for the extended language, \"1-extended\"".to_owned()),
            },
            Some(other) => wrong(format!("is {}, write it as the string \"1\"", other.kind())),
            None => wrong("is missing, add \"Version\": \"1\"".to_owned()),
        }
    }
}
