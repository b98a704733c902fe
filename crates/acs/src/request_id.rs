//! The id of one request: the same in the answer, the audit log and `explain`.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// An upper-case UUID, as Alibaba Cloud writes request ids (`4C467B38-3910-447D-87BC-AC049166F216`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(uuid::Uuid);

impl RequestId {
    /// Makes an id from 16 random bytes. Six of the 128 bits are set to the version 4 layout.
    #[must_use]
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:X}", self.0.hyphenated())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RequestId({self})")
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The text is not a request id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidRequestId;

impl fmt::Display for InvalidRequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "not a request id: give the 36 characters of `RequestId` or `x-request-id` from the answer",
        )
    }
}

impl std::error::Error for InvalidRequestId {}

impl FromStr for RequestId {
    type Err = InvalidRequestId;

    /// Reads the hyphenated form, in either case.
    fn from_str(text: &str) -> Result<Self, InvalidRequestId> {
        // `uuid` also reads braces, urn: and the form without hyphens. One thing has one name here.
        if text.len() != 36 {
            return Err(InvalidRequestId);
        }
        uuid::Uuid::try_parse(text).map(Self).map_err(|_| InvalidRequestId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_an_upper_case_version_4_uuid() {
        let id = RequestId::from_random([0xab; 16]);
        assert_eq!(id.to_string(), "ABABABAB-ABAB-4BAB-ABAB-ABABABABABAB");
        assert_eq!(id.to_string().to_lowercase().parse(), Ok(id));
    }

    #[test]
    fn refuses_other_spellings() {
        for text in ["", "abababababab4bababababababababab", "{ABABABAB-ABAB-4BAB-ABAB-ABABABABABAB}", "x"] {
            assert_eq!(text.parse::<RequestId>(), Err(InvalidRequestId), "{text}");
        }
    }
}
