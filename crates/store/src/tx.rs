//! A writing transaction: it knows its revision from the start and nothing of it can be kept without an audit
//! record.

use bailey_domain::change::Change;
use bailey_domain::directory::Applied;
use bailey_domain::operations::Operation;
use bailey_domain::permit::Refusal;
use bailey_domain::{AccountId, Caller, Error, Permit};
use serde_json::Value;

use crate::audit::{self, Entry, Record};
use crate::connection::Connection;
use crate::error::database;
use crate::feed;
use crate::store::Store;

/// An open writing transaction. Dropped without a commit, it leaves nothing behind.
pub struct Tx {
    pub(crate) connection: Connection,
    pub(crate) store: Store,
    pub(crate) revision: u64,
    changes: Vec<Change>,
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tx(revision {}, {} changes)", self.revision, self.changes.len())
    }
}

/// A commit that the directory has applied.
#[derive(Clone, Copy, Debug)]
pub struct Committed {
    /// Its revision.
    pub revision: u64,
    /// What applying it did.
    pub applied: Applied,
}

impl Store {
    /// Begins a writing transaction. While it is open nobody else commits, and the directory is at the revision
    /// before it, so what it authorizes is decided from exactly the state that it changes.
    pub async fn write(&self) -> Result<Tx, Error> {
        let mut connection = self.pools.begin().await.map_err(database)?;
        let revision = feed::take_revision(&mut connection).await?;
        feed::catch_up(&mut connection, &self.directory, revision - 1).await?;
        Ok(Tx { connection, store: self.clone(), revision, changes: Vec::new() })
    }

    /// Writes the audit record of a refused attempt.
    pub async fn record_refusal(&self, refusal: &Refusal, target: &str, now_ms: i64) -> Result<(), Error> {
        let tx = self.write().await?;
        let entry = Entry {
            caller: &refusal.caller,
            proven: true,
            operation: refusal.operation,
            workspace: refusal.workspace,
            outcome: "deny",
            reason: refusal.reason.name(),
            chain: audit::text_of(&refusal.decision(&self.directory).chain)?,
            recorded_at: now_ms,
            record: &Record { target: target.to_owned(), before: Value::Null, after: Value::Null },
        };
        tx.finish(refusal.caller.account, &entry).await.map(drop)
    }
}

impl Tx {
    /// The revision that this transaction will commit.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Decides whether the caller may do `O` on `scope`, from the state that this transaction changes.
    pub fn authorize<O: Operation>(&self, caller: &Caller, scope: O::On) -> Result<Permit<O>, Box<Refusal>> {
        self.store.directory.authorize::<O>(caller, scope)
    }

    /// Gives the transaction up.
    pub async fn abandon(self) -> Result<(), Error> {
        self.connection.rollback().await.map_err(database)
    }

    /// Commits what was done under the permit, with its audit record, and returns when the directory has applied
    /// it and has cut the calls that it forbids.
    pub async fn commit<O: Operation>(self, permit: Permit<O>, record: Record) -> Result<Committed, Error> {
        use bailey_domain::scope::Scope;
        let caller = permit.caller();
        let chain: Vec<_> = permit.chain().render(&|_| String::new());
        let entry = Entry {
            caller,
            proven: true,
            operation: permit.entry().name,
            workspace: permit.scope().workspace(),
            outcome: "allow",
            reason: "",
            chain: audit::text_of(&chain)?,
            recorded_at: caller.now_ms,
            record: &record,
        };
        self.finish(caller.account, &entry).await
    }

    /// Notes a change for the feed. Every writing method does this for what it writes.
    pub(crate) fn note(&mut self, change: Change) {
        self.changes.push(change);
    }

    pub(crate) async fn finish(mut self, account: AccountId, entry: &Entry<'_>) -> Result<Committed, Error> {
        audit::append(&mut self.connection, &self.store.audit_key, account, self.revision, entry).await?;
        self.publish(account).await
    }

    /// Writes the feed, commits and applies.
    pub(crate) async fn publish(mut self, account: AccountId) -> Result<Committed, Error> {
        feed::append(&mut self.connection, account, self.revision, &self.changes).await?;
        self.connection.commit().await.map_err(database)?;
        let applied = self.store.directory.apply(self.revision, self.changes)?;
        Ok(Committed { revision: self.revision, applied })
    }
}
