//! What each connection of a worker is doing, so that one sweep can end those that take too long.
//!
//! hyper has one time-out, for headers and idle connections alike, and sets a timer for each request. Here a connection notes
//! what it waits for and since when, which costs two stores, and the worker looks at all of them a few times a second.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::task::Waker;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::limits::Limits;

/// How long a closed connection may go on sending what nobody reads. Closing at once would reset it, and the client
/// would lose the answer that says why.
const LINGER: Duration = Duration::from_secs(1);

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The first byte of the first request.
    New,
    /// The rest of a request's headers.
    Head,
    /// The first byte of another request.
    Idle,
    /// The handler, or the response's end. The handler bounds itself.
    Busy,
    /// The client's side of the close.
    Closing,
}

/// The notes of one connection.
#[derive(Debug)]
pub(crate) struct Activity {
    phase: Cell<Phase>,
    since: Cell<Instant>,
    write_blocked_since: Cell<Option<Instant>>,
    cut: Cell<bool>,
    draining: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Activity {
    fn new() -> Self {
        Self {
            phase: Cell::new(Phase::New),
            since: Cell::new(Instant::now()),
            write_blocked_since: Cell::new(None),
            cut: Cell::new(false),
            draining: Cell::new(false),
            waker: RefCell::new(None),
        }
    }

    fn enter(&self, phase: Phase) {
        self.phase.set(phase);
        self.since.set(Instant::now());
    }

    /// Bytes came in: if none were due, a request begins.
    pub(crate) fn received(&self) {
        if matches!(self.phase.get(), Phase::New | Phase::Idle) {
            self.enter(Phase::Head);
        }
    }

    /// A write was tried.
    pub(crate) fn wrote(&self, blocked: bool) {
        match (blocked, self.write_blocked_since.get()) {
            (true, None) => self.write_blocked_since.set(Some(Instant::now())),
            (false, Some(_)) => {
                self.write_blocked_since.set(None);
                self.since.set(Instant::now());
            }
            (true, Some(_)) | (false, None) => {}
        }
    }

    /// The handler has the request.
    pub(crate) fn request_began(&self) {
        self.phase.set(Phase::Busy);
    }

    /// The response is on its way as a whole.
    pub(crate) fn response_ended(&self) {
        self.enter(Phase::Idle);
    }

    /// Our side is closed.
    pub(crate) fn closing(&self) {
        self.enter(Phase::Closing);
    }

    /// Whether not a byte was received yet.
    pub(crate) fn is_new(&self) -> bool {
        self.phase.get() == Phase::New
    }

    /// Whether the sweep has ended this connection.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut.get()
    }

    /// Whether the worker is going away.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.get()
    }

    /// Notes whom to wake when the connection is ended from outside.
    pub(crate) fn wakes(&self, waker: &Waker) {
        let mut known = self.waker.borrow_mut();
        if !known.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *known = Some(waker.clone());
        }
    }

    fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }

    fn is_overdue(&self, now: Instant, limits: &Limits) -> bool {
        let waited = now.saturating_duration_since(self.since.get());
        let unread = self.write_blocked_since.get().map(|since| now.saturating_duration_since(since));
        unread.is_some_and(|unread| unread > limits.write_timeout)
            || match self.phase.get() {
                Phase::New | Phase::Head => waited > limits.header_timeout,
                Phase::Idle => waited > limits.idle_timeout,
                Phase::Busy => false,
                Phase::Closing => waited > LINGER,
            }
    }
}

/// All connections of one worker.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    connections: RefCell<HashMap<u64, Rc<Activity>>>,
    next: Cell<u64>,
    emptied: Notify,
}

/// A connection's place in the registry; it leaves when this is dropped.
#[derive(Debug)]
pub(crate) struct Membership {
    registry: Rc<Registry>,
    number: u64,
    activity: Rc<Activity>,
}

impl Registry {
    pub(crate) fn join(self: &Rc<Self>) -> Membership {
        let number = self.next.get();
        self.next.set(number + 1);
        let activity = Rc::new(Activity::new());
        self.connections.borrow_mut().insert(number, Rc::clone(&activity));
        Membership { registry: Rc::clone(self), number, activity }
    }

    pub(crate) fn len(&self) -> usize {
        self.connections.borrow().len()
    }

    /// Ends connections that are over a time-out.
    pub(crate) fn sweep(&self, now: Instant, limits: &Limits) {
        for activity in self.connections.borrow().values() {
            if activity.is_overdue(now, limits) {
                activity.cut.set(true);
                activity.wake();
            }
        }
    }

    /// Tells all connections to end after what they are doing.
    pub(crate) fn drain(&self) {
        for activity in self.connections.borrow().values() {
            activity.draining.set(true);
            activity.wake();
        }
    }

    /// Returns when there is no connection left.
    pub(crate) async fn emptied(&self) {
        while self.len() > 0 {
            self.emptied.notified().await;
        }
    }
}

impl Membership {
    pub(crate) fn activity(&self) -> &Rc<Activity> {
        &self.activity
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let mut connections = self.registry.connections.borrow_mut();
        connections.remove(&self.number);
        if connections.is_empty() {
            self.registry.emptied.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits {
            header_timeout: Duration::from_secs(1),
            idle_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(5),
            ..Limits::default()
        }
    }

    fn is_cut_after(activity: &Activity, seconds: u64) -> bool {
        activity.is_overdue(Instant::now() + Duration::from_secs(seconds), &limits())
    }

    #[test]
    fn each_phase_has_its_own_bound() {
        let activity = Activity::new();
        assert!(!is_cut_after(&activity, 0));
        assert!(is_cut_after(&activity, 2), "a connection that sends nothing");
        activity.request_began();
        assert!(!is_cut_after(&activity, 1000), "the handler bounds itself");
        activity.received();
        assert!(!is_cut_after(&activity, 1000), "a body is no new request");
        activity.response_ended();
        assert!(!is_cut_after(&activity, 9));
        assert!(is_cut_after(&activity, 11));
        activity.received();
        assert!(is_cut_after(&activity, 2), "another request began");
        activity.closing();
        assert!(is_cut_after(&activity, 2));
    }

    #[test]
    fn a_client_that_does_not_read_is_cut_even_when_busy() {
        let activity = Activity::new();
        activity.request_began();
        activity.wrote(true);
        assert!(!is_cut_after(&activity, 4));
        assert!(is_cut_after(&activity, 6));
        activity.wrote(false);
        assert!(!is_cut_after(&activity, 6));
    }

    #[test]
    fn the_registry_forgets_whoever_leaves() {
        let registry = Rc::new(Registry::default());
        let first = registry.join();
        let second = registry.join();
        registry.drain();
        assert!(first.activity().is_draining() && second.activity().is_draining());
        drop(first);
        assert_eq!(registry.len(), 1);
        registry.sweep(Instant::now() + Duration::from_secs(2), &limits());
        assert!(second.activity().is_cut());
        drop(second);
        assert_eq!(registry.len(), 0);
    }
}
