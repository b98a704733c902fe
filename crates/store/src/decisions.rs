//! Refused model calls, kept so that their request ids can be explained. Control requests are explained from the
//! audit chain.

use bailey_domain::decision::Decision;
use bailey_domain::operations::GetDecision;
use bailey_domain::{AccountId, Error, Permit};

use crate::connection::{on, reading};
use crate::error::{database, stored};
use crate::store::Store;

/// A refused model call.
#[derive(Clone, Debug)]
pub struct GatewayDecision {
    /// The key's account; `None` when the key was nobody's.
    pub account: Option<AccountId>,
    /// The key's owner: `root`, a RAM user's id, or empty when the key was nobody's.
    pub owner: String,
    /// When, in milliseconds since the epoch.
    pub at_ms: i64,
    /// The decision.
    pub decision: Decision,
}

/// How many refused calls are kept. An attacker's junk must not fill the disk; newer ones push older ones out.
const KEPT: i64 = 100_000;

impl Store {
    /// Records refused calls and forgets the oldest beyond what is kept.
    pub async fn record_decisions(&self, decisions: &[GatewayDecision]) -> Result<(), Error> {
        const SQL: &str = "
            INSERT INTO gateway_decisions (request_id, account_id, owner_id, recorded_at, decision) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (request_id) DO NOTHING";
        const FORGET: &str = "
            DELETE FROM gateway_decisions WHERE recorded_at < (
                SELECT recorded_at FROM gateway_decisions ORDER BY recorded_at DESC LIMIT 1 OFFSET $1)";
        let mut connection = self.pools.begin().await.map_err(database)?;
        for recorded in decisions {
            let account = recorded.account.map(|id| id.to_string()).unwrap_or_default();
            on!(connection, conn => sqlx::query(SQL)
                .bind(&recorded.decision.request_id).bind(account).bind(&recorded.owner).bind(recorded.at_ms)
                .bind(crate::audit::text_of(&recorded.decision)?).execute(conn).await.map(drop))
            .map_err(database)?;
        }
        on!(connection, conn => sqlx::query(FORGET).bind(KEPT - 1).execute(conn).await.map(drop))
            .map_err(database)?;
        connection.commit().await.map_err(database)
    }

    /// The refused call of a request: the account's own, or one with a key that was nobody's.
    pub async fn find_gateway_decision(
        &self,
        permit: &Permit<GetDecision>,
        request_id: &str,
    ) -> Result<Option<Decision>, Error> {
        const SQL: &str = "
            SELECT decision FROM gateway_decisions WHERE request_id = $1 AND (account_id = $2 OR account_id = '')";
        let row: Option<(String,)> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(request_id).bind(permit.caller().account.to_string()).fetch_optional(pool).await)
        .map_err(database)?;
        row.map(|(text,)| stored(serde_json::from_str(&text), "decision")).transpose()
    }

    /// Refused calls with the account's keys in a time, newest first.
    pub async fn list_gateway_decisions(
        &self,
        permit: &Permit<GetDecision>,
        from: i64,
        to: i64,
        limit: u32,
    ) -> Result<Vec<GatewayDecision>, Error> {
        const SQL: &str = "
            SELECT owner_id, recorded_at, decision FROM gateway_decisions
            WHERE account_id = $1 AND recorded_at >= $2 AND recorded_at < $3 ORDER BY recorded_at DESC, request_id LIMIT $4";
        let account = permit.caller().account;
        let rows: Vec<(String, i64, String)> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(from).bind(to).bind(i64::from(limit)).fetch_all(pool).await)
        .map_err(database)?;
        rows.into_iter()
            .map(|(owner, at_ms, text)| {
                let decision = stored(serde_json::from_str(&text), "decision")?;
                Ok(GatewayDecision { account: Some(account), owner, at_ms, decision })
            })
            .collect()
    }

    /// Whose key a refused call was made with, before a permit: that is what the permission depends on.
    pub async fn owner_of_decision(
        &self,
        account: AccountId,
        request_id: &str,
    ) -> Result<Option<String>, Error> {
        const SQL: &str = "SELECT owner_id FROM gateway_decisions WHERE request_id = $1 AND account_id = $2";
        let row: Option<(String,)> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(request_id).bind(account.to_string()).fetch_optional(pool).await)
        .map_err(database)?;
        Ok(row.map(|(owner,)| owner))
    }
}
