//! One thread with a runtime of its own, and all connections handed to it.

use std::error::Error;
use std::io;
use std::rc::Rc;
use std::time::Instant;

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use tokio::runtime::{Builder, LocalOptions, LocalRuntime};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::MissedTickBehavior;

use crate::acceptor::Accepted;
use crate::activity::Registry;
use crate::connection::{self, Peer};
use crate::limits::Limits;

/// A runtime that lives on the calling thread and takes tasks that are not `Send`.
pub(crate) fn runtime() -> io::Result<LocalRuntime> {
    Builder::new_current_thread().enable_io().enable_time().build_local(LocalOptions::default())
}

/// Serves what arrives until the acceptor is gone, then drains. Returns how many connections had to be cut.
pub(crate) async fn run<H, F, B>(
    mut arriving: UnboundedReceiver<Accepted>,
    handler: H,
    limits: Limits,
) -> usize
where
    H: Fn(Request<Incoming>, Peer) -> F + 'static,
    F: Future<Output = Response<B>> + 'static,
    B: Body + Unpin + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let handler = Rc::new(handler);
    let http1 = Rc::new(connection::http1(&limits));
    let registry = Rc::new(Registry::default());
    let mut tick = tokio::time::interval(limits.tick());
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            arrived = arriving.recv() => {
                let Some(Accepted { stream, addr, slot }) = arrived else { break };
                match tokio::net::TcpStream::from_std(stream) {
                    Ok(stream) => {
                        let peer = Peer { addr };
                        let serving = connection::serve(
                            stream, peer, Rc::clone(&http1), Rc::clone(&handler), Rc::clone(&registry),
                        );
                        // A handler that panics ends its own task only.
                        tokio::task::spawn_local(async move {
                            serving.await;
                            drop(slot);
                        });
                    }
                    Err(error) => tracing::warn!(%error, "a connection could not be served"),
                }
            }
            _ = tick.tick() => registry.sweep(Instant::now(), &limits),
        }
    }
    // The last to arrive have not been polled yet, nor has the kernel been asked what they sent. Each yield does one of these.
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
    registry.drain();
    let end = tokio::time::sleep(limits.drain);
    tokio::pin!(end);
    loop {
        tokio::select! {
            () = registry.emptied() => return 0,
            () = &mut end => return registry.len(),
            _ = tick.tick() => registry.sweep(Instant::now(), &limits),
        }
    }
}
