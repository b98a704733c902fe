//! A corpus of tokens: every claim missing and wrong, every algorithm under every key, every part touched.

use serde_json::{Value, json};

use super::super::fixture::{ISSUER, Issuer, NOW, claims, provider, text};
use super::super::key_set::KeySet;
use super::{Fault, Unchecked};

/// What becomes of a token, by the order in which things are looked at.
fn verdict(issuer: &Issuer, token: &str) -> Result<(), Fault> {
    let keys = KeySet::read(issuer.jwks().to_string().as_bytes()).unwrap();
    let token = Unchecked::read(token)?;
    token.check(&provider(), NOW)?;
    token.is_signed_by(&keys).map_err(|_| Fault::Invalid)
}

#[test]
fn each_algorithm_is_accepted_under_a_key_of_its_type_and_no_other() {
    let issuer = Issuer::new();
    let good = claims(&json!({}));
    let fits = |key: &str, algorithm: &str| match key {
        "rsa" => algorithm.starts_with("RS") || algorithm == "PS256",
        "p256" => algorithm == "ES256",
        "p384" => algorithm == "ES384",
        "only384" => algorithm == "RS384",
        _ => false,
    };
    for key in ["rsa", "p256", "p384", "only384", "oct", "sealing", "nobody"] {
        for algorithm in
            ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "HS256", "none", "None", "NONE", ""]
        {
            let expected = if fits(key, algorithm) { Ok(()) } else { Err(Fault::Invalid) };
            assert_eq!(
                verdict(&issuer, &issuer.token(key, algorithm, &good)),
                expected,
                "{algorithm} under {key}"
            );
        }
    }
}

#[test]
fn no_header_talks_the_check_out_of_itself() {
    let issuer = Issuer::new();
    let good = claims(&json!({}));
    let body = good.to_string();
    // A signature of one algorithm under the name of another.
    for (named, signed) in
        [("RS256", "PS256"), ("RS256", "RS384"), ("PS256", "RS256"), ("RS256", "HS256"), ("ES256", "ES384")]
    {
        let header = json!({ "alg": named, "kid": if named == "ES256" { "p256" } else { "rsa" } });
        assert_eq!(
            verdict(&issuer, &issuer.token_under(&header, signed, &good)),
            Err(Fault::Invalid),
            "{named} {signed}"
        );
    }
    for header in [
        json!({ "alg": "RS256", "kid": "rsa", "crit": ["b64"], "b64": false }),
        json!({ "alg": "RS256", "kid": "k".repeat(257) }),
        json!({ "alg": "RS256", "kid": 7 }),
        json!({ "alg": ["RS256"], "kid": "rsa" }),
        json!({ "kid": "rsa" }),
        // Without an id the one key of this kind would be meant, and three keys are of RSA.
        json!({ "alg": "RS384" }),
        // A key that comes with the token is nobody's.
        json!({ "alg": "ES256", "kid": "own", "jwk": { "kty": "EC" }, "jku": "https://evil.example" }),
    ] {
        let algorithm = header["alg"].as_str().unwrap_or("RS256").to_owned();
        assert_eq!(
            verdict(&issuer, &issuer.token_under(&header, &algorithm, &good)),
            Err(Fault::Invalid),
            "{header}"
        );
    }
    assert_eq!(verdict(&issuer, &issuer.token_under(&json!({ "alg": "ES256" }), "ES256", &good)), Ok(()));
    let twice = br#"{"alg":"none","alg":"RS256","kid":"rsa"}"#;
    assert_eq!(verdict(&issuer, &issuer.token_of(twice, "RS256", body.as_bytes())), Err(Fault::Invalid));
}

