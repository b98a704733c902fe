//! Limits of models, of the account and of workspaces.

use std::collections::HashMap;

use bailey_domain::limit::{ModelLimits, Rate};
use bailey_domain::model::Model;
use bailey_domain::name::ModelName;
use bailey_domain::operations::{ListModelLimits, Operation, UpdateAccountModelLimits, UpdateModelLimits};
use bailey_domain::scope::WholeAccount;
use bailey_domain::{Caller, Error, Permit, WorkspaceId};
use bailey_store::{Record, StoredLimits, Tx};
use serde_json::json;

use crate::control::Control;

/// What is to become of one model's limits.
#[derive(Clone, Debug)]
pub struct LimitChange {
    /// The model.
    pub model: ModelName,
    /// `false` writes over what is given and keeps the rest (`OVERLAY`); `true` removes all (`DELETE`).
    pub delete: bool,
    /// Requests per period.
    pub request_limit: Option<u64>,
    /// In seconds.
    pub request_period: Option<u32>,
    /// Tokens per period.
    pub usage_limit: Option<u64>,
    /// In seconds.
    pub usage_period: Option<u32>,
    /// Calls in flight at a time.
    pub concurrency_limit: Option<u32>,
}

/// One model with the account's limits and the workspace's.
#[derive(Clone, Debug)]
pub struct LimitsOfModel {
    /// The model.
    pub model: Model,
    /// The account's.
    pub account: ModelLimits,
    /// The workspace's.
    pub workspace: ModelLimits,
}

/// The period that counts when none was ever given: limits of the real service are per minute.
const MINUTE: u32 = 60;

fn overlay(
    old: Option<Rate>,
    amount: Option<u64>,
    period: Option<u32>,
    field: &str,
) -> Result<Option<Rate>, Error> {
    match (old, amount, period) {
        (old, None, None) => Ok(old),
        (None, None, Some(_)) => Err(Error::field(field, "has a period and no limit. Give the limit too")),
        (old, amount, period) => {
            let amount = amount.or(old.map(|rate| rate.amount)).unwrap_or_default();
            let period_seconds = period.or(old.map(|rate| rate.period_seconds)).unwrap_or(MINUTE);
            Ok(Some(Rate { amount, period_seconds }))
        }
    }
}

impl LimitChange {
    pub(crate) fn apply(&self, old: ModelLimits) -> Result<ModelLimits, Error> {
        if self.delete {
            if self.request_limit.is_some()
                || self.request_period.is_some()
                || self.usage_limit.is_some()
                || self.usage_period.is_some()
                || self.concurrency_limit.is_some()
            {
                return Err(Error::field("operationType", "is `DELETE`, so no limit may be given with it"));
            }
            return Ok(ModelLimits::default());
        }
        let requests = overlay(old.requests, self.request_limit, self.request_period, "requestLimit")?;
        let tokens = overlay(old.tokens, self.usage_limit, self.usage_period, "usageLimit")?;
        if tokens.is_some() && requests.is_none() {
            return Err(Error::field(
                "usageLimit",
                "needs a request limit beside it. Give `requestLimit` too",
            ));
        }
        Ok(ModelLimits { requests, tokens, concurrency: self.concurrency_limit.or(old.concurrency) })
    }
}

/// Why the default workspace takes no limits.
pub(crate) fn default_workspace() -> Error {
    Error::field(
        "workspaceId",
        "is the default workspace, on which no limits can be set. Set the account's with UpdateAccountModelLimits",
    )
}

/// Refuses limits of a workspace that are wider than the account's.
pub(crate) fn fit(inner: ModelLimits, outer: ModelLimits) -> Result<(), Error> {
    fits(inner.requests, outer.requests, "requestLimit")?;
    fits(inner.tokens, outer.tokens, "usageLimit")?;
    match (inner.concurrency, outer.concurrency) {
        (Some(inner), Some(outer)) if inner > outer => Err(Error::field(
            "concurrencyLimit",
            format_args!("is wider than the account's limit of {outer} calls in flight"),
        )),
        _ => Ok(()),
    }
}

/// A workspace's limit may not be wider than the account's, measured over the same time.
fn fits(inner: Option<Rate>, outer: Option<Rate>, field: &str) -> Result<(), Error> {
    let (Some(inner), Some(outer)) = (inner, outer) else { return Ok(()) };
    let wide = u128::from(inner.amount) * u128::from(outer.period_seconds);
    if wide <= u128::from(outer.amount) * u128::from(inner.period_seconds) {
        return Ok(());
    }
    Err(Error::field(
        field,
        format_args!(
            "is wider than the account's limit of {} per {} seconds",
            outer.amount, outer.period_seconds
        ),
    ))
}

