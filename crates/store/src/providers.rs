//! Providers and their credentials, which are sealed.

use bailey_domain::change::Change;
use bailey_domain::model::Provider;
use bailey_domain::name::ProviderName;
use bailey_domain::operations::{
    CreateProvider, DeleteProvider, ListProviders, TestProvider, UpdateProvider,
};
use bailey_domain::{AccountId, Error, Permit};

use crate::connection::{on, reading};
use crate::error::{conflict_of, database, stored};
use crate::store::Store;
use crate::tx::Tx;

/// A provider as it is stored.
#[derive(Clone, Debug)]
pub struct StoredProvider {
    /// What is shown of it.
    pub provider: Provider,
    /// Its credential, sealed.
    pub sealed_credential: Option<String>,
}

type Row = (String, Option<String>);

fn provider_of((definition, sealed_credential): Row) -> Result<StoredProvider, Error> {
    Ok(StoredProvider { provider: stored(serde_json::from_str(&definition), "provider")?, sealed_credential })
}

const FIND: &str = "SELECT definition, sealed_credential FROM providers WHERE account_id = $1 AND name = $2";

impl Store {
    /// The account's providers by name.
    pub async fn list_providers(&self, permit: &Permit<ListProviders>) -> Result<Vec<StoredProvider>, Error> {
        const SQL: &str =
            "SELECT definition, sealed_credential FROM providers WHERE account_id = $1 ORDER BY name";
        let rows: Vec<Row> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(permit.caller().account.to_string()).fetch_all(pool).await)
        .map_err(database)?;
        rows.into_iter().map(provider_of).collect()
    }

    /// A provider that is to be tested.
    pub async fn find_provider(
        &self,
        permit: &Permit<TestProvider>,
        name: &ProviderName,
    ) -> Result<Option<StoredProvider>, Error> {
        let row: Option<Row> = reading!(self.pools, pool => sqlx::query_as(FIND)
            .bind(permit.caller().account.to_string()).bind(name.as_str()).fetch_optional(pool).await)
        .map_err(database)?;
        row.map(provider_of).transpose()
    }
}

impl Tx {
    /// A provider as this transaction sees it.
    pub async fn find_provider(
        &mut self,
        account: AccountId,
        name: &ProviderName,
    ) -> Result<Option<StoredProvider>, Error> {
        let row: Option<Row> = on!(self.connection, conn => sqlx::query_as(FIND)
            .bind(account.to_string()).bind(name.as_str()).fetch_optional(conn).await)
        .map_err(database)?;
        row.map(provider_of).transpose()
    }

    /// Adds a provider.
    pub async fn insert_provider(
        &mut self,
        permit: &Permit<CreateProvider>,
        new: &StoredProvider,
    ) -> Result<(), Error> {
        const SQL: &str = "
            INSERT INTO providers (account_id, name, definition, sealed_credential, created_at) VALUES ($1, $2, $3, $4, $5)";
        let account = permit.caller().account;
        on!(self.connection, conn => sqlx::query(SQL)
            .bind(account.to_string()).bind(new.provider.name.as_str()).bind(crate::audit::text_of(&new.provider)?)
            .bind(&new.sealed_credential).bind(permit.caller().now_ms).execute(conn).await.map(drop))
        .map_err(conflict_of(|| Error::exists("Provider")))?;
        self.note_provider(account, new);
        Ok(())
    }

    /// Changes a provider.
    pub async fn update_provider(
        &mut self,
        permit: &Permit<UpdateProvider>,
        changed: &StoredProvider,
    ) -> Result<(), Error> {
        const SQL: &str = "UPDATE providers SET definition = $3, sealed_credential = $4 WHERE account_id = $1 AND name = $2";
        let account = permit.caller().account;
        let changed_rows = on!(self.connection, conn => sqlx::query(SQL)
            .bind(account.to_string()).bind(changed.provider.name.as_str())
            .bind(crate::audit::text_of(&changed.provider)?).bind(&changed.sealed_credential)
            .execute(conn).await.map(|done| done.rows_affected()))
        .map_err(database)?;
        if changed_rows == 0 {
            return Err(Error::absent("Provider"));
        }
        self.note_provider(account, changed);
        Ok(())
    }

    /// Deletes a provider.
    pub async fn delete_provider(
        &mut self,
        permit: &Permit<DeleteProvider>,
        name: &ProviderName,
    ) -> Result<(), Error> {
        const SQL: &str = "DELETE FROM providers WHERE account_id = $1 AND name = $2";
        let account = permit.caller().account;
        if self.execute_two(SQL, &account.to_string(), name.as_str()).await? == 0 {
            return Err(Error::absent("Provider"));
        }
        self.note(Change::ProviderGone { account, name: name.clone() });
        Ok(())
    }

    fn note_provider(&mut self, account: AccountId, stored: &StoredProvider) {
        self.note(Change::Provider {
            account,
            provider: Box::new(stored.provider.clone()),
            sealed_credential: stored.sealed_credential.clone(),
        });
    }
}
