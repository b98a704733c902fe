//! The permit for one operation is none for another.

use bailey_domain::operations::{ListMembers, RemoveMember};
use bailey_domain::{Permit, UserId};

fn delete_member(_permit: &Permit<RemoveMember>, _user: UserId) {}

fn misuse(permit: &Permit<ListMembers>, user: UserId) {
    delete_member(permit, user);
}

fn main() {}
