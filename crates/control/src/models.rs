//! The model catalogue.

use bailey_domain::model::Model;
use bailey_domain::name::{self, ModelName};
use bailey_domain::operations::{DeleteModel, ListModels, PutModel};
use bailey_domain::scope::WholeAccount;
use bailey_domain::{Caller, Error};
use bailey_store::Record;
use serde_json::{Value, json};

use crate::control::Control;
use crate::revoked::Revoked;

/// More ways to one model than anybody has upstreams. What chooses among them counts them in one word.
const MOST_ROUTES: usize = 32;

impl Control {
    /// Lists the catalogue by name.
    pub async fn list_models(&self, caller: &Caller) -> Result<Vec<Model>, Error> {
        let permit = self.permit::<ListModels>(caller, WholeAccount, "").await?;
        self.store.list_models(&permit).await
    }

    /// Puts a model into the catalogue, or changes it. Every route must name a provider that exists.
    pub async fn put_model(&self, caller: &Caller, model: &Model) -> Result<(), Error> {
        name::text("name", &model.name, 1, 128)?;
        if model.routes.len() > MOST_ROUTES {
            return Err(Error::field("routes", format_args!("must be at most {MOST_ROUTES}")));
        }
        let target = model.model.to_string();
        let (mut tx, permit) = self.begin::<PutModel>(caller, WholeAccount, &target).await?;
        for route in &model.routes {
            if tx.find_provider(caller.account, &route.provider).await?.is_none() {
                return Err(Error::field(
                    "routes",
                    format_args!(
                        "names the provider `{}`, which does not exist. CreateProvider makes it",
                        route.provider
                    ),
                ));
            }
        }
        let before = tx.find_model(caller.account, &model.model).await?;
        tx.put_model(&permit, model).await?;
        tx.commit(permit, Record { target, before: json!(before), after: json!(model) }).await?;
        Ok(())
    }

    /// Takes a model out of the catalogue, with its grants and limits; its calls are cut.
    pub async fn delete_model(&self, caller: &Caller, name: &ModelName) -> Result<Revoked, Error> {
        let started = self.clock.now_ms();
        let (mut tx, permit) = self.begin::<DeleteModel>(caller, WholeAccount, name.as_str()).await?;
        let before = tx.find_model(caller.account, name).await?.ok_or_else(|| Error::absent("Model"))?;
        tx.delete_model(&permit, name).await?;
        let committed = tx
            .commit(permit, Record { target: name.to_string(), before: json!(before), after: Value::Null })
            .await?;
        Ok(Revoked::of(committed, 0, self.clock.now_ms() - started))
    }
}
