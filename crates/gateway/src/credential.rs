//! The one place that reads API keys out of requests, whatever carries them.

use http::header::{AUTHORIZATION, HeaderMap};

/// A key is 43 characters; what is longer than this is none, and hashing it would be a favour to whoever sends it.
const LONGEST: usize = 512;

/// What a request presents as its key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Presented<'a> {
    /// No carrier holds anything.
    Nothing,
    /// Something that cannot be a key, or several things at once.
    Unusable,
    /// A text that may be a key.
    Key(&'a str),
}

/// Reads `Authorization: Bearer`, `x-api-key` and `api-key`. Carriers that disagree make the request unusable: a proxy and
/// the gateway could otherwise each look at another one.
pub(crate) fn presented(headers: &HeaderMap) -> Presented<'_> {
    let bearers = headers.get_all(AUTHORIZATION).iter().map(|value| bearer(value.as_bytes()));
    let plain = ["x-api-key", "api-key"]
        .into_iter()
        .flat_map(|name| headers.get_all(name))
        .map(|value| text(value.as_bytes()));
    bearers.chain(plain).fold(Presented::Nothing, |known, next| match (known, next) {
        (known, Presented::Nothing) => known,
        (Presented::Nothing, next) => next,
        (Presented::Key(one), Presented::Key(other)) if one == other => Presented::Key(one),
        _ => Presented::Unusable,
    })
}

/// Another scheme than Bearer is another credential, which this gateway does not take.
fn bearer(value: &[u8]) -> Presented<'_> {
    let value = value.trim_ascii();
    let (scheme, rest) = value.split_at(value.len().min("bearer".len()));
    match rest.first() {
        _ if value.is_empty() => Presented::Nothing,
        _ if !scheme.eq_ignore_ascii_case(b"bearer") => Presented::Unusable,
        None => Presented::Nothing,
        Some(b' ' | b'\t') => text(rest),
        Some(_) => Presented::Unusable,
    }
}

fn text(value: &[u8]) -> Presented<'_> {
    let value = value.trim_ascii();
    if value.is_empty() {
        return Presented::Nothing;
    }
    if value.len() > LONGEST || !value.iter().all(u8::is_ascii_graphic) {
        return Presented::Unusable;
    }
    std::str::from_utf8(value).map_or(Presented::Unusable, Presented::Key)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn headers(pairs: &[(&'static str, &[u8])]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_bytes(value).unwrap());
        }
        headers
    }

    #[test]
    fn every_carrier_is_read() {
        for pairs in [
            &[("authorization", &b"Bearer sk-1"[..])][..],
            &[("authorization", b"bEARER \t sk-1 ")],
            &[("x-api-key", b"sk-1")],
            &[("api-key", b" sk-1")],
            &[("x-api-key", b"sk-1"), ("api-key", b"sk-1"), ("authorization", b"Bearer sk-1")],
            &[("authorization", b"Bearer "), ("x-api-key", b"sk-1")],
        ] {
            assert_eq!(presented(&headers(pairs)), Presented::Key("sk-1"), "{pairs:?}");
        }
    }

    #[test]
    fn what_is_no_key_is_none() {
        let long = [b'k'; LONGEST + 1];
        assert_eq!(presented(&headers(&[])), Presented::Nothing);
        assert_eq!(
            presented(&headers(&[("authorization", b"Bearer"), ("api-key", b" ")])),
            Presented::Nothing
        );
        for pairs in [
            &[("authorization", &b"Basic c2stMQ=="[..])][..],
            &[("authorization", b"Bearersk-1")],
            &[("authorization", b"sk-1")],
            &[("authorization", b"Bearer sk-1 sk-2")],
            &[("authorization", b"Bearer sk-\xc3\xa9")],
            &[("authorization", b"Bearer sk-1"), ("authorization", b"Bearer sk-2")],
            &[("authorization", b"Basic c2stMQ=="), ("x-api-key", b"sk-1")],
            &[("x-api-key", b"sk-1"), ("api-key", b"sk-2")],
            &[("api-key", &long)],
        ] {
            assert_eq!(presented(&headers(pairs)), Presented::Unusable, "{pairs:?}");
        }
    }

    fn value() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![Just(b'\t'), 32u8..127, 128u8..=255];
        let odd = prop::collection::vec(byte, 0..40);
        prop_oneof![odd, "(Bearer|bearer|Basic)? ?sk-[ab]{1,2}".prop_map(String::into_bytes)]
    }

    proptest! {
        /// A key that comes out stands in every carrier that is not blank, and is well formed.
        #[test]
        fn a_key_is_what_every_carrier_says(values in prop::collection::vec((0usize..3, value()), 0..4)) {
            let names = ["authorization", "x-api-key", "api-key"];
            let mut headers = HeaderMap::new();
            for (carrier, value) in &values {
                headers.append(names[*carrier], HeaderValue::from_bytes(value).unwrap());
            }
            if let Presented::Key(key) = presented(&headers) {
                prop_assert!(!key.is_empty() && key.len() <= LONGEST && key.bytes().all(|byte| byte.is_ascii_graphic()));
                for (carrier, value) in &values {
                    let value = String::from_utf8_lossy(value).to_lowercase();
                    let value = value.trim();
                    let blank = value.is_empty() || (*carrier == 0 && value == "bearer");
                    prop_assert!(blank || value.ends_with(&key.to_lowercase()), "{value:?} {key:?}");
                }
            }
        }
    }
}
