//! Accepts connections, hands each to the worker with the fewest, and turns away what is too many.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::UnboundedSender;

use crate::server::Shutdown;

/// Written to a connection over the limit. JSON, since the official SDKs read every error body as JSON.
const BUSY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: 89\r\n\
    retry-after: 1\r\nconnection: close\r\n\r\n\
    {\"code\":\"ServiceUnavailable\",\"message\":\"too many connections are open; try again later\"}\n";

/// How long to wait when the process has no file handle left.
const OUT_OF_HANDLES: Duration = Duration::from_millis(50);

/// A connection on its way to a worker.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) stream: std::net::TcpStream,
    pub(crate) addr: SocketAddr,
    pub(crate) slot: Slot,
}

/// One of a worker's open connections; given back when dropped.
#[derive(Debug)]
pub(crate) struct Slot(Arc<AtomicUsize>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The way to one worker. The queue needs no bound of its own: what is in it counts as open.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) sender: UnboundedSender<Accepted>,
    open: Arc<AtomicUsize>,
}

impl Lane {
    pub(crate) fn new(sender: UnboundedSender<Accepted>) -> Self {
        Self { sender, open: Arc::default() }
    }

    fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }
}

/// Runs until shutdown. Dropping the lanes then tells the workers to drain.
pub(crate) async fn run(listener: TcpListener, lanes: Vec<Lane>, most: usize, mut shutdown: Shutdown) {
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.begun() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, addr)) => hand_over(stream, addr, &lanes, most),
            // A client that left before it was accepted.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections; raise the limit of open files if this stays");
                tokio::time::sleep(OUT_OF_HANDLES).await;
            }
        }
    }
    if let Err(error) = empty_queue(listener, &lanes, most) {
        tracing::warn!(%error, "connections that waited to be accepted are lost");
    }
}

/// Whoever is in the kernel's queue already was promised an answer. Asks the kernel itself, since the runtime may not have
/// heard of them yet.
fn empty_queue(listener: TcpListener, lanes: &[Lane], most: usize) -> std::io::Result<()> {
    let listener = listener.into_std()?;
    for _ in 0..most {
        match listener.accept() {
            Ok((stream, addr)) => {
                stream.set_nonblocking(true)?;
                hand_over(TcpStream::from_std(stream)?, addr, lanes, most);
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn hand_over(stream: TcpStream, addr: SocketAddr, lanes: &[Lane], most: usize) {
    if lanes.iter().map(Lane::open).sum::<usize>() >= most {
        turn_away(&stream);
        return;
    }
    let Some(lane) = lanes.iter().min_by_key(|lane| lane.open()) else { return };
    // The other side may be gone already; then there is nobody to tell.
    let Ok(stream) = stream.set_nodelay(true).and_then(|()| stream.into_std()) else { return };
    lane.open.fetch_add(1, Ordering::Relaxed);
    let slot = Slot(Arc::clone(&lane.open));
    if lane.sender.send(Accepted { stream, addr, slot }).is_err() {
        tracing::error!("a worker is gone; its connections are dropped");
    }
}

/// Answers without a task: a fresh socket has room for this, and a flood must stay cheap.
fn turn_away(stream: &TcpStream) {
    tracing::debug!("connection turned away: too many are open");
    let _ = stream.try_write(BUSY);
    // Unread bytes would reset the connection and take the answer with it.
    let mut scratch = [0; 4096];
    let _ = stream.try_read(&mut scratch);
    let _ = socket2::SockRef::from(stream).shutdown(std::net::Shutdown::Write);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busy_answer_declares_its_own_length() {
        let text = std::str::from_utf8(BUSY).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
    }
}
