//! Raw TCP clients against a real listener.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod bodies;
mod drain;
mod fixture;
mod framing;
mod handlers;
mod limits;
mod slow;
mod smuggling;
