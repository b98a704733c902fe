//! What credentials everybody has, and the last report of it.

use std::collections::{HashMap, HashSet};

use bailey_domain::operations::{GenerateCredentialReport, GetCredentialReport};
use bailey_domain::{Error, Permit};

use crate::connection::{on, reading};
use crate::error::database;
use crate::store::Store;
use crate::tx::Tx;

/// An access key in the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedKey {
    /// Whether it is switched on.
    pub active: bool,
    /// When it was made, in milliseconds since the epoch.
    pub created_at: i64,
    /// When it was last used, in milliseconds since the epoch.
    pub last_used_at: Option<i64>,
}

/// An identity in the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedUser {
    /// Its name; `None` for root.
    pub name: Option<String>,
    /// When it was made, in milliseconds since the epoch.
    pub created_at: i64,
    /// How it signs in; `None` without a password.
    pub login: Option<ReportedLogin>,
    /// Whether an MFA device is bound to it.
    pub mfa: bool,
    /// Its access keys, oldest first.
    pub keys: Vec<ReportedKey>,
}

/// A password in the report; never the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportedLogin {
    /// When it was set, in milliseconds since the epoch.
    pub changed_at: i64,
    /// When somebody last signed in with it, in milliseconds since the epoch.
    pub last_login_at: Option<i64>,
}

/// Every identity of an account, root first.
pub type AccountCredentials = Vec<ReportedUser>;

/// The last report.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct CredentialReport {
    /// The report, as CSV.
    pub content: String,
    /// When it was made, in milliseconds since the epoch.
    pub generated_at: i64,
}

impl Tx {
    /// The credentials of everybody in the permit's account.
    pub async fn list_credentials(
        &mut self,
        permit: &Permit<GenerateCredentialReport>,
    ) -> Result<AccountCredentials, Error> {
        const ROOT: &str = "SELECT created_at FROM accounts WHERE account_id = $1";
        const USERS: &str =
            "SELECT user_id, name, created_at FROM users WHERE account_id = $1 ORDER BY folded_name";
        const KEYS: &str = "
            SELECT COALESCE(user_id, '') AS user_id, active, created_at, last_used_at FROM access_keys
            WHERE account_id = $1 ORDER BY created_at, access_key_id";
        type KeyRow = (String, bool, i64, Option<i64>);
        let account = permit.caller().account.to_string();
        let (founded,): (i64,) =
            on!(self.connection, conn => sqlx::query_as(ROOT).bind(&account).fetch_one(conn).await)
                .map_err(database)?;
        let users: Vec<(String, String, i64)> =
            on!(self.connection, conn => sqlx::query_as(USERS).bind(&account).fetch_all(conn).await)
                .map_err(database)?;
        let rows: Vec<KeyRow> =
            on!(self.connection, conn => sqlx::query_as(KEYS).bind(&account).fetch_all(conn).await)
                .map_err(database)?;
        let mut keys: HashMap<String, Vec<ReportedKey>> = HashMap::new();
        for (user, active, created_at, last_used_at) in rows {
            keys.entry(user).or_default().push(ReportedKey { active, created_at, last_used_at });
        }
        const LOGINS: &str =
            "SELECT user_id, changed_at, last_login_at FROM login_profiles WHERE account_id = $1";
        const DEVICES: &str = "SELECT user_id FROM mfa_devices WHERE account_id = $1 AND user_id IS NOT NULL";
        let rows: Vec<(String, i64, Option<i64>)> =
            on!(self.connection, conn => sqlx::query_as(LOGINS).bind(&account).fetch_all(conn).await)
                .map_err(database)?;
        let logins: HashMap<String, ReportedLogin> = rows
            .into_iter()
            .map(|(user, changed_at, last_login_at)| (user, ReportedLogin { changed_at, last_login_at }))
            .collect();
        let rows: Vec<(String,)> =
            on!(self.connection, conn => sqlx::query_as(DEVICES).bind(&account).fetch_all(conn).await)
                .map_err(database)?;
        let devices: HashSet<String> = rows.into_iter().map(|(user,)| user).collect();
        let mut of = |user: &str| keys.remove(user).unwrap_or_default();
        let mut all = vec![ReportedUser {
            name: None,
            created_at: founded,
            login: logins.get("").copied(),
            mfa: devices.contains(""),
            keys: of(""),
        }];
        for (user, name, created_at) in users {
            let (login, mfa) = (logins.get(&user).copied(), devices.contains(&user));
            all.push(ReportedUser { name: Some(name), created_at, login, mfa, keys: of(&user) });
        }
        Ok(all)
    }

    /// Keeps a report in the place of the one before.
    pub async fn put_credential_report(
        &mut self,
        permit: &Permit<GenerateCredentialReport>,
        content: &str,
    ) -> Result<(), Error> {
        const SQL: &str = "
            INSERT INTO credential_reports (account_id, content, generated_at) VALUES ($1, $2, $3)
            ON CONFLICT (account_id) DO UPDATE SET content = excluded.content, generated_at = excluded.generated_at";
        on!(self.connection, conn => sqlx::query(SQL)
            .bind(permit.caller().account.to_string()).bind(content).bind(permit.caller().now_ms)
            .execute(conn).await.map(drop))
        .map_err(database)
    }
}

impl Store {
    /// The last report of the permit's account.
    pub async fn find_credential_report(
        &self,
        permit: &Permit<GetCredentialReport>,
    ) -> Result<Option<CredentialReport>, Error> {
        const SQL: &str = "SELECT content, generated_at FROM credential_reports WHERE account_id = $1";
        reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(permit.caller().account.to_string()).fetch_optional(pool).await)
        .map_err(database)
    }
}
