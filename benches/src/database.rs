//! Databases of many keys, filled with plain SQL.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::Value;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _};

/// Adds an account's users: one for every ten keys.
const USERS: &str = "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $2 / 10)
     INSERT INTO users SELECT 100000000000000000 + i, $1, 'dev-' || i, 'dev-' || i, 'Developer ' || i, '', '', '', 1, 1 FROM n";

/// Adds an account's users, workspaces, seats and keys: a user and a workspace for every ten keys, two seats for
/// each user, each key in one of its owner's workspaces.
const FILL: &[&str] = &[
    USERS,
    "INSERT INTO studio_users SELECT user_id, account_id, display_name, 1 FROM users WHERE account_id = $1 AND $2 > 0",
    "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $2 / 50)
     INSERT INTO workspaces SELECT printf('llm-%016d', i), $1, 'bench ' || i, FALSE, FALSE, 'domestic', 1 FROM n",
    "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $2 / 5)
     INSERT INTO members SELECT $1, printf('llm-%016d', (i / 2 + i % 2) % ($2 / 50)), 100000000000000000 + i / 2, '[\"prompts\",\"playground\"]', 1, 'root', 1 FROM n",
    "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $2)
     INSERT INTO api_keys (api_key_id, account_id, workspace_id, owner_id, epoch, hash, tail, description, auth, disabled,
         expires_at, created_at)
     SELECT 1000000000 + i, $1, printf('llm-%016d', (i / 10 + i % 2) % ($2 / 50)), 100000000000000000 + i / 10, 1,
         lower(hex(randomblob(32))), 'tail', '', NULL, FALSE, NULL, 1 FROM n",
];

/// A group of everybody.
const GROUP: &[&str] = &[
    "INSERT INTO groups SELECT '100000000000000000', account_id, 'everybody', 'everybody', '', 1, 1 FROM accounts",
    "INSERT INTO group_members SELECT account_id, '100000000000000000', user_id, 1 FROM users",
];
/// What attaches a policy to everybody, and to the group of everybody.
const HOLD: [&str; 2] = [
    "INSERT INTO policy_attachments (account_id, principal_type, principal_id, policy_type, policy_name,
        folded_policy_name, workspace_id, attached_at)
    SELECT account_id, 'user', user_id, 'Custom', $1, lower($1), '', 1 FROM users",
    "INSERT INTO policy_attachments (account_id, principal_type, principal_id, policy_type, policy_name,
        folded_policy_name, workspace_id, attached_at)
    SELECT account_id, 'group', group_id, 'Custom', $1, lower($1), '', 1 FROM groups",
];

/// Adds users to the account of a database. Each holds the first of two policies by itself, the other through one group.
pub async fn fill_holders(file: &Path, users: i64, policies: [&str; 2]) -> anyhow::Result<()> {
    let mut connection = SqliteConnectOptions::new().filename(file).connect().await?;
    let mut transaction = connection.begin().await?;
    let (account,): (String,) =
        sqlx::query_as("SELECT account_id FROM accounts").fetch_one(&mut *transaction).await?;
    sqlx::query(USERS).bind(&account).bind(users * 10).execute(&mut *transaction).await?;
    for sql in GROUP {
        sqlx::query(*sql).execute(&mut *transaction).await?;
    }
    for (sql, policy) in HOLD.into_iter().zip(policies) {
        sqlx::query(sql).bind(policy).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(connection.close().await?)
}

/// Fills a migrated database with this many keys. Makes an account if there is none.
pub async fn fill(file: &Path, keys: i64) -> anyhow::Result<()> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Off)
        .pragma("cache_size", "-400000");
    let mut connection = options.connect().await?;
    let mut transaction = connection.begin().await?;
    let found: Option<(String,)> =
        sqlx::query_as("SELECT account_id FROM accounts").fetch_optional(&mut *transaction).await?;
    let account = match found {
        Some((account,)) => account,
        None => {
            let account = "1234567890123456".to_owned();
            let settings = serde_json::to_string(&bailey_domain::settings::Settings::default())?;
            const MAKE: &str =
                "INSERT INTO accounts (account_id, name, settings, created_at) VALUES ($1, 'bench', $2, 1)";
            let made = sqlx::query(MAKE).bind(&account).bind(settings);
            made.execute(&mut *transaction).await?;
            account
        }
    };
    for sql in FILL {
        sqlx::query(*sql).bind(&account).bind(keys).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await?;
    Ok(connection.close().await?)
}

/// The database file in a data directory, whatever its name.
pub fn find(directory: &Path) -> anyhow::Result<PathBuf> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_file() && std::fs::read(&path)?.starts_with(b"SQLite format 3\0") {
            return Ok(path);
        }
    }
    anyhow::bail!("no SQLite database in {}", directory.display())
}

/// `bailey init`: makes a data directory, and gives what was printed about its first account.
pub fn init(binary: &Path, data: &Path) -> anyhow::Result<Value> {
    let made = Command::new(binary).args(["init", "--json", "--data"]).arg(data).output()?;
    ensure!(made.status.success(), "bailey init: {}", String::from_utf8_lossy(&made.stderr));
    serde_json::from_slice(&made.stdout).context("what `bailey init --json` printed")
}

/// Where the binary is that is measured.
pub fn binary() -> anyhow::Result<PathBuf> {
    let binary = std::env::var_os("BAILEY_BINARY")
        .map_or_else(|| PathBuf::from("target/release/bailey"), PathBuf::from);
    std::fs::canonicalize(&binary).with_context(|| {
        format!("there is no binary `{}`: run `cargo xtask bench`, or set BAILEY_BINARY", binary.display())
    })
}
