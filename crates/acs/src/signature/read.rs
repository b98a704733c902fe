//! Reads a signature and all that it signs from the headers; refuses what is incomplete or out of time.

use http::{HeaderMap, HeaderName};

use super::canonical::canonical_headers;
use super::{Acs3Presented, Claims, WINDOW_MS};
use crate::credentials::{incomplete, is_name, one_header};
use crate::{AuthError, Place, Secret, encoding};

/// What must be signed: the header, and its name in the code of the refusal when it is absent.
const MANDATORY: [(&str, &str); 6] = [
    ("host", "Host"),
    ("x-acs-action", "Action"),
    ("x-acs-version", "Version"),
    ("x-acs-date", "Timestamp"),
    ("x-acs-signature-nonce", "SignatureNonce"),
    ("x-acs-content-sha256", "ContentSha256"),
];

const AUTHORIZATION: Place = Place::Header("authorization");

/// Reads what follows the scheme in `Authorization`, and the headers it signs.
pub(crate) fn read(parts: &str, headers: &HeaderMap, now_ms: i64) -> Result<Acs3Presented, AuthError> {
    let parts = Parts::parse(parts)?;
    for (header, name) in MANDATORY {
        match one_header(headers, header)? {
            Some(value) if !value.is_empty() => {}
            _ => return Err(AuthError::Missing { name, place: Place::Header(header) }),
        }
    }
    let signed = signed_names(parts.signed_headers)?;
    for header in MANDATORY
        .iter()
        .map(|(header, _)| *header)
        .chain(headers.keys().map(HeaderName::as_str).filter(|header| header.starts_with("x-acs-")))
    {
        if signed.binary_search(&header).is_err() {
            return Err(incomplete(format_args!(
                "the header `{header}` is not signed; add it to SignedHeaders"
            )));
        }
    }
    let time_ms = time_within(required_text(headers, "x-acs-date")?, now_ms)?;
    let nonce = required_text(headers, "x-acs-signature-nonce")?;
    if !is_name(nonce) {
        return Err(incomplete("`x-acs-signature-nonce` must be 1 to 128 visible ASCII characters"));
    }
    let declared_body_sha256 = encoding::unhex_32(required_text(headers, "x-acs-content-sha256")?)
        .ok_or_else(|| incomplete("`x-acs-content-sha256` must be 64 lower-case hexadecimal digits"))?;
    if let Some(id) = one_header(headers, "x-acs-accesskey-id")?
        && id != parts.access_key_id.as_bytes()
    {
        return Err(incomplete(
            "`x-acs-accesskey-id` and the Credential of `authorization` differ; send one id",
        ));
    }
    let security_token = match one_header(headers, "x-acs-security-token")? {
        Some(b"") | None => None,
        Some(_) => Some(Secret::new(required_text(headers, "x-acs-security-token")?.to_owned())),
    };
    Ok(Acs3Presented {
        claims: Claims {
            access_key_id: parts.access_key_id.to_owned(),
            action: required_text(headers, "x-acs-action")?.to_owned(),
            version: required_text(headers, "x-acs-version")?.to_owned(),
            security_token,
            nonce: nonce.to_owned(),
            time_ms,
        },
        declared_body_sha256,
        canonical_headers: canonical_headers(&signed, headers)?,
        signed_headers: parts.signed_headers.to_owned(),
        signs_content_type: !headers.contains_key("content-type")
            || signed.binary_search(&"content-type").is_ok(),
        signature: parts.signature,
    })
}

/// `Credential=…,SignedHeaders=…,Signature=…`
struct Parts<'a> {
    access_key_id: &'a str,
    signed_headers: &'a str,
    signature: [u8; 32],
}

impl<'a> Parts<'a> {
    fn parse(text: &'a str) -> Result<Self, AuthError> {
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let place = match part.split_once('=') {
                Some(("Credential", value)) => credential.replace(value),
                Some(("SignedHeaders", value)) => signed_headers.replace(value),
                Some(("Signature", value)) => signature.replace(value),
                _ => {
                    return Err(incomplete(
                        "`authorization` may hold Credential, SignedHeaders and Signature only",
                    ));
                }
            };
            if place.is_some() {
                return Err(incomplete("a part of `authorization` came twice; send each once"));
            }
        }
        let access_key_id = credential
            .filter(|id| !id.is_empty())
            .ok_or(AuthError::Missing { name: "AccessKeyId", place: AUTHORIZATION })?;
        if !is_name(access_key_id) {
            return Err(incomplete(
                "Credential must be an access key id of at most 128 visible ASCII characters",
            ));
        }
        let signature = signature
            .filter(|digits| !digits.is_empty())
            .ok_or(AuthError::Missing { name: "Signature", place: AUTHORIZATION })?;
        Ok(Self {
            access_key_id,
            signed_headers: signed_headers.ok_or_else(|| {
                incomplete("`authorization` has no SignedHeaders; send the signed names, joined by `;`")
            })?,
            signature: encoding::unhex_32(signature)
                .ok_or_else(|| incomplete("Signature must be 64 lower-case hexadecimal digits"))?,
        })
    }
}

/// The signed names: lower case, ascending, none twice. One spelling of one list.
fn signed_names(text: &str) -> Result<Vec<&str>, AuthError> {
    let names: Vec<&str> = text.split(';').collect();
    if names.iter().any(|name| HeaderName::from_lowercase(name.as_bytes()).is_err()) {
        return Err(incomplete("SignedHeaders must be lower-case header names, joined by `;`"));
    }
    if !names.is_sorted_by(|left, right| left < right) {
        return Err(incomplete("SignedHeaders must be sorted, each name once"));
    }
    Ok(names)
}

/// Reads the time of a signature, which must be near the time of receipt.
pub(super) fn time_within(text: &str, now_ms: i64) -> Result<i64, AuthError> {
    let time_ms = read_time(text)?;
    if now_ms.abs_diff(time_ms) > WINDOW_MS.unsigned_abs() {
        return Err(AuthError::TimeExpired);
    }
    Ok(time_ms)
}

/// Reads `YYYY-MM-DDThh:mm:ssZ` only: the library's reader takes many more forms.
fn read_time(text: &str) -> Result<i64, AuthError> {
    const SHAPE: &[u8; 20] = b"0000-00-00T00:00:00Z";
    let shaped = text.len() == SHAPE.len()
        && text.bytes().zip(SHAPE).all(|(byte, shape)| match shape {
            b'0' => byte.is_ascii_digit(),
            other => byte == *other,
        });
    if !shaped {
        return Err(AuthError::TimeFormat);
    }
    text.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_millisecond).map_err(|_| AuthError::TimeFormat)
}

fn required_text<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, AuthError> {
    one_header(headers, name)?
        .and_then(|value| std::str::from_utf8(value).ok())
        .ok_or_else(|| incomplete(format_args!("the header `{name}` is not text; send ASCII")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_has_one_form() {
        assert_eq!(read_time("1970-01-01T00:00:01Z"), Ok(1000));
        for text in [
            "2026-11-24 00:00:00Z",
            "2026-11-24T00:00:00z",
            "2026-11-24T00:00:00+00:00",
            "2026-11-24T00:00:00.1Z",
            "2026-13-01T00:00:00Z",
            "20261124T000000Z",
            "",
        ] {
            assert_eq!(read_time(text), Err(AuthError::TimeFormat), "{text}");
        }
    }
}
