//! One connection, from its first byte to its close.

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};

use http::header::{CONNECTION, HeaderValue, TRANSFER_ENCODING};
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use tokio::net::TcpStream;

use crate::activity::{Activity, Registry};
use crate::io::Io;
use crate::limits::Limits;

/// Who is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The TCP peer: a proxy, if there is one.
    pub addr: SocketAddr,
}

/// hyper's settings for a listener. Its own time-out stays off: the sweep does that.
pub(crate) fn http1(limits: &Limits) -> http1::Builder {
    /// As low as hyper goes; it panics below.
    const LEAST_BUFFER: usize = 8192;
    let header_bytes = limits.header_bytes.max(LEAST_BUFFER);
    let mut builder = http1::Builder::new();
    builder
        .header_read_timeout(None)
        .max_buf_size(header_bytes)
        .max_header_size(header_bytes)
        .max_headers(limits.headers);
    builder
}

/// Serves requests until the client or a limit ends the connection.
pub(crate) async fn serve<H, F, B>(
    stream: TcpStream,
    peer: Peer,
    http1: Rc<http1::Builder>,
    handler: Rc<H>,
    registry: Rc<Registry>,
) where
    H: Fn(Request<Incoming>, Peer) -> F + 'static,
    F: Future<Output = Response<B>> + 'static,
    B: Body + Unpin + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let membership = registry.join();
    let activity = membership.activity();
    let for_requests = Rc::clone(activity);
    let service = service_fn(move |request| {
        for_requests.request_began();
        let activity = Rc::clone(&for_requests);
        let closes = is_chunked(&request);
        let response = handler(request, peer);
        async move {
            let mut response = response.await;
            if closes {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response.map(|body| Tracked { body, activity }))
        }
    });
    let mut connection = pin!(http1.serve_connection(Io::new(stream, Rc::clone(activity)), service));
    let mut told = false;
    let outcome = std::future::poll_fn(|context| {
        activity.wakes(context.waker());
        if activity.is_cut() {
            return Poll::Ready(None);
        }
        let drains = activity.is_draining() && !told;
        if drains && !activity.is_new() {
            told = true;
            connection.as_mut().graceful_shutdown();
        }
        let mut polled = connection.as_mut().poll(context);
        // hyper closes a connection that has read nothing yet; this way a request that is there already is still answered.
        if drains && !told && polled.is_pending() {
            told = true;
            connection.as_mut().graceful_shutdown();
            polled = connection.as_mut().poll(context);
        }
        polled.map(Some)
    })
    .await;
    match outcome {
        Some(Ok(())) => {}
        Some(Err(error)) => tracing::debug!(peer = %peer.addr, %error, "connection failed"),
        None => tracing::debug!(peer = %peer.addr, "connection cut: a time-out passed"),
    }
}

/// Whether the body has no declared length. hyper reads `Transfer-Encoding` over `Content-Length` when both are there and hides the
/// latter, while a proxy in front may have read the other one. Such a request is the connection's last, so that the two can
/// never disagree about where the next one begins (RFC 9112, 6.3, asks for that close).
fn is_chunked(request: &Request<Incoming>) -> bool {
    request.headers().contains_key(TRANSFER_ENCODING)
}

/// A response body that notes its end.
#[derive(Debug)]
struct Tracked<B> {
    body: B,
    activity: Rc<Activity>,
}

impl<B: Body + Unpin> Body for Tracked<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for Tracked<B> {
    fn drop(&mut self) {
        self.activity.response_ended();
    }
}
