//! What issuers publish about themselves, and where it may be fetched from.

use std::future::Future;
use std::pin::Pin;

use bailey_domain::Error;
use serde::Deserialize;

use super::key_set::KeySet;

/// The longest URL of an issuer (IMS), and of its keys.
const LONGEST_URL: usize = 255;

/// The way out to issuers. Whoever implements it follows no redirect, bounds time and size, and dials no address that is
/// not meant to be reached.
pub trait Documents: Send + Sync {
    /// Whether issuers may be inside: at private addresses, and on this machine without TLS.
    fn private_issuers(&self) -> bool;
    /// Fetches a document, or says why not in words that hold no secret.
    fn fetch<'a>(
        &'a self,
        url: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, String>> + Send + 'a>>;
}

/// Whether it is the URL of an issuer: `https://`, a host and a path; `http://` to this machine where private issuers are
/// allowed.
pub(crate) fn check_url(text: &str, private: bool) -> Result<(), &'static str> {
    let (rest, tls) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => (rest, true),
        (None, Some(rest)) => (rest, false),
        (None, None) => return Err("must begin with `https://`"),
    };
    if text.len() > LONGEST_URL {
        return Err("must be at most 255 characters");
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) || text.contains(['?', '#', '@', '\\']) {
        return Err("must be a URL without user name, query and fragment");
    }
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !port.is_empty() => host,
        _ => authority,
    };
    if host.is_empty() {
        return Err("names no host");
    }
    if !(tls || private && matches!(host, "127.0.0.1" | "localhost" | "[::1]")) {
        return Err("must begin with `https://`");
    }
    Ok(())
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

/// The keys that an issuer signs with: its discovery document leads to them.
pub(super) async fn fetch_keys(documents: &dyn Documents, issuer: &str) -> Result<KeySet, String> {
    let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let text = documents.fetch(&url).await?;
    let found: Discovery = serde_json::from_slice(&text)
        .map_err(|_| "its discovery document has no `issuer` and `jwks_uri`".to_owned())?;
    if found.issuer != issuer {
        return Err("its discovery document is another issuer's".to_owned());
    }
    check_url(&found.jwks_uri, documents.private_issuers()).map_err(|why| format!("its `jwks_uri` {why}"))?;
    KeySet::read(&documents.fetch(&found.jwks_uri).await?).map_err(str::to_owned)
}

/// What callers learn when an issuer's keys are not to be had.
pub(super) fn broken(issuer: &str) -> Error {
    Error::invalid(
        "AuthenticationFail.OIDCToken.IssuerConfigurationBroken",
        format!("Get public keys from OIDC Provider failed, the issuer is {issuer}."),
    )
}

#[cfg(test)]
mod tests {
    use super::check_url;

    #[test]
    fn issuers_are_https_or_on_this_machine() {
        for good in ["https://a.example", "https://a.example:8443/b/c", "https://[2001:db8::1]/x"] {
            check_url(good, false).unwrap();
        }
        for inside in ["http://127.0.0.1:9/x", "http://localhost", "http://[::1]:8080"] {
            check_url(inside, true).unwrap();
            assert!(check_url(inside, false).is_err(), "{inside}");
        }
        let long = format!("https://{}", "a".repeat(255));
        for bad in [
            "",
            "a.example",
            "ftp://a.example",
            "https://",
            "https:///x",
            "https://:443/",
            "https://u@a.example",
            "https://a.example/?q",
            "https://a.example/#f",
            "https://a.example/ b",
            "https://a\\b",
            "http://a.example",
            "http://127.0.0.1.example",
            "http://10.0.0.1",
            "HTTPS://a.example",
            &long,
        ] {
            assert!(check_url(bad, true).is_err(), "{bad}");
        }
    }
}
