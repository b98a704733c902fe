//! One token (RFC 7519, signed as RFC 7515 says): read with limits, its claims held against the provider.

use bailey_domain::Error;
use bailey_store::OidcProvider;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Number;

use super::key_set::{Algorithm, KeySet, NotSigned};

/// How far clocks may be apart, in milliseconds.
const LEEWAY: i64 = 60_000;
const HOUR: i64 = 3_600_000;
/// The longest subject; OpenID Connect: 255.
const LONGEST_SUBJECT: usize = 255;
const LONGEST_KEY_ID: usize = 256;
const MOST_AUDIENCES: usize = 64;

/// What is wrong with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is no token, says too little, or was not signed by the issuer.
    Invalid,
    /// Its time is over, or it was issued too long ago.
    Expired,
    /// It is of another issuer.
    Issuer,
    /// It is for somebody else.
    Audience,
}

impl From<Fault> for Error {
    /// The codes and sentences of the real service.
    fn from(fault: Fault) -> Self {
        let (code, message) = match fault {
            Fault::Invalid => ("Invalid", "This JsonWebToken is invalid."),
            Fault::Expired => ("Expired", "This JsonWebToken is expired."),
            Fault::Issuer => {
                ("IssuerNotMatch", "The issuer in the OIDC Token doesn't match the OIDC Provider registered.")
            }
            Fault::Audience => ("AudienceNotMatch", "Invalid audience."),
        };
        Self::invalid(format!("AuthenticationFail.OIDCToken.{code}"), message)
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Extensions that must be understood; none is.
    crit: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
struct Payload {
    iss: String,
    sub: String,
    aud: Audience,
    exp: Number,
    iat: Number,
    nbf: Option<Number>,
}

/// A token that was read. Nothing of it is believed yet.
#[derive(Debug)]
pub(crate) struct Unchecked<'t> {
    signed: &'t [u8],
    signature: Vec<u8>,
    algorithm: Algorithm,
    key_id: Option<String>,
    claims: Claims,
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claims {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) audience: Vec<String>,
    pub(crate) expires_at_ms: i64,
    pub(crate) issued_at_ms: i64,
    not_before_ms: Option<i64>,
}

impl<'t> Unchecked<'t> {
    /// Reads the compact form.
    pub(crate) fn read(token: &'t str) -> Result<Self, Fault> {
        let (signed, signature) = token.rsplit_once('.').ok_or(Fault::Invalid)?;
        let (header, payload) = signed.split_once('.').ok_or(Fault::Invalid)?;
        let header: Header = decoded(header)?;
        let payload: Payload = decoded(payload)?;
        let key_id = header.kid;
        if header.crit.is_some() || key_id.as_ref().is_some_and(|id| id.len() > LONGEST_KEY_ID) {
            return Err(Fault::Invalid);
        }
        Ok(Self {
            signed: signed.as_bytes(),
            signature: URL_SAFE_NO_PAD.decode(signature).map_err(|_| Fault::Invalid)?,
            algorithm: Algorithm::named(&header.alg).ok_or(Fault::Invalid)?,
            key_id,
            claims: Claims::of(payload)?,
        })
    }

    /// Holds the claims against the provider. It is done before the signature is looked at, so that no token of another
    /// time or for somebody else makes anybody fetch keys.
    pub(crate) fn check(&self, provider: &OidcProvider, now_ms: i64) -> Result<(), Fault> {
        let claims = &self.claims;
        if claims.issuer != provider.issuer_url {
            return Err(Fault::Issuer);
        }
        if !claims.audience.iter().any(|audience| provider.client_ids.contains(audience)) {
            return Err(Fault::Audience);
        }
        let limit = i64::try_from(provider.issuance_limit_time).unwrap_or(i64::MAX).saturating_mul(HOUR);
        let oldest = now_ms.saturating_sub(limit).saturating_sub(LEEWAY);
        if claims.expires_at_ms <= now_ms - LEEWAY || claims.issued_at_ms < oldest {
            return Err(Fault::Expired);
        }
        let latest = now_ms + LEEWAY;
        if claims.issued_at_ms > latest || claims.not_before_ms.is_some_and(|time| time > latest) {
            return Err(Fault::Invalid);
        }
        Ok(())
    }

    /// Whether one of these keys signed it.
    pub(super) fn is_signed_by(&self, keys: &KeySet) -> Result<(), NotSigned> {
        keys.verify(self.key_id.as_deref(), self.algorithm, self.signed, &self.signature)
    }

    /// What it says, once it was checked.
    pub(crate) fn into_claims(self) -> Claims {
        self.claims
    }
}

impl Claims {
    fn of(payload: Payload) -> Result<Self, Fault> {
        let audience = match payload.aud {
            Audience::One(one) => vec![one],
            Audience::Several(several) => several,
        };
        let subject = payload.sub;
        if subject.is_empty() || subject.len() > LONGEST_SUBJECT || audience.len() > MOST_AUDIENCES {
            return Err(Fault::Invalid);
        }
        Ok(Self {
            issuer: payload.iss,
            subject,
            audience,
            expires_at_ms: moment(&payload.exp)?,
            issued_at_ms: moment(&payload.iat)?,
            not_before_ms: payload.nbf.as_ref().map(moment).transpose()?,
        })
    }
}

/// One part: JSON in base64url. A member that stands there twice is refused by the reader.
fn decoded<T: for<'de> Deserialize<'de>>(part: &str) -> Result<T, Fault> {
    let text = URL_SAFE_NO_PAD.decode(part).map_err(|_| Fault::Invalid)?;
    serde_json::from_slice(&text).map_err(|_| Fault::Invalid)
}

/// Seconds since the epoch, with or without a fraction, in milliseconds.
fn moment(seconds: &Number) -> Result<i64, Fault> {
    /// The end of the year 9999.
    const LAST: f64 = 253_402_300_799.0;
    let seconds = seconds.as_f64().filter(|seconds| (0.0..=LAST).contains(seconds)).ok_or(Fault::Invalid)?;
    #[expect(clippy::cast_possible_truncation, reason = "in range, and the fraction of a millisecond may go")]
    Ok((seconds * 1000.0) as i64)
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