impl Control {
    /// Lists models with the account's and the workspace's limits.
    pub async fn list_model_limits(
        &self,
        caller: &Caller,
        workspace: WorkspaceId,
    ) -> Result<Vec<LimitsOfModel>, Error> {
        let permit = self.permit::<ListModelLimits>(caller, workspace, &workspace.to_string()).await?;
        let (account, own) = self.store.list_limits(&permit).await?;
        let by_model = |list: Vec<StoredLimits>| {
            list.into_iter().map(|row| (row.model, row.limits)).collect::<HashMap<_, _>>()
        };
        let (account, own) = (by_model(account), by_model(own));
        let models = self.store.list_limitable_models(&permit).await?;
        Ok(models
            .into_iter()
            .map(|model| LimitsOfModel {
                account: account.get(&model.model).copied().unwrap_or_default(),
                workspace: own.get(&model.model).copied().unwrap_or_default(),
                model,
            })
            .collect())
    }

    /// Sets or clears limits of a workspace.
    pub async fn update_model_limits(
        &self,
        caller: &Caller,
        workspace: WorkspaceId,
        changes: &[LimitChange],
    ) -> Result<(), Error> {
        let target = workspace.to_string();
        let (mut tx, permit) = self.begin::<UpdateModelLimits>(caller, workspace, &target).await?;
        if tx.is_default_workspace(workspace).await? {
            return Err(default_workspace());
        }
        let outer = tx.account_limits(&permit).await?;
        let check = |model: &ModelName, limits: &ModelLimits| {
            let Some(account) = outer.iter().find(|row| row.model == *model) else { return Ok(()) };
            fit(*limits, account.limits)
        };
        self.set_limits(&mut tx, &permit, changes, &check).await?;
        let record = record_of(target, changes);
        tx.commit(permit, record).await.map(drop)
    }

    /// Sets or clears limits of the whole account. Workspace limits that are wider stay and have no effect of their own.
    pub async fn update_account_model_limits(
        &self,
        caller: &Caller,
        changes: &[LimitChange],
    ) -> Result<(), Error> {
        let (mut tx, permit) =
            self.begin::<UpdateAccountModelLimits>(caller, WholeAccount, "account").await?;
        self.set_limits(&mut tx, &permit, changes, &|_, _| Ok(())).await?;
        let record = record_of("account".to_owned(), changes);
        tx.commit(permit, record).await.map(drop)
    }

    async fn set_limits<O: Operation + bailey_store::Limits>(
        &self,
        tx: &mut Tx,
        permit: &Permit<O>,
        changes: &[LimitChange],
        check: &(dyn Fn(&ModelName, &ModelLimits) -> Result<(), Error> + Sync),
    ) -> Result<(), Error> {
        let stored = tx.limits(permit).await?;
        for change in changes {
            let limits = changed(tx, permit.caller(), change, &stored).await?;
            check(&change.model, &limits)?;
            tx.put_limits(permit, &change.model, limits).await?;
        }
        Ok(())
    }
}

/// What the limits of a model become. The model must be in the catalogue.
pub(crate) async fn changed(
    tx: &mut Tx,
    caller: &Caller,
    change: &LimitChange,
    stored: &[StoredLimits],
) -> Result<ModelLimits, Error> {
    if tx.find_model(caller.account, &change.model).await?.is_none() {
        return Err(Error::field(
            "model",
            format_args!(
                "is `{}`, which the catalogue does not have. ListModels gives the names",
                change.model
            ),
        ));
    }
    let old = stored.iter().find(|row| row.model == change.model).map(|row| row.limits).unwrap_or_default();
    change.apply(old)
}

fn record_of(target: String, changes: &[LimitChange]) -> Record {
    let shown: Vec<_> = changes
        .iter()
        .map(|change| {
            json!({ "model": change.model, "delete": change.delete, "requestLimit": change.request_limit,
                "requestLimitPeriod": change.request_period, "usageLimit": change.usage_limit,
                "usageLimitPeriod": change.usage_period, "concurrencyLimit": change.concurrency_limit })
        })
        .collect();
    Record { target, before: serde_json::Value::Null, after: json!(shown) }
}
