//! The body of an upstream's answer, taken out of its framing without a copy.

use std::io;

use bytes::{Buf as _, Bytes, BytesMut};

use super::head::Framing;

/// Most bytes of the line before a chunk, and of all trailers.
const LONGEST_LINE: usize = 4 * 1024;

/// Where in a body the reading is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// So many bytes are to come.
    Left(u64),
    /// The line that says how long the next chunk is.
    ChunkHead,
    /// So many bytes of a chunk are to come.
    Chunk(u64),
    /// The line end behind a chunk.
    ChunkEnd,
    /// The lines behind the last chunk; so many bytes of them are gone.
    Trailers(usize),
    /// Whatever comes until the connection ends.
    ToEnd,
    /// All of it came.
    Done,
}

fn broken(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

impl From<Framing> for Body {
    fn from(framing: Framing) -> Self {
        match framing {
            Framing::Length(0) => Self::Done,
            Framing::Length(length) => Self::Left(length),
            Framing::Chunked => Self::ChunkHead,
            Framing::Close => Self::ToEnd,
        }
    }
}

impl Body {
    /// The next piece of what came; `None` when more must come or the body is done.
    pub(super) fn next(&mut self, came: &mut BytesMut) -> io::Result<Option<Bytes>> {
        loop {
            match *self {
                Self::Done => return Ok(None),
                _ if came.is_empty() => return Ok(None),
                Self::ToEnd => return Ok(Some(came.split().freeze())),
                Self::Left(left) => {
                    let piece = piece(came, left);
                    *self = match left - piece.len() as u64 {
                        0 => Self::Done,
                        left => Self::Left(left),
                    };
                    return Ok(Some(piece));
                }
                Self::Chunk(left) => {
                    let piece = piece(came, left);
                    *self = match left - piece.len() as u64 {
                        0 => Self::ChunkEnd,
                        left => Self::Chunk(left),
                    };
                    return Ok(Some(piece));
                }
                Self::ChunkEnd => {
                    if came.len() < 2 && came[0] == b'\r' {
                        return Ok(None);
                    }
                    if !came.starts_with(b"\r\n") {
                        return Err(broken("a chunk of the answer does not end where it should"));
                    }
                    came.advance(2);
                    *self = Self::ChunkHead;
                }
                Self::ChunkHead => {
                    let Some(line) = line(came)? else { return Ok(None) };
                    *self = match chunk_length(&line)? {
                        0 => Self::Trailers(0),
                        length => Self::Chunk(length),
                    };
                }
                Self::Trailers(gone) => {
                    let Some(line) = line(came)? else { return Ok(None) };
                    let gone = gone + line.len();
                    if gone > LONGEST_LINE {
                        return Err(broken("the answer's trailers are too long"));
                    }
                    *self = if line.is_empty() { Self::Done } else { Self::Trailers(gone) };
                }
            }
        }
    }

    /// The connection has ended: whether the body has, too.
    pub(super) fn ended(self) -> io::Result<()> {
        match self {
            Self::Done | Self::ToEnd => Ok(()),
            _ => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the answer broke off")),
        }
    }
}

fn piece(came: &mut BytesMut, most: u64) -> Bytes {
    let length = usize::try_from(most).map_or(came.len(), |most| most.min(came.len()));
    came.split_to(length).freeze()
}

/// A line without its end. Only CR LF ends one.
fn line(came: &mut BytesMut) -> io::Result<Option<BytesMut>> {
    let Some(end) = memchr::memchr(b'\n', came) else {
        return if came.len() > LONGEST_LINE {
            Err(broken("a line between the chunks of the answer is too long"))
        } else {
            Ok(None)
        };
    };
    if end > LONGEST_LINE || end == 0 || came[end - 1] != b'\r' {
        return Err(broken("a line between the chunks of the answer cannot be read"));
    }
    let mut line = came.split_to(end + 1);
    line.truncate(end - 1);
    Ok(Some(line))
}

/// Hexadecimal digits; extensions behind a semicolon mean nothing here.
fn chunk_length(line: &[u8]) -> io::Result<u64> {
    let digits = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii_end();
    let text =
        std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
    text.and_then(|text| u64::from_str_radix(text, 16).ok())
        .ok_or_else(|| broken("the length of a chunk of the answer cannot be read"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Everything that comes out, and where the reading stands then.
    fn read(framing: Framing, pieces: &[&[u8]]) -> io::Result<(Vec<u8>, Body, usize)> {
        let mut body = Body::from(framing);
        let (mut came, mut out) = (BytesMut::new(), Vec::new());
        for piece in pieces {
            came.extend_from_slice(piece);
            while let Some(data) = body.next(&mut came)? {
                assert!(!data.is_empty());
                out.extend_from_slice(&data);
            }
        }
        Ok((out, body, came.len()))
    }

    #[test]
    fn each_framing_ends_where_it_says() {
        let (out, body, left) = read(Framing::Length(3), &[b"ab", b"cde"]).unwrap();
        assert_eq!((&out[..], body, left), (&b"abc"[..], Body::Done, 2));
        assert_eq!(read(Framing::Length(0), &[b"x"]).unwrap().2, 1);
        let (out, body, _) = read(Framing::Close, &[b"ab", b"c"]).unwrap();
        assert_eq!((&out[..], body.ended().is_ok()), (&b"abc"[..], true));
        assert!(read(Framing::Length(3), &[b"ab"]).unwrap().1.ended().is_err());
        let chunked = b"3;name=value\r\nabc\r\n0A \r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nrest";
        let (out, body, left) = read(Framing::Chunked, &[chunked]).unwrap();
        assert_eq!((&out[..], body, left), (&b"abc0123456789"[..], Body::Done, 4));
    }

    #[test]
    fn a_broken_framing_is_an_error() {
        for chunked in [
            &b"x\r\n"[..],
            b"\r\n",
            b"-1\r\n",
            b"+1\r\na",
            b" 1\r\na",
            b"1\na\r\n",
            b"1\r\nab\r\n",
            b"11111111111111111\r\n",
            b"1\r\na\n\r\n",
        ] {
            assert!(read(Framing::Chunked, &[chunked]).is_err(), "{:?}", String::from_utf8_lossy(chunked));
        }
        let long = vec![b'0'; LONGEST_LINE + 2];
        assert!(read(Framing::Chunked, &[&long]).is_err());
        let trailers = [&b"0\r\n"[..], &b"A: b\r\n".repeat(LONGEST_LINE)].concat();
        assert!(read(Framing::Chunked, &[&trailers]).is_err());
    }

    proptest! {
        /// However chunks are cut and however they arrive, the same bytes come out.
        #[test]
        fn pieces_do_not_matter(
            text in prop::collection::vec(any::<u8>(), 1..300),
            cuts in prop::collection::vec(1usize..60, 1..8),
            arrivals in prop::collection::vec(1usize..40, 1..40),
        ) {
            let (mut wire, mut rest) = (Vec::new(), &text[..]);
            for cut in cuts {
                let (chunk, behind) = rest.split_at(cut.min(rest.len()));
                if !chunk.is_empty() {
                    wire.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                    wire.extend_from_slice(chunk);
                    wire.extend_from_slice(b"\r\n");
                }
                rest = behind;
            }
            let sent = &text[..text.len() - rest.len()];
            wire.extend_from_slice(b"0\r\n\r\n");
            let (mut pieces, mut left) = (Vec::new(), &wire[..]);
            for arrival in arrivals {
                let (piece, behind) = left.split_at(arrival.min(left.len()));
                pieces.push(piece);
                left = behind;
            }
            pieces.push(left);
            let (out, body, _) = read(Framing::Chunked, &pieces).unwrap();
            prop_assert_eq!(&out[..], sent);
            prop_assert_eq!(body, Body::Done);
        }

        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = read(Framing::Chunked, &[&bytes]);
        }
    }
}
