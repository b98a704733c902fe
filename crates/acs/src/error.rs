//! Why a request was not authenticated: code, HTTP status and message as the OpenAPI gateway answers them.

use std::fmt;
use std::net::IpAddr;

use http::StatusCode;

/// A request that is not authenticated. Codes, statuses and the fixed parts of the messages are those of the common
/// client errors of the OpenAPI gateway; what follows the fixed part says what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthError {
    /// A mandatory part is absent: the name in the code (`MissingTimestamp`), and where it belongs.
    Missing {
        /// As in the code: `Timestamp`, `AccessKeyId`, ...
        name: &'static str,
        /// Where to send it.
        place: Place,
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
    /// A parameter or the path cannot be signed: bad escapes, a name given twice, or another version of the signature.
    Query {
        /// The parameter, or `path`.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The time of the signature is not `YYYY-MM-DDThh:mm:ssZ`.
    TimeFormat,
    /// The time of the signature is more than 15 minutes away from the server's time.
    TimeExpired,
    /// No such access key.
    AccessKeyNotFound,
    /// The access key is disabled.
    AccessKeyInactive,
    /// A network policy keeps the access key out that was shown rightly.
    KeptOut {
        /// Where the request came from.
        address: IpAddr,
        /// Whose policy it is: `the access key` or `the account`.
        whose: &'static str,
        /// The operation that changes it.
        operation: &'static str,
    },
    /// The service credential is not good, or not for this.
    ServiceCredential(ServiceCredentialFault),
    /// The temporary credential's token is not good.
    SecurityToken(SecurityTokenFault),
    /// `x-acs-content-sha256` is not the hash of the body that arrived.
    BodyHash,
    /// The signature is not ours.
    SignatureMismatch {
        /// Hexadecimal SHA-256 of the canonical request that the server made.
        canonical_request_sha256: String,
    },
    /// The signature in the parameters is not ours.
    ParametersMismatch {
        /// The text that the server signed: the caller's own parameters.
        string_to_sign: Echo,
    },
    /// The secret of a `Basic` credential is not the access key's.
    SecretMismatch,
    /// The same nonce was accepted before.
    NonceUsed,
}

/// Where a part of a credential belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In this header.
    Header(&'static str),
    /// Among the parameters, under the name of the part itself.
    Parameter,
    /// In a signed request: the way in which the credential came has no place for it.
    Signature,
}

/// The most of an echo that is sent back, in bytes: longer than any query that arrives.
const LONGEST_ECHO: usize = 64 * 1024;

/// What a caller sent, for that caller's eyes only: passwords and policies stand in it. It reaches [`AuthError::message`] and
/// nothing else; `Debug` shows `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Echo(String);

impl Echo {
    /// Keeps as much of a text in ASCII as is sent back.
    pub(crate) fn new(mut text: String) -> Self {
        text.truncate(LONGEST_ECHO);
        Self(text)
    }
}

impl fmt::Debug for Echo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

/// What is wrong with a service credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceCredentialFault {
    /// There is none of this id.
    NotFound,
    /// The secret is not its.
    Secret,
    /// It is switched off.
    Inactive,
    /// Its time is over.
    Expired,
    /// It opens another service than the one that was called.
    OtherService,
}

