//! What a request brings along for conditions: typed values by key, borrowed, found without allocating.

use std::fmt::{self, Write as _};
use std::net::IpAddr;

use jiff::Timestamp;

use crate::condition::ValueKind;
use crate::number::Number;

/// The value of a condition key in a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Text; it is also read as number, date, Boolean or address when an operator asks for one.
    Text(&'a str),
    /// An address. IPv4 inside of IPv6 (`::ffff:192.0.2.1`) counts as IPv4.
    Ip(IpAddr),
    /// Milliseconds since 1970-01-01T00:00:00Z.
    Time(i64),
    /// Yes or no.
    Bool(bool),
    /// An exact decimal number.
    Number(Number),
    /// Several texts at once, each read as [`Value::Text`] is; none at all counts as a missing key.
    Texts(&'a [&'a str]),
}

/// The condition keys of a request, such as `acs:SourceIp`. Keys compare without regard to ASCII case; should two
/// differ only in case (tags can), the one spelt as in the policy wins, then the first.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    entries: &'a [(&'a str, Value<'a>)],
}

impl<'a> Context<'a> {
    /// A context over the caller's pairs of key and value.
    pub const fn new(entries: &'a [(&'a str, Value<'a>)]) -> Self {
        Self { entries }
    }

    /// The value of a key, if the request has one.
    pub fn find(&self, key: &str) -> Option<&Value<'a>> {
        let mut close = None;
        for (name, value) in self.entries {
            if name.len() != key.len() {
                continue;
            }
            if *name == key {
                return Some(value);
            }
            if close.is_none() && name.eq_ignore_ascii_case(key) {
                close = Some(value);
            }
        }
        close
    }
}

impl<'a> Value<'a> {
    /// Each single value.
    pub(crate) fn each(&self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let (single, several) = match self {
            Self::Texts(texts) => (None, *texts),
            single => (Some(*single), &[][..]),
        };
        single.into_iter().chain(several.iter().map(|text| Value::Text(text)))
    }
}

impl Value<'_> {
    /// Calls `use_text` with this value as text, without allocating.
    pub(crate) fn as_text<R>(&self, use_text: impl FnOnce(&str) -> R) -> Result<R, ValueKind> {
        let mut buffer = Buffer::default();
        let written = match self {
            Self::Text(text) => return Ok(use_text(text)),
            Self::Bool(yes) => return Ok(use_text(if *yes { "true" } else { "false" })),
            Self::Ip(address) => write!(buffer, "{}", address.to_canonical()),
            Self::Number(number) => write!(buffer, "{number}"),
            // In whole seconds, as the service writes times.
            Self::Time(milliseconds) => match Timestamp::from_second(milliseconds.div_euclid(1000)) {
                Ok(time) => write!(buffer, "{time}"),
                Err(_) => return Err(ValueKind::Text),
            },
            Self::Texts(_) => return Err(ValueKind::Text),
        };
        match (written, buffer.text()) {
            (Ok(()), Some(text)) => Ok(use_text(text)),
            _ => Err(ValueKind::Text),
        }
    }

    pub(crate) fn as_number(&self) -> Result<Number, ValueKind> {
        match self {
            Self::Number(number) => Ok(*number),
            Self::Text(text) => text.parse().map_err(|_| ValueKind::Number),
            _ => Err(ValueKind::Number),
        }
    }

    pub(crate) fn as_time(&self) -> Result<i64, ValueKind> {
        match self {
            Self::Time(milliseconds) => Ok(*milliseconds),
            Self::Text(text) => parse_time(text).ok_or(ValueKind::Date),
            _ => Err(ValueKind::Date),
        }
    }

    pub(crate) fn as_bool(&self) -> Result<bool, ValueKind> {
        match self {
            Self::Bool(yes) => Ok(*yes),
            Self::Text(text) => parse_bool(text).ok_or(ValueKind::Bool),
            _ => Err(ValueKind::Bool),
        }
    }

    pub(crate) fn as_address(&self) -> Result<IpAddr, ValueKind> {
        match self {
            Self::Ip(address) => Ok(address.to_canonical()),
            Self::Text(text) => {
                text.parse().map(|address: IpAddr| address.to_canonical()).map_err(|_| ValueKind::Ip)
            }
            _ => Err(ValueKind::Ip),
        }
    }
}

