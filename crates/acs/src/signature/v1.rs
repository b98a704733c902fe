//! The `HMAC-SHA1` signature of RPC calls (version 1 of Alibaba Cloud's request signature), server side.
//!
//! Source: the official SDK `aliyun-python-sdk-core` 2.16.1 (`rpc_signature_composer.py`) and the help page "Signature
//! mechanism". Method and all parameters of query and form are signed, `Signature` itself aside; headers and path are not.
//! So the path must be `/`, a body must be a form, and headers may only repeat what parameters say.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use super::canonical::Pairs;
use super::read::time_within;
use super::{Claims, Verified};
use crate::credentials::{Received, incomplete, is_name, one_header};
use crate::error::Echo;
use crate::parameters::is_form;
use crate::{AuthError, Place, Secret, encoding};

/// What must be sent, in the order in which its absence is told.
const MANDATORY: [&str; 8] = [
    "AccessKeyId",
    "Signature",
    "SignatureMethod",
    "SignatureVersion",
    "SignatureNonce",
    "Timestamp",
    "Action",
    "Version",
];

/// Parameters that only a credential has.
const CREDENTIAL: [&str; 3] = ["AccessKeyId", "Signature", "SecurityToken"];

/// A signature that is complete and in time, but not yet checked: for that its access key must be looked up.
///
/// It holds the text that is signed, so the check cannot be made over another request.
pub struct V1Presented {
    claims: Claims,
    string_to_sign: String,
    signature: [u8; 20],
}

impl V1Presented {
    /// What the request says of itself; all of it is signed.
    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Checks the signature.
    ///
    /// # Errors
    /// It is not that of `secret`. An empty secret matches nothing.
    pub fn verify(&self, secret: &[u8]) -> Result<Verified, AuthError> {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &[secret, b"&"].concat());
        // `ring` compares in constant time.
        let valid = hmac::verify(&key, self.string_to_sign.as_bytes(), &self.signature).is_ok();
        if secret.is_empty() || !valid {
            let string_to_sign = Echo::new(self.string_to_sign.clone());
            return Err(AuthError::ParametersMismatch { string_to_sign });
        }
        Ok(self.claims.proven())
    }
}

impl fmt::Debug for V1Presented {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the text that is signed: all parameters stand in it.
        formatter.debug_struct("V1Presented").field("claims", &self.claims).finish_non_exhaustive()
    }
}

/// Query and form, where the parameters stand.
fn texts<'a>(request: &Received<'a>) -> impl Iterator<Item = &'a [u8]> {
    let form = if body_is_form(request) { request.body } else { b"" };
    [request.query.unwrap_or("").as_bytes(), form].into_iter()
}

fn body_is_form(request: &Received<'_>) -> bool {
    is_form(request.headers.get(http::header::CONTENT_TYPE).map(http::HeaderValue::as_bytes))
}

/// Whether a credential stands in the parameters, complete or not.
pub(crate) fn is_carried(request: &Received<'_>) -> bool {
    texts(request).flat_map(encoding::pairs).any(|pair| CREDENTIAL.iter().any(|name| pair.is_named(name)))
}

/// Reads the signature and all that it signs; refuses what is incomplete, not signed, or out of time.
pub(crate) fn read(request: &Received<'_>, now_ms: i64) -> Result<V1Presented, AuthError> {
    if request.path != "/" {
        return Err(incomplete(
            "a signature in parameters is for calls of `/` only, since it does not sign the path; sign with ACS3-HMAC-SHA256",
        ));
    }
    // Two types would be read as whichever comes first, by whoever reads.
    one_header(request.headers, "content-type")?;
    if !request.body.is_empty() && !body_is_form(request) {
        return Err(incomplete(
            "the body is not signed; send its parameters as application/x-www-form-urlencoded",
        ));
    }
    let mut pairs = Pairs::read(texts(request))?;
    for name in MANDATORY {
        text(&pairs, name)?;
    }
    let method_is_known = text(&pairs, "SignatureMethod")? == "HMAC-SHA1"
        && pairs.find("SignatureType").is_none_or(<[u8]>::is_empty);
    if !method_is_known {
        return Err(AuthError::SignatureMethod);
    }
    if text(&pairs, "SignatureVersion")? != "1.0" {
        return Err(AuthError::Query { name: "SignatureVersion".to_owned(), why: "must be 1.0" });
    }
    let time_ms = time_within(text(&pairs, "Timestamp")?, now_ms)?;
    for name in ["AccessKeyId", "SignatureNonce"] {
        if !is_name(text(&pairs, name)?) {
            return Err(incomplete(format_args!("`{name}` must be 1 to 128 visible ASCII characters")));
        }
    }
    // Old clients send both. Headers are not signed, so one that says something else is somebody else's.
    for (header, name) in [("x-acs-action", "Action"), ("x-acs-version", "Version")] {
        if one_header(request.headers, header)?.is_some_and(|value| Some(value) != pairs.find(name)) {
            return Err(incomplete(format_args!("`{header}` and the parameter `{name}` differ; send one")));
        }
    }
    let security_token = match pairs.find("SecurityToken") {
        None | Some(b"") => None,
        Some(_) => Some(Secret::new(text(&pairs, "SecurityToken")?.to_owned())),
    };
    let signature = pairs.take("Signature").and_then(|signature| STANDARD.decode(signature).ok());
    let signature = signature
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| incomplete("Signature must be base64 of the 20 bytes of an HMAC-SHA1"))?;
    let method = request.method.as_str();
    Ok(V1Presented {
        claims: Claims {
            access_key_id: text(&pairs, "AccessKeyId")?.to_owned(),
            action: text(&pairs, "Action")?.to_owned(),
            version: text(&pairs, "Version")?.to_owned(),
            security_token,
            nonce: text(&pairs, "SignatureNonce")?.to_owned(),
            time_ms,
        },
        string_to_sign: format!("{method}&%2F&{}", encoding::encode(pairs.canonical().as_bytes())),
        signature,
    })
}

/// The text of a parameter that must be there.
fn text<'a>(pairs: &'a Pairs, name: &'static str) -> Result<&'a str, AuthError> {
    let value = pairs.find(name).filter(|value| !value.is_empty());
    let value = value.ok_or(AuthError::Missing { name, place: Place::Parameter })?;
    std::str::from_utf8(value).map_err(|_| incomplete(format_args!("`{name}` is not text; send UTF-8")))
}
