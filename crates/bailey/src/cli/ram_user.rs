//! `bailey ram-user`

use clap::{Args, Subcommand};

use super::Paging;
use super::operations::example;
use super::output::text;
use super::plan::Plan;

/// RAM users: the account's identities (`user` makes them known to Model Studio).
#[derive(Debug, Subcommand)]
pub(crate) enum RamUser {
    /// Create a RAM user.
    #[command(after_help = example("CreateUser"))]
    Create {
        /// Its name.
        name: String,
        #[command(flatten)]
        details: Details,
    },
    /// Show a RAM user.
    #[command(after_help = example("GetUser"))]
    Get {
        /// Its name.
        name: String,
    },
    /// Change a RAM user's name or details; an empty text clears one.
    #[command(after_help = example("UpdateUser"))]
    Update {
        /// Its name.
        name: String,
        /// Its new name.
        #[arg(long, value_name = "NAME")]
        new_name: Option<String>,
        #[command(flatten)]
        details: Details,
    },
    /// Delete a RAM user and with it, for good, every API key it owns.
    #[command(after_help = example("DeleteUser"))]
    Delete {
        /// Its name.
        name: String,
    },
    /// List RAM users.
    #[command(after_help = example("ListUsers"))]
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// List RAM users by logon name and id, without their details.
    #[command(after_help = example("ListUserBasicInfos"))]
    ListBasic {
        #[command(flatten)]
        paging: Paging,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Details {
    /// The name as shown.
    #[arg(long, value_name = "NAME")]
    display_name: Option<String>,
    /// An e-mail address.
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// A phone number, such as 86-13800000000.
    #[arg(long, value_name = "NUMBER")]
    mobile_phone: Option<String>,
    /// Comments.
    #[arg(long, value_name = "TEXT")]
    comments: Option<String>,
}

impl Details {
    /// RAM's names of these begin with `New` in an update.
    fn add_to(&self, plan: Plan, prefix: &str) -> Plan {
        let details = [
            ("DisplayName", &self.display_name),
            ("Email", &self.email),
            ("MobilePhone", &self.mobile_phone),
            ("Comments", &self.comments),
        ];
        details
            .into_iter()
            .fold(plan, |plan, (name, value)| plan.maybe(&format!("{prefix}{name}"), value))
            .fields("User")
    }
}

impl RamUser {
    pub(crate) fn plan(&self) -> Plan {
        let of = |operation, name: &str| Plan::new(operation).with("UserName", name);
        match self {
            Self::Create { name, details } => details.add_to(of("CreateUser", name), ""),
            Self::Get { name } => of("GetUser", name).fields("User"),
            Self::Update { name, new_name, details } => {
                details.add_to(of("UpdateUser", name).maybe("NewUserName", new_name), "New")
            }
            Self::Delete { name } => of("DeleteUser", name).note(format!("deleted {name}")),
            Self::List { paging } => {
                let columns = [
                    text("USER", "UserName"),
                    text("ID", "UserId"),
                    text("DISPLAY NAME", "DisplayName"),
                    text("EMAIL", "Email"),
                    text("CREATED", "CreateDate"),
                ];
                Plan::new("ListUsers").pages("Users.User", &columns, paging.limit)
            }
            Self::ListBasic { paging } => {
                let columns = [
                    text("USER", "UserPrincipalName"),
                    text("ID", "UserId"),
                    text("DISPLAY NAME", "DisplayName"),
                ];
                Plan::new("ListUserBasicInfos").pages("UserBasicInfos.UserBasicInfo", &columns, paging.limit)
            }
        }
    }
}
