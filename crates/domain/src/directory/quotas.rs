//! What a key may call, and how much of it: for the key's own holder.

use std::sync::Arc;

use super::admit::{Call, Denied, ModelEntry};
use super::{Directory, limiter::Level};
use crate::model::Grant;

/// One model that a key may call.
#[derive(Clone, Debug)]
pub struct Quota {
    /// The model.
    pub model: Arc<ModelEntry>,
    /// What the key's workspace may do with it.
    pub grant: Grant,
    /// The limits of the account, the workspace and the key, where there are any.
    pub levels: [Option<Level>; 3],
}

impl Directory {
    /// What a key may call, by name, with the limits that count for it.
    pub fn quotas(&self, call: &Call<'_>) -> Result<Vec<Quota>, Box<Denied>> {
        let state = self.read();
        let entered = state.recognised(call)?;
        let quota = |model: Arc<ModelEntry>| {
            let levels = entered.limiters(model.number).map(|limiter| limiter?.level(call.now_ms));
            let grant = entered.workspace.grants.of(model.number);
            // The default workspace, and one that is open, may call what was never granted by name.
            Quota { model, grant: Grant { inference: true, ..grant }, levels }
        };
        Ok(entered.callable().into_iter().map(quota).collect())
    }
}
