//! Model grants of workspaces.

use bailey_domain::change::Change;
use bailey_domain::model::Grant;
use bailey_domain::name::ModelName;
use bailey_domain::operations::{ListModelPermissions, UpdateModelPermissions};
use bailey_domain::{Error, Permit};
use serde::Serialize;

use crate::connection::{on, reading};
use crate::error::{database, stored};
use crate::store::Store;
use crate::tx::Tx;

/// What a workspace may do with one model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelGrant {
    /// The model.
    pub model: ModelName,
    /// What may be done.
    pub permissions: Grant,
}

type Row = (String, bool, bool, bool);

fn grant((model, inference, fine_tune, deploy): Row) -> Result<ModelGrant, Error> {
    Ok(ModelGrant {
        model: stored(ModelName::parse("model", &model), "model")?,
        permissions: Grant { inference, fine_tune, deploy },
    })
}

const LIST: &str = "
    SELECT model, inference, fine_tune, deploy FROM model_grants WHERE account_id = $1 AND workspace_id = $2 ORDER BY model";

impl Store {
    /// The grants of the permit's workspace.
    pub async fn list_grants(&self, permit: &Permit<ListModelPermissions>) -> Result<Vec<ModelGrant>, Error> {
        let rows: Vec<Row> = reading!(self.pools, pool => sqlx::query_as(LIST)
            .bind(permit.caller().account.to_string()).bind(permit.scope().to_string()).fetch_all(pool).await)
        .map_err(database)?;
        rows.into_iter().map(grant).collect()
    }
}

impl Tx {
    /// The grants of the permit's workspace as this transaction sees them.
    pub async fn grants(
        &mut self,
        permit: &Permit<UpdateModelPermissions>,
    ) -> Result<Vec<ModelGrant>, Error> {
        let rows: Vec<Row> = on!(self.connection, conn => sqlx::query_as(LIST)
            .bind(permit.caller().account.to_string()).bind(permit.scope().to_string()).fetch_all(conn).await)
        .map_err(database)?;
        rows.into_iter().map(grant).collect()
    }

    /// Sets what the permit's workspace may do with a model.
    pub async fn put_grant(
        &mut self,
        permit: &Permit<UpdateModelPermissions>,
        model: &ModelName,
        grant: Grant,
    ) -> Result<(), Error> {
        const PUT: &str = "
            INSERT INTO model_grants (account_id, workspace_id, model, inference, fine_tune, deploy)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account_id, workspace_id, model)
            DO UPDATE SET inference = excluded.inference, fine_tune = excluded.fine_tune, deploy = excluded.deploy";
        let (account, workspace) = (permit.caller().account, *permit.scope());
        on!(self.connection, conn => sqlx::query(PUT)
            .bind(account.to_string()).bind(workspace.to_string()).bind(model.as_str())
            .bind(grant.inference).bind(grant.fine_tune).bind(grant.deploy).execute(conn).await.map(drop))
        .map_err(database)?;
        self.note(Change::Granted { account, workspace, model: model.clone(), grant });
        Ok(())
    }
}
