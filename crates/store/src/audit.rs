//! The audit chain. A record's hash is an HMAC, under the installation's audit key, over every column of the
//! record and the hash before it; the head row is authenticated too. An edit, a deletion or a reordering,
//! wherever it is, breaks the chain, and without the key nobody can mend it.

use bailey_domain::secret::hex;
use bailey_domain::{AccountId, Caller, Error, WorkspaceId};
use ring::hmac;
use serde::Serialize;
use serde_json::Value;

use crate::connection::{Connection, on};
use crate::error::{database, to_signed, to_unsigned};

/// What an operation did, for its audit record.
#[derive(Clone, Debug)]
pub struct Record {
    /// The thing that it was done to.
    pub target: String,
    /// How the thing was; null when it was not.
    pub before: Value,
    /// How it is now; null when it is not.
    pub after: Value,
}

/// Everything that goes into one record.
pub(crate) struct Entry<'a> {
    pub(crate) caller: &'a Caller,
    /// Whether it is known who the caller is; of a failed sign-in it is not.
    pub(crate) proven: bool,
    pub(crate) operation: &'static str,
    pub(crate) workspace: Option<WorkspaceId>,
    pub(crate) outcome: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) chain: String,
    pub(crate) recorded_at: i64,
    pub(crate) record: &'a Record,
}

/// A record's columns as they are stored and hashed.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct AuditRow {
    pub(crate) account_id: String,
    pub(crate) sequence: i64,
    pub(crate) recorded_at: i64,
    pub(crate) request_id: String,
    pub(crate) revision: i64,
    pub(crate) actor: String,
    pub(crate) access_key_id: String,
    pub(crate) source_ip: String,
    pub(crate) operation: String,
    pub(crate) workspace_id: String,
    pub(crate) target: String,
    pub(crate) outcome: String,
    pub(crate) reason: String,
    pub(crate) chain: String,
    pub(crate) state_before: String,
    pub(crate) state_after: String,
    pub(crate) hash: String,
}

/// Where a chain is broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChainFault {
    /// The first record that does not fit.
    pub sequence: u64,
    /// What is wrong with it.
    pub why: String,
}

/// A value as a column's text.
pub(crate) fn text_of(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(Error::internal)
}

fn update(context: &mut hmac::Context, part: &[u8]) {
    // The length first, so that no two different lists of parts give the same bytes.
    context.update(&(part.len() as u64).to_le_bytes());
    context.update(part);
}

impl AuditRow {
    /// The hash that this record must have after `previous`.
    pub(crate) fn expected_hash(&self, key: &hmac::Key, previous: &str) -> String {
        let mut context = hmac::Context::with_key(key);
        update(&mut context, previous.as_bytes());
        for number in [self.sequence, self.recorded_at, self.revision] {
            context.update(&number.to_le_bytes());
        }
        for text in [
            &self.account_id,
            &self.request_id,
            &self.actor,
            &self.access_key_id,
            &self.source_ip,
            &self.operation,
            &self.workspace_id,
            &self.target,
            &self.outcome,
            &self.reason,
            &self.chain,
            &self.state_before,
            &self.state_after,
        ] {
            update(&mut context, text.as_bytes());
        }
        hex(context.sign().as_ref())
    }
}

/// What authenticates a chain's head.
pub(crate) fn head_mac(key: &hmac::Key, account: &str, sequence: i64, hash: &str) -> String {
    let mut context = hmac::Context::with_key(key);
    update(&mut context, b"head");
    update(&mut context, account.as_bytes());
    context.update(&sequence.to_le_bytes());
    update(&mut context, hash.as_bytes());
    hex(context.sign().as_ref())
}

/// The head of an account's chain: the last sequence and its hash.
pub(crate) async fn head(
    connection: &mut Connection,
    account: &str,
) -> Result<Option<(i64, String, String)>, Error> {
    const SQL: &str = "SELECT sequence, hash, mac FROM audit_heads WHERE account_id = $1";
    on!(*connection, conn => sqlx::query_as(SQL).bind(account).fetch_optional(conn).await).map_err(database)
}

