//! Response bodies: whole ones, and ones that a task feeds piece by piece.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, combinators::UnsyncBoxBody};
use tokio::sync::mpsc;

/// Any response body. Its error cuts the connection, so that the client sees a transfer that ends too early.
pub(super) type Body = UnsyncBoxBody<Bytes, io::Error>;
/// One piece of a fed body.
pub(super) type Piece = Result<Bytes, io::Error>;

/// A body that is known whole.
pub(super) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// A body that ends when the sender is dropped. The receiver is dropped when the client goes away, which the sender sees as closed.
pub(super) fn fed(pieces: mpsc::UnboundedReceiver<Piece>) -> Body {
    Fed(pieces).boxed_unsync()
}

/// The error that cuts a body.
pub(super) fn cut() -> io::Error {
    io::Error::other("cut on purpose")
}

struct Fed(mpsc::UnboundedReceiver<Piece>);

impl http_body::Body for Fed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.get_mut().0.poll_recv(context).map(|piece| piece.map(|bytes| bytes.map(Frame::data)))
    }
}

/// A body that is made while it is read: `first`, then `piece` again and again until `length` bytes of it have gone out,
/// then `last`. `gone` counts all bytes that were asked for.
pub(super) fn flood(first: Bytes, piece: Bytes, length: u64, last: Bytes, gone: Arc<AtomicU64>) -> Body {
    let pieces = length.div_ceil(piece.len() as u64);
    Flood { first: Some(first), piece, pieces, last: Some(last), gone }.boxed_unsync()
}

struct Flood {
    first: Option<Bytes>,
    piece: Bytes,
    pieces: u64,
    last: Option<Bytes>,
    gone: Arc<AtomicU64>,
}

impl http_body::Body for Flood {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let flood = self.get_mut();
        let next = flood.first.take().or_else(|| {
            if flood.pieces == 0 {
                return flood.last.take();
            }
            flood.pieces -= 1;
            Some(flood.piece.clone())
        });
        if let Some(next) = &next {
            flood.gone.fetch_add(next.len() as u64, Ordering::SeqCst);
        }
        Poll::Ready(next.map(|next| Ok(Frame::data(next))))
    }
}
