//! The ways in which a caller shows who it is on the control API.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ring::rand::SecureRandom as _;
use ring::{digest, hmac};

use super::client::Call;

/// What a caller shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Credential {
    /// Nothing.
    Nothing,
    /// HTTP Basic with an access key.
    Basic { id: String, secret: String },
    /// ACS3-HMAC-SHA256 with an access key.
    Signed { id: String, secret: String },
    /// A bearer token.
    Bearer(String),
}

impl Credential {
    pub(crate) fn basic(id: &str, secret: &str) -> Self {
        Self::Basic { id: id.to_owned(), secret: secret.to_owned() }
    }

    /// The same access key, as a signature.
    pub(crate) fn signed(&self) -> Self {
        Self::Signed { id: self.access_key().to_owned(), secret: self.secret().to_owned() }
    }

    /// The access key's id.
    pub(crate) fn access_key(&self) -> &str {
        match self {
            Self::Basic { id, .. } | Self::Signed { id, .. } => id,
            Self::Nothing | Self::Bearer(_) => "",
        }
    }

    /// The access key's secret.
    pub(crate) fn secret(&self) -> &str {
        match self {
            Self::Basic { secret, .. } | Self::Signed { secret, .. } => secret,
            Self::Nothing | Self::Bearer(_) => "",
        }
    }

    /// The call with this credential.
    pub(crate) fn on(&self, call: Call, host: &str) -> Call {
        match self {
            Self::Nothing => call,
            Self::Basic { id, secret } => {
                call.with("authorization", &format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))))
            }
            Self::Bearer(token) => call.with("authorization", &format!("Bearer {token}")),
            Self::Signed { id, secret } => sign(call, host, id, secret),
        }
    }
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Signs a call whose query, if any, is in the canonical order already. Written from the specification of the
/// signature, and not with the code under test.
#[expect(clippy::disallowed_methods, reason = "a signature holds the client's time")]
fn sign(call: Call, host: &str, id: &str, secret: &str) -> Call {
    let mut nonce = [0; 16];
    ring::rand::SystemRandom::new().fill(&mut nonce).unwrap();
    let date = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let body_hash = hex(digest::digest(&digest::SHA256, &call.body));
    let mut call = call.with("host", host);
    for (name, value) in [
        ("x-acs-date", date),
        ("x-acs-signature-nonce", hex(nonce)),
        ("x-acs-content-sha256", body_hash.clone()),
    ] {
        call = call.with(name, &value);
    }
    for (name, value) in [("x-acs-action", "Any"), ("x-acs-version", "2026-02-10")] {
        if !call.headers.iter().any(|(known, _)| known == name) {
            call = call.with(name, value);
        }
    }
    let mut headers = call.headers.clone();
    headers.sort();
    let names = headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let (path, query) = call.target.split_once('?').unwrap_or((&call.target, ""));
    let canonical = format!("{}\n{path}\n{query}\n{lines}\n{names}\n{body_hash}", call.method);
    let canonical = hex(digest::digest(&digest::SHA256, canonical.as_bytes()));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = hex(hmac::sign(&key, format!("ACS3-HMAC-SHA256\n{canonical}").as_bytes()));
    let value = format!("ACS3-HMAC-SHA256 Credential={id},SignedHeaders={names},Signature={signature}");
    call.with("authorization", &value)
}
