//! How upstreams do: what the node's threads share about them, so that a call goes where it can be served.
//!
//! Everything here is atomics: a call reads and writes without waiting for another one. Times are arguments.

mod breaker;
mod health;

pub use breaker::{Breaker, Rules, Turn};
pub use health::{Fault, Health, Reading, Rest, State};

/// Longer than anything is closed for. A moment further away was noted by a clock that has been set back since, and
/// does not count.
const FURTHEST_MS: i64 = 60 * 60 * 1000;

/// How long until `moment`; `None` when it has come.
fn ahead(moment: i64, now_ms: i64) -> Option<i64> {
    let left = moment.saturating_sub(now_ms);
    (1..=FURTHEST_MS).contains(&left).then_some(left)
}
