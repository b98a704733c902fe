//! Service credentials of RAM users.

use bailey_domain::change::Change;
use bailey_domain::name::UserName;
use bailey_domain::operations::{
    CreateServiceCredential, DeleteServiceCredential, GetServiceCredential, ListServiceCredentials,
    UpdateServiceCredential,
};
use bailey_domain::secret::KeyHash;
use bailey_domain::service_credential::{CredentialService, ServiceCredentialFacts};
use bailey_domain::{AccountId, Error, Permit, ServiceCredentialId, UserId};
use serde::Serialize;

use crate::connection::{on, reading};
use crate::error::{database, stored, to_unsigned};
use crate::load::key_hash;
use crate::page::{Cursor, Page};
use crate::store::Store;
use crate::tx::Tx;

/// A service credential, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceCredential {
    /// Its handle.
    pub service_credential_id: ServiceCredentialId,
    /// Whom it stands for.
    pub user_id: UserId,
    /// That user's name.
    pub user_name: UserName,
    /// What it opens.
    pub service: CredentialService,
    /// Its own name.
    pub name: String,
    /// Whether it is switched on.
    pub active: bool,
    /// When its time is over, in milliseconds since the epoch; `None` is never.
    pub expires_at: Option<i64>,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    #[serde(skip)]
    hash: KeyHash,
}

/// A service credential that is to be created.
#[derive(Debug)]
pub struct NewServiceCredential {
    /// Its handle.
    pub service_credential_id: ServiceCredentialId,
    /// Whom it stands for.
    pub user: UserId,
    /// What it opens.
    pub service: CredentialService,
    /// Its own name.
    pub name: String,
    /// The keyed hash of its secret.
    pub hash: KeyHash,
    /// When its time is over, in milliseconds since the epoch; `None` is never.
    pub expires_at: Option<i64>,
}

/// Which service credentials are listed; `None` is all.
#[derive(Clone, Copy, Debug, Default)]
pub struct ServiceCredentialFilter {
    /// Those of one user.
    pub user: Option<UserId>,
    /// Those for one service.
    pub service: Option<CredentialService>,
}

#[derive(sqlx::FromRow)]
struct Row {
    service_credential_id: String,
    user_id: String,
    user_name: String,
    service_name: String,
    name: String,
    hash: String,
    active: bool,
    expires_at: Option<i64>,
    created_at: i64,
}

impl TryFrom<Row> for ServiceCredential {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            service_credential_id: stored(row.service_credential_id.parse(), "service_credential_id")?,
            user_id: stored(row.user_id.parse(), "user_id")?,
            user_name: stored(UserName::parse("name", &row.user_name), "name")?,
            service: stored(CredentialService::parse("service_name", &row.service_name), "service_name")?,
            name: row.name,
            active: row.active,
            expires_at: row.expires_at,
            created_at: row.created_at,
            hash: key_hash(&row.hash)?,
        })
    }
}

const FIND: &str = "
    SELECT c.*, u.name AS user_name FROM service_credentials c JOIN users u ON u.user_id = c.user_id
    WHERE c.account_id = $1 AND c.user_id = $2 AND c.service_credential_id = $3";

impl Store {
    /// One of a user's service credentials.
    pub async fn find_service_credential(
        &self,
        permit: &Permit<GetServiceCredential>,
        user: UserId,
        id: ServiceCredentialId,
    ) -> Result<Option<ServiceCredential>, Error> {
        let row: Option<Row> = reading!(self.pools, pool => sqlx::query_as(FIND)
            .bind(permit.caller().account.to_string()).bind(user.to_string()).bind(id.to_string())
            .fetch_optional(pool).await)
        .map_err(database)?;
        row.map(ServiceCredential::try_from).transpose()
    }

    /// The account's service credentials.
    pub async fn list_service_credentials(
        &self,
        permit: &Permit<ListServiceCredentials>,
        filter: ServiceCredentialFilter,
        cursor: &Cursor,
    ) -> Result<Page<ServiceCredential>, Error> {
        const SQL: &str = "
            SELECT c.*, u.name AS user_name FROM service_credentials c JOIN users u ON u.user_id = c.user_id
            WHERE c.account_id = $1 AND (CAST($2 AS TEXT) IS NULL OR c.user_id = $2)
                AND (CAST($3 AS TEXT) IS NULL OR c.service_name = $3) AND c.service_credential_id > $4
            ORDER BY c.service_credential_id LIMIT $5";
        let rows: Vec<Row> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(permit.caller().account.to_string()).bind(filter.user.map(|user| user.to_string()))
            .bind(filter.service.map(CredentialService::name)).bind(&cursor.after).bind(cursor.fetch())
            .fetch_all(pool).await)
        .map_err(database)?;
        let rows = rows.into_iter().map(ServiceCredential::try_from).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(rows, cursor.limit, |row| row.service_credential_id.to_string()))
    }
}

