//! A method that demands a permit cannot be called without one.

use bailey_domain::operations::RemoveMember;
use bailey_domain::{Permit, UserId};

fn delete_member(_permit: &Permit<RemoveMember>, _user: UserId) {}

fn misuse(user: UserId) {
    delete_member(user);
}

fn main() {}
