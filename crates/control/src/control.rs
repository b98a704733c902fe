//! What every operation starts from.

use std::sync::Arc;

use bailey_domain::operations::Operation;
use bailey_domain::permit::Refusal;
use bailey_domain::seal::Sealer;
use bailey_domain::secret::KeyHasher;
use bailey_domain::settings::Settings;
use bailey_domain::{AccessKeyId, AccountId, ApiKeyId, Caller, Clock, Directory, Entropy, Error, Permit};
use bailey_store::{Store, Tx};
use tokio::sync::Mutex;

use crate::flow::Flow;
use crate::last_used::LastUsed;
use crate::oidc::Keys;
use crate::passwords::Passwords;
use crate::records::Recorder;

/// Where the operations get what they need.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The database and the directory.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// What the gateway recorded and may not have written yet.
    pub recorder: Recorder,
}

/// The operations. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Control {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) recorder: Recorder,
    pub(crate) last_used: LastUsed<AccessKeyId, &'static str>,
    pub(crate) keys_last_used: LastUsed<ApiKeyId, ()>,
    pub(crate) hasher: KeyHasher,
    pub(crate) session_hasher: KeyHasher,
    pub(crate) passwords: Arc<Passwords>,
    pub(crate) issuer_keys: Arc<Keys>,
    /// Roles taken.
    pub(crate) taken: Arc<Flow>,
    /// Held while a copy of an account is made and asked.
    pub(crate) simulating: Arc<Mutex<()>>,
}

impl Control {
    /// The operations over these parts.
    pub fn new(parts: Parts) -> Self {
        let Parts { store, clock, entropy, recorder } = parts;
        let hasher = store.sealer().key_hasher();
        let session_hasher = store.sealer().session_hasher();
        Self {
            store,
            clock,
            entropy,
            recorder,
            last_used: LastUsed::default(),
            keys_last_used: LastUsed::default(),
            hasher,
            session_hasher,
            passwords: Arc::default(),
            issuer_keys: Arc::default(),
            taken: Arc::default(),
            simulating: Arc::default(),
        }
    }

    /// The state that decisions are made from.
    pub fn directory(&self) -> &Arc<Directory> {
        self.store.directory()
    }

    /// What seals secrets at rest.
    pub fn sealer(&self) -> &Arc<Sealer> {
        self.store.sealer()
    }

    /// The time.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Randomness.
    pub fn entropy(&self) -> &Arc<dyn Entropy> {
        &self.entropy
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), Error> {
        self.store.ping().await
    }

    /// The permit for a reading operation.
    pub(crate) async fn permit<O: Operation>(
        &self,
        caller: &Caller,
        scope: O::On,
        target: &str,
    ) -> Result<Permit<O>, Error> {
        match self.directory().authorize::<O>(caller, scope) {
            Ok(permit) => Ok(permit),
            Err(refusal) => Err(self.refused(refusal, target).await),
        }
    }

    /// The check of an operation whose answer needs no permit: it is made from the directory.
    pub(crate) async fn require<O: Operation>(
        &self,
        caller: &Caller,
        scope: O::On,
        target: &str,
    ) -> Result<(), Error> {
        self.permit::<O>(caller, scope, target).await.map(drop)
    }

    /// A transaction and the permit for what it is to write.
    pub(crate) async fn begin<O: Operation>(
        &self,
        caller: &Caller,
        scope: O::On,
        target: &str,
    ) -> Result<(Tx, Permit<O>), Error> {
        let tx = self.store.write().await?;
        let answer = tx.authorize::<O>(caller, scope);
        self.unless_refused(tx, answer, target).await
    }

    /// Passes on what a rule said inside a transaction, or gives the transaction up: the audit record of a refusal is
    /// written in one of its own.
    pub(crate) async fn unless_refused<T>(
        &self,
        tx: Tx,
        answer: Result<T, Box<Refusal>>,
        target: &str,
    ) -> Result<(Tx, T), Error> {
        match answer {
            Ok(answer) => Ok((tx, answer)),
            Err(refusal) => {
                tx.abandon().await?;
                Err(self.refused(refusal, target).await)
            }
        }
    }

    /// Audits a refused attempt. When even that fails, the attempt stays refused and the failure is what is told:
    /// nothing is refused silently.
    async fn refused(&self, refusal: Box<Refusal>, target: &str) -> Error {
        match self.store.record_refusal(&refusal, target, self.clock.now_ms()).await {
            Ok(()) => Error::Denied(refusal),
            Err(error) => error,
        }
    }

    pub(crate) fn settings_of(&self, account: AccountId) -> Result<Settings, Error> {
        self.directory()
            .settings(account)
            .ok_or_else(|| Error::internal(format!("account {account} is not loaded")))
    }
}

/// Turns a count against a quota into the refusal.
pub(crate) fn within(quota: u32, count: u64, what: &str, plural: &str) -> Result<(), Error> {
    if count < u64::from(quota) { Ok(()) } else { Err(Error::quota(what, plural, u64::from(quota))) }
}
