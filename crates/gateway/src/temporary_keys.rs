//! `POST /api/v1/tokens`: makes temporary keys, for places that a permanent key must not reach.

use bailey_domain::Secret;
use bailey_domain::directory::Parent;
use bailey_domain::temporary_key::{DEFAULT_SECONDS, SECONDS};
use http::header::{CACHE_CONTROL, HeaderValue};
use http::{Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde::Serialize;

use crate::answer::{fault, json, shown};
use crate::surface::Code;
use crate::worker::{Asker, Body, Inner};

/// The parameter that says how long the key is to last.
const PARAMETER: &str = "expire_in_seconds";

/// No `Debug`: it holds the key as text.
#[derive(Serialize)]
struct Made<'a> {
    token: &'a str,
    expires_at: i64,
}

/// Makes a temporary key of the one that the request presents.
pub(crate) fn create(worker: &Inner, asker: &Asker<'_>, query: Option<&str>) -> Response<Body> {
    let reply = asker.arrival.reply;
    let parent = match worker.gateway.directory.parent(&asker.call()) {
        Ok(parent) => parent,
        Err(denied) => return worker.refuse(asker, &denied, None),
    };
    let seconds = match seconds(query.unwrap_or_default()) {
        Ok(seconds) => seconds,
        Err(message) => return fault(reply, StatusCode::BAD_REQUEST, Code::INVALID, message),
    };
    let (token, expires_at) = make(worker, asker, &parent, seconds);
    let mut response = json(reply, &Made { token: token.reveal(), expires_at });
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The key and its end in seconds, rounded down: whoever goes by it never comes late.
fn make(worker: &Inner, asker: &Asker<'_>, parent: &Parent, seconds: u32) -> (Secret<String>, i64) {
    let ends_at_ms = (asker.arrival.at_ms + i64::from(seconds) * 1000).min(parent.ends_at_ms());
    let gateway = &worker.gateway;
    (gateway.hasher.temporary(parent, ends_at_ms, &*gateway.entropy), ends_at_ms.div_euclid(1000))
}

/// How long the key is to last.
fn seconds(query: &str) -> Result<u32, String> {
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut given = pairs.filter(|(name, _)| *name == PARAMETER).map(|(_, value)| value);
    let Some(first) = given.next() else { return Ok(DEFAULT_SECONDS) };
    if given.next().is_some() {
        return Err(format!("`{PARAMETER}` is given more than once"));
    }
    let text = percent_decode_str(first).decode_utf8_lossy();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number| digits && SECONDS.contains(number));
    number.ok_or_else(|| {
        let (low, high) = SECONDS.into_inner();
        format!("`{PARAMETER}` must be a whole number from {low} to {high}, not `{}`", shown(&text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_a_whole_number_in_its_bounds_given_once() {
        for (query, expected) in [
            ("", 60),
            ("other=1", 60),
            ("expire_in_seconds=1", 1),
            ("a=b&expire_in_seconds=1800&c", 1800),
            ("expire_in_seconds=%36%30", 60),
        ] {
            assert_eq!(seconds(query), Ok(expected), "{query}");
        }
        for query in
            ["=0", "=1801", "=-1", "=+5", "=1.5", "=", "", "=4294967297", "=5&expire_in_seconds=5", "=%ff"]
        {
            let message = seconds(&format!("expire_in_seconds{query}")).unwrap_err();
            assert!(message.starts_with("`expire_in_seconds`"), "{query}: {message}");
        }
        assert!(seconds(&format!("expire_in_seconds={}", "9".repeat(10_000))).unwrap_err().len() < 300);
    }
}
