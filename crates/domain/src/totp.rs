//! Time-based one-time passwords (RFC 6238: HMAC-SHA-1, six digits, steps of 30 seconds), as authenticator apps
//! make them.

use ring::hmac;
use subtle::ConstantTimeEq;

use crate::clock::Entropy;
use crate::error::Error;
use crate::secret::Secret;

const STEP_MS: i64 = 30_000;
const DIGITS: usize = 6;
/// 160 bits, as RFC 4226 recommends.
const SEED_BYTES: usize = 20;
const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What the codes of a device are made from.
#[derive(Clone, Debug)]
pub struct Seed(Secret<Vec<u8>>);

/// A code as it was sent: six digits.
#[derive(Clone, Debug)]
pub struct Code(Secret<String>);

impl Code {
    /// Reads a code; `field` is its parameter's name.
    pub fn parse(field: &str, text: &str) -> Result<Self, Error> {
        if text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self(Secret::new(text.to_owned())));
        }
        Err(Error::invalid(
            "InvalidParameter.AuthenticationCode.Format",
            format!(
                "The parameter - \"AuthenticationCode\" MUST be 6 numbers. Send in {field} those that the MFA device shows."
            ),
        ))
    }
}

impl Seed {
    /// A new one.
    pub fn random(entropy: &dyn Entropy) -> Self {
        let mut bytes = vec![0; SEED_BYTES];
        entropy.fill(&mut bytes);
        Self(Secret::new(bytes))
    }

    /// From bytes.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(Secret::new(bytes))
    }

    /// The bytes, to be sealed.
    pub fn bytes(&self) -> &[u8] {
        self.0.reveal()
    }

    /// As people type it into an app: RFC 4648 base 32, without padding.
    pub fn base32(&self) -> Secret<String> {
        let (mut text, mut held, mut bits) = (String::new(), 0_u32, 0);
        for byte in self.bytes() {
            held = (held << 8) | u32::from(*byte);
            bits += 8;
            while bits >= 5 {
                bits -= 5;
                text.push(char::from(BASE32[(held >> bits) as usize & 31]));
            }
            held &= (1 << bits) - 1;
        }
        if bits > 0 {
            text.push(char::from(BASE32[(held << (5 - bits)) as usize & 31]));
        }
        Secret::new(text)
    }

    fn code(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, self.bytes());
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let at = usize::from(tag[tag.len() - 1] & 15);
        let number = u32::from_be_bytes([tag[at], tag[at + 1], tag[at + 2], tag[at + 3]]) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }

    fn shows(&self, step: i64, code: &Code) -> bool {
        self.code(step).as_bytes().ct_eq(code.0.reveal().as_bytes()).into()
    }

    /// The step that a code belongs to: the present one or a neighbour, and later than `used`, since no code counts
    /// twice. All three are always computed.
    pub fn step_of(&self, code: &Code, used: i64, now_ms: i64) -> Option<i64> {
        let now = now_ms.div_euclid(STEP_MS);
        let found = [now - 1, now, now + 1].map(|step| (step, self.shows(step, code)));
        found.into_iter().find(|(step, shown)| *shown && *step > used).map(|(step, _)| step)
    }

    /// The later step of two codes that follow each other, of which the later one is good now.
    pub fn step_of_pair(&self, first: &Code, second: &Code, now_ms: i64) -> Option<i64> {
        let now = now_ms.div_euclid(STEP_MS);
        let found = [now - 1, now, now + 1]
            .map(|step| (step, self.shows(step - 1, first) & self.shows(step, second)));
        found.into_iter().find(|(_, shown)| *shown).map(|(step, _)| step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Fixed;

    fn code(text: &str) -> Code {
        Code::parse("mfaCode", text).unwrap()
    }

    #[test]
    fn codes_are_those_of_rfc_6238_appendix_b() {
        let seed = Seed::from_bytes(b"12345678901234567890".to_vec());
        for (seconds, eight_digits) in [
            (59_i64, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(seed.code(seconds / 30), eight_digits[2..]);
            assert_eq!(seed.step_of(&code(&eight_digits[2..]), 0, seconds * 1000), Some(seconds / 30));
        }
        assert_eq!(seed.base32().reveal(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(Seed::from_bytes(b"foob".to_vec()).base32().reveal(), "MZXW6YQ");
    }

    #[test]
    fn a_code_is_good_one_step_around_and_once() {
        let seed = Seed::random(&Fixed::seeded(3));
        let now = 1_795_478_400_000;
        let step = now / STEP_MS;
        for (offset, good) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let shown = code(&seed.code(step + offset));
            assert_eq!(seed.step_of(&shown, 0, now).is_some(), good, "{offset}");
            assert_eq!(seed.step_of(&shown, step + offset, now), None, "used already");
        }
    }

    #[test]
    fn a_pair_must_follow_each_other() {
        let seed = Seed::random(&Fixed::seeded(4));
        let now = 1_795_478_400_000;
        let step = now / STEP_MS;
        let at = |offset: i64| code(&seed.code(step + offset));
        assert_eq!(seed.step_of_pair(&at(-2), &at(-1), now), Some(step - 1));
        assert_eq!(seed.step_of_pair(&at(-1), &at(0), now), Some(step));
        assert_eq!(seed.step_of_pair(&at(0), &at(1), now), Some(step + 1));
        for (first, second) in [(0, -1), (0, 0), (-1, 1), (1, 2), (-3, -2)] {
            assert_eq!(seed.step_of_pair(&at(first), &at(second), now), None, "{first} {second}");
        }
    }

    #[test]
    fn what_is_not_six_digits_is_no_code() {
        for text in ["", "12345", "1234567", "12345x", "١٢٣٤٥٦"] {
            let error = Code::parse("AuthenticationCode1", text).unwrap_err();
            assert_eq!(error.code(), "InvalidParameter.AuthenticationCode.Format");
        }
    }
}
