//! Response bodies: whole ones, and ones that a task feeds piece by piece.

use std::{
    io,
    pin::Pin,
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
