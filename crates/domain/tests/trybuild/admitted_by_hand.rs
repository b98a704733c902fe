//! Only the directory admits a model call.

use std::sync::Arc;

use bailey_domain::directory::{Admitted, ModelEntry};
use bailey_domain::{AccountId, ApiKeyId, Principal, WorkspaceId};

fn misuse(account: AccountId, key: ApiKeyId, workspace: WorkspaceId, model: Arc<ModelEntry>) -> Admitted {
    Admitted { account, key, owner: Principal::Root, workspace, model }
}

fn misuse_by_copy(admitted: &Admitted) -> Admitted {
    admitted.clone()
}

fn main() {}
