//! Values that must not be printed.

use std::fmt;
use std::hash::{Hash, Hasher};

use ring::hmac;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::clock::Entropy;

/// A value whose `Debug` shows `***` and that has no `Display` and no serialisation.
#[derive(Clone)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Hides a value.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for the one place that must show or use it.
    pub fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// `length` characters of letters and digits behind `prefix`; 5.95 bits each.
pub fn random_secret(entropy: &dyn Entropy, prefix: &str, length: usize) -> Secret<String> {
    let mut text = String::with_capacity(prefix.len() + length);
    text.push_str(prefix);
    let mut bytes = [0; 64];
    while text.len() < prefix.len() + length {
        entropy.fill(&mut bytes);
        // 248 is the largest multiple of 62 in a byte; what is above would favour the first letters.
        for byte in bytes.iter().filter(|byte| **byte < 248) {
            if text.len() < prefix.len() + length {
                text.push(char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]));
            }
        }
    }
    Secret::new(text)
}

/// What is stored of an API key: HMAC-SHA-256 under the installation's hash key. An API key is 238 random
/// bits, so a fast hash is right (OWASP ASVS 6.5.2); the key makes a stolen table useless for guessing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// The 32 bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// From stored bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Lower-case hexadecimal, as stored.
    pub fn to_hex(&self) -> String {
        hex(&self.0)
    }

    /// Reads what [`KeyHash::to_hex`] wrote.
    pub fn from_hex(text: &str) -> Option<Self> {
        unhex(text)?.try_into().ok().map(Self)
    }
}

impl Hash for KeyHash {
    /// It is uniform already, so eight bytes of it are as good as any hash of all.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        state.write_u64(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…", hex(&self.0[..4]))
    }
}

impl Serialize for KeyHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> Deserialize<'de> for KeyHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_hex(&text).ok_or_else(|| serde::de::Error::custom("not a key hash"))
    }
}

/// Turns the API keys that callers present into the hashes that the directory knows.
#[derive(Clone)]
pub struct KeyHasher(hmac::Key);

impl KeyHasher {
    /// A hasher under the installation's hash key.
    pub fn new(hash_key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, hash_key))
    }

    /// The hash of a presented key.
    pub fn hash(&self, presented: &[u8]) -> KeyHash {
        let tag = hmac::sign(&self.0, presented);
        KeyHash(tag.as_ref().try_into().expect("HMAC-SHA-256 gives 32 bytes"))
    }

    /// Whether `hash` is the hash of this, compared in constant time.
    pub(crate) fn verifies(&self, hashed: &[u8], hash: &[u8]) -> bool {
        hmac::verify(&self.0, hashed, hash).is_ok()
    }
}

impl fmt::Debug for KeyHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHasher(***)")
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

/// Reads hexadecimal; `None` when it is none.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Fixed;

    #[test]
    fn a_secret_does_not_print() {
        let secret = random_secret(&Fixed::seeded(1), "sk-", 40);
        assert_eq!(secret.reveal().len(), 43);
        assert_eq!(format!("{secret:?}"), "***");
    }

    #[test]
    fn hexadecimal_reads_back() {
        let hash = KeyHasher::new(&[3; 32]).hash(b"sk-abc");
        assert_eq!(KeyHash::from_hex(&hash.to_hex()), Some(hash));
        assert_eq!(unhex("0g"), None);
        assert_eq!(unhex("é0"), None);
    }
}
