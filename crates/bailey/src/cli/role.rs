//! `bailey role`

use clap::{Args, Subcommand};
use serde_json::Value;

use super::operations::example;
use super::output::text;
use super::plan::Plan;
use super::{Paging, input, tag};
use crate::client::Failure;

/// RAM roles: identities that are taken for a time by whoever their trust policy names.
#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    /// Create a RAM role.
    #[command(after_help = example("CreateRole"))]
    Create {
        /// Its name.
        name: String,
        /// A file with its trust policy: who may take it; `-` is standard input.
        #[arg(long, value_name = "FILE")]
        trust: String,
        #[command(flatten)]
        details: Details,
        /// A tag to find it by; may be given more than once.
        #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tag::pair)]
        tags: Vec<Value>,
    },
    /// Show a RAM role and its trust policy.
    #[command(after_help = example("GetRole"))]
    Get {
        /// Its name.
        name: String,
    },
    /// Change a RAM role; who is not trusted any more loses its sessions before the answer.
    #[command(after_help = example("UpdateRole"))]
    Update {
        /// Its name.
        name: String,
        /// A file with its trust policy; `-` is standard input.
        #[arg(long, value_name = "FILE")]
        trust: Option<String>,
        #[command(flatten)]
        details: Details,
    },
    /// Delete a RAM role that holds no policy; its sessions end before the answer.
    #[command(after_help = example("DeleteRole"))]
    Delete {
        /// Its name.
        name: String,
    },
    /// List RAM roles.
    #[command(after_help = example("ListRoles"))]
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// Take a RAM role for a time; prints a temporary key once.
    #[command(after_help = example("AssumeRole"))]
    Assume {
        /// Its ARN.
        arn: String,
        #[command(flatten)]
        session: Session,
        /// What the trust policy may ask for.
        #[arg(long, value_name = "TEXT")]
        external_id: Option<String>,
    },
    /// Not supported: a server refuses it, since no cloud service takes roles here.
    #[command(after_help = example("CreateServiceLinkedRole"))]
    CreateServiceLinked {
        /// The service's name.
        service: String,
    },
    /// Not supported: a server refuses it, since no cloud service takes roles here.
    #[command(after_help = example("DeleteServiceLinkedRole"))]
    DeleteServiceLinked {
        /// The role's name.
        name: String,
    },
    /// Not supported: a server refuses it, since no cloud service takes roles here.
    #[command(after_help = example("GetServiceLinkedRoleTemplate"))]
    GetServiceLinkedTemplate {
        /// The service's name.
        service: String,
    },
    /// Take a RAM role for a time on the word of an OIDC provider; prints a temporary key once. Needs no signing-in.
    #[command(after_help = example("AssumeRoleWithOIDC"))]
    AssumeWithOidc {
        /// Its ARN.
        arn: String,
        /// The provider's ARN.
        #[arg(long, value_name = "ARN")]
        provider: String,
        /// A file with the token; `-` is standard input.
        #[arg(long, value_name = "FILE")]
        token: String,
        #[command(flatten)]
        session: Session,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Session {
    /// The session's name, as records show it.
    #[arg(long, value_name = "NAME")]
    session_name: String,
    /// A file with a policy that narrows the session; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    policy: Option<String>,
    /// How long, in seconds: 900 up to what the role allows.
    #[arg(long, value_name = "SECONDS")]
    duration: Option<u32>,
}

impl Session {
    fn put(&self, plan: Plan, arn: &str) -> Result<Plan, Failure> {
        let policy = self.policy.as_deref().map(input::read).transpose()?;
        Ok(plan
            .with("RoleArn", arn)
            .with("RoleSessionName", self.session_name.as_str())
            .maybe("Policy", &policy)
            .maybe("DurationSeconds", &self.duration))
    }
}

#[derive(Debug, Args)]
pub(crate) struct Details {
    /// What it is for.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// The longest that a session may last, in seconds: 3600 to 43200.
    #[arg(long, value_name = "SECONDS")]
    max_session_duration: Option<u32>,
}

impl Details {
    fn put(&self, plan: Plan, prefix: &str) -> Plan {
        plan.maybe(&format!("{prefix}Description"), &self.description)
            .maybe(&format!("{prefix}MaxSessionDuration"), &self.max_session_duration)
    }
}

impl Role {
    pub(crate) fn plan(&self) -> Result<Plan, Failure> {
        let of = |operation, name: &str| Plan::new(operation).with("RoleName", name);
        Ok(match self {
            Self::Create { name, trust, details, tags } => {
                let plan = of("CreateRole", name).with("AssumeRolePolicyDocument", input::read(trust)?);
                details.put(plan.some("Tag", tags), "").fields("Role")
            }
            Self::Get { name } => of("GetRole", name).fields("Role"),
            Self::Update { name, trust, details } => {
                let trust = trust.as_deref().map(input::read).transpose()?;
                let plan = of("UpdateRole", name).maybe("NewAssumeRolePolicyDocument", &trust);
                details.put(plan, "New").fields("Role")
            }
            Self::Delete { name } => of("DeleteRole", name).note(format!("deleted {name}")),
            Self::List { paging } => {
                let columns = [
                    text("ROLE", "RoleName"),
                    text("ARN", "Arn"),
                    text("CREATED", "CreateDate"),
                    text("DESCRIPTION", "Description"),
                ];
                Plan::new("ListRoles").pages("Roles.Role", &columns, paging.limit)
            }
            Self::CreateServiceLinked { service } => {
                Plan::new("CreateServiceLinkedRole").with("ServiceName", service.as_str())
            }
            Self::DeleteServiceLinked { name } => of("DeleteServiceLinkedRole", name),
            Self::GetServiceLinkedTemplate { service } => {
                Plan::new("GetServiceLinkedRoleTemplate").with("ServiceName", service.as_str())
            }
            Self::Assume { arn, session, external_id } => session
                .put(Plan::new("AssumeRole"), arn)?
                .maybe("ExternalId", external_id)
                .fields("Credentials"),
            Self::AssumeWithOidc { arn, provider, token, session } => session
                .put(Plan::new("AssumeRoleWithOIDC"), arn)?
                .with("OIDCProviderArn", provider.as_str())
                .with("OIDCToken", input::read_secret(token)?)
                .fields("Credentials"),
        })
    }
}
