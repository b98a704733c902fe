//! Only the directory makes permits: the constructor is private.

use bailey_domain::decision::Chain;
use bailey_domain::operations::ListMembers;
use bailey_domain::{Caller, Permit, WorkspaceId};

fn misuse(caller: Caller, scope: WorkspaceId) -> Permit<ListMembers> {
    Permit::new(caller, scope, Chain::default())
}

fn main() {}
