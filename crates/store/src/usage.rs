//! Use by the hour. Calls come in batches from the gateway, beside the revisions: losing a batch in a crash loses
//! counts, not permissions.

use std::collections::HashMap;

use bailey_domain::access::Principal;
use bailey_domain::operations::{GetUsage, GetWorkspaceUsage};
use bailey_domain::tokens::MOST_COST;
use bailey_domain::{AccountId, ApiKeyId, Error, Permit, WorkspaceId};
use serde::Serialize;

use crate::connection::{on, reading};
use crate::error::{database, to_signed};
use crate::store::Store;

/// One finished model call.
#[derive(Clone, Debug)]
pub struct UsageEvent {
    /// The key's account.
    pub account: AccountId,
    /// The key's workspace.
    pub workspace: WorkspaceId,
    /// The key.
    pub key: ApiKeyId,
    /// The key's owner.
    pub owner: Principal,
    /// The model.
    pub model: String,
    /// When it began, in milliseconds since the epoch.
    pub at_ms: i64,
    /// Whether the upstream answered with an error.
    pub failed: bool,
    /// Whether its right ended while it ran.
    pub cut: bool,
    /// Tokens in.
    pub input_tokens: u64,
    /// Tokens out.
    pub output_tokens: u64,
    /// What it cost, in micro-units of the account's currency.
    pub cost: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// How long it took to the first byte of its answer, if there was one.
    pub first_byte_ms: Option<u64>,
}

/// How use is summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageBy {
    /// By model.
    Model,
    /// By API key.
    ApiKey,
    /// By the keys' owners.
    User,
    /// By workspace.
    Workspace,
    /// By hour.
    Hour,
    /// By day (UTC).
    Day,
}

/// One sum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct UsageRow {
    /// What is summed up: a name, an id, or milliseconds since the epoch.
    pub name: String,
    /// Admitted calls.
    pub requests: i64,
    /// Calls that the upstream answered with an error.
    pub failed_requests: i64,
    /// Calls whose right ended while they ran.
    pub cut_requests: i64,
    /// Tokens in.
    pub input_tokens: i64,
    /// Tokens out.
    pub output_tokens: i64,
    /// What they cost, in micro-units of the account's currency.
    pub cost: i64,
    /// How long they took, together, in milliseconds.
    pub duration_ms: i64,
    /// Calls that got an answer, be it an error.
    pub answered_requests: i64,
    /// How long those took to the first byte, together, in milliseconds.
    pub first_byte_ms: i64,
}

const HOUR_MS: i64 = 3_600_000;
/// The most tokens that one call is believed to have used. The numbers come from upstreams; an absurd one must not
/// overflow the sums of everybody else, and no context window comes near this.
const MOST_TOKENS: u64 = 1_000_000_000;
/// The longest that one call is believed to have taken: a clock that was set meanwhile must not spoil the sums.
const LONGEST_MS: u64 = 24 * 3_600_000;

macro_rules! summed_by {
    ($column:literal) => {
        concat!(
            "SELECT ", $column, " AS name, CAST(SUM(calls) AS BIGINT) AS requests,
                CAST(SUM(failed_calls) AS BIGINT) AS failed_requests, CAST(SUM(cut_calls) AS BIGINT) AS cut_requests,
                CAST(SUM(input_tokens) AS BIGINT) AS input_tokens, CAST(SUM(output_tokens) AS BIGINT) AS output_tokens,
                CAST(SUM(cost) AS BIGINT) AS cost, CAST(SUM(duration_ms) AS BIGINT) AS duration_ms,
                CAST(SUM(answered_calls) AS BIGINT) AS answered_requests, CAST(SUM(first_byte_ms) AS BIGINT) AS first_byte_ms
            FROM usage_hours WHERE account_id = $1 AND hour_at >= $2 AND hour_at < $3
                AND (CAST($4 AS TEXT) IS NULL OR workspace_id = $4)
            GROUP BY ", $column, " ORDER BY ", $column, " LIMIT 1000"
        )
    };
}

impl UsageBy {
    fn sql(self) -> &'static str {
        match self {
            Self::Model => summed_by!("model"),
            Self::ApiKey => summed_by!("api_key_id"),
            Self::User => summed_by!("owner_id"),
            Self::Workspace => summed_by!("workspace_id"),
            Self::Hour => summed_by!("CAST(hour_at AS TEXT)"),
            Self::Day => summed_by!("CAST(hour_at - hour_at % 86400000 AS TEXT)"),
        }
    }
}

