//! Everything that is written down: SQL, migrations, the seam between SQLite and PostgreSQL, the change feed
//! and the audit chain.
//!
//! A writing transaction ([`Tx`]) takes the next revision when it begins, decides permissions from the
//! directory at exactly the revision before, and on commit writes audit record, changes and revision together;
//! [`Tx::commit`] returns when the directory has applied them. Every writing method demands the operation's
//! [`Permit`](bailey_domain::Permit) and takes account and scope from it.

mod access_keys;
mod account_logins;
mod attachments;
mod audit;
mod audit_list;
mod budgets;
mod connection;
mod credential_report;
mod decisions;
mod error;
mod feed;
mod found;
mod grants;
mod group_members;
mod groups;
mod guards;
mod identity_counts;
mod keys;
mod last_used;
mod limits;
mod load;
mod login_profiles;
mod master_key;
mod members;
mod mfa_devices;
mod models;
mod network_policies;
mod oidc_providers;
mod page;
mod policies;
mod policy_tests;
mod providers;
mod recycle_bin;
mod roles;
mod service_credentials;
mod sessions;
mod settings;
mod sign_in_attempts;
mod store;
mod studio_users;
mod tags;
mod tx;
mod usage;
mod users;
mod workspaces;

pub use access_keys::{AccessKey, NewAccessKey};
pub use attachments::{Attaches, Attachment, Detaches, Entity, ListsAttached, OnPolicies};
pub use audit::{ChainFault, Record};
pub use audit_list::{AuditFilter, AuditRecord};
pub use budgets::{DeletesBudget, ListsBudgets, Notice, PutsBudget, StoredBudget};
pub use credential_report::{AccountCredentials, CredentialReport, ReportedKey, ReportedLogin, ReportedUser};
pub use decisions::GatewayDecision;
pub use found::Founding;
pub use grants::ModelGrant;
pub use group_members::{GroupUser, JoinedGroup};
pub use groups::{Group, GroupUpdate, NewGroup};
pub use guards::Guarding;
pub use identity_counts::IdentityCounts;
pub use keys::{ApiKey, KeyFilter, KeyOrder, NewApiKey, NewValue};
pub use last_used::LastUse;
pub use limits::{Limits, StoredLimits};
pub use login_profiles::{LoginProfile, NewLogin};
pub use master_key::MasterKey;
pub use members::{Member, NewMember};
pub use mfa_devices::{ListedMfaDevice, MfaDevice};
pub use oidc_providers::{ChangesOidcProvider, NewOidcProvider, OidcProvider, OidcProviderUpdate};
pub use page::{Cursor, Page};
pub use policies::{MakeDefault, Policy, PolicyVersion};
pub use providers::StoredProvider;
pub use recycle_bin::{RETENTION_MS, RecycledAccessKey, RecycledUser};
pub use roles::{NewRole, Role, RoleUpdate};
pub use service_credentials::{NewServiceCredential, ServiceCredential, ServiceCredentialFilter};
pub use sign_in_attempts::ProvesPassword;
pub use store::{Location, Store};
pub use studio_users::StudioUser;
pub use tags::{PutsTags, WithTags};
pub use tx::{Committed, Tx};
pub use usage::{UsageBy, UsageEvent, UsageRow};
pub use users::{ListsUsers, NewUser, Searches, User, UserUpdate};
pub use workspaces::{OpenModels, Workspace};