#[test]
fn each_claim_counts_missing_and_wrong() {
    let issuer = Issuer::new();
    let now = NOW / 1000;
    let cases: &[(Value, Result<(), Fault>)] = &[
        (json!({}), Ok(())),
        (json!({ "nbf": null }), Ok(())),
        (json!({ "iss": null }), Err(Fault::Invalid)),
        (json!({ "sub": null }), Err(Fault::Invalid)),
        (json!({ "aud": null }), Err(Fault::Invalid)),
        (json!({ "exp": null }), Err(Fault::Invalid)),
        (json!({ "iat": null }), Err(Fault::Invalid)),
        (json!({ "iss": "https://issuer.example/tenant/" }), Err(Fault::Issuer)),
        (json!({ "iss": "https://issuer.example/TENANT" }), Err(Fault::Issuer)),
        (json!({ "iss": [ISSUER] }), Err(Fault::Invalid)),
        (json!({ "sub": "" }), Err(Fault::Invalid)),
        (json!({ "sub": "s".repeat(255) }), Ok(())),
        (json!({ "sub": "s".repeat(256) }), Err(Fault::Invalid)),
        (json!({ "sub": 7 }), Err(Fault::Invalid)),
        (json!({ "aud": "" }), Err(Fault::Audience)),
        (json!({ "aud": [] }), Err(Fault::Audience)),
        (json!({ "aud": "Bailey" }), Err(Fault::Audience)),
        (json!({ "aud": "bailey,second" }), Err(Fault::Audience)),
        (json!({ "aud": ["other", "second"] }), Ok(())),
        (json!({ "aud": ["other", "another"] }), Err(Fault::Audience)),
        (json!({ "aud": ["bailey", 7] }), Err(Fault::Invalid)),
        (json!({ "aud": { "bailey": true } }), Err(Fault::Invalid)),
        (json!({ "aud": vec!["bailey"; 65] }), Err(Fault::Invalid)),
        (json!({ "exp": now - 59 }), Ok(())),
        (json!({ "exp": now - 60 }), Err(Fault::Expired)),
        (json!({ "exp": 0 }), Err(Fault::Expired)),
        (json!({ "exp": (now + 600).to_string() }), Err(Fault::Invalid)),
        (json!({ "exp": -1 }), Err(Fault::Invalid)),
        (json!({ "exp": 1e300 }), Err(Fault::Invalid)),
        (json!({ "exp": 0.5, "iat": 0.5 }), Err(Fault::Expired)),
        (json!({ "iat": now + 60 }), Ok(())),
        (json!({ "iat": now + 61 }), Err(Fault::Invalid)),
        (json!({ "iat": now - 12 * 3600 - 60 }), Ok(())),
        (json!({ "iat": now - 12 * 3600 - 61 }), Err(Fault::Expired)),
        (json!({ "nbf": now + 60 }), Ok(())),
        (json!({ "nbf": now + 61 }), Err(Fault::Invalid)),
        (json!({ "nbf": "soon" }), Err(Fault::Invalid)),
    ];
    for (changed, expected) in cases {
        let token = issuer.token("rsa", "RS256", &claims(changed));
        assert_eq!(verdict(&issuer, &token), *expected, "{changed}");
    }
    let twice = format!(r#"{{"aud":"bailey",{}"#, &claims(&json!({ "aud": "other" })).to_string()[1..]);
    let token = issuer.token_of(br#"{"alg":"RS256","kid":"rsa"}"#, "RS256", twice.as_bytes());
    assert_eq!(verdict(&issuer, &token), Err(Fault::Invalid));
}

#[test]
fn a_token_that_was_touched_is_none() {
    let (issuer, other) = (Issuer::new(), Issuer::new());
    let good = claims(&json!({}));
    for (key, algorithm) in [("rsa", "RS256"), ("p256", "ES256"), ("p384", "ES384")] {
        let token = issuer.token(key, algorithm, &good);
        assert_eq!(verdict(&issuer, &token), Ok(()));
        let parts: Vec<&str> = token.split('.').collect();
        let (header, payload, signature) = (parts[0], parts[1], parts[2]);
        let admin = text(claims(&json!({ "sub": "admin" })).to_string().as_bytes());
        for touched in [
            String::new(),
            ".".to_owned(),
            "..".to_owned(),
            format!("{header}.{payload}"),
            format!("{header}.{payload}."),
            format!("{header}.{payload}.{signature}."),
            format!("{header}.{payload}.{signature}.{signature}"),
            format!("{header}.{payload}.{signature}="),
            format!("{header}.{payload}.{signature}A"),
            format!("{header}.{payload}.{}", &signature[..signature.len() - 4]),
            format!("{header}.{payload}.{signature}AAAA"),
            format!("{header}.{payload}.{}", "A".repeat(signature.len())),
            format!("{header}.{payload}.AAAA{}", &signature[4..]),
            format!("{header}.{admin}.{signature}"),
            format!("{payload}.{header}.{signature}"),
            format!(" {token}"),
            format!("{token}\n"),
            token.replace('.', "%2E"),
        ] {
            assert_eq!(verdict(&issuer, &touched), Err(Fault::Invalid), "{algorithm} {touched}");
        }
    }
    // Curves have other keys with each issuer; a signature of two zeros is one of nobody.
    let token = other.token("p256", "ES256", &good);
    assert_eq!(verdict(&issuer, &token), Err(Fault::Invalid));
    let signed = token.rsplit_once('.').unwrap().0;
    assert_eq!(verdict(&issuer, &format!("{signed}.{}", text(&[0; 64]))), Err(Fault::Invalid));
}
