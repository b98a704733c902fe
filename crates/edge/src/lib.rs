//! The HTTP edge that all listeners share: HTTP/1.1 over TCP with bounds on everything a client can make last or grow.
//!
//! ```text
//! Server::bind ── Bound::serve ──► acceptor (one thread) ── least loaded ──► worker threads, one runtime each
//!                                   over the limit: 503                       handler(request, peer) -> response
//! ```
//! A connection lives and dies on one worker thread, so handlers need not be `Send` and share state through `Rc` and `RefCell`
//! without locks. Handlers that need the main runtime (a database pool) are wrapped with [`on_runtime`] or [`briefly_here`].
//! One acceptor hands connections out, rather than one `SO_REUSEPORT` socket per worker: few long-lived connections spread
//! evenly, one number bounds them all, and a second server on the same port fails to start instead of sharing it.
//!
//! This crate knows no operation and no error body; [`read_body`] says what was wrong and the listener answers in its shape.

mod acceptor;
mod activity;
mod body;
mod connection;
mod hosted;
mod io;
mod limits;
mod request_body;
mod server;
mod worker;

pub use body::{Body, BoxError, BoxStream};
pub use connection::Peer;
pub use hosted::{BoxFuture, Hosted, briefly_here, on_runtime};
pub use limits::Limits;
pub use request_body::{BodyError, read_body};
pub use server::{Bound, Drained, Server, Serving, Shutdown, Trigger, shutdown};
