//! The public keys of an issuer (RFC 7517), and signatures under them (RFC 7518).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};
use serde::Deserialize;
use serde_json::Value;

/// The most keys that a set is read of.
const MOST_KEYS: usize = 100;

/// How a token is signed. There is no `none` and nothing with a shared secret: a public key would be the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Es256,
    Es384,
}

impl Algorithm {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rs256,
            "RS384" => Self::Rs384,
            "RS512" => Self::Rs512,
            "PS256" => Self::Ps256,
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            _ => return None,
        })
    }

    fn rsa(self) -> Option<&'static RsaParameters> {
        match self {
            Self::Rs256 => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
            Self::Rs384 => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
            Self::Rs512 => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
            Self::Ps256 => Some(&signature::RSA_PSS_2048_8192_SHA256),
            Self::Es256 | Self::Es384 => None,
        }
    }
}

/// What a key is made of. It says which algorithms are possible; a token cannot choose others.
#[derive(Debug)]
enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    P384(Vec<u8>),
}

#[derive(Debug)]
struct Key {
    id: Option<String>,
    /// The one algorithm that the set names for the key.
    only: Option<Algorithm>,
    material: Material,
}

/// The keys of an issuer that can verify something.
#[derive(Debug)]
pub(super) struct KeySet {
    keys: Vec<Key>,
}

/// Why a signature is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotSigned {
    /// No key has the id. The issuer may have a new one.
    UnknownKey,
    /// The signature is not the key's, or the key does not sign like this.
    Wrong,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// Reads a set. Keys that verify nothing here are passed over, as RFC 7517 wants.
    pub(super) fn read(text: &[u8]) -> Result<Self, &'static str> {
        let set: Set = serde_json::from_slice(text).map_err(|_| "its keys are no JSON Web Key Set")?;
        if set.keys.len() > MOST_KEYS {
            return Err("it has more than 100 keys");
        }
        let jwks = set.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
        let keys: Vec<Key> = jwks.filter_map(Key::of).collect();
        if keys.is_empty() { Err("it has no key that verifies signatures") } else { Ok(Self { keys }) }
    }

    /// Checks a signature. Without an id the one key that signs like this is meant, if there is one only.
    pub(super) fn verify(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
        signed: &[u8],
        signature: &[u8],
    ) -> Result<(), NotSigned> {
        let named = |key: &&Key| id.is_none() || key.id.as_deref() == id;
        if !self.keys.iter().any(|key| named(&key)) {
            return Err(NotSigned::UnknownKey);
        }
        let mut fitting = self.keys.iter().filter(named).filter(|key| key.signs_with(algorithm));
        match (fitting.next(), fitting.next()) {
            (Some(key), None) if key.verify(algorithm, signed, signature) => Ok(()),
            _ => Err(NotSigned::Wrong),
        }
    }
}

impl Key {
    fn of(jwk: Jwk) -> Option<Self> {
        let verifies = jwk.purpose.as_deref().is_none_or(|purpose| purpose == "sig")
            && jwk.key_ops.as_ref().is_none_or(|uses| uses.iter().any(|one| one == "verify"));
        let only = jwk.alg.as_deref().map(Algorithm::named);
        // A key for an algorithm that is not known here is no key for those that are.
        if !verifies || only == Some(None) {
            return None;
        }
        let material = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => Material::Rsa { n: number(&jwk.n?)?, e: number(&jwk.e?)? },
            ("EC", Some("P-256")) => Material::P256(point(&jwk.x?, &jwk.y?, 32)?),
            ("EC", Some("P-384")) => Material::P384(point(&jwk.x?, &jwk.y?, 48)?),
            _ => return None,
        };
        Some(Self { id: jwk.kid, only: only.flatten(), material })
    }

    fn signs_with(&self, algorithm: Algorithm) -> bool {
        let possible = match self.material {
            Material::Rsa { .. } => algorithm.rsa().is_some(),
            Material::P256(_) => algorithm == Algorithm::Es256,
            Material::P384(_) => algorithm == Algorithm::Es384,
        };
        possible && self.only.is_none_or(|only| only == algorithm)
    }

    fn verify(&self, algorithm: Algorithm, signed: &[u8], signature: &[u8]) -> bool {
        let curve = |how: &'static dyn VerificationAlgorithm, point: &Vec<u8>| {
            UnparsedPublicKey::new(how, point).verify(signed, signature).is_ok()
        };
        match &self.material {
            Material::Rsa { n, e } => algorithm
                .rsa()
                .is_some_and(|how| RsaPublicKeyComponents { n, e }.verify(how, signed, signature).is_ok()),
            Material::P256(point) => curve(&signature::ECDSA_P256_SHA256_FIXED, point),
            Material::P384(point) => curve(&signature::ECDSA_P384_SHA384_FIXED, point),
        }
    }
}

/// A big-endian number; some issuers put a zero in front.
fn number(text: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let start = bytes.iter().position(|byte| *byte != 0)?;
    Some(bytes[start..].to_vec())
}

/// An uncompressed point of a curve.
fn point(x: &str, y: &str, length: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![4];
    for coordinate in [x, y] {
        let coordinate = URL_SAFE_NO_PAD.decode(coordinate).ok()?;
        if coordinate.len() != length {
            return None;
        }
        bytes.extend(coordinate);
    }
    Some(bytes)
}
