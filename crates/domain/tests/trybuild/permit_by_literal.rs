//! Only the directory makes permits: the fields are private.

use std::marker::PhantomData;

use bailey_domain::decision::Chain;
use bailey_domain::operations::ListMembers;
use bailey_domain::{Caller, Permit, WorkspaceId};

fn misuse(caller: Caller, scope: WorkspaceId) -> Permit<ListMembers> {
    Permit { caller, scope, chain: Chain::default(), operation: PhantomData }
}

fn main() {}
