//! How a database's errors become ours.

use bailey_domain::Error;

/// A failure that is nobody's fault but the database's.
pub(crate) fn database(error: sqlx::Error) -> Error {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => {
            tracing::error!(%error, "the database does not answer");
            Error::Unavailable {
                message: "the database does not answer; nothing was changed. Please try again".to_owned(),
            }
        }
        other => Error::internal(other),
    }
}

/// The same for an insertion that may meet a row of the same name: the operation knows what that row is, since
/// SQLite names no constraint.
pub(crate) fn conflict_of(exists: impl FnOnce() -> Error) -> impl FnOnce(sqlx::Error) -> Error {
    move |error| match &error {
        sqlx::Error::Database(inner) if inner.is_unique_violation() => exists(),
        _ => database(error),
    }
}

/// A stored text that does not read back. It was written by us, so this is a fault of ours.
pub(crate) fn stored<T>(read: Result<T, impl std::fmt::Display>, column: &str) -> Result<T, Error> {
    read.map_err(|error| Error::internal(format!("the stored {column} does not read back: {error}")))
}

/// A count or a time as the database keeps it.
pub(crate) fn to_signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A count as the database kept it; it is never negative.
pub(crate) fn to_unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