impl Store {
    /// Adds finished calls to their hours.
    pub async fn record_usage(&self, events: &[UsageEvent]) -> Result<(), Error> {
        const SQL: &str = "
            INSERT INTO usage_hours (account_id, hour_at, workspace_id, api_key_id, owner_id, model,
                calls, failed_calls, cut_calls, input_tokens, output_tokens,
                cost, duration_ms, answered_calls, first_byte_ms)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
            ON CONFLICT (account_id, hour_at, workspace_id, api_key_id, owner_id, model) DO UPDATE SET
                calls = usage_hours.calls + excluded.calls,
                failed_calls = usage_hours.failed_calls + excluded.failed_calls,
                cut_calls = usage_hours.cut_calls + excluded.cut_calls,
                input_tokens = usage_hours.input_tokens + excluded.input_tokens,
                output_tokens = usage_hours.output_tokens + excluded.output_tokens,
                cost = usage_hours.cost + excluded.cost,
                duration_ms = usage_hours.duration_ms + excluded.duration_ms,
                answered_calls = usage_hours.answered_calls + excluded.answered_calls,
                first_byte_ms = usage_hours.first_byte_ms + excluded.first_byte_ms";
        type Sums = [u64; 9];
        let mut hours: HashMap<(AccountId, i64, WorkspaceId, ApiKeyId, Principal, &str), Sums> =
            HashMap::new();
        for event in events {
            let hour = event.at_ms - event.at_ms.rem_euclid(HOUR_MS);
            let place = (event.account, hour, event.workspace, event.key, event.owner, event.model.as_str());
            let sums = hours.entry(place).or_default();
            let [input, output] =
                [event.input_tokens, event.output_tokens].map(|tokens| tokens.min(MOST_TOKENS));
            let [duration, first_byte] =
                [event.duration_ms, event.first_byte_ms.unwrap_or(0)].map(|time| time.min(LONGEST_MS));
            let counted = [
                1,
                u64::from(event.failed),
                u64::from(event.cut),
                input,
                output,
                event.cost.min(MOST_COST),
                duration,
                u64::from(event.first_byte_ms.is_some()),
                first_byte,
            ];
            for (sum, more) in sums.iter_mut().zip(counted) {
                *sum = sum.saturating_add(more);
            }
        }
        let mut connection = self.pools.begin().await.map_err(database)?;
        for ((account, hour, workspace, key, owner, model), sums) in hours {
            let sums = sums.map(to_signed);
            on!(connection, conn => sqlx::query(SQL)
                .bind(account.to_string()).bind(hour).bind(workspace.to_string()).bind(key.to_string())
                .bind(owner.to_string()).bind(model)
                .bind(sums[0]).bind(sums[1]).bind(sums[2]).bind(sums[3]).bind(sums[4])
                .bind(sums[5]).bind(sums[6]).bind(sums[7]).bind(sums[8])
                .execute(conn).await.map(drop))
            .map_err(database)?;
        }
        connection.commit().await.map_err(database)
    }

    /// The account's use within a time.
    pub async fn usage(
        &self,
        permit: &Permit<GetUsage>,
        by: UsageBy,
        from: i64,
        to: i64,
    ) -> Result<Vec<UsageRow>, Error> {
        self.sum_usage(permit.caller().account, None, by, from, to).await
    }

    /// The use of the permit's workspace within a time.
    pub async fn workspace_usage(
        &self,
        permit: &Permit<GetWorkspaceUsage>,
        by: UsageBy,
        from: i64,
        to: i64,
    ) -> Result<Vec<UsageRow>, Error> {
        self.sum_usage(permit.caller().account, Some(permit.scope().to_string()), by, from, to).await
    }

    async fn sum_usage(
        &self,
        account: AccountId,
        workspace: Option<String>,
        by: UsageBy,
        from: i64,
        to: i64,
    ) -> Result<Vec<UsageRow>, Error> {
        reading!(self.pools, pool => sqlx::query_as(by.sql())
            .bind(account.to_string()).bind(from).bind(to).bind(workspace).fetch_all(pool).await)
        .map_err(database)
    }
}
