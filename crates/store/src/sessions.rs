//! Sessions: made by signing in, ended by a time, a call, or whatever takes the right to sign in away.

use bailey_domain::access::Principal;
use bailey_domain::change::Change;
use bailey_domain::login::{Duty, SessionFacts, idle_since};
use bailey_domain::operations::{CreateSession, DeleteSession};
use bailey_domain::{AccountId, Error, Permit, SessionId};

use crate::access_keys::column;
use crate::connection::{on, reading};
use crate::error::{database, stored};
use crate::load::{key_hash, owner};
use crate::store::Store;
use crate::tx::Tx;

/// So many sessions one identity has; the oldest ends for the next one.
const MOST_SESSIONS: i64 = 20;
/// So many dead sessions one sign-in clears away.
const CLEARED_AT_ONCE: i64 = 200;

#[derive(sqlx::FromRow)]
pub(crate) struct SessionRow {
    session_id: String,
    account_id: String,
    user_id: String,
    hash: String,
    mfa_present: bool,
    duty: Option<String>,
    created_at: i64,
    expires_at: i64,
    seen_at: i64,
}

impl TryFrom<SessionRow> for SessionFacts {
    type Error = Error;
    fn try_from(row: SessionRow) -> Result<Self, Error> {
        Ok(Self {
            id: stored(row.session_id.parse(), "session_id")?,
            hash: key_hash(&row.hash)?,
            account: stored(row.account_id.parse(), "account_id")?,
            principal: owner(&row.user_id)?,
            mfa_present: row.mfa_present,
            duty: row.duty.map(|duty| stored(duty_of(&duty), "duty")).transpose()?,
            created_at: row.created_at,
            expires_at: row.expires_at,
            seen_at: row.seen_at,
        })
    }
}

fn duty_of(text: &str) -> Result<Duty, String> {
    match text {
        "changePassword" => Ok(Duty::ChangePassword),
        "bindMfaDevice" => Ok(Duty::BindMfaDevice),
        _ => Err(format!("`{text}` is no duty")),
    }
}

fn duty_text(duty: Option<Duty>) -> Option<&'static str> {
    duty.map(|duty| match duty {
        Duty::ChangePassword => "changePassword",
        Duty::BindMfaDevice => "bindMfaDevice",
    })
}

impl Store {
    /// Writes down that a session was used. Beside the revisions: no decision of another node hangs on it.
    pub async fn record_session_seen(
        &self,
        account: AccountId,
        id: SessionId,
        seen_at_ms: i64,
    ) -> Result<(), Error> {
        const SQL: &str =
            "UPDATE sessions SET seen_at = $3 WHERE account_id = $1 AND session_id = $2 AND seen_at < $3";
        let mut connection = self.pools.begin().await.map_err(database)?;
        on!(connection, conn => sqlx::query(SQL)
            .bind(account.to_string()).bind(id.to_string()).bind(seen_at_ms).execute(conn).await.map(drop))
        .map_err(database)?;
        connection.commit().await.map_err(database)
    }

    /// When a session was used last, as far as that has been written down.
    pub async fn session_seen_at(&self, account: AccountId, id: SessionId) -> Result<Option<i64>, Error> {
        const SQL: &str = "SELECT seen_at FROM sessions WHERE account_id = $1 AND session_id = $2";
        let row: Option<(i64,)> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(id.to_string()).fetch_optional(pool).await)
        .map_err(database)?;
        Ok(row.map(|(seen_at,)| seen_at))
    }
}

