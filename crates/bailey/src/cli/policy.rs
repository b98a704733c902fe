//! `bailey policy`

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use super::operations::example;
use super::output::text;
use super::plan::{Plan, list};
use super::policy_check::{self, Check, Tests};
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
        /// Only look for mistakes in the document.
        #[arg(long)]
        dry_run: bool,
    },
    /// Show a policy and its default version.
    #[command(after_help = example("GetPolicy"))]
    Get(Named),
    /// List policies: all, or those attached to a user, a group or a role.
    #[command(after_help = example("ListPolicies"))]
    #[command(group = ArgGroup::new("part").multiple(false).args(["limit", "user", "group", "role"]))]
    List {
        /// Only this type.
        #[arg(long = "type", value_enum, conflicts_with = "holder")]
        kind: Option<Kind>,
        #[command(flatten)]
        holder: Holder,
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
    #[command(flatten)]
    Check(Check),
    #[command(flatten)]
    Tests(Tests),
    /// Attach a policy to a RAM user, group or role.
    #[command(after_help = example("AttachPolicyToUser"))]
    Attach(Attachment),
    /// Detach a policy from a RAM user, group or role; what it allowed is refused before the answer.
    #[command(after_help = example("DetachPolicyFromUser"))]
    Detach(Attachment),
    /// List what a policy is attached to.
    #[command(after_help = example("ListEntitiesForPolicy"))]
    ListEntities(Named),
    /// Say in full why a request was refused: which policies spoke, and the smallest change that would do.
    #[command(after_help = example("DecodeDiagnosticMessage"))]
    Decode {
        /// A file with the encoded diagnostic message that came with the refusal; `-` is standard input.
        message: String,
    },
}

/// Whose policy it is: shipped with bailey, or made in this account.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Kind {
    System,
    Custom,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Custom => "Custom",
        }
    }
}

/// A policy of either type.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// The policy.
    #[arg(value_name = "POLICY")]
    pub(crate) name: String,
    /// Its type.
    #[arg(long = "type", value_enum, default_value = "custom")]
    kind: Kind,
}

impl Named {
    pub(crate) fn plan(&self, operation: &'static str) -> Plan {
        Plan::new(operation).with("PolicyName", self.name.as_str()).with("PolicyType", self.kind.name())
    }

    /// Adds it to a call of our own, which names it in its way.
    pub(crate) fn add_to(&self, plan: Plan) -> Plan {
        plan.with("policyName", self.name.as_str()).with("policyType", self.kind.name())
    }
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("whom").required(true).args(["user", "group", "role"]))]
pub(crate) struct Attachment {
    #[command(flatten)]
    policy: Named,
    #[command(flatten)]
    holder: Holder,
    /// Only for the things of this workspace, and not for the whole account.
    #[arg(long, value_name = "WORKSPACE")]
    resource_group: Option<String>,
}

/// What a policy is attached to: one of them.
#[derive(Debug, Args)]
#[group(id = "holder", multiple = false)]
pub(crate) struct Holder {
    /// This RAM user.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// This RAM group.
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// This RAM role.
    #[arg(long, value_name = "NAME")]
    role: Option<String>,
}

/// The calls about the policies of one kind of thing.
struct Calls {
    attach: &'static str,
    detach: &'static str,
    list: &'static str,
    /// The parameter with the thing's name.
    parameter: &'static str,
}

const OF_USERS: Calls = Calls {
    attach: "AttachPolicyToUser",
    detach: "DetachPolicyFromUser",
    list: "ListPoliciesForUser",
    parameter: "UserName",
};
const OF_GROUPS: Calls = Calls {
    attach: "AttachPolicyToGroup",
    detach: "DetachPolicyFromGroup",
    list: "ListPoliciesForGroup",
    parameter: "GroupName",
};
const OF_ROLES: Calls = Calls {
    attach: "AttachPolicyToRole",
    detach: "DetachPolicyFromRole",
    list: "ListPoliciesForRole",
    parameter: "RoleName",
};

impl Holder {
    /// Its calls and its name.
    fn named(&self) -> Option<(Calls, &str)> {
        let user = self.user.as_deref().map(|user| (OF_USERS, user));
        user.or_else(|| self.group.as_deref().map(|group| (OF_GROUPS, group)))
            .or_else(|| self.role.as_deref().map(|role| (OF_ROLES, role)))
    }
}

