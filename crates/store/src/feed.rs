//! The change feed: what each revision changed, and how a directory that is behind catches up.

use bailey_domain::change::Change;
use bailey_domain::{AccountId, Directory, Error};

use crate::connection::{Connection, on};
use crate::error::{database, stored, to_signed, to_unsigned};

/// Takes the next revision. The row stays locked until the transaction ends, so revisions are committed in order.
pub(crate) async fn take_revision(connection: &mut Connection) -> Result<u64, Error> {
    const SQL: &str = "UPDATE installation SET revision = revision + 1 WHERE id = 1 RETURNING revision";
    let (revision,): (i64,) =
        on!(*connection, conn => sqlx::query_as(SQL).fetch_one(conn).await).map_err(database)?;
    Ok(to_unsigned(revision))
}

/// The revision that the database is at.
pub(crate) async fn current_revision(connection: &mut Connection) -> Result<u64, Error> {
    const SQL: &str = "SELECT revision FROM installation WHERE id = 1";
    let (revision,): (i64,) =
        on!(*connection, conn => sqlx::query_as(SQL).fetch_one(conn).await).map_err(database)?;
    Ok(to_unsigned(revision))
}

/// Writes what a revision changed.
pub(crate) async fn append(
    connection: &mut Connection,
    account: AccountId,
    revision: u64,
    changes: &[Change],
) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO changes (revision, account_id, changes) VALUES ($1, $2, $3)";
    let text = serde_json::to_string(changes).map_err(Error::internal)?;
    on!(*connection, conn => sqlx::query(SQL)
        .bind(to_signed(revision)).bind(account.to_string()).bind(text)
        .execute(conn).await.map(drop))
    .map_err(database)
}

/// Brings the directory to `target`, from the feed, if another process committed in between.
pub(crate) async fn catch_up(
    connection: &mut Connection,
    directory: &Directory,
    target: u64,
) -> Result<(), Error> {
    const SQL: &str =
        "SELECT revision, changes FROM changes WHERE revision > $1 AND revision <= $2 ORDER BY revision";
    let from = directory.revision();
    if from >= target {
        return Ok(());
    }
    let rows: Vec<(i64, String)> = on!(*connection, conn => sqlx::query_as(SQL)
        .bind(to_signed(from)).bind(to_signed(target)).fetch_all(conn).await)
    .map_err(database)?;
    for (revision, text) in rows {
        let changes = stored(serde_json::from_str(&text), "changes")?;
        directory.apply(to_unsigned(revision), changes)?;
    }
    Ok(())
}
