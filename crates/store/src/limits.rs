//! Limits of models, of the account, of workspaces and of keys.

use bailey_domain::change::{Change, LimitLevel};
use bailey_domain::limit::ModelLimits;
use bailey_domain::name::ModelName;
use bailey_domain::operations::{
    GetApiKey, ListModelLimits, Operation, UpdateAccountModelLimits, UpdateApiKey, UpdateModelLimits,
};
use bailey_domain::scope::{Scope, WholeAccount};
use bailey_domain::{AccountId, ApiKeyId, Error, Permit, WorkspaceId};

use crate::connection::{on, reading};
use crate::error::{database, stored};
use crate::store::Store;
use crate::tx::Tx;

/// The limits of one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLimits {
    /// The model.
    pub model: ModelName,
    /// Its limits.
    pub limits: ModelLimits,
}

type Row = (String, String);

fn limits_of((model, limits): Row) -> Result<StoredLimits, Error> {
    Ok(StoredLimits {
        model: stored(ModelName::parse("model", &model), "model")?,
        limits: stored(serde_json::from_str(&limits), "limits")?,
    })
}

/// What limits are set on, as the table and as the directory have it.
struct Place {
    name: &'static str,
    id: String,
    level: LimitLevel,
}

impl Place {
    fn of(scope: &impl Scope) -> Self {
        match scope.workspace() {
            Some(workspace) => {
                Self { name: "workspace", id: workspace.to_string(), level: LimitLevel::Workspace(workspace) }
            }
            None => Self { name: "account", id: String::new(), level: LimitLevel::Account },
        }
    }

    fn key(key: ApiKeyId) -> Self {
        Self { name: "key", id: key.to_string(), level: LimitLevel::Key(key) }
    }
}

const LIST: &str = "
    SELECT model, limits FROM model_limits WHERE account_id = $1 AND level = $2 AND level_id = $3 ORDER BY model";

/// The operations that set limits.
pub trait Limits: Operation {}
impl Limits for UpdateModelLimits {}
impl Limits for UpdateAccountModelLimits {}

impl Store {
    /// The limits of the account and of the permit's workspace.
    pub async fn list_limits(
        &self,
        permit: &Permit<ListModelLimits>,
    ) -> Result<(Vec<StoredLimits>, Vec<StoredLimits>), Error> {
        let account = permit.caller().account;
        Ok((self.limits_at(account, &WholeAccount).await?, self.limits_at(account, permit.scope()).await?))
    }

    /// A key's own limits, if it is the permit's workspace that holds it.
    pub async fn list_key_limits(
        &self,
        permit: &Permit<GetApiKey>,
        key: ApiKeyId,
    ) -> Result<Vec<StoredLimits>, Error> {
        match self.find_api_key(permit, key).await? {
            Some(_) => self.limits_on(permit.caller().account, &Place::key(key)).await,
            None => Ok(Vec::new()),
        }
    }

    async fn limits_at(&self, account: AccountId, scope: &impl Scope) -> Result<Vec<StoredLimits>, Error> {
        self.limits_on(account, &Place::of(scope)).await
    }

    async fn limits_on(&self, account: AccountId, place: &Place) -> Result<Vec<StoredLimits>, Error> {
        let rows: Vec<Row> = reading!(self.pools, pool => sqlx::query_as(LIST)
            .bind(account.to_string()).bind(place.name).bind(&place.id).fetch_all(pool).await)
        .map_err(database)?;
        rows.into_iter().map(limits_of).collect()
    }
}

impl Tx {
    /// The limits at the permit's level as this transaction sees them.
    pub async fn limits<O: Limits>(&mut self, permit: &Permit<O>) -> Result<Vec<StoredLimits>, Error> {
        self.limits_of(permit.caller().account, &Place::of(permit.scope())).await
    }

    /// The account's own limits, which no workspace limit may exceed.
    pub async fn account_limits(
        &mut self,
        permit: &Permit<UpdateModelLimits>,
    ) -> Result<Vec<StoredLimits>, Error> {
        self.limits_of(permit.caller().account, &Place::of(&WholeAccount)).await
    }

    /// A key's own limits as this transaction sees them.
    pub async fn key_limits(
        &mut self,
        permit: &Permit<UpdateApiKey>,
        key: ApiKeyId,
    ) -> Result<Vec<StoredLimits>, Error> {
        self.limits_of(permit.caller().account, &Place::key(key)).await
    }

    async fn limits_of(&mut self, account: AccountId, place: &Place) -> Result<Vec<StoredLimits>, Error> {
        let rows: Vec<Row> = on!(self.connection, conn => sqlx::query_as(LIST)
            .bind(account.to_string()).bind(place.name).bind(&place.id).fetch_all(conn).await)
        .map_err(database)?;
        rows.into_iter().map(limits_of).collect()
    }

    /// Sets the limits of a model at the permit's level; empty limits are none.
    pub async fn put_limits<O: Limits>(
        &mut self,
        permit: &Permit<O>,
        model: &ModelName,
        limits: ModelLimits,
    ) -> Result<(), Error> {
        self.write_limits(permit.caller().account, Place::of(permit.scope()), model, limits).await
    }

    /// The same for a key of the permit's workspace.
    pub async fn put_key_limits(
        &mut self,
        permit: &Permit<UpdateApiKey>,
        key: ApiKeyId,
        model: &ModelName,
        limits: ModelLimits,
    ) -> Result<(), Error> {
        let account = permit.caller().account;
        let found = self.find_api_key(account, key).await?;
        if found.is_none_or(|found| found.workspace_id != *permit.scope()) {
            return Err(Error::absent("ApiKey"));
        }
        self.write_limits(account, Place::key(key), model, limits).await
    }

    async fn write_limits(
        &mut self,
        account: AccountId,
        place: Place,
        model: &ModelName,
        limits: ModelLimits,
    ) -> Result<(), Error> {
        const PUT: &str = "
            INSERT INTO model_limits (account_id, level, level_id, model, limits) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (account_id, level, level_id, model) DO UPDATE SET limits = excluded.limits";
        const DELETE: &str =
            "DELETE FROM model_limits WHERE account_id = $1 AND level = $2 AND level_id = $3 AND model = $4";
        let Place { name, id, level } = place;
        if limits.is_empty() {
            on!(self.connection, conn => sqlx::query(DELETE)
                .bind(account.to_string()).bind(name).bind(id).bind(model.as_str()).execute(conn).await.map(drop))
        } else {
            on!(self.connection, conn => sqlx::query(PUT)
                .bind(account.to_string()).bind(name).bind(id).bind(model.as_str())
                .bind(crate::audit::text_of(&limits)?).execute(conn).await.map(drop))
        }
        .map_err(database)?;
        self.note(Change::Limits { account, level, model: model.clone(), limits });
        Ok(())
    }

    /// Whether the workspace is its account's default one, on which no limits can be set.
    pub async fn is_default_workspace(&mut self, workspace: WorkspaceId) -> Result<bool, Error> {
        const SQL: &str = "SELECT COUNT(*) FROM workspaces WHERE workspace_id = $1 AND is_default";
        Ok(self.count(SQL, &workspace.to_string()).await? > 0)
    }
}
