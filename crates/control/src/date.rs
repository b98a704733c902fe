//! Times in words.

use jiff::Timestamp;

/// A time of ours as RAM writes it: `2026-11-24T06:30:00Z`.
pub fn date(at_ms: i64) -> String {
    Timestamp::from_millisecond(at_ms)
        .map(|time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
        .unwrap_or_default()
}