/// Appends a record to the account's chain.
pub(crate) async fn append(
    connection: &mut Connection,
    key: &hmac::Key,
    account: AccountId,
    revision: u64,
    entry: &Entry<'_>,
) -> Result<(), Error> {
    let account_id = account.to_string();
    let (sequence, previous) = match head(connection, &account_id).await? {
        Some((sequence, hash, _)) => (sequence + 1, hash),
        None => (1, String::new()),
    };
    let mut row = AuditRow {
        account_id,
        sequence,
        recorded_at: entry.recorded_at,
        request_id: entry.caller.request_id.to_string(),
        revision: to_signed(revision),
        actor: if entry.proven { entry.caller.actor() } else { "nobody".to_owned() },
        access_key_id: entry.caller.key_text(),
        source_ip: entry.caller.source_ip.to_string(),
        operation: entry.operation.to_owned(),
        workspace_id: entry.workspace.map(|id| id.to_string()).unwrap_or_default(),
        target: entry.record.target.clone(),
        outcome: entry.outcome.to_owned(),
        reason: entry.reason.to_owned(),
        chain: entry.chain.clone(),
        state_before: text_of(&entry.record.before)?,
        state_after: text_of(&entry.record.after)?,
        hash: String::new(),
    };
    row.hash = row.expected_hash(key, &previous);
    insert(connection, &row).await?;
    write_head(connection, key, &row).await
}

async fn insert(connection: &mut Connection, row: &AuditRow) -> Result<(), Error> {
    const SQL: &str = "
        INSERT INTO audit_records (account_id, sequence, recorded_at, request_id, revision, actor, access_key_id,
            source_ip, operation, workspace_id, target, outcome, reason, chain, state_before, state_after, hash)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    on!(*connection, conn => sqlx::query(SQL)
        .bind(&row.account_id).bind(row.sequence).bind(row.recorded_at).bind(&row.request_id).bind(row.revision)
        .bind(&row.actor).bind(&row.access_key_id).bind(&row.source_ip).bind(&row.operation).bind(&row.workspace_id)
        .bind(&row.target).bind(&row.outcome).bind(&row.reason).bind(&row.chain).bind(&row.state_before)
        .bind(&row.state_after).bind(&row.hash)
        .execute(conn).await.map(drop))
    .map_err(database)
}

async fn write_head(connection: &mut Connection, key: &hmac::Key, row: &AuditRow) -> Result<(), Error> {
    const SQL: &str = "
        INSERT INTO audit_heads (account_id, sequence, hash, mac) VALUES ($1, $2, $3, $4)
        ON CONFLICT (account_id) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash, mac = excluded.mac";
    let mac = head_mac(key, &row.account_id, row.sequence, &row.hash);
    on!(*connection, conn => sqlx::query(SQL)
        .bind(&row.account_id).bind(row.sequence).bind(&row.hash).bind(mac)
        .execute(conn).await.map(drop))
    .map_err(database)
}

/// Compares a chain, fed in order, with what it should be.
pub(crate) struct Verifier<'a> {
    key: &'a hmac::Key,
    last: i64,
    hash: String,
}

impl<'a> Verifier<'a> {
    pub(crate) fn new(key: &'a hmac::Key) -> Self {
        Self { key, last: 0, hash: String::new() }
    }

    pub(crate) fn last(&self) -> i64 {
        self.last
    }

    /// Takes the next record.
    pub(crate) fn take(&mut self, row: &AuditRow) -> Result<(), ChainFault> {
        let fault = |why: &str| ChainFault { sequence: to_unsigned(self.last + 1), why: why.to_owned() };
        if row.sequence != self.last + 1 {
            return Err(fault("the record is missing"));
        }
        if row.hash != row.expected_hash(self.key, &self.hash) {
            return Err(fault("the record was changed, or is not in its place"));
        }
        self.last = row.sequence;
        self.hash.clone_from(&row.hash);
        Ok(())
    }

    /// Takes the head after the last record.
    pub(crate) fn finish(
        &self,
        account: &str,
        head: Option<(i64, String, String)>,
    ) -> Result<u64, ChainFault> {
        let fault = |why: &str| ChainFault { sequence: to_unsigned(self.last + 1), why: why.to_owned() };
        match head {
            // Every account has a record of its founding, so a chain that is not there was taken away.
            None if self.last == 0 => Err(fault("the whole chain is missing")),
            Some((sequence, hash, mac)) if mac == head_mac(self.key, account, sequence, &hash) => {
                if sequence == self.last && hash == self.hash {
                    Ok(to_unsigned(sequence))
                } else {
                    Err(fault("records are missing at the end"))
                }
            }
            _ => Err(fault("the head of the chain was changed")),
        }
    }
}
