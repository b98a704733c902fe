//! The `ACS3-HMAC-SHA256` signature, client side: the secret itself never travels, so plain HTTP does not give it away.

use bailey_domain::Secret;
use bailey_domain::secret::hex;
use jiff::Timestamp;
use ring::{digest, hmac};

use super::wire::Wire;

const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// An access key with its secret.
#[derive(Clone, Debug)]
pub(crate) struct AccessKey {
    pub(crate) id: String,
    pub(crate) secret: Secret<String>,
}

/// What a caller shows.
#[derive(Clone, Debug)]
pub(crate) enum Credential {
    /// Nothing: signing in needs none.
    Nothing,
    /// An access key, which signs.
    AccessKey(AccessKey),
    /// A session's token, which travels.
    Session(Secret<String>),
}

impl Credential {
    /// The headers of a request.
    pub(crate) fn headers(
        &self,
        wire: &Wire,
        host: &str,
        now_ms: i64,
        nonce: &[u8; 16],
    ) -> Vec<(&'static str, String)> {
        let mut headers = vec![("host", host.to_owned())];
        headers.extend(wire.content_type.map(|content_type| ("content-type", content_type.to_owned())));
        headers
            .extend([("x-acs-action", wire.action.to_owned()), ("x-acs-version", wire.version.to_owned())]);
        match self {
            Self::AccessKey(key) => return sign(wire, host, key, now_ms, nonce),
            Self::Session(token) => headers.push(("authorization", format!("Bearer {}", token.reveal()))),
            Self::Nothing => {}
        }
        headers
    }
}

/// The headers of a signed request, `authorization` last.
pub(crate) fn sign(
    wire: &Wire,
    host: &str,
    key: &AccessKey,
    now_ms: i64,
    nonce: &[u8; 16],
) -> Vec<(&'static str, String)> {
    let now = Timestamp::from_millisecond(now_ms).unwrap_or_default();
    let body_hash = sha256(wire.body.as_bytes());
    // Sorted by name, as the signature wants them.
    let mut headers = Vec::with_capacity(8);
    if let Some(content_type) = wire.content_type {
        headers.push(("content-type", content_type.to_owned()));
    }
    headers.extend([
        ("host", host.to_owned()),
        ("x-acs-action", wire.action.to_owned()),
        ("x-acs-content-sha256", body_hash.clone()),
        ("x-acs-date", now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        ("x-acs-signature-nonce", hex(nonce)),
        ("x-acs-version", wire.version.to_owned()),
    ]);
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let canonical = format!("{}\n{}\n{}\n{lines}\n{names}\n{body_hash}", wire.method, wire.path, wire.query);
    let to_sign = format!("{ALGORITHM}\n{}", sha256(canonical.as_bytes()));
    let secret = hmac::Key::new(hmac::HMAC_SHA256, key.secret.reveal().as_bytes());
    let signature = hex(hmac::sign(&secret, to_sign.as_bytes()).as_ref());
    let authorization =
        format!("{ALGORITHM} Credential={},SignedHeaders={names},Signature={signature}", key.id);
    headers.push(("authorization", authorization));
    headers
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bailey_acs::credentials::{Presented, Received, extract};
    use http::HeaderMap;
    use serde_json::{Value, json};

    const NOW: i64 = 1_795_478_400_000;

    /// What the server's own check says about a signed request.
    fn accepted(operation: &str, parameters: Value, secret: &str) -> bool {
        let Value::Object(parameters) = parameters else { panic!("parameters are an object") };
        let wire = super::super::wire::build(operation, &parameters).unwrap();
        let key = AccessKey { id: "LTAI1".to_owned(), secret: Secret::new("secret".to_owned()) };
        let headers: HeaderMap = sign(&wire, "127.0.0.1:8081", &key, NOW, &[7; 16])
            .into_iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        let query = (!wire.query.is_empty()).then_some(wire.query.as_str());
        let received = Received {
            method: &wire.method,
            path: &wire.path,
            query,
            headers: &headers,
            body: wire.body.as_bytes(),
        };
        let Ok(Presented::Acs3(presented)) = extract(&received, NOW) else { panic!("{headers:?}") };
        assert_eq!(presented.claims().access_key_id, "LTAI1");
        presented.verify(&wire.method, &wire.path, query, wire.body.as_bytes(), secret.as_bytes()).is_ok()
    }

    #[test]
    fn the_server_accepts_what_is_signed_here() {
        let cases = [
            ("ListWorkspaces", json!({})),
            (
                "ListModelPermissions",
                json!({ "workspaceId": "llm-1", "filter": { "name": "研发 a+b&c" }, "maxResults": 200 }),
            ),
            ("CreateUser", json!({ "UserName": "alice", "DisplayName": "Alice A" })),
            ("SetMemberPages", json!({ "workspaceId": "llm-1", "userName": "ä/b", "pages": ["prompts"] })),
            ("EnableApiKey", json!({ "apiKeyId": "1" })),
        ];
        for (operation, parameters) in cases {
            assert!(accepted(operation, parameters.clone(), "secret"), "{operation}");
            assert!(!accepted(operation, parameters, "another"), "{operation}");
        }
    }
}
