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

async fn connect(url: &BaseUrl, allow_private: bool) -> io::Result<TcpStream> {
    let resolve = async || Ok(tokio::net::lookup_host((url.host.as_str(), url.port)).await?.collect());
    connect_to(resolve, allow_private, TcpStream::connect).await
}

/// Resolves once and opens the first address that is allowed and can be: the address that is checked is the address
/// that is dialled. Asking for the name twice could give two answers.
async fn connect_to<C>(
    resolve: impl AsyncFnOnce() -> io::Result<Vec<SocketAddr>>,
    allow_private: bool,
    open: impl AsyncFn(SocketAddr) -> io::Result<C>,
) -> io::Result<C> {
    let found = resolve().await?;
    let mut failed = None;
    for address in found.iter().filter(|address| allow_private || is_public(address.ip())) {
        match open(*address).await {
            Ok(connection) => return Ok(connection),
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

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;

    /// Dials with a resolver that gives these answers one after the other, and says whom it opened, in order. Whatever is
    /// in `closed` refuses.
    async fn opened(
        answers: &[&[&str]],
        allow_private: bool,
        closed: &[&str],
    ) -> (Vec<String>, Result<(), String>) {
        let (asked, opened) = (Cell::new(0), RefCell::new(Vec::new()));
        let resolve = async || {
            let answer = answers[asked.replace(asked.get() + 1)];
            Ok(answer.iter().map(|address| address.parse().unwrap()).collect())
        };
        let open = async |address: SocketAddr| {
            opened.borrow_mut().push(address.to_string());
            match closed.contains(&address.to_string().as_str()) {
                true => Err(io::ErrorKind::ConnectionRefused.into()),
                false => Ok(()),
            }
        };
        let result = connect_to(resolve, allow_private, open).await.map_err(|error| error.to_string());
        assert_eq!(asked.get(), 1, "the name is asked for once");
        (opened.into_inner(), result)
    }

    #[tokio::test]
    async fn a_name_that_changes_its_answer_gains_nothing() {
        let rebinding: &[&[&str]] = &[&["1.1.1.1:443"], &["127.0.0.1:443"], &["169.254.169.254:80"]];
        assert_eq!(opened(rebinding, false, &[]).await, (vec!["1.1.1.1:443".to_owned()], Ok(())));
        // Nor where the first address does not answer.
        let (to, result) = opened(rebinding, false, &["1.1.1.1:443"]).await;
        assert!(to == ["1.1.1.1:443"] && result.is_err(), "{to:?} {result:?}");
    }

    #[tokio::test]
    async fn private_addresses_among_public_ones_are_left_out() {
        let mixed: &[&[&str]] = &[&["10.0.0.7:80", "1.1.1.1:80", "[::1]:80", "8.8.8.8:80", "[fd00::1]:80"]];
        let (to, result) = opened(mixed, false, &["1.1.1.1:80", "8.8.8.8:80"]).await;
        assert!(to == ["1.1.1.1:80", "8.8.8.8:80"] && result.is_err(), "{to:?} {result:?}");
        assert_eq!(opened(mixed, true, &[]).await.0, ["10.0.0.7:80"]);
        for (answer, why) in [(&["10.0.0.7:80"][..], "private addresses only"), (&[], "has no address")] {
            let (to, result) = opened(&[answer], false, &[]).await;
            assert!(to.is_empty() && result.unwrap_err().contains(why));
        }
    }
}
