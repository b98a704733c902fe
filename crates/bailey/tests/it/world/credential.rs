//! The ways in which a caller shows who it is on the control API.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ring::rand::SecureRandom as _;
use ring::{digest, hmac};

use super::client::Call;
use super::control::escaped;

/// What a caller shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Credential {
    /// Nothing.
    Nothing,
    /// HTTP Basic with an access key.
    Basic { id: String, secret: String },
    /// ACS3-HMAC-SHA256 with an access key.
    Signed { id: String, secret: String },
    /// ACS3-HMAC-SHA256 with a temporary access key and its token.
    Temporary { id: String, secret: String, token: String },
    /// HMAC-SHA1 in parameters with an access key; RPC calls only.
    InParameters { id: String, secret: String },
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

    /// The same access key, as a signature in parameters.
    pub(crate) fn in_parameters(&self) -> Self {
        Self::InParameters { id: self.access_key().to_owned(), secret: self.secret().to_owned() }
    }

    /// The access key's id.
    pub(crate) fn access_key(&self) -> &str {
        match self {
            Self::Basic { id, .. }
            | Self::Signed { id, .. }
            | Self::Temporary { id, .. }
            | Self::InParameters { id, .. } => id,
            Self::Nothing | Self::Bearer(_) => "",
        }
    }

    /// The access key's secret.
    pub(crate) fn secret(&self) -> &str {
        match self {
            Self::Basic { secret, .. }
            | Self::Signed { secret, .. }
            | Self::Temporary { secret, .. }
            | Self::InParameters { secret, .. } => secret,
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
            Self::Temporary { id, secret, token } => {
                sign(call.with("x-acs-security-token", token), host, id, secret)
            }
            Self::InParameters { id, secret } => sign_in_parameters(call, id, secret),
        }
    }
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a signature says of when it was made: the time, and a number used once.
#[expect(clippy::disallowed_methods, reason = "a signature holds the client's time")]
fn time_and_nonce() -> (String, String) {
    let mut nonce = [0; 16];
    ring::rand::SystemRandom::new().fill(&mut nonce).unwrap();
    (Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), hex(nonce))
}

/// Signs a call whose query, if any, is in the canonical order already. Written from the specification of the
/// signature, and not with the code under test.
fn sign(call: Call, host: &str, id: &str, secret: &str) -> Call {
    let (date, nonce) = time_and_nonce();
    let body_hash = hex(digest::digest(&digest::SHA256, &call.body));
    let mut call = call.with("host", host);
    for (name, value) in
        [("x-acs-date", date), ("x-acs-signature-nonce", nonce), ("x-acs-content-sha256", body_hash.clone())]
    {
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

/// Signs an RPC call whose parameters are a form. Written from the specification too.
fn sign_in_parameters(mut call: Call, id: &str, secret: &str) -> Call {
    let (date, nonce) = time_and_nonce();
    let header = |name| call.headers.iter().find(|(known, _)| known == name).unwrap().1.clone();
    let common = [
        ("AccessKeyId", id.to_owned()),
        ("Action", header("x-acs-action")),
        ("SignatureMethod", "HMAC-SHA1".to_owned()),
        ("SignatureNonce", nonce),
        ("SignatureType", String::new()),
        ("SignatureVersion", "1.0".to_owned()),
        ("Timestamp", date),
        ("Version", header("x-acs-version")),
    ];
    let query: Vec<String> =
        common.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    let form = std::str::from_utf8(&call.body).unwrap();
    let mut pairs: Vec<&str> = query.iter().map(String::as_str).collect();
    pairs.extend(form.split('&').filter(|pair| !pair.is_empty()));
    pairs.sort_by_key(|pair| pair.split_once('=').unwrap().0);
    let text = format!("{}&%2F&{}", call.method, escaped(&pairs.join("&")));
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, format!("{secret}&").as_bytes());
    let signature = STANDARD.encode(hmac::sign(&key, text.as_bytes()));
    call.target = format!("/?{}&Signature={}", query.join("&"), escaped(&signature));
    call
}
