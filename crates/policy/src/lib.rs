//! The RAM policy language (version 1) and its extension (version 1-extended), usable on its own: no workspaces, no clock, no input or output.
//!
//! ```
//! use bailey_policy::{ActionCatalogue, Context, Policy, Request, Value, Verdict, evaluate};
//!
//! let catalogue = ActionCatalogue::new(["ram:CreateUser", "ram:GetUser"])?;
//! let document = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"ram:Get*","Resource":"*",
//!     "Condition":{"IpAddress":{"acs:SourceIp":"192.0.2.0/24"}}}]}"#;
//! let policy = Policy::parse(document, &catalogue)?;
//!
//! let action = catalogue.resolve("ram:GetUser");
//! let facts = [("acs:SourceIp", Value::Text("192.0.2.7"))];
//! let context = Context::new(&facts);
//! let request = Request { action: &action, resource: "acs:ram:*:1:user/alice", context: &context };
//! assert_eq!(evaluate([&policy], &request), Verdict::Allow { policy: 0, statement: 0 });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Choices where the language is not documented:
//! - An error while a condition is evaluated (a date that is no date) counts as *met* in a Deny and as *not met* in
//!   an Allow. A condition of the same statement that is plainly not met still decides: the statement does not apply.
//! - A missing condition key is *not met* for a positive operator and *met* for a negated one.
//! - The values of a negated operator are NOR: it is met when none of them matches.
//! - A variable without a single value (in the extended language) is an error like any other: a Deny on a resource
//!   with such a variable applies.
//! - Of several kinds of policies, [`combine`] asks control policies, session policy and boundary first; what is there
//!   and does not allow is final. A Deny counts at whatever scope it is attached.
//! - In RAM ARNs (`acs:ram:…`) an empty region and the region `*` are the same, and names of users, groups, roles
//!   and policies compare without regard to ASCII case. This holds for resources and for `acs:PrincipalARN`.

mod action;
mod condition;
mod context;
mod cover;
mod diagnose;
mod element;
mod error;
mod evaluate;
mod explain;
mod glob;
mod json;
mod language;
mod layers;
mod lint;
mod number;
mod operator;
mod parse;
mod parse_condition;
mod pattern;
mod policy;
mod principal;
mod reach;
mod resource;
mod scenario;
pub mod system;
mod template;
mod trust;
mod wanted;

pub use action::{Action, ActionCatalogue, MAXIMUM_ACTIONS};
pub use condition::{ConditionError, ValueKind};
pub use context::{Context, Value};
pub use cover::{Excess, ExcessReason, covers};
pub use diagnose::{Change, ConditionValues, Diagnosis, Grant, Unmet, diagnose};
pub use error::{CatalogueError, PolicyError};
pub use evaluate::{Foregone, Outlook, Request, Verdict, evaluate};
pub use explain::{ConditionOutcome, ConditionResult, Failed, StatementOutcome, explain};
pub use glob::Glob;
pub use layers::{Combination, Decided, Layer, Verdicts, combine};
pub use lint::{Finding, LintOptions, Rule, Severity, lint, lint_trust};
pub use number::{Number, NumberError};
pub use operator::{ConditionOperator, Operator, SetOperator};
pub use policy::{Effect, Policy};
pub use principal::{Principal, ProviderKind, TrustedPrincipal};
pub use scenario::{Expected, MAXIMUM_TESTS, PolicyTest, TestFailure, parse_tests, run_tests};
pub use trust::{TrustPolicy, TrustRequest};

#[cfg(test)]
mod extension_tests;
