//! Binding, starting and stopping a listener.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::sync::{mpsc, oneshot, watch};

use crate::acceptor::{self, Lane};
use crate::connection::Peer;
use crate::limits::Limits;
use crate::worker;

/// Connections that wait in the kernel to be accepted.
const BACKLOG: i32 = 1024;

/// Makes the two ends of a shutdown: one to begin it, one (or many clones) to hear of it.
#[must_use]
pub fn shutdown() -> (Trigger, Shutdown) {
    let (sender, receiver) = watch::channel(false);
    (Trigger(sender), Shutdown(receiver))
}

/// Begins the shutdown, by [`Trigger::begin`] or by being dropped.
#[derive(Debug)]
pub struct Trigger(watch::Sender<bool>);

impl Trigger {
    /// Begins the shutdown; a second time changes nothing.
    pub fn begin(&self) {
        self.0.send_replace(true);
    }
}

/// Hears of the shutdown, on any runtime.
#[derive(Debug, Clone)]
pub struct Shutdown(watch::Receiver<bool>);

impl Shutdown {
    /// Returns when the shutdown has begun.
    pub async fn begun(&mut self) {
        // An error means that the trigger is gone, which is a shutdown too.
        let _ = self.0.wait_for(|begun| *begun).await;
    }
}

/// Where listeners begin.
#[derive(Debug, Clone, Copy)]
pub struct Server;

/// A socket that is bound and listening, but not served yet: clients may connect, and wait.
#[derive(Debug)]
pub struct Bound {
    listener: std::net::TcpListener,
    local_addr: SocketAddr,
    limits: Limits,
}

impl Server {
    /// Binds a listener; port 0 takes a free one.
    ///
    /// # Errors
    /// The address is in use, not this machine's, or not allowed.
    pub fn bind(addr: SocketAddr, limits: Limits) -> io::Result<Bound> {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
        // Without it a restart would have to wait for the last connections' TIME_WAIT. A live listener still wins.
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&addr.into())?;
        socket.listen(BACKLOG)?;
        let listener = std::net::TcpListener::from(socket);
        let local_addr = listener.local_addr()?;
        Ok(Bound { listener, local_addr, limits })
    }
}

impl Bound {
    /// The address that clients connect to.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Starts `workers` threads (at least one) and the acceptor; returns when all of them run.
    ///
    /// `make_handler` is called once on each worker's thread, inside its runtime; what it returns stays there. The response's
    /// body must be `Unpin`, such as [`crate::Body`].
    ///
    /// # Errors
    /// A thread or a runtime cannot be started, or `make_handler` panicked.
    pub fn serve<M, H, F, B>(self, workers: usize, shutdown: Shutdown, make_handler: M) -> io::Result<Serving>
    where
        M: Fn(usize) -> H + Send + Sync + 'static,
        H: Fn(Request<Incoming>, Peer) -> F + 'static,
        F: Future<Output = Response<B>> + 'static,
        B: Body + Unpin + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let make_handler = Arc::new(make_handler);
        let port = self.local_addr.port();
        let mut lanes = Vec::new();
        let mut ends = Vec::new();
        for index in 0..workers.max(1) {
            let (sender, arriving) = mpsc::unbounded_channel();
            lanes.push(Lane::new(sender));
            let (limits, make_handler) = (self.limits.clone(), Arc::clone(&make_handler));
            ends.push(start(&format!("edge-{port}-{index}"), move |started| {
                let runtime = worker::runtime()?;
                let cut = runtime.block_on(async {
                    let handler = make_handler(index);
                    started();
                    worker::run(arriving, handler, limits).await
                });
                Ok(cut)
            })?);
        }
        let (listener, most) = (self.listener, self.limits.connections);
        ends.push(start(&format!("edge-{port}"), move |started| {
            let runtime = worker::runtime()?;
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener)?;
                started();
                acceptor::run(listener, lanes, most, shutdown).await;
                Ok(0)
            })
        })?);
        Ok(Serving { ends })
    }
}

/// Starts a thread and waits until it says that it has started. The result arrives when the thread has let go of all it had.
fn start<T>(name: &str, body: T) -> io::Result<oneshot::Receiver<usize>>
where
    T: FnOnce(Box<dyn FnOnce()>) -> io::Result<usize> + Send + 'static,
{
    let (report, reported) = std::sync::mpsc::channel();
    let (end, ended) = oneshot::channel();
    thread::Builder::new().name(name.to_owned()).spawn(move || {
        let started = report.clone();
        let outcome = body(Box::new(move || {
            let _ = started.send(Ok(()));
        }));
        match outcome {
            Ok(cut) => {
                let _ = end.send(cut);
            }
            // Before the start there is somebody who waits for this; afterwards nothing fails.
            Err(error) => {
                let _ = report.send(Err(error));
            }
        }
    })?;
    reported.recv().unwrap_or_else(|_| Err(io::Error::other("the thread ended before it began to serve")))?;
    Ok(ended)
}

/// A listener at work.
#[derive(Debug)]
#[must_use = "await `finished`, so that requests in flight are not lost"]
pub struct Serving {
    ends: Vec<oneshot::Receiver<usize>>,
}

/// How a listener ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were still busy when [`Limits::drain`] had passed, and were cut.
    pub cut: usize,
}

impl Serving {
    /// Returns when the shutdown has begun and every connection has ended, or was cut at the bound.
    pub async fn finished(self) -> Drained {
        let mut cut = 0;
        for end in self.ends {
            // A worker that panicked has cut its connections itself.
            cut += end.await.unwrap_or(0);
        }
        Drained { cut }
    }
}
