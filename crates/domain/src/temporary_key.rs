//! Temporary keys: `st-…`, made of a permanent key's value and good for as long as that value is, and no longer than they say.
//!
//! Nothing of one is stored. It carries the parent's handle, a part of the hash of the parent's value, and its own end, under
//! a MAC of the installation; everything else is asked of the parent on every check. So it dies with its parent, whatever the
//! parent dies of, and it works on every node.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::clock::Entropy;
use crate::directory::Parent;
use crate::id::ApiKeyId;
use crate::secret::{KeyHash, KeyHasher, Secret};

/// What every temporary key begins with.
pub const PREFIX: &str = "st-";

/// How long one may last, in seconds.
pub const SECONDS: std::ops::RangeInclusive<u32> = 1..=1800;

/// How long one lasts when nobody says, in seconds.
pub const DEFAULT_SECONDS: u32 = 60;

/// The layout: version, the parent's handle, part of its value's hash, the end in milliseconds, a nonce, the MAC.
const VERSION: u8 = 1;
const VALUE: usize = 16;
const PAYLOAD: usize = 1 + 8 + VALUE + 8 + 8;
const TOKEN: usize = PAYLOAD + 32;
/// Base64 is read in groups of four characters, three bytes each.
const READ: usize = TOKEN.div_ceil(3) * 3;
/// What is signed begins with this, which no API key contains: the same key hashes those.
const DOMAIN: &[u8] = b"temporary key\0";

/// What a caller presents as its key. Which key it is, and whether it is good, only the directory knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PresentedKey {
    /// A value, or what is none, hashed.
    Value(KeyHash),
    /// A temporary key that this installation made.
    Temporary(TemporaryKey),
}

impl From<KeyHash> for PresentedKey {
    fn from(hash: KeyHash) -> Self {
        Self::Value(hash)
    }
}

/// A temporary key whose MAC is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TemporaryKey {
    parent: ApiKeyId,
    value: [u8; VALUE],
    ends_at_ms: i64,
}

impl TemporaryKey {
    /// The handle of the key that it was made of.
    pub fn parent(&self) -> ApiKeyId {
        self.parent
    }

    /// Its own end, in milliseconds since the epoch.
    pub fn ends_at_ms(&self) -> i64 {
        self.ends_at_ms
    }

    /// Whether it was made with the value of this hash.
    pub fn is_of(&self, value: &KeyHash) -> bool {
        value.bytes().starts_with(&self.value)
    }
}

impl KeyHasher {
    /// Reads what a caller presents. A temporary key that is not one of ours is hashed like anything else, and found nowhere.
    pub fn present(&self, presented: &[u8]) -> PresentedKey {
        let own = presented.strip_prefix(PREFIX.as_bytes()).and_then(|text| self.open_temporary(text));
        own.map_or_else(|| PresentedKey::Value(self.hash(presented)), PresentedKey::Temporary)
    }

    /// A temporary key of a parent that was found good, until then.
    pub fn temporary(&self, parent: &Parent, ends_at_ms: i64, entropy: &dyn Entropy) -> Secret<String> {
        let mut token = Vec::with_capacity(TOKEN);
        token.push(VERSION);
        token.extend_from_slice(&parent.key.number().to_be_bytes());
        token.extend_from_slice(&parent.value().bytes()[..VALUE]);
        token.extend_from_slice(&ends_at_ms.to_be_bytes());
        token.extend_from_slice(&entropy.number().to_be_bytes());
        let mac = self.hash(&[DOMAIN, &token].concat());
        token.extend_from_slice(mac.bytes());
        let mut text = String::from(PREFIX);
        URL_SAFE_NO_PAD.encode_string(token, &mut text);
        Secret::new(text)
    }

    fn open_temporary(&self, text: &[u8]) -> Option<TemporaryKey> {
        let mut token = [0; READ];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut token).ok()?;
        let (payload, mac) = token.get(..length)?.split_at_checked(PAYLOAD)?;
        let mut signed = [0; DOMAIN.len() + PAYLOAD];
        signed[..DOMAIN.len()].copy_from_slice(DOMAIN);
        signed[DOMAIN.len()..].copy_from_slice(payload);
        if !self.verifies(&signed, mac) {
            return None;
        }
        let (version, rest) = payload.split_first()?;
        let (parent, rest) = rest.split_first_chunk()?;
        let (value, rest) = rest.split_first_chunk()?;
        let (ends_at_ms, _) = rest.split_first_chunk()?;
        (*version == VERSION).then_some(TemporaryKey {
            parent: ApiKeyId::of_number(u64::from_be_bytes(*parent))?,
            value: *value,
            ends_at_ms: i64::from_be_bytes(*ends_at_ms),
        })
    }
}
