//! Why a request was not authenticated: code, HTTP status and message as the OpenAPI gateway answers them.

use std::fmt;

use http::StatusCode;

/// A request that is not authenticated. Codes, statuses and the fixed parts of the messages are those of the common
/// client errors of the OpenAPI gateway; what follows the fixed part says what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthError {
    /// A mandatory part is absent: the name in the code (`MissingTimestamp`), and the header that carries it.
    Missing {
        /// As in the code: `Timestamp`, `AccessKeyId`, ...
        name: &'static str,
        /// The header to send.
        header: &'static str,
    },
    /// A header that must stand once came more than once.
    RepeatedHeader {
        /// Its name.
        name: String,
    },
    /// The credential is there but incomplete or not well formed.
    Incomplete {
        /// What is wrong with it and what to send.
        why: String,
    },
    /// A signature method or authentication scheme that is not offered.
    SignatureMethod,
    /// The query or the path cannot be signed: bad escapes, or a name given twice.
    Query {
        /// The parameter, or `path`.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// `x-acs-date` is not `YYYY-MM-DDThh:mm:ssZ`.
    TimeFormat,
    /// `x-acs-date` is more than 15 minutes away from the server's time.
    TimeExpired,
    /// No such access key.
    AccessKeyNotFound,
    /// The access key is disabled.
    AccessKeyInactive,
    /// The temporary credential's token is not good.
    SecurityToken(SecurityTokenFault),
    /// `x-acs-content-sha256` is not the hash of the body that arrived.
    BodyHash,
    /// The signature is not ours.
    SignatureMismatch {
        /// Hexadecimal SHA-256 of the canonical request that the server made.
        canonical_request_sha256: String,
    },
    /// The secret of a `Basic` credential is not the access key's.
    SecretMismatch,
    /// The same nonce was accepted before.
    NonceUsed,
}

/// What is wrong with a security token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecurityTokenFault {
    /// Its time is over, or its role or session is gone.
    Expired,
    /// It is not a token of this server.
    Malformed,
    /// It belongs to another access key id.
    MismatchWithAccessKey,
}

impl AuthError {
    /// The error code of the answer.
    #[must_use]
    pub fn code(&self) -> String {
        match self {
            Self::Missing { name, .. } => format!("Missing{name}"),
            Self::RepeatedHeader { .. } | Self::Incomplete { .. } => "IncompleteSignature".to_owned(),
            Self::SignatureMethod => "InvalidSignatureMethod".to_owned(),
            Self::Query { .. } => "InvalidParameter".to_owned(),
            Self::TimeFormat => "InvalidTimeStamp.Format".to_owned(),
            Self::TimeExpired => "InvalidTimeStamp.Expired".to_owned(),
            Self::AccessKeyNotFound => "InvalidAccessKeyId.NotFound".to_owned(),
            Self::AccessKeyInactive => "InvalidAccessKeyId.Inactive".to_owned(),
            Self::SecurityToken(SecurityTokenFault::Expired) => "InvalidSecurityToken.Expired".to_owned(),
            Self::SecurityToken(SecurityTokenFault::Malformed) => "InvalidSecurityToken.Malformed".to_owned(),
            Self::SecurityToken(SecurityTokenFault::MismatchWithAccessKey) => {
                "InvalidSecurityToken.MismatchWithAccessKey".to_owned()
            }
            Self::BodyHash | Self::SignatureMismatch { .. } | Self::SecretMismatch => {
                "SignatureDoesNotMatch".to_owned()
            }
            Self::NonceUsed => "SignatureNonceUsed".to_owned(),
        }
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::AccessKeyNotFound => StatusCode::NOT_FOUND,
            Self::Missing { .. }
            | Self::RepeatedHeader { .. }
            | Self::Incomplete { .. }
            | Self::SignatureMethod
            | Self::Query { .. }
            | Self::TimeFormat
            | Self::TimeExpired
            | Self::AccessKeyInactive
            | Self::SecurityToken(_)
            | Self::BodyHash
            | Self::SignatureMismatch { .. }
            | Self::SecretMismatch
            | Self::NonceUsed => StatusCode::BAD_REQUEST,
        }
    }

    /// The message of the answer. It holds no secret.
    #[must_use]
    pub fn message(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for AuthError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { name, header } => {
                write!(formatter, "{name} is mandatory for this action. Send it in the header `{header}`.")
            }
            Self::RepeatedHeader { name } => {
                write!(formatter, "the header `{name}` came more than once; send it once")
            }
            Self::Incomplete { why } => write!(formatter, "the credential is not complete: {why}"),
            Self::SignatureMethod => formatter.write_str(
                "Specified signature method is not valid. Sign with ACS3-HMAC-SHA256, or send the access key as HTTP Basic.",
            ),
            Self::Query { name, why } => write!(formatter, "`{name}` {why}"),
            Self::TimeFormat => formatter.write_str(
                "Specified time stamp or date value is not well formatted. Send `x-acs-date` as YYYY-MM-DDThh:mm:ssZ, in UTC.",
            ),
            Self::TimeExpired => formatter.write_str(
                "Specified time stamp or date value is expired. Set the client's clock: `x-acs-date` may be 15 minutes off at most.",
            ),
            Self::AccessKeyNotFound => formatter.write_str("Specified access key is not found."),
            Self::AccessKeyInactive => formatter.write_str("Specified access key is disabled."),
            Self::SecurityToken(SecurityTokenFault::Expired) => {
                formatter.write_str("Specified SecurityToken is expired. Ask for a new one with AssumeRole.")
            }
            Self::SecurityToken(SecurityTokenFault::Malformed) => {
                formatter.write_str("Specified SecurityToken is malformed. Send it as AssumeRole answered it.")
            }
            Self::SecurityToken(SecurityTokenFault::MismatchWithAccessKey) => {
                formatter.write_str("Specified SecurityToken mismatches with the AccessKey. Send both from one answer.")
            }
            Self::BodyHash => formatter.write_str(
                "the header `x-acs-content-sha256` is not the SHA-256 of the body that arrived; hash exactly the bytes that are sent",
            ),
            // Clients compare this text with their own, so nothing may follow it.
            Self::SignatureMismatch { canonical_request_sha256 } => write!(
                formatter,
                "Specified signature does not match our calculation. server StringToSign is [ACS3-HMAC-SHA256\n{canonical_request_sha256}]"
            ),
            Self::SecretMismatch => formatter
                .write_str("the secret is not that of this access key; check the access key secret that is sent"),
            Self::NonceUsed => formatter.write_str(
                "Specified signature nonce was used already. Sign each request anew, retries too.",
            ),
        }
    }
}

impl std::error::Error for AuthError {}
