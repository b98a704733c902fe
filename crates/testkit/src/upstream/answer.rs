//! What the upstream can be told to answer.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::{
    body::{Piece, cut},
    openai,
};

/// How a request is answered.
#[derive(Debug, Clone)]
pub enum Answer {
    /// As a healthy server does: a chat completion that repeats the last message (streamed when asked for), embeddings, the list of models.
    Normal,
    /// Exactly this, as JSON.
    Status {
        /// HTTP status.
        status: u16,
        /// Further headers.
        headers: Vec<(String, String)>,
        /// The whole body.
        body: serde_json::Value,
    },
    /// [`Answer::Normal`], but the first byte comes only after this time.
    Slow(Duration),
    /// A stream of this many content chunks with a pause before each, then usage and `[DONE]`.
    Stream {
        /// How many content chunks.
        chunks: usize,
        /// The pause before each chunk.
        every: Duration,
    },
    /// A stream that loses its connection after this many content chunks.
    Cut {
        /// How many content chunks come through.
        chunks: usize,
    },
    /// [`Answer::Cut`], but the connection is lost in the middle of a further event.
    CutWithin {
        /// How many content chunks come through whole.
        chunks: usize,
    },
    /// A completion that loses its connection after half of the body that it announced.
    CutBody,
    /// A completion whose body comes in this many pieces with a pause before each.
    Trickle {
        /// How many pieces.
        pieces: usize,
        /// The pause before each piece.
        every: Duration,
    },
    /// A stream that says nothing more after this many content chunks, and stays open.
    Stall {
        /// How many content chunks come.
        chunks: usize,
    },
    /// A completion with a text of this many bytes, or a stream of as many in events, made while it is read: no side holds
    /// more of it than it wants to. [`super::Upstream::flooded`] tells how far it has got.
    Flood {
        /// Length of the text in bytes.
        bytes: u64,
    },
    /// A body (or, when a stream is asked for, an event) that is not JSON.
    Malformed,
    /// A completion whose text has this many bytes; as a stream, one event with all of it.
    Giant {
        /// Length of the text in bytes.
        bytes: usize,
    },
    /// A stream that goes on until the client leaves.
    Endless {
        /// The pause before each chunk.
        every: Duration,
    },
    /// Takes the request and never answers.
    Silent,
}

impl Answer {
    /// An error as OpenAI-compatible servers word it.
    #[must_use]
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        let body =
            serde_json::json!({"error": {"message": message, "type": code, "param": null, "code": code}});
        Self::Status { status, headers: Vec::new(), body }
    }
}

/// The sending end of one streamed answer, in a test's hands: nothing is sent until the test says so.
#[derive(Debug)]
pub struct HeldStream {
    pieces: mpsc::UnboundedSender<Piece>,
}

impl HeldStream {
    pub(super) fn new() -> (Self, mpsc::UnboundedReceiver<Piece>) {
        let (pieces, receiver) = mpsc::unbounded_channel();
        (Self { pieces }, receiver)
    }

    /// Sends one content chunk. Sent before the request arrives, it waits for it; sent after the client left, it is lost.
    pub fn send(&self, text: &str) {
        self.send_raw(openai::content_event(text));
    }

    /// Sends bytes as they are.
    pub fn send_raw(&self, bytes: impl Into<Bytes>) {
        // Lost when the client has left: that is what `is_abandoned` tells.
        drop(self.pieces.send(Ok(bytes.into())));
    }

    /// Ends the stream properly: finish reason, usage, `[DONE]`.
    pub fn finish(self) {
        self.send_raw(openai::closing_events(1, 1));
    }

    /// Cuts the connection in the middle of the stream.
    pub fn cut(self) {
        drop(self.pieces.send(Err(cut())));
    }

    /// Whether the client (the gateway under test) has closed the connection.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.pieces.is_closed()
    }

    /// Waits until the client has closed the connection. Callers set the time limit.
    pub async fn abandoned(&self) {
        self.pieces.closed().await;
    }
}
