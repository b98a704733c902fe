//! Waiting for something while the right to wait for it may end, and no longer than allowed.

use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use bailey_domain::Reason;
use bailey_domain::directory::Flight;

/// Why the wait ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interrupted {
    /// The call's right ended.
    Cut(Reason),
    /// It took too long.
    TimedOut,
}

/// Waits for `future`. A result that comes together with the end of the right counts as too late.
///
/// It takes what is pinned already: what is pinned in here would be twice in every future around it.
pub(crate) async fn watched<F: Future + Unpin>(
    mut future: F,
    flight: &Flight,
    within: Duration,
) -> Result<F::Output, Interrupted> {
    // Not registered with the timer before it is polled, which is when there is something to wait for.
    let mut end = pin!(tokio::time::sleep(within));
    std::future::poll_fn(|context| {
        let polled = Pin::new(&mut future).poll(context);
        if let Some(reason) = flight.cut_reason() {
            return Poll::Ready(Err(Interrupted::Cut(reason)));
        }
        if let Poll::Ready(output) = polled {
            return Poll::Ready(Ok(output));
        }
        if let Poll::Ready(reason) = flight.poll_cut(context) {
            return Poll::Ready(Err(Interrupted::Cut(reason)));
        }
        end.as_mut().poll(context).map(|()| Err(Interrupted::TimedOut))
    })
    .await
}
