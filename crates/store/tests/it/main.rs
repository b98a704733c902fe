//! The store as `control` uses it. Every case runs on SQLite and on PostgreSQL, and ends with the check that the
//! live directory, a freshly loaded one and the audit chain agree with what was written.

// `cfg(test)` lets the helpers beside the tests unwrap too (`allow-unwrap-in-tests` in clippy.toml looks for it).
#[cfg(test)]
#[macro_use]
mod support;

#[cfg(test)]
mod access_keys;
#[cfg(test)]
mod agreement;
#[cfg(test)]
mod attachments;
#[cfg(test)]
mod audit_chain;
#[cfg(test)]
mod audit_list;
#[cfg(test)]
mod budgets;
#[cfg(test)]
mod candidates;
#[cfg(test)]
mod claim;
#[cfg(test)]
mod credential_report;
#[cfg(test)]
mod decisions;
#[cfg(test)]
mod founding;
#[cfg(test)]
mod generator;
#[cfg(test)]
mod grants;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod guards;
#[cfg(test)]
mod key_lists;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod last_used;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod logins;
#[cfg(test)]
mod members;
#[cfg(test)]
mod models;

#[cfg(test)]
mod oidc_providers;

#[cfg(test)]
mod network_policies;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod policy_tests;
#[cfg(test)]
mod private;
#[cfg(test)]
mod probes;
#[cfg(test)]
mod providers;
#[cfg(test)]
mod raw;
#[cfg(test)]
mod recycle_bin;
#[cfg(test)]
mod resource_groups;
#[cfg(test)]
mod roles;
#[cfg(test)]
mod scopes;
#[cfg(test)]
mod service_credentials;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod studio_users;
#[cfg(test)]
mod tags;
#[cfg(test)]
mod transactions;
#[cfg(test)]
mod two_stores;
#[cfg(test)]
mod usage;
#[cfg(test)]
mod users;
#[cfg(test)]
mod workspaces;
#[cfg(test)]
mod world;