impl Attachment {
    /// Attaches or detaches: which call it is, and how the note puts it.
    fn plan(&self, call: fn(&Calls) -> &'static str, done: &str, preposition: &str) -> Result<Plan, Failure> {
        let named = self.holder.named();
        let (calls, holder) =
            named.ok_or_else(|| Failure::failed("--user, --group or --role says whom it is about"))?;
        let mut note = format!("{done} {} {preposition} {holder}", self.policy.name);
        if let Some(workspace) = &self.resource_group {
            note += &format!(" for {workspace}");
        }
        let plan = self.policy.plan(call(&calls)).with(calls.parameter, holder);
        Ok(plan.maybe("ResourceGroupId", &self.resource_group).note(note))
    }
}

impl Policy {
    /// The call; `None` for what needs no server.
    pub(crate) fn plan(&self) -> Result<Option<Plan>, Failure> {
        let named = |operation, name: &str| Plan::new(operation).with("PolicyName", name);
        Ok(Some(match self {
            Self::Create { name, document, description, dry_run } => {
                let plan = named("CreatePolicy", name)
                    .with("PolicyDocument", input::read(document)?)
                    .maybe("Description", description)
                    .switch("DryRun", *dry_run);
                if *dry_run { plan.shown_by(policy_check::found) } else { plan.fields("Policy") }
            }
            Self::Get(policy) => policy.plan("GetPolicy").shown_by(policy_version::policy),
            Self::List { kind, holder, paging } => match holder.named() {
                Some((calls, name)) => {
                    let columns = [
                        text("POLICY", "PolicyName"),
                        text("TYPE", "PolicyType"),
                        text("RESOURCE GROUP", "ResourceGroupId"),
                        text("ATTACHED", "AttachDate"),
                        text("DESCRIPTION", "Description"),
                    ];
                    Plan::new(calls.list).with(calls.parameter, name).rows("Policies.Policy", &columns)
                }
                None => {
                    let columns = [
                        text("POLICY", "PolicyName"),
                        text("TYPE", "PolicyType"),
                        text("VERSION", "DefaultVersion"),
                        text("ATTACHED TO", "AttachmentCount"),
                        text("DESCRIPTION", "Description"),
                    ];
                    let plan = Plan::new("ListPolicies").maybe("PolicyType", &kind.map(Kind::name));
                    plan.pages("Policies.Policy", &columns, paging.limit)
                }
            },
            Self::Update { name, description } => named("UpdatePolicyDescription", name)
                .with("NewDescription", description.as_str())
                .fields("Policy"),
            Self::Delete { name, cascade } => named("DeletePolicy", name)
                .switch("CascadingDelete", *cascade)
                .note(format!("deleted {name}")),
            Self::Version(version) => version.plan()?,
            Self::Check(_) => return Ok(None),
            Self::Tests(tests) => tests.plan()?,
            Self::Attach(attachment) => attachment.plan(|calls| calls.attach, "attached", "to")?,
            Self::Detach(attachment) => attachment.plan(|calls| calls.detach, "detached", "from")?,
            Self::Decode { message } => Plan::new("DecodeDiagnosticMessage")
                .with("EncodedDiagnosticMessage", input::read_secret(message)?)
                .fields("DecodedDiagnosticMessage"),
            Self::ListEntities(policy) => policy.plan("ListEntitiesForPolicy").shown_by(entities),
        }))
    }
}

/// Users, groups and roles in one table.
fn entities(answer: &serde_json::Value) -> Result<(String, Exit), Failure> {
    let mut lines = vec![["KIND", "NAME", "RESOURCE GROUP", "ATTACHED"].map(str::to_owned).to_vec()];
    for (kind, path, name) in [
        ("user", "Users.User", "UserName"),
        ("group", "Groups.Group", "GroupName"),
        ("role", "Roles.Role", "RoleName"),
    ] {
        let line = |row: &serde_json::Value| {
            let fields =
                [name, "ResourceGroupId", "AttachDate"].map(|field| super::output::shown(&row[field]));
            std::iter::once(kind.to_owned()).chain(fields).collect()
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
            "Groups": { "Group": [{ "GroupName": "dev", "ResourceGroupId": "llm-1", "AttachDate": "2026-11-25T00:00:00Z" }] },
        });
        let expected = "KIND   NAME   RESOURCE GROUP  ATTACHED\nuser   alice  -               2026-11-24T00:00:00Z\ngroup  dev    llm-1           2026-11-25T00:00:00Z\n";
        assert_eq!(entities(&answer).unwrap().0, expected);
    }
}
