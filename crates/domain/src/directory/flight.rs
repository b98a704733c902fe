//! Calls in flight: what was admitted and has not ended, so that a right that ends can cut it.

use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

use super::slab::Slot;
use crate::reason::Reason;
use crate::secret::KeyHash;

/// What is needed to ask again whether a call may go on.
#[derive(Clone, Debug)]
pub(crate) struct Boarding {
    pub(crate) key: Slot,
    /// The value that the call was made with: a key with a new value does not carry calls of the old one.
    pub(crate) hash: KeyHash,
    pub(crate) model: Arc<str>,
    pub(crate) source: IpAddr,
}

/// One call in flight. Its stream asks [`Flight::cut_reason`] before it passes anything on.
#[derive(Debug, Default)]
pub struct Flight {
    cut: OnceLock<Reason>,
    waker: Mutex<Option<Waker>>,
}

impl Flight {
    /// Why the call was cut; `None` while it may go on.
    #[inline]
    pub fn cut_reason(&self) -> Option<Reason> {
        self.cut.get().copied()
    }

    /// Ready when the call is cut. The last waker registered is woken.
    pub fn poll_cut(&self, context: &mut Context<'_>) -> Poll<Reason> {
        if let Some(reason) = self.cut_reason() {
            return Poll::Ready(reason);
        }
        *self.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(context.waker().clone());
        // The cut may have come between the look and the registration.
        self.cut_reason().map_or(Poll::Pending, Poll::Ready)
    }

    fn cut(&self, reason: Reason) -> bool {
        let first = self.cut.set(reason).is_ok();
        if let Some(waker) = self.waker.lock().unwrap_or_else(PoisonError::into_inner).take() {
            waker.wake();
        }
        first
    }
}

const SHARDS: usize = 16;

/// Threads take shards in turn, so that cores do not share a lock.
fn shard_of_this_thread() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static SHARD: usize = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS;
    }
    SHARD.with(|shard| *shard)
}

type Shard = Mutex<slab::Slab<(Boarding, Arc<Flight>)>>;

/// Every call in flight on this node.
#[derive(Default)]
pub(crate) struct Flights {
    shards: [Shard; SHARDS],
}

impl fmt::Debug for Flights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flights({})", self.len())
    }
}

impl Flights {
    /// Registers a call. Done under the directory's read lock, so that no change slips in between the decision
    /// and the registration.
    pub(crate) fn board(self: &Arc<Self>, boarding: Boarding) -> Boarded {
        let shard = shard_of_this_thread();
        let flight = Arc::new(Flight::default());
        let seat = self.lock(shard).insert((boarding, Arc::clone(&flight)));
        Boarded { flights: Arc::clone(self), shard, seat, flight }
    }

    /// Asks about each call again and cuts those that `refuses`. Gives how many it cut.
    pub(crate) fn recheck(&self, refuses: impl Fn(&Boarding) -> Option<Reason>) -> u64 {
        let mut cut = 0;
        for shard in 0..SHARDS {
            for (_, (boarding, flight)) in self.lock(shard).iter() {
                if let Some(reason) = refuses(boarding) {
                    cut += u64::from(flight.cut(reason));
                }
            }
        }
        cut
    }

    /// How many calls are in flight.
    pub(crate) fn len(&self) -> usize {
        (0..SHARDS).map(|shard| self.lock(shard).len()).sum()
    }

    fn lock(&self, shard: usize) -> std::sync::MutexGuard<'_, slab::Slab<(Boarding, Arc<Flight>)>> {
        self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call's place among those in flight; it leaves when this is dropped.
pub struct Boarded {
    flights: Arc<Flights>,
    shard: usize,
    seat: usize,
    flight: Arc<Flight>,
}

impl Boarded {
    /// The flight, to watch.
    pub fn flight(&self) -> &Arc<Flight> {
        &self.flight
    }
}

impl Drop for Boarded {
    fn drop(&mut self) {
        self.flights.lock(self.shard).remove(self.seat);
    }
}

impl fmt::Debug for Boarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Boarded({:?})", self.flight.cut_reason())
    }
}
