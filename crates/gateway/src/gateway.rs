//! What all threads of a gateway share.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bailey_domain::seal::Sealer;
use bailey_domain::secret::KeyHasher;
use bailey_domain::upstream::Rules;
use bailey_domain::{Clock, Directory, Entropy};
use rustls::pki_types::CertificateDer;
use tokio::sync::mpsc::Sender;
use tokio_rustls::TlsConnector;

use crate::named_workspace::Domain;
use crate::outbound::connector;
use crate::records::{Losses, Record};
use crate::worker::Worker;

/// Bounds of a gateway.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a request's body; more is answered 413.
    pub body_bytes: usize,
    /// How long a request's body may take to arrive.
    pub body_timeout: Duration,
    /// From resolving an upstream's name to a connection that speaks.
    pub connect_timeout: Duration,
    /// From sending a request to the first byte of the upstream's answer. Answers that are not streamed are silent until
    /// the model is done.
    pub first_byte_timeout: Duration,
    /// Between two pieces of an upstream's answer.
    pub idle_timeout: Duration,
    /// How many routes of a model one call tries at most, the first included.
    pub tries: u32,
    /// No further route is tried later than this after the first.
    pub tries_within: Duration,
    /// When an upstream that fails is left alone.
    pub breaker: Rules,
    /// Idle connections kept per worker and upstream.
    pub idle_connections: usize,
    /// How long an idle connection is kept. Shorter than most servers keep theirs.
    pub idle_connection_age: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 10 * 1024 * 1024,
            body_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(5),
            first_byte_timeout: Duration::from_secs(300),
            idle_timeout: Duration::from_secs(60),
            tries: 4,
            tries_within: Duration::from_secs(30),
            breaker: Rules::default(),
            idle_connections: 256,
            idle_connection_age: Duration::from_secs(30),
        }
    }
}

/// What a gateway is made of.
#[derive(Debug)]
pub struct Parts {
    /// Decides.
    pub directory: Arc<Directory>,
    /// Turns presented keys into what the directory knows.
    pub hasher: KeyHasher,
    /// Opens providers' credentials, sealed under the label `providers/{account}/{name}`.
    pub sealer: Arc<Sealer>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Starts the sequences of request ids.
    pub entropy: Arc<dyn Entropy>,
    /// Bounds.
    pub limits: Limits,
    /// The domain that workspaces have host names under, where they do.
    pub domain: Option<Domain>,
    /// Where records go.
    pub records: Sender<Record>,
    /// Certificate authorities that upstreams may be signed by, beside the web's.
    pub authorities: Vec<CertificateDer<'static>>,
}

/// The data plane of one node.
pub struct Gateway {
    pub(crate) directory: Arc<Directory>,
    pub(crate) hasher: KeyHasher,
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
    pub(crate) domain: Option<Domain>,
    pub(crate) tls: TlsConnector,
    pub(crate) entropy: Arc<dyn Entropy>,
    records: Sender<Record>,
    losses: Losses,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("limits", &self.limits)
            .field("lost", &self.lost())
            .finish_non_exhaustive()
    }
}

impl Gateway {
    /// A gateway.
    #[must_use]
    pub fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Self {
            directory: parts.directory,
            hasher: parts.hasher,
            sealer: parts.sealer,
            clock: parts.clock,
            limits: parts.limits,
            domain: parts.domain,
            tls: connector(parts.authorities),
            entropy: parts.entropy,
            records: parts.records,
            losses: Losses::default(),
        })
    }

    /// The part of one thread. It stays there; clones share its connections.
    #[must_use]
    pub fn worker(self: &Arc<Self>) -> Worker {
        Worker::new(Arc::clone(self), &*self.entropy)
    }

    /// How many records were lost, those included that somebody else has lost and counted in [`Gateway::losses`].
    pub fn lost(&self) -> u64 {
        self.losses.count()
    }

    /// Where whoever writes the records counts those that cannot be written.
    pub fn losses(&self) -> Losses {
        self.losses.clone()
    }

    /// Sends a record without waiting. Refusals, which anybody can cause, get half of the channel; what was used and
    /// must be counted gets all of it.
    pub(crate) fn record(&self, record: Record) {
        let is_refusal = matches!(record, Record::Refused(_));
        let is_full = is_refusal && self.records.capacity() <= self.records.max_capacity() / 2;
        if is_full || self.records.try_send(record).is_err() {
            self.losses.add(1);
        }
    }
}
