//! An issuer for tests: three keys, and tokens signed as a test wants them.

use bailey_domain::clock::Fixed;
use bailey_domain::id::OidcProviderId;
use bailey_domain::name::OidcProviderName;
use bailey_store::OidcProvider;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use ring::{hmac, rand};
use serde_json::{Value, json};

pub(super) const ISSUER: &str = "https://issuer.example/tenant";
pub(super) const NOW: i64 = 1_795_000_000_000;

pub(super) fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn provider() -> OidcProvider {
    OidcProvider {
        provider_id: OidcProviderId::random(&Fixed::seeded(9)),
        name: OidcProviderName::parse("name", "corp").unwrap(),
        issuer_url: ISSUER.to_owned(),
        client_ids: vec!["bailey".to_owned(), "second".to_owned()],
        fingerprints: Vec::new(),
        description: String::new(),
        issuance_limit_time: 12,
        created_at: 0,
        updated_at: 0,
    }
}

/// Good claims, with some replaced; those that are `null` are left out.
pub(super) fn claims(changed: &Value) -> Value {
    let now = NOW / 1000;
    let mut claims = json!({
        "iss": ISSUER, "sub": "repo:corp/app", "aud": "bailey", "iat": now - 10, "nbf": now - 10, "exp": now + 600,
    });
    for (name, value) in changed.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

pub(super) struct Issuer {
    rsa: RsaKeyPair,
    p256: EcdsaKeyPair,
    p384: EcdsaKeyPair,
}

fn curve(how: &'static ring::signature::EcdsaSigningAlgorithm) -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::generate_pkcs8(how, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(how, key.as_ref(), &random).unwrap()
}

impl Issuer {
    pub(super) fn new() -> Self {
        Self {
            rsa: RsaKeyPair::from_pkcs8(include_bytes!("testdata/rsa.pk8")).unwrap(),
            p256: curve(&ECDSA_P256_SHA256_FIXED_SIGNING),
            p384: curve(&ECDSA_P384_SHA384_FIXED_SIGNING),
        }
    }

    pub(super) fn jwks(&self) -> Value {
        let public: PublicKeyComponents<Vec<u8>> = self.rsa.public().into();
        let point = |id: &str, crv: &str, key: &EcdsaKeyPair| {
            let both = &key.public_key().as_ref()[1..];
            let (x, y) = both.split_at(both.len() / 2);
            json!({ "kty": "EC", "crv": crv, "kid": id, "use": "sig", "x": text(x), "y": text(y) })
        };
        json!({ "keys": [
            { "kty": "RSA", "kid": "rsa", "n": text(&public.n), "e": text(&public.e) },
            point("p256", "P-256", &self.p256),
            point("p384", "P-384", &self.p384),
            { "kty": "oct", "kid": "oct", "k": text(b"a shared secret") },
            { "kty": "RSA", "kid": "sealing", "use": "enc", "n": text(&public.n), "e": text(&public.e) },
            { "kty": "RSA", "kid": "only384", "alg": "RS384", "n": text(&public.n), "e": text(&public.e) },
        ] })
    }

    /// The public modulus, which every caller knows.
    fn modulus(&self) -> Vec<u8> {
        PublicKeyComponents::<Vec<u8>>::from(self.rsa.public()).n
    }

    pub(super) fn signature(&self, algorithm: &str, signed: &[u8]) -> Vec<u8> {
        let random = rand::SystemRandom::new();
        let rsa = |how: &'static dyn RsaEncoding| {
            let mut signature = vec![0; self.rsa.public().modulus_len()];
            self.rsa.sign(how, &random, signed, &mut signature).unwrap();
            signature
        };
        match algorithm {
            "RS256" => rsa(&RSA_PKCS1_SHA256),
            "RS384" => rsa(&RSA_PKCS1_SHA384),
            "RS512" => rsa(&RSA_PKCS1_SHA512),
            "PS256" => rsa(&RSA_PSS_SHA256),
            "ES256" => self.p256.sign(&random, signed).unwrap().as_ref().to_vec(),
            "ES384" => self.p384.sign(&random, signed).unwrap().as_ref().to_vec(),
            "HS256" => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, &self.modulus());
                hmac::sign(&key, signed).as_ref().to_vec()
            }
            _ => Vec::new(),
        }
    }

    /// A token whose header says what it is signed with.
    pub(super) fn token(&self, key: &str, algorithm: &str, claims: &Value) -> String {
        self.token_under(&json!({ "alg": algorithm, "kid": key, "typ": "JWT" }), algorithm, claims)
    }

    /// A token under a header of one's own.
    pub(super) fn token_under(&self, header: &Value, algorithm: &str, claims: &Value) -> String {
        self.token_of(header.to_string().as_bytes(), algorithm, claims.to_string().as_bytes())
    }

    /// A token of one's own parts.
    pub(super) fn token_of(&self, header: &[u8], algorithm: &str, claims: &[u8]) -> String {
        let signed = format!("{}.{}", text(header), text(claims));
        let signature = self.signature(algorithm, signed.as_bytes());
        format!("{signed}.{}", text(&signature))
    }
}
