//! OIDC providers.

use bailey_domain::change::Change;
use bailey_domain::id::OidcProviderId;
use bailey_domain::name::OidcProviderName;
use bailey_domain::operations::{
    AddClientIdToOIDCProvider, CreateOIDCProvider, DeleteOIDCProvider, ListOIDCProviders, Operation,
    RemoveClientIdFromOIDCProvider, UpdateOIDCProvider,
};
use bailey_domain::{AccountId, Error, Permit};
use serde::Serialize;

use crate::audit::text_of;
use crate::connection::{on, reading};
use crate::error::{conflict_of, database, stored, to_signed, to_unsigned};
use crate::page::{Cursor, Page};
use crate::store::Store;
use crate::tx::Tx;

/// An OIDC provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OidcProvider {
    /// Its id.
    pub provider_id: OidcProviderId,
    /// Its name.
    pub name: OidcProviderName,
    /// What its tokens say in `iss`.
    pub issuer_url: String,
    /// What its tokens may say in `aud`.
    pub client_ids: Vec<String>,
    /// Fingerprints of certificates; kept for those who gave them.
    pub fingerprints: Vec<String>,
    /// Empty when none was given.
    pub description: String,
    /// How old a token may be, in hours.
    pub issuance_limit_time: u64,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    /// Milliseconds since the epoch.
    pub updated_at: i64,
}

/// A provider that is to be created.
#[derive(Debug)]
#[expect(missing_docs, reason = "the fields are the provider's own")]
pub struct NewOidcProvider {
    pub provider_id: OidcProviderId,
    pub name: OidcProviderName,
    pub issuer_url: String,
    pub client_ids: Vec<String>,
    pub fingerprints: Vec<String>,
    pub description: String,
    pub issuance_limit_time: u64,
}

/// What is to be changed; `None` stays as it is. An issuer never changes: that would be another provider.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are the provider's own")]
pub struct OidcProviderUpdate {
    pub client_ids: Option<Vec<String>>,
    pub description: Option<String>,
    pub issuance_limit_time: Option<u64>,
}

/// The operations that change a provider.
pub trait ChangesOidcProvider: Operation {}
impl ChangesOidcProvider for UpdateOIDCProvider {}
impl ChangesOidcProvider for AddClientIdToOIDCProvider {}
impl ChangesOidcProvider for RemoveClientIdFromOIDCProvider {}

