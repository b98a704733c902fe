//! The one place that knows that there are two databases.
//!
//! [`on!`] runs its body on whichever connection this is. The body is compiled once per driver, so it can use
//! only the SQL and the types that both speak.

use sqlx::{PgPool, Postgres, Sqlite, SqlitePool, Transaction};

/// Every statement sees the database as the first one did, and nothing can be written.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// An open transaction.
pub(crate) enum Connection {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// The pools of an open database: one connection writes, the others read. SQLite has one writer, and waiting for it in
/// our queue is kinder than its busy error. PostgreSQL's writers all wait for the row with the revision, and those that
/// wait must not keep readers from a connection.
#[derive(Clone, Debug)]
pub(crate) enum Pools {
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    Postgres { writer: PgPool, readers: PgPool },
}

/// Runs `$body` on the connection of a transaction.
macro_rules! on {
    ($connection:expr, $conn:ident => $body:expr) => {
        match &mut $connection {
            $crate::connection::Connection::Sqlite(tx) => {
                let $conn = &mut **tx;
                $body
            }
            $crate::connection::Connection::Postgres(tx) => {
                let $conn = &mut **tx;
                $body
            }
        }
    };
}

/// Runs `$body` on a pool that may only be read from.
macro_rules! reading {
    ($pools:expr, $pool:ident => $body:expr) => {
        match &$pools {
            $crate::connection::Pools::Sqlite { readers, .. } => {
                let $pool = readers;
                $body
            }
            $crate::connection::Pools::Postgres { readers, .. } => {
                let $pool = readers;
                $body
            }
        }
    };
}

pub(crate) use {on, reading};

impl Pools {
    /// Begins a writing transaction.
    pub(crate) async fn begin(&self) -> Result<Connection, sqlx::Error> {
        Ok(match self {
            // A deferred transaction would fail when it turns from reading to writing.
            Self::Sqlite { writer, .. } => Connection::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres { writer, .. } => Connection::Postgres(writer.begin().await?),
        })
    }

    /// Begins a transaction that reads one state of the database and keeps nobody from writing.
    pub(crate) async fn snapshot(&self) -> Result<Connection, sqlx::Error> {
        Ok(match self {
            // In WAL mode a reading transaction is a snapshot from its first statement on (sqlite.org/isolation.html).
            Self::Sqlite { readers, .. } => Connection::Sqlite(readers.begin().await?),
            Self::Postgres { readers, .. } => Connection::Postgres(readers.begin_with(SNAPSHOT).await?),
        })
    }
}

impl Connection {
    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => tx.commit().await,
        }
    }

    pub(crate) async fn rollback(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(tx) => tx.rollback().await,
            Self::Postgres(tx) => tx.rollback().await,
        }
    }
}
