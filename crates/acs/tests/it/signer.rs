//! A client: signs as the Python and the TypeScript SDK do, written from their behaviour and not from the server's code.

use bailey_acs::AuthError;
use bailey_acs::credentials::{Presented, extract};
use bailey_acs::signature::Verified;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use ring::{digest, hmac};

pub(crate) const ACCESS_KEY_ID: &str = "LTAItest";
pub(crate) const SECRET: &[u8] = b"testsecret";
/// 2026-11-24T00:06:37Z
pub(crate) const NOW_MS: i64 = 1_795_478_797_000;
pub(crate) const DATE: &str = "2026-11-24T00:06:37Z";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Client {
    Python,
    TypeScript,
}

/// A request on the wire.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn quote(text: &str, safe: &str) -> String {
    text.bytes()
        .map(|byte| match char::from(byte) {
            character if character.is_ascii_alphanumeric() || safe.contains(character) => {
                character.to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// How the client writes a query value: Python's `quote_plus`, TypeScript's `encodeURIComponent`.
fn written(client: Client, text: &str) -> String {
    match client {
        Client::Python => quote(text, "-_.~ ").replace(' ', "+"),
        Client::TypeScript => quote(text, "-_.~!'()*"),
    }
}

impl Wire {
    pub(crate) fn signed(client: Client, path: &str, query: &[(String, String)], body: &[u8]) -> Self {
        let body_sha256 = hex(digest::digest(&digest::SHA256, body).as_ref());
        let mut headers: Vec<(String, String)> = [
            ("host", "127.0.0.1:8081"),
            ("x-acs-action", "CreateUser"),
            ("x-acs-version", "2015-05-01"),
            ("x-acs-date", DATE),
            ("x-acs-signature-nonce", "f28627c3a20b349226547b23867e229c"),
            ("x-acs-content-sha256", &body_sha256),
            ("x-acs-credentials-provider", "static_ak"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
        if client == Client::Python {
            headers.push(("accept".into(), "application/json".into()));
            headers
                .push(("user-agent".into(), "AlibabaCloud (Linux; x86_64) Python/3.11.7 Core/0.4.6".into()));
        }
        if !body.is_empty() {
            headers.push(("content-type".into(), "application/json; charset=utf-8".into()));
        }
        headers.sort();
        let mut sorted = query.to_vec();
        sorted.sort();
        let canonical_query: Vec<String> = sorted
            .iter()
            .map(|(name, value)| format!("{}={}", quote(name, "-_.~"), quote(value, "-_.~")))
            .collect();
        let lines: String =
            headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
        let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        let names = names.join(";");
        let request = format!("POST\n{path}\n{}\n{lines}\n{names}\n{body_sha256}", canonical_query.join("&"));
        let hash = hex(digest::digest(&digest::SHA256, request.as_bytes()).as_ref());
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET);
        let signature = hex(hmac::sign(&key, format!("ACS3-HMAC-SHA256\n{hash}").as_bytes()).as_ref());
        headers.push((
            "authorization".into(),
            format!(
                "ACS3-HMAC-SHA256 Credential={ACCESS_KEY_ID},SignedHeaders={names},Signature={signature}"
            ),
        ));
        let query: Vec<String> = query
            .iter()
            .map(|(name, value)| format!("{}={}", written(client, name), written(client, value)))
            .collect();
        Self {
            method: "POST".into(),
            path: path.into(),
            query: query.join("&"),
            headers: headers.into_iter().map(|(name, value)| (name, value.into_bytes())).collect(),
            body: body.to_vec(),
        }
    }

    /// The headers as a server library would hand them on; `None` if it would refuse them.
    pub(crate) fn header_map(&self) -> Option<HeaderMap> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).ok()?,
                HeaderValue::from_bytes(value.trim_ascii()).ok()?,
            );
        }
        Some(headers)
    }

    pub(crate) fn replace_header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(existing, _)| existing != name);
        self.headers.push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    pub(crate) fn without_header(mut self, name: &str) -> Self {
        self.headers.retain(|(existing, _)| existing != name);
        self
    }

    /// What the server says, knowing one access key.
    pub(crate) fn check(&self) -> Result<Verified, AuthError> {
        let headers = self.header_map().expect("well-formed headers");
        let Presented::Acs3(presented) = extract(&headers, NOW_MS)? else { panic!("signed with ACS3") };
        if presented.access_key_id() != ACCESS_KEY_ID {
            return Err(AuthError::AccessKeyNotFound);
        }
        let method = Method::from_bytes(self.method.as_bytes()).expect("a well-formed method");
        presented.verify(&method, &self.path, Some(&self.query), &self.body, SECRET)
    }
}
