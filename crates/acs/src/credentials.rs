//! Which credential a request carries. One place looks for it, so a second way in cannot skip a check.
//!
//! Reading is the first half: everything that can be refused without knowing the access key is refused here, in the order
//! parse, mandatory parts, time. The second half, [`Acs3Presented::verify`] and [`V1Presented::verify`], takes the key's secret.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method};

use crate::signature::{self, Acs3Presented, V1Presented};
use crate::{AuthError, Place, Secret};

/// The longest access key id, user name or nonce that is looked at, in bytes.
pub(crate) const LONGEST_NAME: usize = 128;

/// A credential as it was sent; nothing about it is proven yet. There is no anonymous kind.
#[derive(Debug)]
pub enum Presented {
    /// An `ACS3-HMAC-SHA256` signature, complete and in time.
    Acs3(Acs3Presented),
    /// An `HMAC-SHA1` signature in the parameters, complete and in time.
    V1(V1Presented),
    /// HTTP Basic: an access key id and its secret.
    Basic {
        /// The access key id.
        access_key_id: String,
        /// What was sent as its secret.
        secret: Secret,
    },
    /// A bearer token.
    Bearer(Secret),
}

/// A request as it arrived: path and query still encoded, the body whole.
#[derive(Clone, Copy)]
pub struct Received<'a> {
    /// Its method.
    pub method: &'a Method,
    /// The path.
    pub path: &'a str,
    /// The query, without `?`.
    pub query: Option<&'a str>,
    /// All headers.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: &'a [u8],
}

impl fmt::Debug for Received<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither query nor headers nor body: they hold credentials.
        formatter.debug_struct("Received").field("method", self.method).finish_non_exhaustive()
    }
}

/// Finds and reads the credential of a request. `now_ms` is the time of receipt in milliseconds since 1970 (UTC).
///
/// # Errors
/// No credential, two of them, a scheme that is not offered, or one that is incomplete or out of time.
pub fn extract(request: &Received<'_>, now_ms: i64) -> Result<Presented, AuthError> {
    match (one_header(request.headers, AUTHORIZATION.as_str())?, signature::is_carried(request)) {
        (Some(authorization), false) => read_header(authorization, request.headers, now_ms),
        (None, true) => signature::read_v1(request, now_ms).map(Presented::V1),
        (None, false) => {
            Err(AuthError::Missing { name: "AccessKeyId", place: Place::Header("authorization") })
        }
        // Whichever were checked, the other could be what somebody believed.
        (Some(_), true) => Err(incomplete(
            "one came in `authorization` and one in the parameters AccessKeyId, Signature or SecurityToken; send one",
        )),
    }
}

fn read_header(authorization: &[u8], headers: &HeaderMap, now_ms: i64) -> Result<Presented, AuthError> {
    let Ok(authorization) = std::str::from_utf8(authorization) else {
        return Err(incomplete("the header `authorization` is not text; send ASCII"));
    };
    let (scheme, rest) = authorization.split_once(' ').unwrap_or((authorization, ""));
    let rest = rest.trim();
    // Scheme names have no case (RFC 9110, 11.1), but the signature's own is part of what is signed.
    if scheme == signature::ALGORITHM {
        signature::read(rest, headers, now_ms).map(Presented::Acs3)
    } else if scheme.eq_ignore_ascii_case("basic") {
        read_basic(rest)
    } else if scheme.eq_ignore_ascii_case("bearer") {
        if rest.is_empty() || rest.contains(char::is_whitespace) {
            return Err(incomplete("send `authorization: Bearer TOKEN`, with one token"));
        }
        Ok(Presented::Bearer(Secret::new(rest.to_owned())))
    } else {
        Err(AuthError::SignatureMethod)
    }
}

