//! What a signed request says of itself, whichever way it is signed.

use super::Verified;
use crate::Secret;

/// What a signature signs beside the operation's parameters. True once the signature is checked, and not before.
#[derive(Debug)]
pub struct Claims {
    /// The access key whose secret is said to have made the signature.
    pub access_key_id: String,
    /// The operation that is asked for.
    pub action: String,
    /// The API version that is asked for.
    pub version: String,
    /// The security token of a temporary credential.
    pub security_token: Option<Secret>,
    /// What makes the request good once.
    pub nonce: String,
    /// The time the client says it signed at, in milliseconds since 1970 (UTC).
    pub time_ms: i64,
}

impl Claims {
    /// The proof for a signature that has been checked.
    pub(super) fn proven(&self) -> Verified {
        Verified { access_key_id: self.access_key_id.clone(), nonce: self.nonce.clone() }
    }
}
