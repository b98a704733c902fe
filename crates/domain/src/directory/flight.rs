//! Calls in flight: what was admitted and has not ended, so that a right that ends can cut it.

use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

use crossbeam_utils::CachePadded;

use super::slab::Slot;
use crate::reason::Reason;
use crate::secret::KeyHash;

/// What a call was made with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket {
    /// The key's value, or the one that the temporary key was made of: a key with a new value does not carry calls of the
    /// old one.
    pub(crate) value: KeyHash,
    /// When the temporary key ends; never when it was made with the value itself.
    pub(crate) ends_at_ms: i64,
}

/// The end of what has none.
pub(crate) const NEVER: i64 = i64::MAX;

/// What is needed to ask again whether a call may go on.
#[derive(Clone, Debug)]
pub(crate) struct Boarding {
    pub(crate) key: Slot,
    pub(crate) ticket: Ticket,
    pub(crate) model: Arc<str>,
    pub(crate) source: IpAddr,
    /// When the time is over of what it was made with.
    pub(crate) ends_at_ms: i64,
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

/// How many ended flights a shard keeps for new ones, so that admitting allocates nothing.
const SPARE: usize = 256;

/// The calls in flight that were admitted by some of the threads. A cache line of its own: threads count references
/// to it.
#[derive(Default)]
struct Shard(CachePadded<Mutex<Seats>>);

struct Seats {
    taken: slab::Slab<(Boarding, Arc<Flight>)>,
    spare: Vec<Arc<Flight>>,
    /// No call here has its end before this, so that looking for ends need not look at calls.
    soonest_end_ms: i64,
}

impl Default for Seats {
    fn default() -> Self {
        Self { taken: slab::Slab::new(), spare: Vec::new(), soonest_end_ms: NEVER }
    }
}

impl Seats {
    /// Looks at each call and cuts those for which there is a reason. Gives how many it cut.
    fn cut(&mut self, mut reason: impl FnMut(&mut Boarding) -> Option<Reason>) -> u64 {
        let (mut cut, mut soonest) = (0, NEVER);
        for (_, (boarding, flight)) in &mut self.taken {
            match reason(boarding) {
                Some(reason) => cut += u64::from(flight.cut(reason)),
                None => soonest = soonest.min(boarding.ends_at_ms),
            }
        }
        self.soonest_end_ms = soonest;
        cut
    }
}

impl Shard {
    fn lock(&self) -> MutexGuard<'_, Seats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every call in flight on this node.
#[derive(Default)]
pub(crate) struct Flights {
    shards: [Arc<Shard>; SHARDS],
}

impl fmt::Debug for Flights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flights({})", self.len())
    }
}

impl Flights {
    /// Registers a call. Done under the directory's read lock, so that no change slips in between the decision
    /// and the registration.
    pub(crate) fn board(&self, boarding: Boarding) -> Boarded {
        let shard = &self.shards[shard_of_this_thread()];
        let mut seats = shard.lock();
        let flight = seats.spare.pop().unwrap_or_default();
        seats.soonest_end_ms = seats.soonest_end_ms.min(boarding.ends_at_ms);
        let seat = seats.taken.insert((boarding, Arc::clone(&flight)));
        drop(seats);
        Boarded { shard: Arc::clone(shard), seat, flight: Some(flight) }
    }

    /// Asks about each call again and cuts those that `refuses`. Gives how many it cut.
    pub(crate) fn recheck(&self, refuses: impl Fn(&mut Boarding) -> Option<Reason>) -> u64 {
        self.shards.iter().map(|shard| shard.lock().cut(&refuses)).sum()
    }

    /// Cuts the calls whose time is over. Gives how many it cut.
    pub(crate) fn cut_expired(&self, now_ms: i64) -> u64 {
        let over = |boarding: &mut Boarding| (boarding.ends_at_ms <= now_ms).then_some(Reason::KeyExpired);
        let cut = |shard: &Arc<Shard>| {
            let mut seats = shard.lock();
            if now_ms < seats.soonest_end_ms { 0 } else { seats.cut(over) }
        };
        self.shards.iter().map(cut).sum()
    }

    /// How many calls are in flight.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().taken.len()).sum()
    }
}

/// A call's place among those in flight; it leaves when this is dropped.
pub struct Boarded {
    shard: Arc<Shard>,
    seat: usize,
    /// There until this is dropped.
    flight: Option<Arc<Flight>>,
}

impl Boarded {
    /// The flight, to watch.
    pub fn flight(&self) -> &Arc<Flight> {
        self.flight.as_ref().expect("taken out by drop alone")
    }
}

impl Drop for Boarded {
    fn drop(&mut self) {
        let mut seats = self.shard.lock();
        let left = seats.taken.remove(self.seat);
        drop(self.flight.take());
        let (boarding, mut flight) = left;
        // Whoever still watches this flight keeps it; else the next call may have it, as if it were new.
        if seats.spare.len() < SPARE
            && let Some(ended) = Arc::get_mut(&mut flight)
        {
            *ended = Flight::default();
            seats.spare.push(flight);
        }
        drop(seats);
        drop(boarding);
    }
}

impl fmt::Debug for Boarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Boarded({:?})", self.flight().cut_reason())
    }
}
