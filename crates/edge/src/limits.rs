//! What a client may use of a listener.

use std::time::Duration;

/// Bounds of one listener. The defaults suit the open internet behind no proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Open connections over all workers. One more is answered 503 and closed.
    pub connections: usize,
    /// Bytes of request line and headers; more is answered 431. At least 8192, which is as low as hyper goes.
    pub header_bytes: usize,
    /// Number of headers; more is answered 431.
    pub headers: usize,
    /// From the first byte of a request (or the start of the connection) to the end of its headers.
    pub header_timeout: Duration,
    /// Between a response and the first byte of the next request. Longer than most clients keep a connection, so that it is
    /// rarely the server that closes one just as it is used again.
    pub idle_timeout: Duration,
    /// How long a client may take nothing of a response that is ready for it.
    pub write_timeout: Duration,
    /// How long requests in flight may go on after shutdown began.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 16_384,
            header_bytes: 32 * 1024,
            headers: 100,
            header_timeout: Duration::from_secs(15),
            idle_timeout: Duration::from_secs(75),
            write_timeout: Duration::from_secs(60),
            drain: Duration::from_secs(30),
        }
    }
}

impl Limits {
    /// How often connections are looked at: often enough that a bound is kept within a quarter.
    pub(crate) fn tick(&self) -> Duration {
        let shortest = self.header_timeout.min(self.idle_timeout).min(self.write_timeout);
        (shortest / 4).clamp(Duration::from_millis(5), Duration::from_millis(500))
    }
}
