//! Reading the audit chain: lists, the export and the check.

use bailey_domain::decision::{Decision, Outcome};
use bailey_domain::operations::{ExportAudit, GetDecision, ListAuditRecords, VerifyAudit};
use bailey_domain::{AccountId, Error, Permit, Reason};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::audit::{AuditRow, ChainFault, Verifier, head};
use crate::connection::{on, reading};
use crate::error::{database, to_unsigned};
use crate::page::{Cursor, Page};
use crate::store::Store;

/// One audit record as people read it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditRecord {
    /// Its place in the account's chain, from 1.
    pub sequence: u64,
    /// When, in milliseconds since the epoch.
    pub recorded_at: i64,
    /// The request.
    pub request_id: String,
    /// The revision that the transaction committed.
    pub revision: u64,
    /// `root` or a RAM user's id.
    pub actor: String,
    /// The access key that signed.
    pub access_key_id: String,
    /// Where the request came from.
    pub source_ip: String,
    /// The operation.
    pub operation: String,
    /// The workspace, if it was about one.
    pub workspace_id: String,
    /// The thing that it was about.
    pub target: String,
    /// `allow` or `deny`.
    pub outcome: String,
    /// Why it was refused.
    pub reason: String,
    /// The checks.
    pub chain: Box<RawValue>,
    /// How the thing was.
    pub before: Box<RawValue>,
    /// How it is.
    pub after: Box<RawValue>,
    /// The record's hash.
    pub hash: String,
}

impl TryFrom<AuditRow> for AuditRecord {
    type Error = Error;
    fn try_from(row: AuditRow) -> Result<Self, Error> {
        let json = |text: String| RawValue::from_string(text).map_err(Error::internal);
        Ok(Self {
            sequence: to_unsigned(row.sequence),
            recorded_at: row.recorded_at,
            request_id: row.request_id,
            revision: to_unsigned(row.revision),
            actor: row.actor,
            access_key_id: row.access_key_id,
            source_ip: row.source_ip,
            operation: row.operation,
            workspace_id: row.workspace_id,
            target: row.target,
            outcome: row.outcome,
            reason: row.reason,
            chain: json(row.chain)?,
            before: json(row.state_before)?,
            after: json(row.state_after)?,
            hash: row.hash,
        })
    }
}

impl AuditRecord {
    /// The decision that the record is about.
    pub fn decision(&self) -> Result<Decision, Error> {
        let reason = Reason::ALL.iter().copied().find(|reason| reason.name() == self.reason);
        Ok(Decision {
            outcome: if self.outcome == "allow" { Outcome::Allow } else { Outcome::Deny },
            request_id: self.request_id.clone(),
            revision: self.revision,
            reason,
            chain: serde_json::from_str(self.chain.get()).map_err(Error::internal)?,
        })
    }
}

/// Which records to list; `None` takes all.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Of one workspace.
    pub workspace_id: Option<String>,
    /// Of one actor.
    pub actor: Option<String>,
    /// Of one operation.
    pub operation: Option<String>,
    /// `allow` or `deny`.
    pub outcome: Option<String>,
    /// Not before, milliseconds since the epoch.
    pub from: Option<i64>,
    /// Before, milliseconds since the epoch.
    pub to: Option<i64>,
}

const AFTER: &str =
    "SELECT * FROM audit_records WHERE account_id = $1 AND sequence > $2 ORDER BY sequence LIMIT 1000";

impl Store {
    /// Records of the account, newest first.
    pub async fn list_audit_records(
        &self,
        permit: &Permit<ListAuditRecords>,
        filter: &AuditFilter,
        cursor: &Cursor,
    ) -> Result<Page<AuditRecord>, Error> {
        const SQL: &str = "
            SELECT * FROM audit_records WHERE account_id = $1 AND sequence < $2
                AND (CAST($3 AS TEXT) IS NULL OR workspace_id = $3) AND (CAST($4 AS TEXT) IS NULL OR actor = $4)
                AND (CAST($5 AS TEXT) IS NULL OR operation = $5) AND (CAST($6 AS TEXT) IS NULL OR outcome = $6)
                AND (CAST($7 AS BIGINT) IS NULL OR recorded_at >= $7) AND (CAST($8 AS BIGINT) IS NULL OR recorded_at < $8)
            ORDER BY sequence DESC LIMIT $9";
        let before = if cursor.after.is_empty() { i64::MAX } else { cursor.after.parse().unwrap_or(0) };
        let rows: Vec<AuditRow> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(permit.caller().account.to_string()).bind(before)
            .bind(&filter.workspace_id).bind(&filter.actor).bind(&filter.operation).bind(&filter.outcome)
            .bind(filter.from).bind(filter.to).bind(cursor.fetch())
            .fetch_all(pool).await)
        .map_err(database)?;
        let records = rows.into_iter().map(AuditRecord::try_from).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(records, cursor.limit, |record| record.sequence.to_string()))
    }

    /// The records after a sequence, oldest first: one piece of the export.
    pub async fn export_audit(
        &self,
        permit: &Permit<ExportAudit>,
        after: u64,
    ) -> Result<Vec<AuditRecord>, Error> {
        let rows: Vec<AuditRow> = reading!(self.pools, pool => sqlx::query_as(AFTER)
            .bind(permit.caller().account.to_string()).bind(crate::error::to_signed(after)).fetch_all(pool).await)
        .map_err(database)?;
        rows.into_iter().map(AuditRecord::try_from).collect()
    }

    /// Checks the account's whole chain and gives the number of records.
    pub async fn verify_audit(&self, permit: &Permit<VerifyAudit>) -> Result<Result<u64, ChainFault>, Error> {
        self.verify_account(permit.caller().account).await
    }

    /// Checks the chain of an account from outside any request: for `bailey audit verify --data`.
    pub async fn verify_account(&self, account: AccountId) -> Result<Result<u64, ChainFault>, Error> {
        let account = account.to_string();
        // One snapshot, so that records and head fit each other whatever is appended meanwhile.
        let mut connection = self.pools.snapshot().await.map_err(database)?;
        let mut verifier = Verifier::new(&self.audit_key);
        loop {
            let (account, last) = (&account, verifier.last());
            let rows: Vec<AuditRow> = on!(connection, conn => sqlx::query_as(AFTER)
                .bind(account).bind(last).fetch_all(conn).await)
            .map_err(database)?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                if let Err(fault) = verifier.take(row) {
                    return Ok(Err(fault));
                }
            }
        }
        let head = head(&mut connection, &account).await?;
        Ok(verifier.finish(&account, head))
    }

    /// The record of a request, if the account has one.
    pub async fn find_audit_record(
        &self,
        permit: &Permit<GetDecision>,
        request_id: &str,
    ) -> Result<Option<AuditRecord>, Error> {
        self.find_record(permit.caller().account, request_id).await
    }

    /// The same before a permit: who made a request is part of what its permission depends on.
    pub async fn actor_of(&self, account: AccountId, request_id: &str) -> Result<Option<String>, Error> {
        Ok(self.find_record(account, request_id).await?.map(|record| record.actor))
    }

    async fn find_record(&self, account: AccountId, request_id: &str) -> Result<Option<AuditRecord>, Error> {
        const SQL: &str =
            "SELECT * FROM audit_records WHERE account_id = $1 AND request_id = $2 ORDER BY sequence LIMIT 1";
        let row: Option<AuditRow> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(request_id).fetch_optional(pool).await)
        .map_err(database)?;
        row.map(AuditRecord::try_from).transpose()
    }
}
