//! How many identities an account has.

use bailey_domain::operations::GetAccountSummary;
use bailey_domain::{Error, Permit};

use crate::connection::reading;
use crate::error::{database, to_unsigned};
use crate::store::Store;

/// How many there are of what GetAccountSummary counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdentityCounts {
    /// RAM users.
    pub users: u64,
    /// RAM groups.
    pub groups: u64,
    /// RAM roles.
    pub roles: u64,
    /// Custom policies.
    pub policies: u64,
    /// Virtual MFA devices.
    pub mfa_devices: u64,
    /// Virtual MFA devices that are bound to somebody.
    pub mfa_devices_in_use: u64,
}

impl Store {
    /// Counts the identities of the permit's account.
    pub async fn count_identities(
        &self,
        permit: &Permit<GetAccountSummary>,
    ) -> Result<IdentityCounts, Error> {
        const SQL: &str = "
            SELECT (SELECT COUNT(*) FROM users WHERE account_id = $1),
                (SELECT COUNT(*) FROM groups WHERE account_id = $1),
                (SELECT COUNT(*) FROM roles WHERE account_id = $1),
                (SELECT COUNT(*) FROM policies WHERE account_id = $1),
                (SELECT COUNT(*) FROM mfa_devices WHERE account_id = $1),
                (SELECT COUNT(*) FROM mfa_devices WHERE account_id = $1 AND activated_at IS NOT NULL)";
        let counts: (i64, i64, i64, i64, i64, i64) = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(permit.caller().account.to_string()).fetch_one(pool).await)
        .map_err(database)?;
        let [users, groups, roles, policies, mfa_devices, mfa_devices_in_use] =
            <[i64; 6]>::from(counts).map(to_unsigned);
        Ok(IdentityCounts { users, groups, roles, policies, mfa_devices, mfa_devices_in_use })
    }
}
