//! One connection to an upstream, and one request on it.
//!
//! The task that waits for an answer polls the connection itself, so that an answer needs no hop between tasks, and what
//! passes is neither parsed into maps nor copied: a request is a prepared head and the body as it came, an answer the few
//! lines that matter and pieces of the buffer it was read into. A connection that is kept for later is not polled at all,
//! and looked at when it is taken out.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bailey_domain::Reason;
use bailey_domain::directory::Flight;
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWrite as _};

use super::body::Body;
use super::dial::Network;
use super::head::Head;
use super::target::Target;
use crate::watch::{Interrupted, watched};

/// How much is read at once, and how much when a body comes faster than that.
const ROOM: usize = 8 * 1024;
const MUCH_ROOM: usize = 64 * 1024;

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

/// A connection to an upstream. Boxed where it is kept: it goes from hand to hand with every request.
pub(crate) struct Link {
    network: Network,
    /// What came and is not taken yet.
    came: BytesMut,
    /// Whether the last reading took all the room there was.
    is_full: bool,
    /// A request on its way out. The head holds the upstream's credential.
    head: Vec<u8>,
    body: Bytes,
    sent: usize,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link(came: {}, sent: {})", self.came.len(), self.sent)
    }
}

impl Link {
    pub(super) fn new(network: Network) -> Box<Self> {
        let (came, head) = (BytesMut::with_capacity(ROOM), Vec::with_capacity(512));
        Box::new(Self { network, came, is_full: false, head, body: Bytes::new(), sent: 0 })
    }

    /// Whether another request can go out: nothing came since the last answer, not even the end.
    pub(super) fn is_usable(&mut self, context: &mut Context<'_>) -> bool {
        self.came.is_empty() && self.poll_fill(context).is_pending()
    }

    /// Reads what has come; 0 bytes at the end of the connection.
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.came.capacity() - self.came.len() < ROOM / 4 {
            self.came.reserve(if self.is_full { MUCH_ROOM } else { ROOM });
        }
        let room = self.came.capacity() - self.came.len();
        let read = ready!(pin!(self.network.read_buf(&mut self.came)).poll(context))?;
        self.is_full = read == room;
        Poll::Ready(Ok(read))
    }

    /// Sends what is left of the request.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.sent < self.head.len() + self.body.len() {
            let network = Pin::new(&mut self.network);
            let wrote = if self.sent < self.head.len() {
                let slices = [IoSlice::new(&self.head[self.sent..]), IoSlice::new(&self.body)];
                ready!(network.poll_write_vectored(context, &slices))?
            } else {
                ready!(network.poll_write(context, &self.body[self.sent - self.head.len()..]))?
            };
            if wrote == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent += wrote;
        }
        Pin::new(&mut self.network).poll_flush(context)
    }

    /// Sends the request and reads the answer's head, which may come before the request is out: an upstream that does not
    /// want the rest says so and closes.
    fn poll_ask(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Head>> {
        let sending = self.poll_send(context);
        loop {
            if let Some(mut head) = Head::take(&mut self.came)? {
                head.keeps_alive &= matches!(sending, Poll::Ready(Ok(())));
                return Poll::Ready(Ok(head));
            }
            match (self.poll_fill(context), &sending) {
                (Poll::Ready(Ok(0) | Err(_)), Poll::Ready(Err(_))) => {
                    return sending.map(|sent| sent.and(Err(io::ErrorKind::BrokenPipe.into())));
                }
                (Poll::Ready(Ok(0)), _) => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                (Poll::Ready(Ok(_)), _) => {}
                (Poll::Ready(Err(error)), _) => return Poll::Ready(Err(error)),
                (Poll::Pending, _) => return Poll::Pending,
            }
        }
    }

    /// Puts a request in.
    fn take_request(&mut self, write_head: impl FnOnce(&mut Vec<u8>), body: &Bytes) {
        self.head.clear();
        write_head(&mut self.head);
        self.body = body.clone();
        self.sent = 0;
    }
}

/// Sends a request over a kept connection or a new one. A kept one that turns out dead before any byte of an answer is
/// replaced once: the upstream closed it just as it was used again.
pub(super) async fn exchange(
    target: &Rc<Target>,
    write_head: impl Fn(&mut Vec<u8>),
    body: &Bytes,
    flight: &Flight,
    connect: Duration,
    first_byte: Duration,
) -> Result<(Head, Answering), Failure> {
    let mut kept = std::future::poll_fn(|context| Poll::Ready(target.take(context))).await;
    loop {
        let is_kept = kept.is_some();
        let mut link = match kept.take() {
            Some(link) => link,
            // Boxed, as it is rare and large: what it needs would else be moved with every request.
            None => match watched(Box::pin(target.open()), flight, connect).await {
                Ok(Ok(link)) => link,
                Ok(Err(())) | Err(Interrupted::TimedOut) => return Err(Failure::Unavailable),
                Err(Interrupted::Cut(reason)) => return Err(Failure::Cut(reason)),
            },
        };
        link.take_request(&write_head, body);
        let asked = std::future::poll_fn(|context| link.poll_ask(context));
        match watched(asked, flight, first_byte).await {
            Ok(Ok(head)) => {
                link.body = Bytes::new();
                let answering = Answering {
                    link,
                    body: head.framing.into(),
                    keeps_alive: head.keeps_alive,
                    target: Rc::clone(target),
                };
                return Ok((head, answering));
            }
            Ok(Err(error)) => {
                tracing::debug!(provider = %target.name(), %error, is_kept, "an upstream connection failed");
                if !is_kept || !link.came.is_empty() {
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
    body: Body,
    keeps_alive: bool,
    target: Rc<Target>,
}

impl Answering {
    /// The next piece of the body; `None` at its end.
    pub(crate) fn poll_data(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        loop {
            match self.body.next(&mut self.link.came) {
                Ok(Some(piece)) => return Poll::Ready(Some(Ok(piece))),
                Ok(None) if self.body == Body::Done => return Poll::Ready(None),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
            match ready!(self.link.poll_fill(context)) {
                Ok(0) => {
                    self.keeps_alive = false;
                    if let Err(error) = self.body.ended() {
                        return Poll::Ready(Some(Err(error)));
                    }
                    self.body = Body::Done;
                }
                Ok(_) => {}
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
    }

    /// Keeps the connection for the next request, when the body has ended.
    pub(crate) fn keep(self) {
        if self.keeps_alive && self.body == Body::Done && self.link.came.is_empty() {
            self.target.keep(self.link);
        }
    }
}
