//! The fuzz target of API keys in requests: bytes in, a panic when a law is broken. The tests of bailey-gateway include this file
//! and call the same function.

use bailey_domain::secret::KeyHasher;
use bailey_domain::temporary_key::PresentedKey;
use http::{HeaderMap, HeaderValue};

/// The extractor itself, which is nobody's to call but the gateway's.
#[path = "../../crates/gateway/src/credential.rs"]
mod credential;

use credential::{Presented, presented};

const CARRIERS: [&str; 3] = ["authorization", "x-api-key", "api-key"];

/// Lines of header values, whose first letter chooses the header: a key that comes out stands in every carrier that is not
/// blank, whoever reads them in another order finds the same, and none that is made up is a temporary key.
pub fn authorization(data: &[u8]) {
    let lines = data.split(|byte| *byte == b'\n').filter_map(|line| {
        let (first, value) = line.split_first()?;
        Some((usize::from(*first) % CARRIERS.len(), HeaderValue::from_bytes(value).ok()?))
    });
    let lines: Vec<(usize, HeaderValue)> = lines.take(16).collect();
    let headers = |lines: &mut dyn Iterator<Item = &(usize, HeaderValue)>| {
        let mut headers = HeaderMap::new();
        for (carrier, value) in lines {
            headers.append(CARRIERS[*carrier], value.clone());
        }
        headers
    };
    let (there, back) = (headers(&mut lines.iter()), headers(&mut lines.iter().rev()));
    let found = presented(&there);
    assert_eq!(found, presented(&back), "the order of headers decides nothing");
    match found {
        Presented::Nothing => assert!(lines.iter().all(is_blank), "something was overlooked"),
        Presented::Unusable => assert!(!lines.iter().all(is_blank)),
        Presented::Key(key) => {
            assert!(!key.is_empty() && key.len() <= 512 && key.bytes().all(|byte| byte.is_ascii_graphic()));
            for line in lines.iter().filter(|line| !is_blank(line)) {
                assert!(line.1.as_bytes().trim_ascii().ends_with(key.as_bytes()), "{line:?} is no {key}");
            }
            let hasher = KeyHasher::new(&[7; 32]);
            assert!(matches!(hasher.present(key.as_bytes()), PresentedKey::Value(_)), "{key} was made up");
        }
    }
}

/// Whether a carrier holds nothing: `Authorization` may name its scheme all the same.
fn is_blank((carrier, value): &(usize, HeaderValue)) -> bool {
    let value = value.as_bytes().trim_ascii();
    value.is_empty() || (*carrier == 0 && value.eq_ignore_ascii_case(b"bearer"))
}
