//! The model catalogue.

use bailey_domain::change::Change;
use bailey_domain::model::Model;
use bailey_domain::name::ModelName;
use bailey_domain::operations::{DeleteModel, ListModelLimits, ListModelPermissions, ListModels, PutModel};
use bailey_domain::{AccountId, Error, Permit};

use crate::connection::{on, reading};
use crate::error::{database, stored};
use crate::store::Store;
use crate::tx::Tx;

const LIST: &str = "SELECT definition FROM models WHERE account_id = $1 ORDER BY model";

impl Store {
    /// The whole catalogue by name.
    pub async fn list_models(&self, permit: &Permit<ListModels>) -> Result<Vec<Model>, Error> {
        self.models_of(permit.caller().account).await
    }

    /// The whole catalogue, beside which a workspace's grants are shown.
    pub async fn list_grantable_models(
        &self,
        permit: &Permit<ListModelPermissions>,
    ) -> Result<Vec<Model>, Error> {
        self.models_of(permit.caller().account).await
    }

    /// The whole catalogue, beside which a workspace's limits are shown.
    pub async fn list_limitable_models(&self, permit: &Permit<ListModelLimits>) -> Result<Vec<Model>, Error> {
        self.models_of(permit.caller().account).await
    }

    async fn models_of(&self, account: AccountId) -> Result<Vec<Model>, Error> {
        let rows: Vec<(String,)> = reading!(self.pools, pool => sqlx::query_as(LIST)
            .bind(account.to_string()).fetch_all(pool).await)
        .map_err(database)?;
        rows.iter().map(|(text,)| stored(serde_json::from_str(text), "model")).collect()
    }
}

impl Tx {
    /// The whole catalogue as this transaction sees it.
    pub async fn models(&mut self, account: AccountId) -> Result<Vec<Model>, Error> {
        let rows: Vec<(String,)> = on!(self.connection, conn => sqlx::query_as(LIST)
            .bind(account.to_string()).fetch_all(conn).await)
        .map_err(database)?;
        rows.iter().map(|(text,)| stored(serde_json::from_str(text), "model")).collect()
    }

    /// A model as this transaction sees it.
    pub async fn find_model(&mut self, account: AccountId, name: &ModelName) -> Result<Option<Model>, Error> {
        const SQL: &str = "SELECT definition FROM models WHERE account_id = $1 AND model = $2";
        let row: Option<(String,)> = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(name.as_str()).fetch_optional(conn).await)
        .map_err(database)?;
        row.map(|(text,)| stored(serde_json::from_str(&text), "model")).transpose()
    }

    /// Puts a model into the catalogue.
    pub async fn put_model(&mut self, permit: &Permit<PutModel>, model: &Model) -> Result<(), Error> {
        const SQL: &str = "
            INSERT INTO models (account_id, model, definition, created_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (account_id, model) DO UPDATE SET definition = excluded.definition";
        let account = permit.caller().account;
        on!(self.connection, conn => sqlx::query(SQL)
            .bind(account.to_string()).bind(model.model.as_str()).bind(crate::audit::text_of(model)?)
            .bind(permit.caller().now_ms).execute(conn).await.map(drop))
        .map_err(database)?;
        self.note(Change::Model { account, model: Box::new(model.clone()) });
        Ok(())
    }

    /// Takes a model out of the catalogue, with its grants and limits.
    pub async fn delete_model(
        &mut self,
        permit: &Permit<DeleteModel>,
        name: &ModelName,
    ) -> Result<(), Error> {
        let account = permit.caller().account;
        for sql in [
            "DELETE FROM model_grants WHERE account_id = $1 AND model = $2",
            "DELETE FROM model_limits WHERE account_id = $1 AND model = $2",
            "DELETE FROM models WHERE account_id = $1 AND model = $2",
        ] {
            self.execute_two(sql, &account.to_string(), name.as_str()).await?;
        }
        self.note(Change::ModelGone { account, model: name.clone() });
        Ok(())
    }
}
