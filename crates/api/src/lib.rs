//! The control API: RAM and STS in RPC form, ModelStudio and our own operations in ROA form.
//!
//! One table ([`routes`]) says which operation answers which call; the server authenticates, reads the parameters
//! once, and turns whatever comes back into the shape of the surface that was called.

mod access_keys;
mod account_logins;
mod account_summary;
mod answer;
mod attachments;
mod audit;
mod authenticate;
pub mod authzen;
mod budgets;
mod credential_report;
mod diagnostics;
mod explain;
mod failure;
mod forward;
mod grants;
mod groups;
mod guards;
mod ims_users;
mod keys;
mod limits;
pub mod lint;
mod login_profiles;
mod members;
mod mfa_devices;
mod models;
mod network_policies;
mod oidc_providers;
mod policies;
mod policy_tests;
mod providers;
mod qr_code;
mod read;
mod recycle_bin;
mod roles;
mod root_login;
pub mod routes;
mod server;
mod service_credentials;
mod service_linked_roles;
mod sessions;
mod settings;
mod simulate;
mod sts;
mod studio_users;
mod surroundings;
mod tags;
mod usage;
mod users;
mod who_can;
mod workspaces;

pub use bailey_control::Documents;
pub use providers::ProviderProbe;
pub use server::Api;
pub use surroundings::Surroundings;