#[derive(sqlx::FromRow)]
struct ProviderRow {
    provider_id: String,
    name: String,
    issuer_url: String,
    client_ids: String,
    fingerprints: String,
    description: String,
    issuance_limit_time: i64,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<ProviderRow> for OidcProvider {
    type Error = Error;
    fn try_from(row: ProviderRow) -> Result<Self, Error> {
        Ok(Self {
            provider_id: stored(row.provider_id.parse(), "provider_id")?,
            name: stored(OidcProviderName::parse("name", &row.name), "name")?,
            issuer_url: row.issuer_url,
            client_ids: stored(serde_json::from_str(&row.client_ids), "client_ids")?,
            fingerprints: stored(serde_json::from_str(&row.fingerprints), "fingerprints")?,
            description: row.description,
            issuance_limit_time: to_unsigned(row.issuance_limit_time),
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

const FIND: &str = "SELECT * FROM oidc_providers WHERE account_id = $1 AND folded_name = $2";

impl Store {
    /// A provider by name, in whatever case. Finding is no operation; what is done with it is.
    pub async fn find_oidc_provider(
        &self,
        account: AccountId,
        name: &OidcProviderName,
    ) -> Result<Option<OidcProvider>, Error> {
        let row: Option<ProviderRow> = reading!(self.pools, pool => sqlx::query_as(FIND)
            .bind(account.to_string()).bind(name.folded()).fetch_optional(pool).await)
        .map_err(database)?;
        row.map(OidcProvider::try_from).transpose()
    }

    /// The account's providers by name.
    pub async fn list_oidc_providers(
        &self,
        permit: &Permit<ListOIDCProviders>,
        cursor: &Cursor,
    ) -> Result<Page<OidcProvider>, Error> {
        const SQL: &str = "
            SELECT * FROM oidc_providers WHERE account_id = $1 AND folded_name > $2
            ORDER BY folded_name LIMIT $3";
        let rows: Vec<ProviderRow> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(permit.caller().account.to_string()).bind(&cursor.after).bind(cursor.fetch())
            .fetch_all(pool).await)
        .map_err(database)?;
        let providers = rows.into_iter().map(OidcProvider::try_from).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(providers, cursor.limit, |provider| provider.name.folded()))
    }
}

impl Tx {
    /// A provider by name, as this transaction sees it.
    pub async fn find_oidc_provider(
        &mut self,
        account: AccountId,
        name: &OidcProviderName,
    ) -> Result<Option<OidcProvider>, Error> {
        let row: Option<ProviderRow> = on!(self.connection, conn => sqlx::query_as(FIND)
            .bind(account.to_string()).bind(name.folded()).fetch_optional(conn).await)
        .map_err(database)?;
        row.map(OidcProvider::try_from).transpose()
    }

    /// How many providers the account has.
    pub async fn count_oidc_providers(&mut self, account: AccountId) -> Result<u64, Error> {
        const SQL: &str = "SELECT COUNT(*) FROM oidc_providers WHERE account_id = $1";
        self.count(SQL, &account.to_string()).await
    }

    /// Creates a provider. Names and issuers are unique within an account.
    pub async fn insert_oidc_provider(
        &mut self,
        permit: &Permit<CreateOIDCProvider>,
        new: &NewOidcProvider,
    ) -> Result<OidcProvider, Error> {
        const SQL: &str = "
            INSERT INTO oidc_providers (provider_id, account_id, name, folded_name, issuer_url, client_ids,
                fingerprints, description, issuance_limit_time, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) RETURNING *";
        let account = permit.caller().account;
        let (client_ids, fingerprints) = (text_of(&new.client_ids)?, text_of(&new.fingerprints)?);
        let row: ProviderRow = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(new.provider_id.to_string()).bind(account.to_string()).bind(new.name.as_str())
            .bind(new.name.folded()).bind(&new.issuer_url).bind(&client_ids).bind(&fingerprints)
            .bind(&new.description).bind(to_signed(new.issuance_limit_time)).bind(permit.caller().now_ms)
            .fetch_one(conn).await)
        .map_err(conflict_of(|| Error::exists("OIDCProvider")))?;
        self.note_oidc_provider(account, row)
    }

    /// Changes a provider. What was taken for a client id that is gone ends with the revision.
    pub async fn update_oidc_provider<O: ChangesOidcProvider>(
        &mut self,
        permit: &Permit<O>,
        provider: &OidcProvider,
        update: &OidcProviderUpdate,
    ) -> Result<OidcProvider, Error> {
        const SQL: &str = "
            UPDATE oidc_providers SET client_ids = $3, description = $4, issuance_limit_time = $5, updated_at = $6
            WHERE account_id = $1 AND provider_id = $2 RETURNING *";
        let account = permit.caller().account;
        let client_ids = text_of(update.client_ids.as_ref().unwrap_or(&provider.client_ids))?;
        let limit = update.issuance_limit_time.unwrap_or(provider.issuance_limit_time);
        let row: Option<ProviderRow> = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(provider.provider_id.to_string()).bind(&client_ids)
            .bind(update.description.as_ref().unwrap_or(&provider.description)).bind(to_signed(limit))
            .bind(permit.caller().now_ms).fetch_optional(conn).await)
        .map_err(database)?;
        self.note_oidc_provider(account, row.ok_or_else(|| Error::absent("OIDCProvider"))?)
    }

    /// Deletes a provider. The sessions taken on its word end with the revision.
    pub async fn delete_oidc_provider(
        &mut self,
        permit: &Permit<DeleteOIDCProvider>,
        provider: OidcProviderId,
    ) -> Result<(), Error> {
        const SQL: &str = "DELETE FROM oidc_providers WHERE account_id = $1 AND provider_id = $2";
        let account = permit.caller().account;
        if self.execute_two(SQL, &account.to_string(), &provider.to_string()).await? == 0 {
            return Err(Error::absent("OIDCProvider"));
        }
        self.note(Change::OidcProviderGone { provider });
        Ok(())
    }

    fn note_oidc_provider(&mut self, account: AccountId, row: ProviderRow) -> Result<OidcProvider, Error> {
        let provider = OidcProvider::try_from(row)?;
        self.note(Change::OidcProvider {
            account,
            provider: provider.provider_id,
            name: provider.name.clone(),
            issuer: provider.issuer_url.clone(),
            client_ids: provider.client_ids.clone(),
        });
        Ok(provider)
    }
}
