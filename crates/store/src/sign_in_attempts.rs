//! Attempts to sign in: counted before the password is looked at, so that a hundred at once are a hundred.

use bailey_domain::operations::{ChangePassword, CreateSession, Operation, UpdateRootLogin};
use bailey_domain::secret::KeyHash;
use bailey_domain::{AccountId, Caller, Error, Permit};
use serde_json::Value;

use crate::audit::{self, Entry, Record};
use crate::connection::on;
use crate::error::{database, to_unsigned};
use crate::store::Store;
use crate::tx::Tx;

/// A name is locked until the hour that its first failed attempt began is over.
const WINDOW_MS: i64 = 3_600_000;

/// Operations that check a password, and whose success clears the count.
pub trait ProvesPassword: Operation {}
impl ProvesPassword for CreateSession {}
impl ProvesPassword for ChangePassword {}
impl ProvesPassword for UpdateRootLogin {}

impl Store {
    /// Counts one attempt under a name, and gives how many the hour has had with it.
    pub async fn count_attempt(&self, account: AccountId, name: &KeyHash, now_ms: i64) -> Result<u64, Error> {
        const OLD: &str = "DELETE FROM sign_in_attempts WHERE account_id = $1 AND started_at <= $2";
        const SQL: &str = "
            INSERT INTO sign_in_attempts (account_id, name_hash, attempts, started_at) VALUES ($1, $2, 1, $3)
            ON CONFLICT (account_id, name_hash) DO UPDATE SET attempts = sign_in_attempts.attempts + 1
            RETURNING attempts";
        let mut connection = self.pools.begin().await.map_err(database)?;
        on!(connection, conn => sqlx::query(OLD)
            .bind(account.to_string()).bind(now_ms - WINDOW_MS).execute(conn).await.map(drop))
        .map_err(database)?;
        let (attempts,): (i64,) = on!(connection, conn => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(name.to_hex()).bind(now_ms).fetch_one(conn).await)
        .map_err(database)?;
        connection.commit().await.map_err(database)?;
        Ok(to_unsigned(attempts))
    }

    /// Takes back an attempt that was right, though what it was made for is not done yet: it was no guess.
    pub async fn uncount_attempt(&self, account: AccountId, name: &KeyHash) -> Result<(), Error> {
        const LESS: &str = "
            UPDATE sign_in_attempts SET attempts = attempts - 1 WHERE account_id = $1 AND name_hash = $2";
        const NONE: &str =
            "DELETE FROM sign_in_attempts WHERE account_id = $1 AND name_hash = $2 AND attempts < 1";
        let mut connection = self.pools.begin().await.map_err(database)?;
        for sql in [LESS, NONE] {
            on!(connection, conn => sqlx::query(sql)
                .bind(account.to_string()).bind(name.to_hex()).execute(conn).await.map(drop))
            .map_err(database)?;
        }
        connection.commit().await.map_err(database)
    }

    /// Writes the audit record of a failed attempt. Who it was is not known, so the actor is nobody; the chain says no
    /// more than the answer.
    pub async fn record_failed_sign_in(
        &self,
        nobody: &Caller,
        target: &str,
        chain: &bailey_domain::decision::Chain,
    ) -> Result<(), Error> {
        let tx = self.write().await?;
        let entry = Entry {
            caller: nobody,
            proven: false,
            operation: CreateSession::entry().name,
            workspace: None,
            outcome: "deny",
            reason: bailey_domain::Reason::SignInFailed.name(),
            chain: audit::text_of(&chain.render(&|_| String::new()))?,
            recorded_at: nobody.now_ms,
            record: &Record { target: target.to_owned(), before: Value::Null, after: Value::Null },
        };
        tx.finish(nobody.account, &entry).await.map(drop)
    }
}

impl Tx {
    /// Forgets the attempts under a name, since one of them was right.
    pub async fn clear_attempts<O: ProvesPassword>(
        &mut self,
        permit: &Permit<O>,
        name: &KeyHash,
    ) -> Result<(), Error> {
        const SQL: &str = "DELETE FROM sign_in_attempts WHERE account_id = $1 AND name_hash = $2";
        self.execute_two(SQL, &permit.caller().account.to_string(), &name.to_hex()).await.map(drop)
    }
}