impl Tx {
    /// How many credentials a user has for a service.
    pub async fn count_service_credentials(
        &mut self,
        account: AccountId,
        user: UserId,
        service: CredentialService,
    ) -> Result<u64, Error> {
        const SQL: &str = "
            SELECT COUNT(*) FROM service_credentials WHERE account_id = $1 AND user_id = $2 AND service_name = $3";
        let (count,): (i64,) = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(user.to_string()).bind(service.name()).fetch_one(conn).await)
        .map_err(database)?;
        Ok(to_unsigned(count))
    }

    /// One of a user's service credentials, as this transaction sees it.
    pub async fn find_service_credential(
        &mut self,
        account: AccountId,
        user: UserId,
        id: ServiceCredentialId,
    ) -> Result<Option<ServiceCredential>, Error> {
        let row: Option<Row> = on!(self.connection, conn => sqlx::query_as(FIND)
            .bind(account.to_string()).bind(user.to_string()).bind(id.to_string()).fetch_optional(conn).await)
        .map_err(database)?;
        row.map(ServiceCredential::try_from).transpose()
    }

    /// Creates a service credential.
    pub async fn insert_service_credential(
        &mut self,
        permit: &Permit<CreateServiceCredential>,
        new: &NewServiceCredential,
    ) -> Result<ServiceCredential, Error> {
        const SQL: &str = "
            INSERT INTO service_credentials (service_credential_id, account_id, user_id, service_name, name, hash,
                active, expires_at, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, TRUE, $7, $8)";
        let account = permit.caller().account;
        self.demand_user(account, new.user).await?;
        on!(self.connection, conn => sqlx::query(SQL)
            .bind(new.service_credential_id.to_string()).bind(account.to_string()).bind(new.user.to_string())
            .bind(new.service.name()).bind(&new.name).bind(new.hash.to_hex()).bind(new.expires_at)
            .bind(permit.caller().now_ms).execute(conn).await.map(drop))
        .map_err(database)?;
        self.note_service_credential(account, new.user, new.service_credential_id).await
    }

    /// Renames a service credential and switches it on or off.
    pub async fn update_service_credential(
        &mut self,
        permit: &Permit<UpdateServiceCredential>,
        credential: &ServiceCredential,
        name: &str,
        active: bool,
    ) -> Result<ServiceCredential, Error> {
        const SQL: &str = "
            UPDATE service_credentials SET name = $3, active = $4
            WHERE account_id = $1 AND service_credential_id = $2";
        let (account, id) = (permit.caller().account, credential.service_credential_id);
        on!(self.connection, conn => sqlx::query(SQL)
            .bind(account.to_string()).bind(id.to_string()).bind(name).bind(active).execute(conn).await.map(drop))
        .map_err(database)?;
        self.note_service_credential(account, credential.user_id, id).await
    }

    /// Deletes a service credential.
    pub async fn delete_service_credential(
        &mut self,
        permit: &Permit<DeleteServiceCredential>,
        id: ServiceCredentialId,
    ) -> Result<(), Error> {
        const SQL: &str =
            "DELETE FROM service_credentials WHERE account_id = $1 AND service_credential_id = $2";
        if self.execute_two(SQL, &permit.caller().account.to_string(), &id.to_string()).await? == 0 {
            return Err(Error::absent("User.ServiceCredential"));
        }
        self.note(Change::ServiceCredentialGone { service_credential: id });
        Ok(())
    }

    /// Deletes a user's service credentials, as part of deleting the user.
    pub(crate) async fn clear_service_credentials(
        &mut self,
        account: AccountId,
        user: UserId,
    ) -> Result<(), Error> {
        const SQL: &str = "
            DELETE FROM service_credentials WHERE account_id = $1 AND user_id = $2 RETURNING service_credential_id";
        let rows: Vec<(String,)> = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(user.to_string()).fetch_all(conn).await)
        .map_err(database)?;
        for (id,) in rows {
            let service_credential = stored(id.parse(), "service_credential_id")?;
            self.note(Change::ServiceCredentialGone { service_credential });
        }
        Ok(())
    }

    async fn note_service_credential(
        &mut self,
        account: AccountId,
        user: UserId,
        id: ServiceCredentialId,
    ) -> Result<ServiceCredential, Error> {
        let found = self.find_service_credential(account, user, id).await?;
        let credential = found.ok_or_else(|| Error::absent("User.ServiceCredential"))?;
        self.note(Change::ServiceCredential(Box::new(ServiceCredentialFacts {
            id,
            account,
            owner: credential.user_id,
            hash: credential.hash,
            active: credential.active,
            expires_at_ms: credential.expires_at,
        })));
        Ok(credential)
    }
}
