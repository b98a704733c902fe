//! Percent and form encoding: strict when read, strict when written.
//!
//! Clients write the same value in several ways (Python writes a blank as `+`, TypeScript leaves `'!()*` bare), and all
//! of them sign the one strict form. So everything is decoded first and encoded again where a signature needs it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// Everything but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A `%` that two hexadecimal digits do not follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadEscape;

/// What `+` stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plus {
    /// A blank: in queries and forms.
    Blank,
    /// Itself: in paths.
    Itself,
}

/// Encodes every byte but `A-Za-z0-9-_.~`.
pub(crate) fn encode(bytes: &[u8]) -> String {
    encoded(bytes).collect()
}

/// The same, piece by piece.
pub(crate) fn encoded(bytes: &[u8]) -> impl Iterator<Item = &str> {
    percent_encode(bytes, RESERVED)
}

/// Decodes percent escapes to bytes.
pub(crate) fn decode(text: &[u8], plus: Plus) -> Result<Vec<u8>, BadEscape> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'%' => {
                let (&[high, low], tail) = rest.split_first_chunk::<2>().ok_or(BadEscape)?;
                bytes.push(hex_digit(high)? << 4 | hex_digit(low)?);
                rest = tail;
            }
            b'+' if plus == Plus::Blank => bytes.push(b' '),
            other => bytes.push(other),
        }
    }
    Ok(bytes)
}

fn hex_digit(byte: u8) -> Result<u8, BadEscape> {
    match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        b'A'..=b'F' => Ok(byte - b'A' + 10),
        _ => Err(BadEscape),
    }
}

/// One `name=value` of a query or form, still encoded. A piece without `=` has an empty value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawPair<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) value: &'a [u8],
}

/// The pieces of a query or form, in order; empty pieces (`a=1&&b=2`) are skipped.
pub(crate) fn pairs(text: &[u8]) -> impl Iterator<Item = RawPair<'_>> {
    text.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty()).map(|piece| {
        match piece.iter().position(|byte| *byte == b'=') {
            Some(at) => RawPair { name: &piece[..at], value: &piece[at + 1..] },
            None => RawPair { name: piece, value: b"" },
        }
    })
}

impl RawPair<'_> {
    /// Whether the name is this one, however it was written.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        decode(self.name, Plus::Blank).is_ok_and(|own| own == name.as_bytes())
    }
}

/// Shows bytes in a message: printable ASCII as it is, the rest escaped, cut after 64.
pub(crate) fn shown(bytes: &[u8]) -> String {
    let mut text =
        bytes.iter().take(64).flat_map(|byte| std::ascii::escape_default(*byte)).map(char::from).collect();
    if bytes.len() > 64 {
        text = format!("{text}...");
    }
    text
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string does not fail");
        text
    })
}

/// Reads exactly 64 lower-case hexadecimal digits: one spelling, so that no byte of a signature is free to change.
pub(crate) fn unhex_32(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = hex_digit(digits[0]).ok()? << 4 | hex_digit(digits[1]).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_has_one_strict_form() {
        for written in ["a+b%2Bc*~%C3%A9", "a%20b%2bc%2A%7E%c3%a9"] {
            let decoded = decode(written.as_bytes(), Plus::Blank).unwrap();
            assert_eq!(encode(&decoded), "a%20b%2Bc%2A~%C3%A9");
        }
        assert_eq!(decode(b"a+b", Plus::Itself).unwrap(), b"a+b");
    }

    #[test]
    fn cut_escapes_are_refused() {
        for text in ["%", "%4", "%zz", "a%4g", "%+1"] {
            assert_eq!(decode(text.as_bytes(), Plus::Blank), Err(BadEscape), "{text}");
        }
    }

    #[test]
    fn hexadecimal_has_one_spelling() {
        let text = hex(&[0xab; 32]);
        assert_eq!(unhex_32(&text), Some([0xab; 32]));
        assert_eq!(unhex_32(&text.to_uppercase()), None);
        assert_eq!(unhex_32(&text[1..]), None);
        assert_eq!(unhex_32(&"é".repeat(32)), None);
    }

    #[test]
    fn shown_text_is_short_and_printable() {
        assert_eq!(shown(b"a\x1b\xff"), "a\\x1b\\xff");
        assert!(shown(&[b'a'; 1000]).len() < 80);
    }
}
