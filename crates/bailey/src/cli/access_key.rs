//! `bailey access-key`

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::operations::example;
use super::output::text;
use super::plan::Plan;
use crate::client::{Exit, Failure};

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
    /// Show when an access key was last used.
    #[command(after_help = example("GetAccessKeyLastUsed"))]
    LastUsed {
        /// Its id.
        id: String,
        #[command(flatten)]
        owner: Owner,
    },
    /// Where access keys may be used from.
    #[command(subcommand)]
    Policy(Policy),
}

/// Network policies: the addresses that access keys may be used from.
#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Set the addresses that an access key may be used from; none lets it be used from everywhere the account lets it.
    #[command(after_help = example("SetAccessKeyPolicy"))]
    Set {
        /// The access key's id.
        id: String,
        #[command(flatten)]
        owner: Owner,
        #[command(flatten)]
        addresses: Addresses,
    },
    /// Show the addresses that an access key may be used from.
    #[command(after_help = example("GetAccessKeyPolicy"))]
    Get {
        /// The access key's id.
        id: String,
        #[command(flatten)]
        owner: Owner,
    },
    /// Set the addresses that every access key may be used from that has no policy of its own; none is everywhere.
    #[command(after_help = example("SetAccessKeyPolicyForAccount"))]
    SetForAccount {
        #[command(flatten)]
        addresses: Addresses,
    },
    /// Show the addresses that every access key may be used from that has no policy of its own.
    #[command(after_help = example("GetAccessKeyPolicyForAccount"))]
    GetForAccount,
}

#[derive(Debug, Args)]
pub(crate) struct Addresses {
    /// An address or a network such as 10.0.0.0/8; may be given several times.
    #[arg(long = "address", value_name = "ADDRESS")]
    addresses: Vec<String>,
}

impl Addresses {
    /// The policy that lists them, as IMS wants it. Without any it is switched off.
    fn policy(&self) -> String {
        let (status, statements) = match self.addresses.as_slice() {
            [] => ("Inactive", json!([])),
            addresses => ("Active", json!([{ "Type": "ClassicWhiteList", "IPList": addresses }])),
        };
        json!({ "Version": 1, "Status": status, "Statements": statements }).to_string()
    }
}

impl Policy {
    fn plan(&self) -> Plan {
        let of = |operation, id: &str, owner: &Owner| {
            Plan::new(operation).with("UserAccessKeyId", id).maybe("UserPrincipalName", &owner.user)
        };
        let plan = match self {
            Self::Set { id, owner, addresses } => {
                of("SetAccessKeyPolicy", id, owner).with("AccessKeyPolicy", addresses.policy())
            }
            Self::Get { id, owner } => of("GetAccessKeyPolicy", id, owner),
            Self::SetForAccount { addresses } => {
                Plan::new("SetAccessKeyPolicyForAccount").with("AccessKeyPolicy", addresses.policy())
            }
            Self::GetForAccount => Plan::new("GetAccessKeyPolicyForAccount"),
        };
        plan.shown_by(addresses_of)
    }
}

/// One line per address.
fn addresses_of(answer: &Value) -> Result<(String, Exit), Failure> {
    let text = answer["AccessKeyPolicy"].as_str().unwrap_or_default();
    let policy: Value = serde_json::from_str(text)
        .map_err(|error| Failure::failed(format!("the server's policy does not read: {error}")))?;
    if policy["Status"] != "Active" {
        return Ok(("everywhere\n".to_owned(), Exit::Ok));
    }
    let statements = policy["Statements"].as_array().map(Vec::as_slice).unwrap_or_default();
    let networks = statements.iter().filter_map(|statement| statement["IPList"].as_array()).flatten();
    Ok((networks.map(|network| format!("{}\n", network.as_str().unwrap_or_default())).collect(), Exit::Ok))
}

#[derive(Debug, Args)]
pub(crate) struct Owner {
    /// The RAM user whose it is; without it, you.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Status {
    Active,
    Inactive,
}

impl Status {
    /// The word on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
        }
    }
}

impl Owner {
    /// Whose it is; `None` is the caller.
    pub(crate) fn user(&self) -> &Option<String> {
        &self.user
    }
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
                let status = status.name();
                of("UpdateAccessKey", owner)
                    .with("UserAccessKeyId", id.as_str())
                    .with("Status", status)
                    .note(format!("{id} is {status} now"))
            }
            Self::Delete { id, owner } => of("DeleteAccessKey", owner)
                .with("UserAccessKeyId", id.as_str())
                .note(format!("deleted {id}")),
            Self::LastUsed { id, owner } => of("GetAccessKeyLastUsed", owner)
                .with("UserAccessKeyId", id.as_str())
                .fields("AccessKeyLastUsed"),
            Self::Policy(policy) => policy.plan(),
        }
    }
}