impl Tx {
    /// Makes a session of the permit's caller. Clears dead sessions of the account away, and the oldest of the
    /// caller's where there are too many.
    pub async fn insert_session(
        &mut self,
        permit: &Permit<CreateSession>,
        facts: &SessionFacts,
    ) -> Result<(), Error> {
        const DEAD: &str = "
            DELETE FROM sessions WHERE session_id IN (
                SELECT session_id FROM sessions
                WHERE account_id = $1 AND (expires_at <= $2 OR seen_at <= $3) ORDER BY created_at LIMIT $4)
            RETURNING session_id";
        const OLDEST: &str = "
            DELETE FROM sessions WHERE session_id IN (
                SELECT session_id FROM sessions WHERE account_id = $1 AND user_id = $2
                ORDER BY created_at DESC, session_id LIMIT $4 OFFSET $3)
            RETURNING session_id";
        const SQL: &str = "
            INSERT INTO sessions (session_id, account_id, user_id, hash, mfa_present, duty, created_at, expires_at, seen_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let caller = permit.caller();
        if (facts.account, facts.principal) != (caller.account, caller.principal) {
            return Err(Error::internal("a session would be made for somebody else"));
        }
        let (account, user) = (caller.account.to_string(), column(caller.principal)?.unwrap_or_default());
        // A use is written down at most once a minute, and not at once: what may go has idled for half an hour and two
        // minutes by what is written down.
        let dead: Vec<(String,)> = on!(self.connection, conn => sqlx::query_as(DEAD)
            .bind(&account).bind(caller.now_ms).bind(idle_since(caller.now_ms) - 120_000).bind(CLEARED_AT_ONCE)
            .fetch_all(conn).await)
        .map_err(database)?;
        let oldest: Vec<(String,)> = on!(self.connection, conn => sqlx::query_as(OLDEST)
            .bind(&account).bind(&user).bind(MOST_SESSIONS - 1).bind(CLEARED_AT_ONCE).fetch_all(conn).await)
        .map_err(database)?;
        self.note_gone(dead.into_iter().chain(oldest))?;
        on!(self.connection, conn => sqlx::query(SQL)
            .bind(facts.id.to_string()).bind(&account).bind(&user).bind(facts.hash.to_hex()).bind(facts.mfa_present)
            .bind(duty_text(facts.duty)).bind(facts.created_at).bind(facts.expires_at).bind(facts.seen_at)
            .execute(conn).await.map(drop))
        .map_err(database)?;
        self.note(Change::Session(Box::new(facts.clone())));
        Ok(())
    }

    /// Ends the session that the permit's caller presented; whether there was one.
    pub async fn delete_session(&mut self, permit: &Permit<DeleteSession>) -> Result<bool, Error> {
        const SQL: &str = "DELETE FROM sessions WHERE account_id = $1 AND session_id = $2";
        let caller = permit.caller();
        let Some(session) = caller.session else { return Ok(false) };
        let id = session.session;
        let ended = self.execute_two(SQL, &caller.account.to_string(), &id.to_string()).await? > 0;
        self.note(Change::SessionGone { session: id });
        Ok(ended)
    }

    /// Ends somebody's sessions, all but one where one is to go on.
    pub(crate) async fn end_sessions(
        &mut self,
        account: AccountId,
        principal: Principal,
        kept: Option<SessionId>,
    ) -> Result<(), Error> {
        const SQL: &str = "
            DELETE FROM sessions WHERE account_id = $1 AND user_id = $2 AND session_id <> $3 RETURNING session_id";
        let kept = kept.map(|id| id.to_string()).unwrap_or_default();
        let gone: Vec<(String,)> = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(column(principal)?.unwrap_or_default()).bind(kept).fetch_all(conn).await)
        .map_err(database)?;
        self.note_gone(gone)
    }

    /// Takes a duty that has been done from somebody's sessions; `next` is what is left to do.
    pub(crate) async fn discharge(
        &mut self,
        account: AccountId,
        principal: Principal,
        done: Duty,
        next: Option<Duty>,
    ) -> Result<(), Error> {
        const SQL: &str = "
            UPDATE sessions SET duty = $4 WHERE account_id = $1 AND user_id = $2 AND duty = $3 RETURNING *";
        let rows: Vec<SessionRow> = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(column(principal)?.unwrap_or_default())
            .bind(duty_text(Some(done))).bind(duty_text(next)).fetch_all(conn).await)
        .map_err(database)?;
        for row in rows {
            self.note(Change::Session(Box::new(row.try_into()?)));
        }
        Ok(())
    }

    fn note_gone(&mut self, ids: impl IntoIterator<Item = (String,)>) -> Result<(), Error> {
        for (id,) in ids {
            self.note(Change::SessionGone { session: stored(id.parse(), "session_id")? });
        }
        Ok(())
    }
}
