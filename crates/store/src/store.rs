//! Opening a database: connect, check, migrate, unlock, load.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bailey_domain::seal::Sealer;
use bailey_domain::{Directory, Entropy, Error};
use ring::hmac;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::sync::Mutex;

use crate::connection::{Pools, reading};
use crate::error::database;
use crate::load;
use crate::master_key::{self, MasterKey};

static MIGRATOR: Migrator = sqlx::migrate!("../../migrations");

/// The oldest SQLite that is safe: 3.51.3 mends a WAL bug that could lose a checkpointed commit.
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);
/// The oldest PostgreSQL that is tested.
const OLDEST_POSTGRES: u32 = 150_000;

/// Where the database is.
#[derive(Clone, Debug)]
pub enum Location {
    /// A SQLite file.
    File(PathBuf),
    /// A PostgreSQL URL.
    Postgres(String),
}

/// An open database and the directory that it fills.
#[derive(Clone)]
pub struct Store {
    pub(crate) pools: Pools,
    pub(crate) directory: Arc<Directory>,
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) audit_key: hmac::Key,
    claim: Arc<Mutex<Option<sqlx::PgConnection>>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store(revision {})", self.directory.revision())
    }
}

impl Store {
    /// Opens the database, brings its schema up to date, unlocks its data key with the master key, and loads the
    /// directory. A new database gets a data key of its own.
    pub async fn open(location: &Location, master: &MasterKey, entropy: &dyn Entropy) -> Result<Self, Error> {
        let pools = connect(location).await?;
        migrate(&pools).await?;
        let sealer = Arc::new(master_key::unlock(&pools, master, entropy).await?);
        let directory = Arc::new(Directory::new());
        load::load(&pools, &directory).await?;
        let audit_key = sealer.audit_key();
        Ok(Self { pools, directory, sealer, audit_key, claim: Arc::default() })
    }

    /// The state that decisions are made from.
    pub fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// What seals secrets at rest.
    pub fn sealer(&self) -> &Arc<Sealer> {
        &self.sealer
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), Error> {
        reading!(self.pools, pool => sqlx::query("SELECT 1").execute(pool).await.map(drop)).map_err(database)
    }

    /// Claims the database for this process: one process serves at a time, since another one would not hear of a
    /// revocation before it is acknowledged. SQLite's claim is the lock file of the data directory.
    pub async fn claim(&self) -> Result<(), Error> {
        // "bailey" in ASCII: one number for all installations; each has its own database.
        const SQL: &str = "SELECT pg_try_advisory_lock(108169905366393)";
        let Pools::Postgres { writer: pool, .. } = &self.pools else { return Ok(()) };
        // The lock lives as long as its connection, which is taken out of the pool and kept.
        let mut connection = pool.acquire().await.map_err(database)?.detach();
        let (claimed,): (bool,) = sqlx::query_as(SQL).fetch_one(&mut connection).await.map_err(database)?;
        if !claimed {
            return Err(Error::Unavailable {
                message: "another bailey serves this database. Stop it first".to_owned(),
            });
        }
        self.claim.lock().await.replace(connection);
        Ok(())
    }

    /// Brings the directory up to what other processes have committed.
    pub async fn catch_up(&self) -> Result<(), Error> {
        let mut connection = self.pools.snapshot().await.map_err(database)?;
        crate::feed::catch_up(&mut connection, &self.directory, i64::MAX.unsigned_abs()).await
    }

    /// Closes every connection, after what is under way.
    pub async fn close(&self) {
        if let Some(claim) = self.claim.lock().await.take() {
            // Whether or not the goodbye arrives, the lock goes with the connection.
            drop(sqlx::Connection::close(claim).await);
        }
        match &self.pools {
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
        }
    }
}

async fn connect(location: &Location) -> Result<Pools, Error> {
    match location {
        Location::File(path) => {
            let options = SqliteConnectOptions::new()
                .filename(path)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                // An acknowledged commit survives a power cut.
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .busy_timeout(Duration::from_secs(10));
            let writer = SqlitePoolOptions::new()
                .max_connections(1)
                .connect_with(options.clone())
                .await
                .map_err(database)?;
            check_sqlite(&writer).await?;
            let readers = SqlitePoolOptions::new()
                .min_connections(1)
                .max_connections(4)
                .connect_with(options.create_if_missing(false))
                .await
                .map_err(database)?;
            Ok(Pools::Sqlite { writer, readers })
        }
        Location::Postgres(url) => {
            // The URL may hold a password, so the parser's own words are not passed on.
            let options = PgConnectOptions::from_str(url)
                .map_err(|_| {
                    Error::field("database", "is not a PostgreSQL URL such as postgres://user@host/name")
                })?
                .application_name("bailey");
            let pool = |connections| {
                PgPoolOptions::new().max_connections(connections).acquire_timeout(Duration::from_secs(10))
            };
            let writer = pool(1).connect_with(options.clone()).await.map_err(database)?;
            check_postgres(&writer).await?;
            let readers = pool(7).connect_with(options).await.map_err(database)?;
            Ok(Pools::Postgres { writer, readers })
        }
    }
}

async fn check_sqlite(pool: &sqlx::SqlitePool) -> Result<(), Error> {
    let (version,): (String,) =
        sqlx::query_as("SELECT sqlite_version()").fetch_one(pool).await.map_err(database)?;
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    let found = (next(), next(), next());
    if found < OLDEST_SQLITE {
        return Err(Error::internal(format!("SQLite {version} is too old: 3.51.3 or newer is needed")));
    }
    Ok(())
}

async fn check_postgres(pool: &sqlx::PgPool) -> Result<(), Error> {
    let (text,): (String,) =
        sqlx::query_as("SHOW server_version_num").fetch_one(pool).await.map_err(database)?;
    if text.parse::<u32>().unwrap_or(0) < OLDEST_POSTGRES {
        return Err(Error::internal(format!("PostgreSQL {text} is too old: 15 or newer is needed")));
    }
    Ok(())
}

async fn migrate(pools: &Pools) -> Result<(), Error> {
    match pools {
        Pools::Sqlite { writer, .. } => MIGRATOR.run(writer).await,
        Pools::Postgres { writer, .. } => MIGRATOR.run(writer).await,
    }
    .map_err(Error::internal)
}
