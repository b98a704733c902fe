//! A client: signs as the Python and the TypeScript SDK do, and as the older Python one does. Written from their behaviour and
//! not from the server's code.

use bailey_acs::AuthError;
use bailey_acs::credentials::{Presented, Received, extract};
use bailey_acs::signature::Verified;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
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

pub(crate) fn quote(text: &str, safe: &str) -> String {
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

    /// A call signed with HMAC-SHA1, with these parameters in query and form. The headers are those that the client sends
    /// unsigned.
    pub(crate) fn signed_v1(
        method: &str,
        query: &[(String, String)],
        form: &[(String, String)],
        token: Option<&str>,
    ) -> Self {
        let mut query = query.to_vec();
        let common = [
            ("AccessKeyId", ACCESS_KEY_ID),
            ("Action", "CreateUser"),
            ("Format", "JSON"),
            ("RegionId", "local"),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureNonce", "f28627c3-a20b-3492-2654-7b23867e229c"),
            ("SignatureType", ""),
            ("SignatureVersion", "1.0"),
            ("Timestamp", DATE),
            ("Version", "2015-05-01"),
        ];
        query.extend(common.map(|(name, value)| (name.to_owned(), value.to_owned())));
        query.extend(token.map(|token| ("SecurityToken".to_owned(), token.to_owned())));
        let signature = signature_v1(method, query.iter().chain(form), SECRET);
        query.push(("Signature".to_owned(), signature));
        let mut headers =
            vec![("host", "127.0.0.1:8081"), ("x-acs-action", "CreateUser"), ("x-acs-version", "2015-05-01")];
        if !form.is_empty() {
            headers.push(("content-type", "application/x-www-form-urlencoded"));
        }
        Self {
            method: method.to_owned(),
            path: "/".to_owned(),
            query: joined(&query),
            headers: headers
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
                .collect(),
            body: joined(form).into_bytes(),
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
        let method = Method::from_bytes(self.method.as_bytes()).expect("a well-formed method");
        let (path, query, body) = (self.path.as_str(), Some(self.query.as_str()), self.body.as_slice());
        let presented = extract(&Received { method: &method, path, query, headers: &headers, body }, NOW_MS)?;
        let claims = match &presented {
            Presented::Acs3(signed) => signed.claims(),
            Presented::V1(signed) => signed.claims(),
            Presented::Basic { .. } | Presented::Bearer(_) => panic!("it is signed"),
        };
        if claims.access_key_id != ACCESS_KEY_ID {
            return Err(AuthError::AccessKeyNotFound);
        }
        match &presented {
            Presented::Acs3(signed) => signed.verify(&method, path, query, body, SECRET),
            Presented::V1(signed) => signed.verify(SECRET),
            Presented::Basic { .. } | Presented::Bearer(_) => panic!("it is signed"),
        }
    }
}

/// Two texts that a server reads as one and the same, decoded without help from the code under test.
pub(crate) fn same_when_decoded(left: &str, right: &str) -> bool {
    let decode = |text: &str| {
        let text = text.replace('+', "%2B");
        percent_encoding::percent_decode_str(&text).collect::<Vec<u8>>()
    };
    decode(left) == decode(right)
}

/// A query's parameters, decoded without help from the code under test. A name without `=` has an empty value.
pub(crate) fn parameters(query: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let decode =
        |text: &str| percent_encoding::percent_decode_str(&text.replace('+', " ")).collect::<Vec<u8>>();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<_> = pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect();
    pairs.sort();
    pairs
}

/// `name=value` as the older Python client writes query and form.
fn joined(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", quote(name, "-_.~"), quote(value, "-_.~")))
        .collect();
    pairs.join("&")
}

/// The HMAC-SHA1 signature over these parameters, as it is sent.
pub(crate) fn signature_v1<'a>(
    method: &str,
    parameters: impl IntoIterator<Item = &'a (String, String)>,
    secret: &[u8],
) -> String {
    let mut parameters: Vec<_> = parameters.into_iter().cloned().collect();
    parameters.sort();
    let text = format!("{method}&%2F&{}", quote(&joined(&parameters), "-_.~"));
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &[secret, b"&"].concat());
    STANDARD.encode(hmac::sign(&key, text.as_bytes()))
}
