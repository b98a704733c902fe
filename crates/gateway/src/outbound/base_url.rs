//! The base URL of a provider, taken apart.

use http::{HeaderValue, Uri};

/// Where an upstream is.
#[derive(Debug)]
pub(super) struct BaseUrl {
    /// Whether to speak TLS.
    pub(super) tls: bool,
    /// A name or an address, without brackets.
    pub(super) host: String,
    /// The port.
    pub(super) port: u16,
    /// The value of `Host`.
    pub(super) host_header: HeaderValue,
    path: String,
}

impl BaseUrl {
    /// Reads `http[s]://host[:port][/path]`; says what is wrong otherwise.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let uri: Uri = text.parse().map_err(|_| "is no URL")?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err("must begin with http:// or https://"),
        };
        let authority = uri.authority().ok_or("names no host")?;
        if authority.as_str().contains('@') {
            return Err("must not hold a user name; the credential goes into `apiKey`");
        }
        if uri.query().is_some() {
            return Err("must not hold a query");
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err("names no host");
        }
        Ok(Self {
            tls,
            host,
            port: authority.port_u16().unwrap_or(if tls { 443 } else { 80 }),
            host_header: HeaderValue::from_str(authority.as_str())
                .map_err(|_| "names a host that no header can hold")?,
            path: uri.path().trim_end_matches('/').to_owned(),
        })
    }

    /// The path of an operation, as it stands in a request line.
    pub(super) fn path_of(&self, operation: &str) -> Result<Uri, &'static str> {
        format!("{}{operation}", self.path).parse().map_err(|_| "holds a path that no request line can hold")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_taken_apart() {
        for (text, tls, host, port, header, path) in [
            (
                "https://api.example.com/v1",
                true,
                "api.example.com",
                443,
                "api.example.com",
                "/v1/chat/completions",
            ),
            (
                "https://api.example.com:8443/a/b/",
                true,
                "api.example.com",
                8443,
                "api.example.com:8443",
                "/a/b/chat/completions",
            ),
            ("http://127.0.0.1:9000", false, "127.0.0.1", 9000, "127.0.0.1:9000", "/chat/completions"),
            ("http://[::1]:9000/v1", false, "::1", 9000, "[::1]:9000", "/v1/chat/completions"),
        ] {
            let url = BaseUrl::parse(text).unwrap();
            assert_eq!((url.tls, url.host.as_str(), url.port), (tls, host, port), "{text}");
            assert_eq!(url.host_header, header);
            assert_eq!(url.path_of("/chat/completions").unwrap().to_string(), path);
        }
        for text in [
            "",
            "example.com",
            "/v1",
            "ftp://example.com",
            "https://",
            "https://u:p@example.com",
            "https://example.com/?a=b",
        ] {
            assert!(BaseUrl::parse(text).is_err(), "{text}");
        }
    }
}
