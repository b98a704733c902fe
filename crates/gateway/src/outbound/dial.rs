//! Opening connections: resolve, keep the addresses that are allowed, connect to one of exactly those.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::address::is_public;
use super::base_url::BaseUrl;

/// How TLS is spoken: the web's certificate authorities and `extra` ones, HTTP/1.1 only.
pub(crate) fn connector(extra: Vec<CertificateDer<'static>>) -> TlsConnector {
    let mut roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    let given = extra.len();
    let (added, _) = roots.add_parsable_certificates(extra);
    if added < given {
        tracing::warn!(
            unreadable = given - added,
            "certificate authorities that cannot be read are left out"
        );
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has the cipher suites of the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    TlsConnector::from(Arc::new(config))
}

/// Opens a connection. The whole of it is bounded by the caller.
pub(super) async fn dial(url: &BaseUrl, allow_private: bool, tls: &TlsConnector) -> io::Result<Network> {
    let stream = connect(url, allow_private).await?;
    stream.set_nodelay(true)?;
    if !url.tls {
        return Ok(Network::Plain(stream));
    }
    let name = ServerName::try_from(url.host.clone()).map_err(io::Error::other)?;
    Ok(Network::Tls(Box::new(tls.connect(name, stream).await?)))
}

/// The address that is checked is the address that is dialled: asking for the name twice could give two answers.
async fn connect(url: &BaseUrl, allow_private: bool) -> io::Result<TcpStream> {
    let found: Vec<SocketAddr> = tokio::net::lookup_host((url.host.as_str(), url.port)).await?.collect();
    let mut failed = None;
    for address in found.iter().filter(|address| allow_private || is_public(address.ip())) {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = Some(error),
        }
    }
    Err(failed.unwrap_or_else(|| {
        let why = if found.is_empty() {
            "the name has no address"
        } else {
            "the name leads to private addresses only, which `allowPrivate` does not allow"
        };
        io::Error::new(io::ErrorKind::AddrNotAvailable, why)
    }))
}

/// A connection, with or without TLS.
#[derive(Debug)]
pub(crate) enum Network {
    /// As it is.
    Plain(TcpStream),
    /// Behind TLS.
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Network {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Network {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
