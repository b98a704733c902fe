//! Encryption of the secrets that must be read back: access key secrets and provider credentials.
//!
//! AES-256-GCM. The label (which table and row the secret belongs to) is authenticated with it, so a sealed
//! value copied to another row does not open.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::{aead, hkdf, hmac};

use crate::clock::Entropy;
use crate::error::Error;
use crate::secret::{KeyHasher, Secret};

/// Seals and opens secrets, and gives the other keys that hang on the installation's data key.
pub struct Sealer {
    data_key: [u8; 32],
    cipher: aead::LessSafeKey,
}

impl Sealer {
    /// A sealer under this 256-bit key.
    pub fn new(data_key: &[u8; 32]) -> Self {
        let key = aead::UnboundKey::new(&aead::AES_256_GCM, data_key).expect("the key has 32 bytes");
        Self { data_key: *data_key, cipher: aead::LessSafeKey::new(key) }
    }

    /// Encrypts a secret for the place that `label` names. The answer is base64 text.
    pub fn seal(&self, entropy: &dyn Entropy, label: &str, secret: &[u8]) -> String {
        let mut nonce = [0; aead::NONCE_LEN];
        entropy.fill(&mut nonce);
        let mut sealed = secret.to_vec();
        let aad = aead::Aad::from(label.as_bytes());
        self.cipher
            .seal_in_place_append_tag(aead::Nonce::assume_unique_for_key(nonce), aad, &mut sealed)
            .expect("a secret is far shorter than AES-GCM's limit");
        let mut whole = nonce.to_vec();
        whole.append(&mut sealed);
        STANDARD.encode(whole)
    }

    /// Decrypts what [`Sealer::seal`] gave for the same label.
    pub fn open(&self, label: &str, sealed: &str) -> Result<Secret<Vec<u8>>, Error> {
        let broken =
            || Error::internal(format!("the sealed value of {label} does not open: wrong master key?"));
        let mut whole = STANDARD.decode(sealed).map_err(|_| broken())?;
        if whole.len() < aead::NONCE_LEN {
            return Err(broken());
        }
        let mut body = whole.split_off(aead::NONCE_LEN);
        let nonce = aead::Nonce::try_assume_unique_for_key(&whole).map_err(|_| broken())?;
        let aad = aead::Aad::from(label.as_bytes());
        let open = self.cipher.open_in_place(nonce, aad, &mut body).map_err(|_| broken())?;
        Ok(Secret::new(open.to_vec()))
    }

    /// Decrypts a text.
    pub fn open_text(&self, label: &str, sealed: &str) -> Result<Secret<String>, Error> {
        let bytes = self.open(label, sealed)?;
        String::from_utf8(bytes.reveal().clone())
            .map(Secret::new)
            .map_err(|_| Error::internal(format!("the sealed value of {label} is not text")))
    }

    /// The hasher of API keys.
    pub fn key_hasher(&self) -> KeyHasher {
        KeyHasher::new(&self.derive(b"api key hash"))
    }

    /// The hasher of session tokens, and of the names that sign-ins are counted under.
    pub fn session_hasher(&self) -> KeyHasher {
        KeyHasher::new(&self.derive(b"session hash"))
    }

    /// The hasher of the secrets of service credentials.
    pub fn service_credential_hasher(&self) -> KeyHasher {
        KeyHasher::new(&self.derive(b"service credential hash"))
    }

    /// The key of the audit chain.
    pub fn audit_key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.derive(b"audit chain"))
    }

    fn derive(&self, purpose: &[u8]) -> [u8; 32] {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"bailey");
        let prk = salt.extract(&self.data_key);
        let mut derived = [0; 32];
        prk.expand(&[purpose], hkdf::HKDF_SHA256)
            .and_then(|material| material.fill(&mut derived))
            .expect("32 bytes are within HKDF's limit");
        derived
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Fixed;

    #[test]
    fn a_sealed_secret_opens_only_for_its_own_place() {
        let sealer = Sealer::new(&[9; 32]);
        let sealed = sealer.seal(&Fixed::seeded(1), "access_keys/LTAI1", b"the secret");
        assert_eq!(sealer.open("access_keys/LTAI1", &sealed).unwrap().reveal(), b"the secret");
        assert!(sealer.open("access_keys/LTAI2", &sealed).is_err());
        assert!(Sealer::new(&[8; 32]).open("access_keys/LTAI1", &sealed).is_err());
        assert!(sealer.open("access_keys/LTAI1", "AAAA").is_err());
    }
}
