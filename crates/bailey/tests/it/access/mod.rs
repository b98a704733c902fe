//! Who may do what: every operation by every kind of caller, on its own things, on somebody else's, on none at all.
//!
//! What is expected stands in `expected.txt` and `expected_gateway.txt`, written by hand from the ten rules and the
//! table of operations. A new operation without a row fails.

mod cast;
mod gateway;
mod guards;
mod hand_out;
mod matrix;
mod resource_groups;
mod stage;
mod table;
mod verdict;
