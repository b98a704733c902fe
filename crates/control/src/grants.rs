//! Model grants of workspaces.

use std::collections::HashMap;

use bailey_domain::model::{Grant, Model};
use bailey_domain::name::ModelName;
use bailey_domain::operations::{ListModelPermissions, UpdateModelPermissions};
use bailey_domain::{Caller, Error, WorkspaceId};
use bailey_store::{OpenModels, Record};
use serde_json::json;

use crate::control::Control;
use crate::revoked::Revoked;

/// What is to become of one model's grant; `None` stays as it is.
#[derive(Clone, Debug)]
pub struct GrantChange {
    /// The model.
    pub model: ModelName,
    /// Call it.
    pub inference: Option<bool>,
    /// Tune it.
    pub fine_tune: Option<bool>,
    /// Deploy it.
    pub deploy: Option<bool>,
}

/// `accessAllEntities` of the vendor's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenScope {
    /// Every model, future ones included, may be called.
    Open,
    /// That ends, and every earlier inference grant with it.
    Close,
    /// Work model by model.
    Keep,
}

/// Which models to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantFilter {
    /// Those that may be called.
    Authorized,
    /// The whole catalogue.
    Authorizable,
}

impl Control {
    /// Lists a workspace's model grants: the model, and what may be done with it.
    pub async fn list_model_permissions(
        &self,
        caller: &Caller,
        workspace: WorkspaceId,
        filter: GrantFilter,
    ) -> Result<Vec<(Model, Grant)>, Error> {
        let permit = self.permit::<ListModelPermissions>(caller, workspace, &workspace.to_string()).await?;
        let grants = self.store.list_grants(&permit).await?;
        let mut grants: HashMap<_, _> =
            grants.into_iter().map(|grant| (grant.model, grant.permissions)).collect();
        let place = self.store.find_workspace(caller.account, workspace).await?;
        let restricted = self.settings_of(caller.account)?.default_workspace_restricted;
        let all = place.is_some_and(|place| place.open_models || (place.is_default && !restricted));
        let models = self.store.list_grantable_models(&permit).await?;
        let listed = models.into_iter().map(|model| {
            let mut grant = grants.remove(&model.model).unwrap_or_default();
            grant.inference |= all;
            (model, grant)
        });
        Ok(match filter {
            GrantFilter::Authorized => listed.filter(|(_, grant)| grant.inference).collect(),
            GrantFilter::Authorizable => listed.collect(),
        })
    }

    /// Grants models to a workspace, or takes them back; calls that lose their model are cut.
    pub async fn update_model_permissions(
        &self,
        caller: &Caller,
        workspace: WorkspaceId,
        scope: OpenScope,
        changes: &[GrantChange],
    ) -> Result<Revoked, Error> {
        let started = self.clock.now_ms();
        let (mut tx, permit) =
            self.begin::<UpdateModelPermissions>(caller, workspace, &workspace.to_string()).await?;
        let before = tx.grants(&permit).await?;
        let mut now: HashMap<ModelName, Grant> =
            before.iter().map(|grant| (grant.model.clone(), grant.permissions)).collect();
        match scope {
            OpenScope::Open => tx.open_models(&permit, OpenModels::Yes).await?,
            OpenScope::Close => {
                tx.open_models(&permit, OpenModels::No).await?;
                for (model, grant) in now.iter_mut().filter(|(_, grant)| grant.inference) {
                    grant.inference = false;
                    tx.put_grant(&permit, model, *grant).await?;
                }
            }
            OpenScope::Keep => {}
        }
        for change in changes {
            if tx.find_model(caller.account, &change.model).await?.is_none() {
                return Err(Error::field(
                    "models",
                    format_args!(
                        "names `{}`, which the catalogue does not have. ListModels gives the names",
                        change.model
                    ),
                ));
            }
            let grant = now.entry(change.model.clone()).or_default();
            for (flag, wanted) in [
                (&mut grant.inference, change.inference),
                (&mut grant.fine_tune, change.fine_tune),
                (&mut grant.deploy, change.deploy),
            ] {
                *flag = wanted.unwrap_or(*flag);
            }
            tx.put_grant(&permit, &change.model, *grant).await?;
        }
        let after = tx.grants(&permit).await?;
        let scope = match scope {
            OpenScope::Open => "OPEN",
            OpenScope::Close => "CLOSE",
            OpenScope::Keep => "KEEP",
        };
        let record = Record {
            target: workspace.to_string(),
            before: json!(before),
            after: json!({ "accessAllEntities": scope, "grants": after }),
        };
        let committed = tx.commit(permit, record).await?;
        Ok(Revoked::of(committed, 0, self.clock.now_ms() - started))
    }
}