impl ServiceCredentialFault {
    fn name(self) -> &'static str {
        match self {
            Self::NotFound => "NotFound",
            Self::Secret => "Secret",
            Self::Inactive => "Inactive",
            Self::Expired => "Expired",
            Self::OtherService => "OtherService",
        }
    }

    fn message(self) -> &'static str {
        match self {
            Self::NotFound => "Specified service credential is not found.",
            Self::Secret => {
                "the secret is not that of this service credential; check the secret that is sent"
            }
            Self::Inactive => "Specified service credential is disabled.",
            Self::Expired => {
                "the time of this service credential is over; create another one with CreateServiceCredential"
            }
            Self::OtherService => {
                "a service credential opens the operations of Model Studio only; use an access key for this one"
            }
        }
    }
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
            Self::KeptOut { .. } => "Forbidden.AccessKeyPolicy".to_owned(),
            Self::ServiceCredential(fault) => format!("InvalidServiceCredential.{}", fault.name()),
            Self::SecurityToken(SecurityTokenFault::Expired) => "InvalidSecurityToken.Expired".to_owned(),
            Self::SecurityToken(SecurityTokenFault::Malformed) => "InvalidSecurityToken.Malformed".to_owned(),
            Self::SecurityToken(SecurityTokenFault::MismatchWithAccessKey) => {
                "InvalidSecurityToken.MismatchWithAccessKey".to_owned()
            }
            Self::BodyHash
            | Self::SignatureMismatch { .. }
            | Self::ParametersMismatch { .. }
            | Self::SecretMismatch => "SignatureDoesNotMatch".to_owned(),
            Self::NonceUsed => "SignatureNonceUsed".to_owned(),
        }
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::AccessKeyNotFound | Self::ServiceCredential(ServiceCredentialFault::NotFound) => {
                StatusCode::NOT_FOUND
            }
            Self::KeptOut { .. } | Self::ServiceCredential(ServiceCredentialFault::OtherService) => {
                StatusCode::FORBIDDEN
            }
            Self::Missing { .. }
            | Self::RepeatedHeader { .. }
            | Self::Incomplete { .. }
            | Self::SignatureMethod
            | Self::Query { .. }
            | Self::TimeFormat
            | Self::TimeExpired
            | Self::AccessKeyInactive
            | Self::SecurityToken(_)
            | Self::ServiceCredential(_)
            | Self::BodyHash
            | Self::SignatureMismatch { .. }
            | Self::ParametersMismatch { .. }
            | Self::SecretMismatch
            | Self::NonceUsed => StatusCode::BAD_REQUEST,
        }
    }

    /// The message of the answer, for whoever sent the request and for no log: it may repeat the request's parameters.
    /// It holds no secret that the caller did not send. `Display` is the same without what is repeated.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            // Clients look for this text and compare what follows with what they signed, so nothing else may follow.
            Self::ParametersMismatch { string_to_sign } => {
                format!("{self} server string to sign is:{}", string_to_sign.0)
            }
            other => other.to_string(),
        }
    }
}

impl fmt::Display for AuthError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { name, place: Place::Header(header) } => {
                write!(formatter, "{name} is mandatory for this action. Send it in the header `{header}`.")
            }
            Self::Missing { name, place: Place::Parameter } => {
                write!(formatter, "{name} is mandatory for this action. Send it as a parameter.")
            }
            Self::Missing { name, place: Place::Signature } => write!(
                formatter,
                "{name} is mandatory for this action. HTTP Basic does not carry it; sign the request instead."
            ),
            Self::RepeatedHeader { name } => {
                write!(formatter, "the header `{name}` came more than once; send it once")
            }
            Self::Incomplete { why } => write!(formatter, "the credential is not complete: {why}"),
            Self::SignatureMethod => formatter.write_str(
                "Specified signature method is not valid. Sign with ACS3-HMAC-SHA256, or with HMAC-SHA1 in parameters, or send the access key as HTTP Basic.",
            ),
            Self::Query { name, why } => write!(formatter, "`{name}` {why}"),
            Self::TimeFormat => formatter.write_str(
                "Specified time stamp or date value is not well formatted. Send it as YYYY-MM-DDThh:mm:ssZ, in UTC.",
            ),
            Self::TimeExpired => formatter.write_str(
                "Specified time stamp or date value is expired. Set the client's clock: it may be 15 minutes off at most.",
            ),
            Self::AccessKeyNotFound => formatter.write_str("Specified access key is not found."),
            Self::AccessKeyInactive => formatter.write_str("Specified access key is disabled."),
            Self::ServiceCredential(fault) => formatter.write_str(fault.message()),
            Self::KeptOut { address, whose, operation } => write!(
                formatter,
                "this credential may not be used from the address `{address}`: the network policy of {whose} does not list it. Call from a listed address, or have the policy changed with {operation}."
            ),
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
            Self::ParametersMismatch { .. } => {
                formatter.write_str("Specified signature is not matched with our calculation.")
            }
            Self::SecretMismatch => formatter
                .write_str("the secret is not that of this access key; check the access key secret that is sent"),
            Self::NonceUsed => formatter.write_str(
                "Specified signature nonce was used already. Sign each request anew, retries too.",
            ),
        }
    }
}

impl std::error::Error for AuthError {}