fn read_basic(encoded: &str) -> Result<Presented, AuthError> {
    let why = "send `authorization: Basic` and base64 of ACCESS-KEY-ID:SECRET";
    let decoded = STANDARD.decode(encoded).map_err(|_| incomplete(why))?;
    let text = String::from_utf8(decoded).map_err(|_| incomplete(why))?;
    let (access_key_id, secret) = text.split_once(':').ok_or_else(|| incomplete(why))?;
    if !is_name(access_key_id) || secret.is_empty() {
        return Err(incomplete(why));
    }
    Ok(Presented::Basic { access_key_id: access_key_id.to_owned(), secret: Secret::new(secret.to_owned()) })
}

/// Whether the text can be an access key id or a nonce: 1 to 128 visible ASCII characters.
pub(crate) fn is_name(text: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The value of a header that may stand at most once.
pub(crate) fn one_header<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a [u8]>, AuthError> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(AuthError::RepeatedHeader { name: name.to_owned() });
    }
    Ok(first.map(http::HeaderValue::as_bytes))
}

pub(crate) fn incomplete(why: impl fmt::Display) -> AuthError {
    AuthError::Incomplete { why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &HeaderMap, query: &str) -> Result<Presented, AuthError> {
        extract(&Received { method: &Method::GET, path: "/", query: Some(query), headers, body: b"" }, 0)
    }

    fn with(authorization: &str) -> Result<Presented, AuthError> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, authorization.parse().unwrap());
        read(&headers, "UserName=a")
    }

    #[test]
    fn no_credential_is_a_missing_access_key_id() {
        let error = read(&HeaderMap::new(), "").unwrap_err();
        assert_eq!((error.code().as_str(), error.status().as_u16()), ("MissingAccessKeyId", 400));
        assert!(error.message().starts_with("AccessKeyId is mandatory for this action."));
    }

    #[test]
    fn basic_and_bearer_are_read() {
        let encoded = STANDARD.encode("LTAI1:se:cret");
        let Ok(Presented::Basic { access_key_id, secret }) = with(&format!("basic {encoded}")) else {
            panic!("basic is offered")
        };
        assert_eq!(access_key_id, "LTAI1");
        assert!(secret.matches(b"se:cret"));
        let Ok(Presented::Bearer(token)) = with("Bearer bs-1") else { panic!("bearer is offered") };
        assert!(token.matches(b"bs-1"));
    }

    #[test]
    fn malformed_credentials_are_refused() {
        let empty_id = STANDARD.encode(":secret");
        let empty_secret = STANDARD.encode("LTAI1:");
        let no_colon = STANDARD.encode("LTAI1");
        for value in ["Basic", "Basic ***", "Bearer", "Bearer ", "Bearer a b", "Basic /w=="]
            .map(str::to_owned)
            .into_iter()
            .chain([empty_id, empty_secret, no_colon].map(|encoded| format!("Basic {encoded}")))
        {
            assert_eq!(with(&value).unwrap_err().code(), "IncompleteSignature", "{value}");
        }
        for value in ["ACS3-HMAC-SM3 Credential=a", "acs a:b", "acs3-hmac-sha256 x", "", "ACS3-RSA-SHA256 x"]
        {
            assert_eq!(with(value).unwrap_err().code(), "InvalidSignatureMethod", "{value}");
        }
    }

    #[test]
    fn two_credentials_are_refused() {
        let mut headers = HeaderMap::new();
        headers.append(AUTHORIZATION, "Bearer a".parse().unwrap());
        headers.append(AUTHORIZATION, "Bearer b".parse().unwrap());
        assert_eq!(read(&headers, "").unwrap_err().code(), "IncompleteSignature");
        headers.insert(AUTHORIZATION, "Bearer a".parse().unwrap());
        assert!(
            read(&headers, "SignatureMethod=HMAC-SHA1&Timestamp=1").is_ok(),
            "no credential by themselves"
        );
        for query in ["AccessKeyId=a", "a=b&Signature", "SecurityToken=t", "%41ccessKeyId=a"] {
            let error = read(&headers, query).unwrap_err();
            assert_eq!(error.code(), "IncompleteSignature", "{query}");
        }
    }
}
