//! The codes that an authenticator app shows, written from RFC 6238 and not with the code under test.

use jiff::Timestamp;
use ring::hmac;

/// The codes of the step before, of this step and of the one after, for a seed in base 32. All three are good for some
/// 30 seconds.
#[expect(clippy::disallowed_methods, reason = "an authenticator app shows codes of its own time")]
pub(crate) fn codes(seed: &str) -> Vec<String> {
    let now = Timestamp::now().as_second() / 30;
    (now - 1..=now + 1).map(|step| code(&decoded(seed), step)).collect()
}

fn code(seed: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, seed);
    let digest = hmac::sign(&key, &step.to_be_bytes());
    let digest = digest.as_ref();
    let at = usize::from(digest[19] & 15);
    let number = u32::from_be_bytes(digest[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// RFC 4648 base 32 without padding.
fn decoded(seed: &str) -> Vec<u8> {
    let bits: String = seed
        .bytes()
        .map(|letter| if letter.is_ascii_digit() { letter - b'2' + 26 } else { letter - b'A' })
        .map(|value| format!("{value:05b}"))
        .collect();
    bits.as_bytes()
        .chunks_exact(8)
        .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap())
        .collect()
}
