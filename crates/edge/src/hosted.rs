//! Handlers that run on another runtime than the connection's: those that await a database pool.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use http::{Request, Response};
use hyper::body::Incoming;
use tokio::runtime::Handle;

use crate::Peer;

/// The future of a wrapped handler.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T>>>;

/// Wraps a handler so that each of its calls is a task of `runtime`.
///
/// A pool's connections belong to the runtime that opened them, so operations run there and only the HTTP work stays on the
/// worker. A call goes on when its client leaves: an operation that has begun is not cut in half. If it panics, `on_panic`
/// makes the answer.
pub fn on_runtime<H, F, B>(
    runtime: Handle,
    handler: H,
    on_panic: fn() -> Response<B>,
) -> impl Fn(Request<Incoming>, Peer) -> BoxFuture<Response<B>>
where
    H: Fn(Request<Incoming>, Peer) -> F + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Send + 'static,
{
    move |request, peer| Box::pin(spawned(&runtime, handler(request, peer), on_panic))
}

/// A handler in two steps, some of whose calls are brief.
pub trait Hosted: Clone + Send + 'static {
    /// A request that was read to its end.
    type Received: Send + 'static;
    /// The body of a response.
    type Body: Send + 'static;

    /// Whether a call does nothing but ask, and answering it seldom waits and never computes for long. Only the head of the
    /// request is known.
    fn is_brief(&self, request: &Request<Incoming>) -> bool;

    /// Reads a request.
    fn receive(self, request: Request<Incoming>, peer: Peer) -> impl Future<Output = Self::Received> + Send;

    /// Answers it.
    fn answer(self, received: Self::Received) -> impl Future<Output = Response<Self::Body>> + Send;

    /// The answer when it panicked.
    fn fault() -> Response<Self::Body>;
}

/// Wraps a handler as [`on_runtime`] does, but for its brief calls: the worker reads and begins them itself, and hands them on
/// only if they have to wait. Each hand-over wakes a thread, which takes longer than such a call.
pub fn briefly_here<H: Hosted>(
    runtime: Handle,
    handler: H,
) -> impl Fn(Request<Incoming>, Peer) -> BoxFuture<Response<H::Body>> {
    move |request, peer| {
        let (runtime, handler) = (runtime.clone(), handler.clone());
        if !handler.is_brief(&request) {
            let call = async move {
                let received = handler.clone().receive(request, peer).await;
                handler.answer(received).await
            };
            return Box::pin(spawned(&runtime, call, H::fault));
        }
        Box::pin(async move {
            let received = handler.clone().receive(request, peer).await;
            let mut call = Box::pin(handler.answer(received));
            match begun(&runtime, call.as_mut()) {
                Begun::Answered(response) => response,
                Begun::Panicked => H::fault(),
                Begun::Waits => spawned(&runtime, call, H::fault).await,
            }
        })
    }
}

/// Runs a call as a task, from now on and not from the first poll.
fn spawned<F, B>(
    runtime: &Handle,
    call: F,
    on_panic: fn() -> Response<B>,
) -> impl Future<Output = Response<B>> + use<F, B>
where
    F: Future<Output = Response<B>> + Send + 'static,
    B: Send + 'static,
{
    let task = runtime.spawn(call);
    async move {
        task.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a handler did not finish");
            on_panic()
        })
    }
}

/// How far a call came at once.
enum Begun<T> {
    Answered(T),
    Panicked,
    Waits,
}

/// Polls a call once, as if on the runtime: what it opens meanwhile belongs there. Nobody is woken, since a call that waits is
/// polled again by its task.
fn begun<F: Future>(runtime: &Handle, call: Pin<&mut F>) -> Begun<F::Output> {
    let _runtime = runtime.enter();
    let mut context = Context::from_waker(Waker::noop());
    match catch_unwind(AssertUnwindSafe(|| call.poll(&mut context))) {
        Ok(Poll::Ready(answer)) => Begun::Answered(answer),
        Ok(Poll::Pending) => Begun::Waits,
        // What was thrown has been reported by the hook, as for a task.
        Err(_) => {
            tracing::error!("a handler did not finish");
            Begun::Panicked
        }
    }
}
