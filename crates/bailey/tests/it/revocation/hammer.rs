//! Clients that call without a pause, and what they saw.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::world::{Answer, Call, Client, until};

/// How many clients call at once.
pub(crate) const CLIENTS: usize = 32;

/// Makes the call of a client, by its number; signatures differ from call to call.
pub(crate) type Make = Box<dyn Fn(usize) -> Call + Send + Sync>;

/// One request: when it started, and what became of it.
#[derive(Clone, Debug)]
struct Observation {
    started: Instant,
    status: u16,
    /// The code of a refusal, whatever the surface.
    code: String,
}

/// What is called in one round, and what was seen of it.
struct Round {
    make: Make,
    seen: Mutex<Vec<Observation>>,
    accepted: AtomicUsize,
}

/// The clients.
pub(crate) struct Hammer {
    to: SocketAddr,
    rounds: watch::Sender<Option<Arc<Round>>>,
    clients: Vec<JoinHandle<()>>,
    /// An open connection of the test's own, to be the first after the acknowledgement.
    own: Client,
}

/// What was seen in one round.
#[derive(Debug)]
pub(crate) struct Report {
    /// The answer of the call that threw the switch.
    pub(crate) acknowledgement: Answer,
    acknowledged: Instant,
    seen: Vec<Observation>,
}

impl Round {
    async fn call(&self, number: usize, client: &mut Client) {
        let call = (self.make)(number);
        let started = Instant::now();
        let answer = client.send(&call).await;
        let seen = Observation { started, status: answer.status, code: code(&answer) };
        self.seen.lock().unwrap().push(seen);
        self.accepted.fetch_add(usize::from(answer.status == 200), Ordering::SeqCst);
    }

    fn started_after(&self, moment: Instant) -> usize {
        self.seen.lock().unwrap().iter().filter(|seen| seen.started > moment).count()
    }
}

/// Both surfaces' error codes; nothing for an accepted call.
fn code(answer: &Answer) -> String {
    if answer.status == 200 {
        return String::new();
    }
    let body = answer.json();
    let of_gateway = body.pointer("/error/code").and_then(|code| code.as_str());
    of_gateway.map_or_else(|| answer.code(), str::to_owned)
}

impl Hammer {
    pub(crate) fn start(to: SocketAddr) -> Self {
        let (rounds, receiver) = watch::channel(None);
        let client = |number| tokio::spawn(client(number, Client::new(to), receiver.clone()));
        Self { to, rounds, clients: (0..CLIENTS).map(client).collect(), own: Client::new(to) }
    }

    /// Lets the clients call, throws the switch when they are at it, and lets them call on.
    pub(crate) async fn round(&mut self, make: Make, throw: impl Future<Output = Answer>) -> Report {
        let round = Arc::new(Round { make, seen: Mutex::default(), accepted: AtomicUsize::new(0) });
        self.own.hang_up();
        round.call(0, &mut self.own).await;
        self.rounds.send_replace(Some(Arc::clone(&round)));
        until("every client is at it", async || round.accepted.load(Ordering::SeqCst) > 2 * CLIENTS).await;
        let acknowledgement = throw.await;
        let acknowledged = Instant::now();
        round.call(0, &mut self.own).await;
        let enough = || round.started_after(acknowledged) > CLIENTS;
        until("the clients go on after the acknowledgement", async || enough()).await;
        self.rounds.send_replace(None);
        // Calls of this round that are still under way write to it, and not to the next one.
        let seen = round.seen.lock().unwrap().clone();
        Report { acknowledgement, acknowledged, seen }
    }

    /// Lets the clients go.
    pub(crate) async fn stop(self) {
        drop(self.rounds);
        for client in self.clients {
            client.await.unwrap();
        }
        assert_eq!(self.own.to(), self.to);
    }
}

/// Calls until the hammer is gone. Every other client makes a new connection for each call, because a decision
/// remembered for a connection would go unnoticed otherwise, and so would one remembered elsewhere.
async fn client(number: usize, mut client: Client, mut rounds: watch::Receiver<Option<Arc<Round>>>) {
    loop {
        let round = rounds.borrow_and_update().clone();
        match round {
            Some(round) => {
                if number % 2 == 1 {
                    client.hang_up();
                }
                round.call(number, &mut client).await;
                if rounds.has_changed().is_err() {
                    return;
                }
            }
            None => {
                if rounds.changed().await.is_err() {
                    return;
                }
            }
        }
    }
}

impl Report {
    /// Checks the promise, and that every refusal is the one that the switch makes.
    pub(crate) fn check(&self, place: &str, (status, code): (u16, &str)) {
        let told = String::from_utf8_lossy(&self.acknowledgement.body);
        assert_eq!(self.acknowledgement.status, 200, "{place}: {told}");
        for seen in &self.seen {
            let late = seen.started.checked_duration_since(self.acknowledged);
            if seen.status == 200 {
                assert!(
                    late.is_none_or(|late| late.is_zero()),
                    "{place}: accepted {late:?} after the acknowledgement"
                );
            } else {
                assert_eq!((seen.status, seen.code.as_str()), (status, code), "{place}");
            }
        }
    }
}
