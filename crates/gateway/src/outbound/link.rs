//! One connection to an upstream, and one request on it.
//!
//! hyper gives a handle and a connection that somebody must poll. Here the task that waits for the answer polls it, so
//! that an answer needs no hop between tasks; a connection that is kept for later is not polled at all, and looked at when
//! it is taken out.

use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bailey_domain::Reason;
use bailey_domain::directory::Flight;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as _;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper_util::rt::TokioIo;

use super::dial::Network;
use super::target::Target;
use crate::watch::{Interrupted, watched};

/// Most bytes of an answer's head, and of what is read ahead of a body.
const BUFFER: usize = 128 * 1024;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Nobody answers there, or not in HTTP. Another route may.
    Unavailable,
    /// The request is with the upstream, which says nothing. Asking another route would do it twice.
    TimedOut,
    /// The call's right ended meanwhile.
    Cut(Reason),
}

/// A connection to an upstream. Boxed where it is kept: it is large, and goes from hand to hand with every request.
pub(crate) struct Link {
    sender: SendRequest<Full<Bytes>>,
    connection: Connection<TokioIo<Network>, Full<Bytes>>,
    is_over: bool,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link(over: {})", self.is_over)
    }
}

impl Link {
    pub(super) async fn new(network: Network) -> Result<Box<Self>, hyper::Error> {
        let (sender, connection) =
            Builder::new().max_buf_size(BUFFER).handshake(TokioIo::new(network)).await?;
        Ok(Box::new(Self { sender, connection, is_over: false }))
    }

    /// Lets the connection do what it can.
    fn drive(&mut self, context: &mut Context<'_>) {
        if !self.is_over && Pin::new(&mut self.connection).poll(context).is_ready() {
            self.is_over = true;
        }
    }

    /// Whether another request can go out.
    pub(super) fn is_usable(&mut self, context: &mut Context<'_>) -> bool {
        self.drive(context);
        !self.is_over && self.sender.is_ready()
    }

    /// Sends a request and waits for the answer's head.
    async fn ask(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, hyper::Error> {
        let mut sending = std::pin::pin!(self.sender.send_request(request));
        let (connection, is_over) = (&mut self.connection, &mut self.is_over);
        std::future::poll_fn(|context| {
            if !*is_over && Pin::new(&mut *connection).poll(context).is_ready() {
                *is_over = true;
            }
            sending.as_mut().poll(context)
        })
        .await
    }
}

/// Sends a request over a kept connection or a new one. A kept one that turns out dead before any byte of an answer is
/// replaced once: the upstream closed it just as it was used again.
pub(super) async fn exchange(
    target: &Rc<Target>,
    request: impl Fn() -> Request<Full<Bytes>>,
    flight: &Flight,
    connect: Duration,
    first_byte: Duration,
) -> Result<(http::response::Parts, Answering), Failure> {
    let mut kept = std::future::poll_fn(|context| Poll::Ready(target.take(context))).await;
    loop {
        let is_kept = kept.is_some();
        let mut link = match kept.take() {
            Some(link) => link,
            None => match watched(target.open(), flight, connect).await {
                Ok(Ok(link)) => link,
                Ok(Err(())) | Err(Interrupted::TimedOut) => return Err(Failure::Unavailable),
                Err(Interrupted::Cut(reason)) => return Err(Failure::Cut(reason)),
            },
        };
        match watched(link.ask(request()), flight, first_byte).await {
            Ok(Ok(response)) => {
                let (head, body) = response.into_parts();
                return Ok((head, Answering { link, body, target: Rc::clone(target) }));
            }
            Ok(Err(error)) => {
                tracing::debug!(provider = %target.name(), %error, is_kept, "an upstream connection failed");
                if !is_kept {
                    return Err(Failure::Unavailable);
                }
            }
            Err(Interrupted::TimedOut) => return Err(Failure::TimedOut),
            Err(Interrupted::Cut(reason)) => return Err(Failure::Cut(reason)),
        }
    }
}

/// An answer whose body is being read. Dropped before its end, it takes the connection with it.
#[derive(Debug)]
pub(crate) struct Answering {
    link: Box<Link>,
    body: Incoming,
    target: Rc<Target>,
}

impl Answering {
    /// The next piece of the body; `None` at its end.
    pub(crate) fn poll_data(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, hyper::Error>>> {
        loop {
            let frame = match Pin::new(&mut self.body).poll_frame(context) {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    // The body has said that it wants more; now the connection may read it.
                    self.link.drive(context);
                    ready!(Pin::new(&mut self.body).poll_frame(context))
                }
            };
            match frame.transpose()? {
                None => return Poll::Ready(None),
                // Trailers are not passed on.
                Some(frame) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
            }
        }
    }

    /// Keeps the connection for the next request, when the body has ended.
    pub(crate) fn keep(mut self, context: &mut Context<'_>) {
        if self.link.is_usable(context) {
            self.target.keep(self.link);
        }
    }
}
