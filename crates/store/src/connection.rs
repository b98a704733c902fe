//! The one place that knows that there are two databases.
//!
//! [`on!`] runs its body on whichever connection this is. The body is compiled once per driver, so it can use
//! only the SQL and the types that both speak.

use sqlx::{PgPool, Postgres, Sqlite, SqlitePool, Transaction};

/// An open transaction.
pub(crate) enum Connection {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// The pools of an open database.
#[derive(Clone, Debug)]
pub(crate) enum Pools {
    /// One connection writes, the others read: SQLite has one writer, and waiting for it in our queue is kinder
    /// than its busy error.
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    Postgres(PgPool),
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
            $crate::connection::Pools::Postgres(pool) => {
                let $pool = pool;
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
            Self::Postgres(pool) => Connection::Postgres(pool.begin().await?),
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
