//! Exact decimal numbers: ids of 18 digits and prices with decimals must not be compared as floating point.

use std::fmt;
use std::str::FromStr;

/// A decimal number with up to 20 digits before and 9 after the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(i128);

const SCALE: i128 = 1_000_000_000;
const WHOLE_DIGITS: usize = 20;
const DECIMALS: usize = 9;

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(i128::from(value) * SCALE)
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self(i128::from(value) * SCALE)
    }
}

/// The text is not a decimal number, or it has too many digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberError;

impl fmt::Display for NumberError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "not a decimal number of at most {WHOLE_DIGITS} digits before and {DECIMALS} after the point"
        )
    }
}

impl std::error::Error for NumberError {}

impl FromStr for Number {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let (whole, decimals) = match digits.split_once('.') {
            Some((whole, decimals)) if !decimals.is_empty() => (whole, decimals),
            Some(_) => return Err(NumberError),
            None => (digits, ""),
        };
        if whole.is_empty() || whole.len() > WHOLE_DIGITS || decimals.len() > DECIMALS {
            return Err(NumberError);
        }
        let padding = std::iter::repeat_n(b'0', DECIMALS - decimals.len());
        let mut value: i128 = 0;
        for byte in whole.bytes().chain(decimals.bytes()).chain(padding) {
            if !byte.is_ascii_digit() {
                return Err(NumberError);
            }
            value = value * 10 + i128::from(byte - b'0');
        }
        Ok(Self(if negative { -value } else { value }))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, mut decimals) = (self.0.abs() / SCALE, self.0.abs() % SCALE);
        if self.0 < 0 {
            out.write_str("-")?;
        }
        write!(out, "{whole}")?;
        if decimals > 0 {
            let mut width = DECIMALS;
            while decimals % 10 == 0 {
                decimals /= 10;
                width -= 1;
            }
            write!(out, ".{decimals:0width$}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        for text in ["0", "5", "-5", "0.5", "-0.05", "100", "12345678901234567890", "1.000000001"] {
            assert_eq!(text.parse::<Number>().unwrap().to_string(), text);
        }
        assert_eq!("007.500".parse::<Number>().unwrap().to_string(), "7.5");
        assert_eq!("5.0".parse::<Number>().unwrap(), Number::from(5_i64));
        assert!("9007199254740993".parse::<Number>().unwrap() > Number::from(9_007_199_254_740_992_u64));
        for text in
            ["", "-", ".5", "5.", "1e3", "+1", " 1", "0x1", "1.0000000001", "123456789012345678901", "٣"]
        {
            assert!(text.parse::<Number>().is_err(), "{text}");
        }
    }
}
