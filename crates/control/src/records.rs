//! Reaching what the gateway has recorded: it is written in batches, and whoever asks about a request that was just
//! refused must not find nothing.

use tokio::sync::{mpsc, oneshot};

/// The way to the task that writes the gateway's records.
#[derive(Clone, Debug)]
pub struct Recorder {
    flush: mpsc::Sender<oneshot::Sender<()>>,
}

impl Recorder {
    /// A recorder, and the requests to flush that the writing task must answer.
    pub fn channel() -> (Self, mpsc::Receiver<oneshot::Sender<()>>) {
        let (flush, requests) = mpsc::channel(16);
        (Self { flush }, requests)
    }

    /// Returns when everything recorded so far is written. Without a writing task there is nothing to wait for.
    pub(crate) async fn flush(&self) {
        let (done, written) = oneshot::channel();
        if self.flush.send(done).await.is_ok() {
            let _ = written.await;
        }
    }
}
