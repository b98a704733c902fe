//! A user's id does not stand where a workspace's is due.

use bailey_domain::operations::{ListMembers, Operation};
use bailey_domain::{UserId, WorkspaceId};

fn list_members(_workspace: WorkspaceId) {}

fn misuse(user: UserId) {
    list_members(user);
}

fn misuse_as_a_scope(user: UserId) -> <ListMembers as Operation>::On {
    user
}

fn main() {}
