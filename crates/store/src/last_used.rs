//! When access keys and API keys were last used. Written in batches beside the revisions: what a crash loses is a minute of a date.

use bailey_domain::access::Principal;
use bailey_domain::operations::GetAccessKeyLastUsed;
use bailey_domain::{AccessKeyId, AccountId, ApiKeyId, Error, Permit};

use crate::access_keys::column;
use crate::connection::{on, reading};
use crate::error::database;
use crate::store::Store;

/// The last use of an access key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastUse {
    /// When, in milliseconds since the epoch.
    pub at_ms: i64,
    /// With which service.
    pub service: String,
}

impl Store {
    /// Keeps the last uses of access keys, where they are later than what is kept. Keys that are gone are passed over.
    pub async fn record_last_uses(&self, uses: &[(AccountId, AccessKeyId, i64, &str)]) -> Result<(), Error> {
        const SQL: &str = "
            UPDATE access_keys SET last_used_at = $3, last_used_service = $4
            WHERE account_id = $1 AND access_key_id = $2 AND COALESCE(last_used_at, 0) < $3";
        let mut connection = self.pools.begin().await.map_err(database)?;
        for (account, access_key, at_ms, service) in uses {
            on!(connection, conn => sqlx::query(SQL)
                .bind(account.to_string()).bind(access_key.to_string()).bind(*at_ms).bind(*service)
                .execute(conn).await.map(drop))
            .map_err(database)?;
        }
        connection.commit().await.map_err(database)
    }

    /// Keeps when API keys were last used, the same way.
    pub async fn record_key_uses(&self, uses: &[(AccountId, ApiKeyId, i64, ())]) -> Result<(), Error> {
        const SQL: &str = "
            UPDATE api_keys SET last_used_at = $3
            WHERE account_id = $1 AND api_key_id = $2 AND COALESCE(last_used_at, 0) < $3";
        let mut connection = self.pools.begin().await.map_err(database)?;
        for (account, key, at_ms, ()) in uses {
            on!(connection, conn => sqlx::query(SQL)
                .bind(account.to_string()).bind(key.to_string()).bind(*at_ms).execute(conn).await.map(drop))
            .map_err(database)?;
        }
        connection.commit().await.map_err(database)
    }

    /// The last use of somebody's access key that was kept; `None` when it was never used.
    pub async fn find_last_use(
        &self,
        permit: &Permit<GetAccessKeyLastUsed>,
        owner: Principal,
        id: AccessKeyId,
    ) -> Result<Option<LastUse>, Error> {
        const SQL: &str = "
            SELECT last_used_at, last_used_service FROM access_keys
            WHERE account_id = $1 AND COALESCE(user_id, '') = $2 AND access_key_id = $3";
        let row: Option<(Option<i64>, Option<String>)> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(permit.caller().account.to_string()).bind(column(owner)?.unwrap_or_default()).bind(id.to_string())
            .fetch_optional(pool).await)
        .map_err(database)?;
        let (at_ms, service) = row.ok_or_else(|| Error::absent("User.AccessKey"))?;
        Ok(at_ms.map(|at_ms| LastUse { at_ms, service: service.unwrap_or_default() }))
    }
}
