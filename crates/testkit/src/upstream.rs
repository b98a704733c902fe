//! A model server that does what a test scripts: OpenAI's wire format on 127.0.0.1, on a thread and a runtime of its own.
//!
//! It answers sensibly when nothing is scripted, records what it was asked, counts connections, and can misbehave in the ways that real upstreams do:
//! slow, silent, cut, malformed, giant, endless.

mod answer;
mod body;
mod openai;
mod recorded;
mod server;

pub use answer::{Answer, HeldStream};
pub use recorded::Recorded;
pub use server::Upstream;
