//! The head of an upstream's answer, read strictly.

use std::io;

use bytes::BytesMut;
use http::{HeaderValue, StatusCode};
use memchr::memmem;

/// Most bytes of a head.
const LONGEST: usize = 64 * 1024;
/// Most lines of one.
const MOST_LINES: usize = 96;

/// What is said before the body, as far as the gateway has a use for it.
#[derive(Debug)]
pub(crate) struct Head {
    /// Its status, never of the first hundred.
    pub(crate) status: StatusCode,
    /// `Content-Type`.
    pub(crate) content_type: Option<HeaderValue>,
    /// `Content-Encoding`.
    pub(crate) content_encoding: Option<HeaderValue>,
    /// `Retry-After`.
    pub(crate) retry_after: Option<HeaderValue>,
    /// `Retry-After-Ms`, as some services say it more exactly.
    pub(crate) retry_after_ms: Option<HeaderValue>,
    /// How the end of the body is told.
    pub(super) framing: Framing,
    /// Whether another request may follow.
    pub(super) keeps_alive: bool,
}

/// How the end of a body is told (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes.
    Length(u64),
    /// By a last chunk.
    Chunked,
    /// By the end of the connection.
    Close,
}

fn broken(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

impl Head {
    /// Takes a head from the front of what came; `None` when its end has not come. Interim answers are passed over.
    pub(super) fn take(came: &mut BytesMut) -> io::Result<Option<Self>> {
        loop {
            let Some(end) = end_of_head(came) else {
                if came.len() > LONGEST {
                    return Err(broken("the answer's head is too long"));
                }
                return Ok(None);
            };
            let head = came.split_to(end);
            if let Some(head) = Self::parse(&head)? {
                return Ok(Some(head));
            }
        }
    }

    /// `None` for an interim answer.
    fn parse(bytes: &[u8]) -> io::Result<Option<Self>> {
        let mut lines = [httparse::EMPTY_HEADER; MOST_LINES];
        let mut answer = httparse::Response::new(&mut lines);
        let parsed = answer.parse(bytes).map_err(|_| broken("the answer is not HTTP/1"))?;
        let (httparse::Status::Complete(_), Some(code), Some(version)) =
            (parsed, answer.code, answer.version)
        else {
            return Err(broken("the answer's head does not end"));
        };
        let status = StatusCode::from_u16(code).map_err(|_| broken("the answer has no status"))?;
        if status == StatusCode::SWITCHING_PROTOCOLS {
            return Err(broken("the upstream wants another protocol"));
        }
        if status.is_informational() {
            return Ok(None);
        }
        let mut head = Self {
            status,
            content_type: None,
            content_encoding: None,
            retry_after: None,
            retry_after_ms: None,
            framing: Framing::Close,
            keeps_alive: version == 1,
        };
        let mut framing = Told::default();
        for line in answer.headers {
            head.line(line.name, line.value, &mut framing)?;
        }
        head.settle(&framing);
        Ok(Some(head))
    }

    fn line(&mut self, name: &str, value: &[u8], framing: &mut Told) -> io::Result<()> {
        let is = |known| name.eq_ignore_ascii_case(known);
        if is("content-length") {
            return framing.length(value);
        }
        if is("transfer-encoding") {
            return framing.coding(value);
        }
        if is("connection") {
            let mut words = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
            self.keeps_alive &= !words.any(|word| word.eq_ignore_ascii_case(b"close"));
            return Ok(());
        }
        let kept = if is("content-type") {
            &mut self.content_type
        } else if is("content-encoding") {
            &mut self.content_encoding
        } else if is("retry-after") {
            &mut self.retry_after
        } else if is("retry-after-ms") {
            &mut self.retry_after_ms
        } else {
            return Ok(());
        };
        *kept = Some(known(value)?);
        Ok(())
    }

    fn settle(&mut self, told: &Told) {
        self.framing = if matches!(self.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            Framing::Length(0)
        } else if told.is_chunked {
            // Both at once is an attempt at something: what follows the body is not trusted.
            self.keeps_alive &= told.length.is_none();
            Framing::Chunked
        } else if let Some(length) = told.length {
            Framing::Length(length)
        } else {
            self.keeps_alive = false;
            Framing::Close
        };
    }
}

/// What the lines say of the body's end.
#[derive(Default)]
struct Told {
    length: Option<u64>,
    is_chunked: bool,
}

impl Told {
    fn length(&mut self, value: &[u8]) -> io::Result<()> {
        let digits =
            std::str::from_utf8(value).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        let length = digits.and_then(|digits| digits.parse().ok());
        match (length, self.length) {
            (Some(length), None) => self.length = Some(length),
            (Some(length), Some(known)) if length == known => {}
            _ => return Err(broken("the answer's length cannot be read")),
        }
        Ok(())
    }

    fn coding(&mut self, value: &[u8]) -> io::Result<()> {
        if self.is_chunked || !value.eq_ignore_ascii_case(b"chunked") {
            return Err(broken("the answer's transfer coding is not understood"));
        }
        self.is_chunked = true;
        Ok(())
    }
}

/// Most answers have the same few types, which need no copy.
fn known(value: &[u8]) -> io::Result<HeaderValue> {
    if value == b"application/json" {
        return Ok(HeaderValue::from_static("application/json"));
    }
    if value == b"text/event-stream" {
        return Ok(HeaderValue::from_static("text/event-stream"));
    }
    HeaderValue::from_bytes(value).map_err(|_| broken("a line of the answer's head cannot be read"))
}

/// The place behind the blank line.
fn end_of_head(bytes: &[u8]) -> Option<usize> {
    memmem::find(bytes, b"\r\n\r\n").map(|at| at + 4)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn take(text: &str) -> io::Result<Option<Head>> {
        Head::take(&mut BytesMut::from(text))
    }

    fn framed(lines: &str) -> Result<(Framing, bool), String> {
        let head =
            take(&format!("HTTP/1.1 200 OK\r\n{lines}\r\n")).map_err(|error| error.to_string())?.unwrap();
        Ok((head.framing, head.keeps_alive))
    }

    #[test]
    fn the_end_of_a_body_is_told_in_one_way() {
        for (lines, expected) in [
            ("Content-Length: 12\r\n", Ok((Framing::Length(12), true))),
            ("content-length: 12\r\nContent-Length: 12\r\n", Ok((Framing::Length(12), true))),
            ("Transfer-Encoding: Chunked\r\n", Ok((Framing::Chunked, true))),
            ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", Ok((Framing::Chunked, false))),
            ("", Ok((Framing::Close, false))),
            ("Content-Length: 1\r\nConnection: keep-alive, Close\r\n", Ok((Framing::Length(1), false))),
        ] {
            assert_eq!(framed(lines), expected, "{lines}");
        }
        for lines in [
            "Content-Length: 1\r\nContent-Length: 2\r\n",
            "Content-Length: +1\r\n",
            "Content-Length: 1, 1\r\n",
            "Content-Length:\r\n",
            "Content-Length: 99999999999999999999\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "No colon\r\n",
        ] {
            assert!(framed(lines).is_err(), "{lines}");
        }
        assert!(!take("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n").unwrap().unwrap().keeps_alive);
        assert_eq!(take("HTTP/1.1 204 No Content\r\n\r\n").unwrap().unwrap().framing, Framing::Length(0));
    }

    #[test]
    fn interim_answers_are_passed_over() {
        let mut came = BytesMut::from(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nno",
        );
        let head = Head::take(&mut came).unwrap().unwrap();
        assert_eq!((head.status.as_u16(), &came[..]), (429, &b"no"[..]));
        assert_eq!(head.retry_after.unwrap(), "7");
        assert_eq!(head.content_type.unwrap(), "text/plain");
        assert_eq!(head.content_encoding.unwrap(), "gzip");
        assert!(take("HTTP/1.1 101 Switching Protocols\r\n\r\n").is_err());
    }

    #[test]
    fn a_head_without_end_is_not_collected() {
        assert!(take("HTTP/1.1 200 OK\r\nContent-Le").unwrap().is_none());
        assert!(take(&format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(LONGEST))).is_err());
        assert!(take("SSH-2.0-x\r\n\r\n").is_err());
        let many = "X: y\r\n".repeat(MOST_LINES + 1);
        assert!(framed(&many).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut came = BytesMut::from(&b"HTTP/1.1 200 OK\r\n"[..]);
            came.extend_from_slice(&bytes);
            came.extend_from_slice(b"\r\n\r\n");
            let _ = Head::take(&mut came);
            let _ = Head::take(&mut BytesMut::from(&bytes[..]));
        }
    }
}
