//! Request ids without a call for randomness per request: a counter, scrambled, from a random start.

use std::cell::Cell;
use std::fmt;

use bailey_domain::Entropy;
use http::HeaderValue;

/// Makes the ids of one worker. They are unique, not secret: nothing is granted to whoever knows one.
#[derive(Debug)]
pub(crate) struct RequestIds {
    start: [u64; 2],
    next: Cell<u64>,
}

/// The odd constant and the mixing of SplitMix64 (public domain, Sebastiano Vigna): a bijection, so that two counts never
/// give the same number.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl RequestIds {
    /// Draws the start.
    pub(crate) fn new(entropy: &dyn Entropy) -> Self {
        Self { start: [entropy.number(), entropy.number()], next: Cell::new(0) }
    }

    /// The next id.
    pub(crate) fn next(&self) -> RequestIdText {
        let count = self.next.get();
        self.next.set(count.wrapping_add(1));
        let [low, high] = self.start.map(|start| mix(start.wrapping_add(count.wrapping_mul(STEP))));
        RequestIdText::new((u128::from(high) << 64 | u128::from(low)).to_be_bytes())
    }
}

/// A request id (`bailey_domain::RequestId`) as text. Every answer needs the text and none needs the number, so it is written once, by hand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestIdText([u8; 36]);

impl RequestIdText {
    /// The text that `RequestId` shows for the same bytes.
    fn new(mut bytes: [u8; 16]) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let mut text = [b'-'; 36];
        let mut at = 0;
        for (position, byte) in bytes.iter().enumerate() {
            at += usize::from(matches!(position, 4 | 6 | 8 | 10));
            text[at] = DIGITS[usize::from(byte >> 4)];
            text[at + 1] = DIGITS[usize::from(byte & 0xf)];
            at += 2;
        }
        Self(text)
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("made of ASCII characters only")
    }

    /// The value of `x-request-id`.
    pub(crate) fn header(&self) -> HeaderValue {
        HeaderValue::from_bytes(&self.0).expect("digits, letters and dashes only")
    }
}

impl fmt::Debug for RequestIdText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use bailey_domain::RequestId;
    use bailey_domain::clock::Fixed;

    use super::*;

    #[test]
    fn the_text_is_the_domains() {
        let entropy = Fixed::seeded(3);
        for _ in 0..100 {
            let mut bytes = [0; 16];
            entropy.fill(&mut bytes);
            assert_eq!(RequestIdText::new(bytes).as_str(), RequestId::new(bytes).to_string());
        }
    }

    #[test]
    fn ids_do_not_repeat_over_workers() {
        let entropy = Fixed::seeded(7);
        let workers = [RequestIds::new(&entropy), RequestIds::new(&entropy)];
        let mut seen = HashSet::new();
        for _ in 0..20_000 {
            for worker in &workers {
                assert!(seen.insert(worker.next().0));
            }
        }
    }
}
