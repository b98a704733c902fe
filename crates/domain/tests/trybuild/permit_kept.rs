//! A permit is used up by the commit and cannot be copied to be used again.

use bailey_domain::Permit;
use bailey_domain::operations::RemoveMember;

fn commit(_permit: Permit<RemoveMember>) {}

fn misuse(permit: Permit<RemoveMember>) {
    commit(permit);
    commit(permit);
}

fn misuse_by_copy(permit: &Permit<RemoveMember>) -> Permit<RemoveMember> {
    permit.clone()
}

fn main() {}
