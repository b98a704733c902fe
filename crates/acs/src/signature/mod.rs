//! Request signatures, server side: `ACS3-HMAC-SHA256` (version 3 of Alibaba Cloud's) here, `HMAC-SHA1` (version 1) in `v1`.
//!
//! Source: the official Python SDK `alibabacloud-tea-openapi` 0.4.6 (`utils.py`, `get_authorization`) and the help page
//! "V3 request structure and signature". In one line: HMAC over the SHA-256 of method, path, sorted query, the signed
//! headers and the body's hash, with the bare access key secret as key.

mod canonical;
mod claims;
mod read;
mod v1;

use std::fmt;

use http::Method;
use ring::{digest, hmac};

use crate::credentials::incomplete;
use crate::{AuthError, encoding};

use canonical::{canonical_path, canonical_query};
pub use claims::Claims;
pub(crate) use read::read;
pub use v1::V1Presented;
pub(crate) use v1::{is_carried, read as read_v1};

/// The scheme of the `Authorization` header and the first line of what is signed.
pub const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// How far the time of a signature may be from the server's time, either way, in milliseconds.
pub const WINDOW_MS: i64 = 15 * 60 * 1000;

/// A signature that is complete and in time, but not yet checked: for that its access key must be looked up.
///
/// It keeps its own copy of the signed headers, so the check cannot be made over other ones.
pub struct Acs3Presented {
    claims: Claims,
    declared_body_sha256: [u8; 32],
    canonical_headers: Vec<u8>,
    signed_headers: String,
    signs_content_type: bool,
    signature: [u8; 32],
}

/// Proof that a signature was checked. Only [`Acs3Presented::verify`] and
/// [`V1Presented::verify`] make one; the nonce is burned with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    access_key_id: String,
    nonce: String,
}

impl Verified {
    /// Whose secret made the signature.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// The nonce to burn, see [`crate::nonce::NonceCache::burn`].
    #[must_use]
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    #[cfg(test)]
    pub(crate) fn for_test(access_key_id: &str, nonce: &str) -> Self {
        Self { access_key_id: access_key_id.to_owned(), nonce: nonce.to_owned() }
    }
}

impl Acs3Presented {
    /// What the request says of itself; all of it is signed.
    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Checks the signature over the request as it arrived: `path` and `query` still encoded, `body` whole.
    ///
    /// # Errors
    /// The body is not the one that was hashed, the query is ambiguous, or the signature is not that of `secret`.
    /// An empty secret matches nothing.
    pub fn verify(
        &self,
        method: &Method,
        path: &str,
        query: Option<&str>,
        body: &[u8],
        secret: &[u8],
    ) -> Result<Verified, AuthError> {
        let body_sha256 = digest::digest(&digest::SHA256, body);
        if body_sha256.as_ref() != self.declared_body_sha256 {
            return Err(AuthError::BodyHash);
        }
        // The type decides how the body is read, so it may not be changed under way either.
        if !body.is_empty() && !self.signs_content_type {
            return Err(incomplete(
                "a body came with a `content-type` that is not signed; add it to SignedHeaders",
            ));
        }
        let mut canonical = Vec::with_capacity(512 + self.canonical_headers.len());
        canonical.extend_from_slice(method.as_str().as_bytes());
        canonical.push(b'\n');
        canonical.extend_from_slice(canonical_path(path)?.as_bytes());
        canonical.push(b'\n');
        canonical.extend_from_slice(canonical_query(query.unwrap_or(""))?.as_bytes());
        canonical.push(b'\n');
        canonical.extend_from_slice(&self.canonical_headers);
        canonical.push(b'\n');
        canonical.extend_from_slice(self.signed_headers.as_bytes());
        canonical.push(b'\n');
        canonical.extend_from_slice(encoding::hex(body_sha256.as_ref()).as_bytes());

        let canonical_request_sha256 = encoding::hex(digest::digest(&digest::SHA256, &canonical).as_ref());
        let string_to_sign = format!("{ALGORITHM}\n{canonical_request_sha256}");
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        // `ring` compares in constant time.
        let valid = hmac::verify(&key, string_to_sign.as_bytes(), &self.signature).is_ok();
        if secret.is_empty() || !valid {
            return Err(AuthError::SignatureMismatch { canonical_request_sha256 });
        }
        Ok(self.claims.proven())
    }
}

impl fmt::Debug for Acs3Presented {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the canonical headers: they hold the security token.
        formatter
            .debug_struct("Acs3Presented")
            .field("claims", &self.claims)
            .field("signed_headers", &self.signed_headers)
            .finish_non_exhaustive()
    }
}
