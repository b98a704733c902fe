//! When an upstream that does not serve a call wants to be asked again.

use std::time::{Duration, UNIX_EPOCH};

use http::HeaderValue;

/// Milliseconds until then: from `retry-after-ms`, as some services send it, or `Retry-After` in seconds or as a date.
pub(super) fn retry_after_ms(
    milliseconds: Option<&HeaderValue>,
    after: Option<&HeaderValue>,
    now_ms: i64,
) -> Option<u64> {
    let text = |value: &HeaderValue| value.to_str().ok().map(|text| text.trim().to_owned());
    let milliseconds = milliseconds.and_then(text).and_then(|text| text.parse().ok());
    milliseconds.or_else(|| {
        let after = after.and_then(text)?;
        if let Ok(seconds) = after.parse::<u64>() {
            return Some(seconds.saturating_mul(1000));
        }
        let moment = httpdate::parse_http_date(&after).ok()?.duration_since(UNIX_EPOCH).ok()?;
        let left = moment.saturating_sub(Duration::from_millis(now_ms.try_into().ok()?));
        left.as_millis().try_into().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_say_it_is_read() {
        // 2026-11-24T00:00:00Z
        let now = 1_795_478_400_000;
        let read = |headers: &[(&'static str, &'static str)]| {
            let said = |name: &str| {
                let (_, value) = headers.iter().find(|(known, _)| *known == name)?;
                Some(HeaderValue::from_static(value))
            };
            retry_after_ms(said("retry-after-ms").as_ref(), said("retry-after").as_ref(), now)
        };
        for (headers, expected) in [
            (&[("retry-after", "7")][..], Some(7000)),
            (&[("retry-after", " 0 ")], Some(0)),
            (&[("retry-after", "7"), ("retry-after-ms", "120")], Some(120)),
            (&[("retry-after", "7"), ("retry-after-ms", "soon")], Some(7000)),
            (&[("retry-after", "Tue, 24 Nov 2026 00:00:30 GMT")], Some(30_000)),
            (&[("retry-after", "Mon, 23 Nov 2026 00:00:30 GMT")], Some(0)),
            (&[("retry-after", "18446744073709551615")], Some(u64::MAX)),
            (&[("retry-after", "Fri, 31 Dec 9999 23:59:59 GMT")], Some(251_606_822_399_000)),
            (&[("retry-after", "-7")], None),
            (&[("retry-after", "soon")], None),
            (&[], None),
        ] {
            assert_eq!(read(headers), expected, "{headers:?}");
        }
    }
}
