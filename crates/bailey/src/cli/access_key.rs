//! `bailey access-key`

use clap::{Args, Subcommand, ValueEnum};

use super::operations::example;
use super::output::text;
use super::plan::Plan;

/// Access keys: what the control API is called with.
#[derive(Debug, Subcommand)]
pub(crate) enum AccessKey {
    /// Create an access key; its secret is shown this once.
    #[command(after_help = example("CreateAccessKey"))]
    Create(Owner),
    /// List access keys.
    #[command(after_help = example("ListAccessKeys"))]
    List(Owner),
    /// Switch an access key on or off.
    #[command(after_help = example("UpdateAccessKey"))]
    Update {
        /// Its id.
        id: String,
        #[command(flatten)]
        owner: Owner,
        /// What it is to be.
        #[arg(long, value_enum)]
        status: Status,
    },
    /// Delete an access key.
    #[command(after_help = example("DeleteAccessKey"))]
    Delete {
        /// Its id.
        id: String,
        #[command(flatten)]
        owner: Owner,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Owner {
    /// The RAM user whose key it is; without it, you.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Status {
    Active,
    Inactive,
}

impl AccessKey {
    pub(crate) fn plan(&self) -> Plan {
        let of = |operation, owner: &Owner| Plan::new(operation).maybe("UserName", &owner.user);
        match self {
            Self::Create(owner) => of("CreateAccessKey", owner)
                .fields("AccessKey")
                .note("`AccessKeySecret` is shown this once: keep it where secrets are kept"),
            Self::List(owner) => {
                let columns =
                    [text("ID", "AccessKeyId"), text("STATUS", "Status"), text("CREATED", "CreateDate")];
                of("ListAccessKeys", owner).rows("AccessKeys.AccessKey", &columns)
            }
            Self::Update { id, owner, status } => {
                let status = match status {
                    Status::Active => "Active",
                    Status::Inactive => "Inactive",
                };
                of("UpdateAccessKey", owner)
                    .with("UserAccessKeyId", id.as_str())
                    .with("Status", status)
                    .note(format!("{id} is {status} now"))
            }
            Self::Delete { id, owner } => of("DeleteAccessKey", owner)
                .with("UserAccessKeyId", id.as_str())
                .note(format!("deleted {id}")),
        }
    }
}
