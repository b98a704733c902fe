//! One HTTP/1.1 exchange over TCP or TLS.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http::{HeaderMap, Request, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Failure;

const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// Revoking calls answer when every node has confirmed, and a batch of users takes a while.
const ANSWER_WITHIN: Duration = Duration::from_secs(120);
/// Far above any page of a list.
const LARGEST_ANSWER: usize = 64 << 20;

/// Where a listener is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    tls: bool,
    host: String,
    port: u16,
    /// The `host` header.
    pub(crate) authority: String,
}

impl Address {
    /// Reads a URL of scheme, host and port.
    pub(crate) fn parse(url: &str) -> Result<Self, Failure> {
        let wrong = |why: &str| {
            Failure::usage(format!("the endpoint `{url}` {why}; write it as `http://127.0.0.1:8081`"))
        };
        let uri: Uri = url.parse().map_err(|_| wrong("is no URL"))?;
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong("does not start with `http://` or `https://`")),
        };
        let authority = uri
            .authority()
            .filter(|authority| !authority.as_str().contains('@'))
            .ok_or_else(|| wrong("names no host, or a user"))?;
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(wrong("has a path, which a signature would cover and a proxy change"));
        }
        let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { tls, host, port, authority: authority.as_str().to_owned() })
    }
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Sends one request and waits for the whole answer.
pub(crate) async fn exchange(address: &Address, request: Request<Full<Bytes>>) -> anyhow::Result<Received> {
    let place = (address.host.as_str(), address.port);
    let connected =
        timeout(CONNECT_WITHIN, TcpStream::connect(place)).await.context("no connection within 10 s")?;
    let stream = connected.context("no connection")?;
    let answered = async {
        if address.tls {
            let name = ServerName::try_from(address.host.clone())
                .context("the host's name is not one that a certificate can hold")?;
            let connector = tokio_rustls::TlsConnector::from(Arc::new(trust()?));
            speak(connector.connect(name, stream).await.context("no TLS")?, request).await
        } else {
            speak(stream, request).await
        }
    };
    timeout(ANSWER_WITHIN, answered).await.context("no answer within 120 s")?
}

async fn speak<S>(stream: S, request: Request<Full<Bytes>>) -> anyhow::Result<Received>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the exchange; what goes wrong on it, the sender reports.
    tokio::spawn(async move { drop(connection.await) });
    let (parts, body) = sender.send_request(request).await.context("the connection broke")?.into_parts();
    match Limited::new(body, LARGEST_ANSWER).collect().await {
        Ok(body) => {
            Ok(Received { status: parts.status.as_u16(), headers: parts.headers, body: body.to_bytes() })
        }
        Err(error) => bail!("the answer broke off: {error}"),
    }
}

/// Whom a TLS server must be vouched for by: the public authorities, and those in the file that `SSL_CERT_FILE` names.
fn trust() -> anyhow::Result<rustls::ClientConfig> {
    let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = std::env::var_os("SSL_CERT_FILE") {
        let explained = || format!("reading the certificates in `SSL_CERT_FILE` ({})", path.display());
        for certificate in CertificateDer::pem_file_iter(&path).with_context(explained)? {
            roots.add(certificate.with_context(explained)?).with_context(explained)?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions =
        rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(versions.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_scheme_host_and_port() {
        let address = Address::parse("http://[::1]:8081/").unwrap();
        assert_eq!(
            (address.host.as_str(), address.port, address.authority.as_str()),
            ("::1", 8081, "[::1]:8081")
        );
        let address = Address::parse("https://bailey.example.com").unwrap();
        assert_eq!(
            (address.tls, address.port, address.authority.as_str()),
            (true, 443, "bailey.example.com")
        );
        for url in [
            "127.0.0.1:8081",
            "ftp://host",
            "http://",
            "http://host/path",
            "http://user@host",
            "http://host?a=b",
            "",
        ] {
            let failure = Address::parse(url).unwrap_err();
            assert_eq!(failure.exit, super::super::Exit::Usage, "{url}");
        }
    }

    #[test]
    fn the_public_authorities_are_trusted() {
        assert!(trust().is_ok());
    }
}