/// Milliseconds since the epoch of an ISO 8601 date and time with offset. Finer fractions than milliseconds are
/// refused rather than rounded, and so are bracketed time zones, whose rules change.
pub(crate) fn parse_time(text: &str) -> Option<i64> {
    // The beginning is checked here because a refusal by the library allocates.
    let shape = b"dddd-dd-ddT";
    let begins = text.len() > shape.len()
        && text.bytes().zip(shape).all(|(byte, kind)| match kind {
            b'd' => byte.is_ascii_digit(),
            mark => byte == *mark,
        });
    if !begins || text.contains('[') {
        return None;
    }
    let time: Timestamp = text.parse().ok()?;
    (time.subsec_nanosecond() % 1_000_000 == 0).then(|| time.as_millisecond())
}

pub(crate) fn parse_bool(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// Room for the text of any typed value: an IPv6 address (39), a number (31), a time (at most 30).
struct Buffer {
    bytes: [u8; 64],
    length: usize,
}

impl Default for Buffer {
    fn default() -> Self {
        Self { bytes: [0; 64], length: 0 }
    }
}

impl Buffer {
    fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes[..self.length]).ok()
    }
}

impl fmt::Write for Buffer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_in_any_case_and_the_same_spelling_wins() {
        let entries = [
            ("acs:RequestTag/Env", Value::Text("dev")),
            ("acs:RequestTag/env", Value::Text("prod")),
            ("acs:PrincipalArn", Value::Text("x")),
        ];
        let context = Context::new(&entries);
        assert_eq!(context.find("acs:requesttag/env"), Some(&Value::Text("dev")));
        assert_eq!(context.find("acs:RequestTag/env"), Some(&Value::Text("prod")));
        assert_eq!(context.find("acs:PrincipalARN"), Some(&Value::Text("x")));
        assert_eq!(context.find("acs:RequestTag/en"), None);
    }

    #[test]
    fn every_value_has_a_text() {
        let text = |value: Value<'_>| value.as_text(str::to_owned).unwrap();
        assert_eq!(text(Value::Bool(true)), "true");
        assert_eq!(text(Value::Time(1_352_678_399_123)), "2012-11-11T23:59:59Z");
        assert_eq!(text(Value::Time(-1)), "1969-12-31T23:59:59Z");
        assert_eq!(text(Value::Ip("::ffff:192.0.2.1".parse().unwrap())), "192.0.2.1");
        assert_eq!(text(Value::Ip("2001:db8:1111:2222:3333:4444:5555:6666".parse().unwrap())).len(), 38);
        assert_eq!(text(Value::Number("-12345678901234567890.123456789".parse().unwrap())).len(), 31);
        assert_eq!(Value::Time(i64::MAX).as_text(|_| ()), Err(ValueKind::Text));
        for end in [Timestamp::MIN, Timestamp::MAX] {
            assert!(Value::Time(end.as_millisecond()).as_text(|_| ()).is_ok());
        }
    }

    #[test]
    fn times_need_an_offset_and_whole_milliseconds() {
        assert_eq!(parse_time("1970-01-01T00:00:01Z"), Some(1000));
        assert_eq!(parse_time("1970-01-01T08:00:00.5+08:00"), Some(500));
        for text in [
            "",
            "1970-01-01",
            "1970-01-01T00:00:00",
            "1970-01-01T00:00:00.0001Z",
            "1970-01-01 00:00:00Z",
            "1970-01-01T",
            "12",
            "2026-02-30T00:00:00Z",
            "1970-01-01T08:00:00+08:00[Asia/Shanghai]",
        ] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }
}
