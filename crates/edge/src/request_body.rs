//! Reading a request's body whole, within a size and a time.

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body::Body;
use http_body_util::BodyExt as _;

/// A body that was not read to its end. Answer with [`BodyError::status`]; hyper closes the connection after the answer, so
/// the rest of the body is never taken for another request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    /// It is larger than allowed.
    TooLarge {
        /// The bound, in bytes.
        limit: usize,
    },
    /// It did not arrive in time.
    TimedOut {
        /// The bound.
        timeout: Duration,
    },
    /// The client went away, or its chunks are not well formed.
    Broken,
}

impl BodyError {
    /// The HTTP status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TimedOut { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::Broken => StatusCode::BAD_REQUEST,
        }
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit } => {
                write!(formatter, "the body is larger than {limit} bytes; send a smaller one")
            }
            Self::TimedOut { timeout } => {
                write!(formatter, "the body did not arrive within {} ms; send it again", timeout.as_millis())
            }
            Self::Broken => {
                formatter.write_str("the body could not be read to its end; check its length and chunks")
            }
        }
    }
}

impl std::error::Error for BodyError {}

/// Reads a body of at most `limit` bytes, within `timeout` altogether.
///
/// # Errors
/// See [`BodyError`]. A declared length over the limit is refused before a byte is read (and before `100 Continue`).
pub async fn read_body<B>(body: B, limit: usize, timeout: Duration) -> Result<Bytes, BodyError>
where
    B: Body<Data = Bytes> + Unpin,
{
    let declared = body.size_hint().lower();
    if declared > limit as u64 {
        return Err(BodyError::TooLarge { limit });
    }
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let expected = usize::try_from(declared).unwrap_or(limit);
    match tokio::time::timeout(timeout, read(body, limit, expected)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(BodyError::TimedOut { timeout }),
    }
}

/// What is reserved for a declared length at once; the rest only as it arrives.
const RESERVED: usize = 64 * 1024;

async fn read<B>(mut body: B, limit: usize, expected: usize) -> Result<Bytes, BodyError>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        // Trailers mean nothing to any operation.
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        if data.len() > limit - first.len() - all.len() {
            return Err(BodyError::TooLarge { limit });
        }
        // Most bodies come in one piece, which is then handed on without a copy.
        if first.is_empty() && all.is_empty() {
            first = data;
            continue;
        }
        if all.is_empty() {
            all.reserve(expected.min(RESERVED).max(first.len() + data.len()));
            all.extend_from_slice(&std::mem::take(&mut first));
        }
        all.extend_from_slice(&data);
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream;
    use http_body::Frame;
    use http_body_util::{Full, StreamBody};

    use super::*;

    const LONG: Duration = Duration::from_secs(5);

    fn pieces(sizes: &[usize]) -> impl Body<Data = Bytes, Error = Infallible> + Unpin + use<> {
        let frames: Vec<_> =
            sizes.iter().map(|size| Ok(Frame::data(Bytes::from(vec![b'x'; *size])))).collect();
        StreamBody::new(stream::iter(frames))
    }

    #[tokio::test]
    async fn pieces_are_joined_up_to_the_limit() {
        for sizes in [&[][..], &[0], &[10], &[3, 7], &[3, 0, 3, 4], &[0, 10]] {
            let read = read_body(pieces(sizes), 10, LONG).await.unwrap();
            assert_eq!(read, vec![b'x'; sizes.iter().sum()]);
        }
        for sizes in [&[11][..], &[10, 1], &[3, 7, 1]] {
            assert_eq!(read_body(pieces(sizes), 10, LONG).await, Err(BodyError::TooLarge { limit: 10 }));
        }
    }

    #[tokio::test]
    async fn a_declared_length_is_enough_to_refuse() {
        let body = Full::new(Bytes::from_static(b"12345"));
        assert_eq!(read_body(body, 4, LONG).await, Err(BodyError::TooLarge { limit: 4 }));
    }

    #[tokio::test]
    async fn waiting_ends() {
        let timeout = Duration::from_millis(5);
        let never = StreamBody::new(stream::pending::<Result<Frame<Bytes>, Infallible>>());
        assert_eq!(read_body(never, 4, timeout).await, Err(BodyError::TimedOut { timeout }));
    }

    #[tokio::test]
    async fn a_cut_body_is_broken() {
        let cut = StreamBody::new(stream::iter([
            Ok(Frame::data(Bytes::from_static(b"1"))),
            Err(std::io::Error::other("cut")),
        ]));
        assert_eq!(read_body(cut, 4, LONG).await, Err(BodyError::Broken));
    }
}
