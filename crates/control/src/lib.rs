//! The operations: authorize, write, audit, publish. One file per resource; no HTTP and no SQL text.
//!
//! Every operation takes the [`Caller`](bailey_domain::Caller) first. A writing one begins a transaction, gets its
//! permit from it, writes through methods that demand the permit, and commits with the audit record; it returns
//! when the directory has applied the revision. A refused attempt is audited too, and the refusal carries the
//! chain of checks.

mod access_keys;
mod account_logins;
mod account_summary;
mod attachments;
mod audit;
mod authzen;
mod authzen_search;
mod budgets;
mod control;
mod credential_report;
mod date;
mod demo;
mod diagnostics;
mod explain;
mod flow;
mod found;
mod grants;
mod groups;
mod guards;
mod identity;
mod keys;
mod last_used;
mod limits;
mod login_profiles;
mod members;
mod mfa_devices;
mod models;
mod network_policies;
mod oidc;
mod oidc_providers;
mod page_token;
mod passwords;
mod policies;
mod policy_tests;
mod proposals;
mod providers;
mod records;
mod recycle_bin;
mod replay;
mod revoked;
mod roles;
mod root_login;
mod service_credentials;
mod service_linked_roles;
mod sessions;
mod settings;
mod simulate;
mod sts;
mod sts_oidc;
mod studio_users;
mod tags;
mod usage;
mod user_principal;
mod users;
mod who_can;
mod workspaces;

pub use access_keys::IssuedAccessKey;
pub use account_summary::AccountSummary;
pub use attachments::Entities;
pub use authzen::{Entity as AccessEntity, Evaluated, Evaluation, Given, Resource};
pub use authzen_search::{Matches, Search};
pub use budgets::{BudgetState, Budgeted};
pub use control::{Control, Parts};
pub use credential_report::ReportPage;
pub use date::date;
pub use demo::DemoKey;
pub use explain::{Asked, Subject};
pub use found::Founded;
pub use grants::{GrantChange, GrantFilter, OpenScope};
pub use guards::Bounded;
pub use identity::{Identity, PresentedKey};
pub use keys::{Issued, KeyChange, KeyRequest, LONGEST_OVERLAP_SECONDS};
pub use last_used::Due;
pub use limits::{LimitChange, LimitsOfModel};
pub use login_profiles::LoginText;
pub use members::{Added, NewSeat};
pub use mfa_devices::{IssuedMfaDevice, MfaProof, serial_number};
pub use oidc::Documents;
pub use oidc_providers::OidcProviderText;
pub use policies::{PolicyText, Rotation, version_number};
pub use policy_tests::TestedPolicy;
pub use proposals::{Holder, Proposal};
pub use providers::{ListedProvider, ProviderChange};
pub use records::Recorder;
pub use recycle_bin::{RecycledKeyInfo, deleted_for_good_at};
pub use replay::Replayed;
pub use revoked::Revoked;
pub use roles::RoleText;
pub use root_login::{RootLogin, RootLoginChange};
pub use service_credentials::{IssuedServiceCredential, NewCredentialText};
pub use sessions::{IssuedSession, Origin, SignIn};
pub use settings::SettingsChange;
pub use simulate::{Compared, Replay, Simulated, Simulation};
pub use sts::{AssumeRoleRequest, AssumedRole, PresentedTemporaryKey};
pub use sts_oidc::{AssumeRoleWithOidcRequest, AssumedWithOidc};
pub use studio_users::{NewStudioUser, Outcome};
pub use tags::{TagOf, TagQuestion};
pub use user_principal::UserReference;
pub use users::NewUserText;
pub use who_can::{Able, Deed};

// What operations take and give stays in one vocabulary, so that surfaces need not know the store.
pub use bailey_store::{
    AccessKey, ApiKey, Attachment, AuditFilter, AuditRecord, ChainFault, Cursor, Entity, Group, GroupUpdate,
    GroupUser, JoinedGroup, KeyFilter, KeyOrder, LastUse, ListedMfaDevice, ListsUsers, LoginProfile,
    MakeDefault, Member, OidcProvider, Page, PolicyVersion, RecycledAccessKey, RecycledUser, Role,
    ServiceCredential, StoredLimits, StudioUser, UsageBy, UsageRow, User, WithTags, Workspace,
};
