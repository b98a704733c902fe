//! `bailey policy`

use clap::{Args, Subcommand, ValueEnum};

use super::operations::example;
use super::output::text;
use super::plan::{Plan, list};
use super::policy_version::{self, Version};
use super::{Paging, input};
use crate::client::{Exit, Failure};

/// RAM policies, their versions and whom they are attached to.
#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Create a custom policy.
    #[command(after_help = example("CreatePolicy"))]
    Create {
        /// Its name.
        name: String,
        /// A file with its document; `-` is standard input.
        #[arg(long, value_name = "FILE")]
        document: String,
        /// What it is for.
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
    },
    /// Show a policy and its default version.
    #[command(after_help = example("GetPolicy"))]
    Get(Named),
    /// List policies: all, or those attached to a user.
    #[command(after_help = example("ListPolicies"))]
    List {
        /// Only this type.
        #[arg(long = "type", value_enum, conflicts_with = "user")]
        kind: Option<Kind>,
        /// Those attached to this RAM user.
        #[arg(long, value_name = "NAME", conflicts_with = "limit")]
        user: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Change a custom policy's description.
    #[command(after_help = example("UpdatePolicyDescription"))]
    Update {
        /// Its name.
        name: String,
        /// What it is for.
        #[arg(long, value_name = "TEXT")]
        description: String,
    },
    /// Delete a custom policy that is attached to nothing.
    #[command(after_help = example("DeletePolicy"))]
    Delete {
        /// Its name.
        name: String,
        /// Delete its other versions too.
        #[arg(long)]
        cascade: bool,
    },
    #[command(flatten)]
    Version(Version),
    /// Attach a policy to a RAM user.
    #[command(after_help = example("AttachPolicyToUser"))]
    Attach(Attachment),
    /// Detach a policy from a RAM user; what it allowed is refused before the answer.
    #[command(after_help = example("DetachPolicyFromUser"))]
    Detach(Attachment),
    /// List what a policy is attached to.
    #[command(after_help = example("ListEntitiesForPolicy"))]
    ListEntities(Named),
}

/// Whose policy it is: shipped with bailey, or made in this account.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Kind {
    System,
    Custom,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Custom => "Custom",
        }
    }
}

/// A policy of either type.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// Its name.
    name: String,
    /// Its type.
    #[arg(long = "type", value_enum, default_value = "custom")]
    kind: Kind,
}

impl Named {
    pub(crate) fn plan(&self, operation: &'static str) -> Plan {
        Plan::new(operation).with("PolicyName", self.name.as_str()).with("PolicyType", self.kind.name())
    }
}

#[derive(Debug, Args)]
pub(crate) struct Attachment {
    #[command(flatten)]
    policy: Named,
    /// The RAM user's name.
    #[arg(long, value_name = "NAME")]
    user: String,
}

impl Policy {
    pub(crate) fn plan(&self) -> Result<Plan, Failure> {
        let named = |operation, name: &str| Plan::new(operation).with("PolicyName", name);
        Ok(match self {
            Self::Create { name, document, description } => named("CreatePolicy", name)
                .with("PolicyDocument", input::read(document)?)
                .maybe("Description", description)
                .fields("Policy"),
            Self::Get(policy) => policy.plan("GetPolicy").shown_by(policy_version::policy),
            Self::List { kind: _, user: Some(user), .. } => {
                let columns = [
                    text("POLICY", "PolicyName"),
                    text("TYPE", "PolicyType"),
                    text("ATTACHED", "AttachDate"),
                    text("DESCRIPTION", "Description"),
                ];
                Plan::new("ListPoliciesForUser")
                    .with("UserName", user.as_str())
                    .rows("Policies.Policy", &columns)
            }
            Self::List { kind, user: None, paging } => {
                let columns = [
                    text("POLICY", "PolicyName"),
                    text("TYPE", "PolicyType"),
                    text("VERSION", "DefaultVersion"),
                    text("ATTACHED TO", "AttachmentCount"),
                    text("DESCRIPTION", "Description"),
                ];
                Plan::new("ListPolicies").maybe("PolicyType", &kind.map(Kind::name)).pages(
                    "Policies.Policy",
                    &columns,
                    paging.limit,
                )
            }
            Self::Update { name, description } => named("UpdatePolicyDescription", name)
                .with("NewDescription", description.as_str())
                .fields("Policy"),
            Self::Delete { name, cascade } => named("DeletePolicy", name)
                .switch("CascadingDelete", *cascade)
                .note(format!("deleted {name}")),
            Self::Version(version) => version.plan()?,
            Self::Attach(attachment) => attachment
                .policy
                .plan("AttachPolicyToUser")
                .with("UserName", attachment.user.as_str())
                .note(format!("attached {} to {}", attachment.policy.name, attachment.user)),
            Self::Detach(attachment) => attachment
                .policy
                .plan("DetachPolicyFromUser")
                .with("UserName", attachment.user.as_str())
                .note(format!("detached {} from {}", attachment.policy.name, attachment.user)),
            Self::ListEntities(policy) => policy.plan("ListEntitiesForPolicy").shown_by(entities),
        })
    }
}

/// Users, groups and roles in one table.
fn entities(answer: &serde_json::Value) -> Result<(String, Exit), Failure> {
    let mut lines = vec![["KIND", "NAME", "ATTACHED"].map(str::to_owned).to_vec()];
    for (kind, path, name) in [
        ("user", "Users.User", "UserName"),
        ("group", "Groups.Group", "GroupName"),
        ("role", "Roles.Role", "RoleName"),
    ] {
        let line = |row: &serde_json::Value| {
            vec![kind.to_owned(), super::output::shown(&row[name]), super::output::shown(&row["AttachDate"])]
        };
        lines.extend(list(answer, path).iter().map(line));
    }
    Ok((super::output::aligned(&lines), Exit::Ok))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn entities_of_every_kind_share_a_table() {
        let answer = json!({
            "Users": { "User": [{ "UserName": "alice", "AttachDate": "2026-11-24T00:00:00Z" }] },
            "Groups": { "Group": [{ "GroupName": "dev", "AttachDate": "2026-11-25T00:00:00Z" }] },
        });
        let expected = "KIND   NAME   ATTACHED\nuser   alice  2026-11-24T00:00:00Z\ngroup  dev    2026-11-25T00:00:00Z\n";
        assert_eq!(entities(&answer).unwrap().0, expected);
    }
}
