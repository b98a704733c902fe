//! `bailey boundary` and `bailey control-policy`

use clap::{Args, Subcommand};

use super::operations::example;
use super::output::text;
use super::plan::Plan;
use super::policy::Named;
use crate::client::Failure;

/// Permission boundaries: what a RAM user or role may do at most, whatever their policies give.
#[derive(Debug, Subcommand)]
pub(crate) enum Boundary {
    /// Set the boundary of a RAM user or role; what it does not allow is refused before the answer.
    #[command(after_help = example("PutPermissionBoundary"))]
    Put {
        #[command(flatten)]
        policy: Named,
        #[command(flatten)]
        of: Bounded,
    },
    /// Show the boundary of a RAM user or role.
    #[command(after_help = example("GetPermissionBoundary"))]
    Get {
        #[command(flatten)]
        of: Bounded,
    },
    /// Take the boundary of a RAM user or role away.
    #[command(after_help = example("DeletePermissionBoundary"))]
    Delete {
        #[command(flatten)]
        of: Bounded,
    },
}

/// Control policies: what every RAM user and role of the account may do at most. Root is bound by none.
#[derive(Debug, Subcommand)]
pub(crate) enum ControlPolicy {
    /// Attach a policy to the account; what no control policy allows is refused before the answer.
    #[command(after_help = example("AttachControlPolicy"))]
    Attach(Named),
    /// Detach a policy from the account.
    #[command(after_help = example("DetachControlPolicy"))]
    Detach(Named),
    /// List the account's control policies.
    #[command(after_help = example("ListControlPolicies"))]
    List,
}

/// Whose boundary it is.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Bounded {
    /// This RAM user.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// This RAM role.
    #[arg(long, value_name = "NAME")]
    role: Option<String>,
}

impl Bounded {
    fn named(&self) -> Result<(&'static str, &str), Failure> {
        let user = self.user.as_deref().map(|user| ("user", user));
        user.or_else(|| self.role.as_deref().map(|role| ("role", role)))
            .ok_or_else(|| Failure::failed("--user or --role says whose boundary it is"))
    }

    fn plan(&self, operation: &'static str) -> Result<Plan, Failure> {
        let (kind, name) = self.named()?;
        Ok(Plan::new(operation).with("type", kind).with("name", name))
    }
}

impl Boundary {
    pub(crate) fn plan(&self) -> Result<Plan, Failure> {
        Ok(match self {
            Self::Put { policy, of } => {
                let note = format!("{} caps what {} may do", policy.name, of.named()?.1);
                policy.add_to(of.plan("PutPermissionBoundary")?).note(note)
            }
            Self::Get { of } => of.plan("GetPermissionBoundary")?.fields("boundary"),
            Self::Delete { of } => {
                let note = format!("nothing caps what {} may do any more", of.named()?.1);
                of.plan("DeletePermissionBoundary")?.note(note)
            }
        })
    }
}

impl ControlPolicy {
    pub(crate) fn plan(&self) -> Plan {
        match self {
            Self::Attach(policy) => policy
                .add_to(Plan::new("AttachControlPolicy"))
                .note(format!("attached {} to the account", policy.name)),
            Self::Detach(policy) => policy
                .add_to(Plan::new("DetachControlPolicy"))
                .note(format!("detached {} from the account", policy.name)),
            Self::List => {
                let columns = [
                    text("POLICY", "policyName"),
                    text("TYPE", "policyType"),
                    text("DESCRIPTION", "description"),
                ];
                Plan::new("ListControlPolicies").rows("controlPolicies", &columns)
            }
        }
    }
}
