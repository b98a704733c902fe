//! Handlers that run on another runtime than the connection's: those that await a database pool.

use std::pin::Pin;

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
    move |request, peer| {
        let call = runtime.spawn(handler(request, peer));
        Box::pin(async move {
            call.await.unwrap_or_else(|error| {
                tracing::error!(%error, "a handler did not finish");
                on_panic()
            })
        })
    }
}
