//! Response bodies: whole or streamed, with no box around the whole ones.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;

/// Any error of a streamed body; it ends the connection.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// A streamed body of any kind.
pub type BoxStream = Pin<Box<dyn http_body::Body<Data = Bytes, Error = BoxError> + Send>>;

/// A response body. A listener with one kind of stream names it as `S` and needs no box.
#[non_exhaustive]
pub enum Body<S = BoxStream> {
    /// All of it; `None` once it was taken, or if there never was any.
    Whole(Option<Bytes>),
    /// Piece by piece.
    Stream(S),
}

impl<S> Body<S> {
    /// No body.
    #[must_use]
    pub fn empty() -> Self {
        Self::Whole(None)
    }

    /// All of it at once.
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self::Whole((!bytes.is_empty()).then_some(bytes))
    }
}

impl Body {
    /// A stream of any kind, boxed.
    pub fn stream<T>(stream: T) -> Self
    where
        T: http_body::Body<Data = Bytes> + Send + 'static,
        T::Error: Into<BoxError>,
    {
        Self::Stream(Box::pin(stream.map_err(Into::into)))
    }
}

impl<S> http_body::Body for Body<S>
where
    S: http_body::Body<Data = Bytes> + Unpin,
{
    type Data = Bytes;
    type Error = S::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, S::Error>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Stream(stream) => Pin::new(stream).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_none(),
            Self::Stream(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Stream(stream) => stream.size_hint(),
        }
    }
}

impl<S> fmt::Debug for Body<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the bytes: answers may hold secrets.
        match self {
            Self::Whole(bytes) => write!(formatter, "Whole({} bytes)", bytes.as_ref().map_or(0, Bytes::len)),
            Self::Stream(_) => formatter.write_str("Stream"),
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body::Body as _;

    use super::*;

    #[test]
    fn sizes_are_known_so_that_no_answer_is_chunked_needlessly() {
        assert_eq!(Body::<BoxStream>::whole("abc").size_hint().exact(), Some(3));
        assert_eq!(Body::<BoxStream>::empty().size_hint().exact(), Some(0));
        assert!(Body::<BoxStream>::whole("").is_end_stream());
        assert_eq!(format!("{:?}", Body::<BoxStream>::whole("secret")), "Whole(6 bytes)");
    }

    #[tokio::test]
    async fn it_gives_its_bytes_once() {
        let mut body = Body::<BoxStream>::whole("abc");
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "abc");
        assert!(body.frame().await.is_none());
    }
}
