//! `bailey recycle-bin`

use clap::{Args, Subcommand};

use super::Paging;
use super::operations::example;
use super::output::text;
use super::plan::Plan;

/// Deleted RAM users and access keys, which can be restored for 30 days (setting recycleBin).
#[derive(Debug, Subcommand)]
pub(crate) enum RecycleBin {
    /// List deleted RAM users.
    #[command(after_help = example("ListUsersInRecycleBin"))]
    ListUsers {
        #[command(flatten)]
        paging: Paging,
        /// Only those of this name.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// Show a deleted RAM user.
    #[command(after_help = example("GetUserInRecycleBin"))]
    GetUser(User),
    /// Restore a deleted RAM user: the person, and no permission or credential.
    #[command(after_help = example("RestoreUserFromRecycleBin"))]
    RestoreUser(User),
    /// Delete a RAM user for good.
    #[command(after_help = example("DeleteUserInRecycleBin"))]
    DeleteUser(User),
    /// List deleted access keys.
    #[command(after_help = example("ListAccessKeysInRecycleBin"))]
    ListAccessKeys(Owner),
    /// Show a deleted access key.
    #[command(after_help = example("GetAccessKeyInfoInRecycleBin"))]
    GetAccessKey {
        /// Its id.
        id: String,
    },
    /// Restore a deleted access key, switched off.
    #[command(after_help = example("RestoreAccessKeyFromRecycleBin"))]
    RestoreAccessKey {
        /// Its id.
        id: String,
        #[command(flatten)]
        owner: Owner,
    },
    /// Delete an access key for good.
    #[command(after_help = example("DeleteAccessKeyInRecycleBin"))]
    DeleteAccessKey {
        /// Its id.
        id: String,
        #[command(flatten)]
        owner: Owner,
    },
}

#[derive(Debug, Args)]
pub(crate) struct User {
    /// The user's id, as `list-users` shows it.
    #[arg(value_name = "USER-ID")]
    id: String,
}

#[derive(Debug, Args)]
pub(crate) struct Owner {
    /// The id of the RAM user whose key it was; without it, you.
    #[arg(long, value_name = "ID")]
    user_id: Option<String>,
}

impl RecycleBin {
    pub(crate) fn plan(&self) -> Plan {
        let of_user = |operation, user: &User| Plan::new(operation).with("UserId", user.id.as_str());
        let of_key = |operation, id: &str, owner: &Owner| {
            Plan::new(operation).with("UserAccessKeyId", id).maybe("UserId", &owner.user_id)
        };
        match self {
            Self::ListUsers { paging, name } => {
                let columns = [
                    text("USER", "UserPrincipalName"),
                    text("ID", "UserId"),
                    text("DELETED", "RecycleDate"),
                    text("GONE FOR GOOD", "DeleteDate"),
                ];
                let filter = name.as_ref().map(|name| format!("UserPrincipalName eq {name}"));
                Plan::new("ListUsersInRecycleBin").maybe("Filter", &filter).pages(
                    "Users.User",
                    &columns,
                    paging.limit,
                )
            }
            Self::GetUser(user) => of_user("GetUserInRecycleBin", user).fields("User"),
            Self::RestoreUser(user) => {
                of_user("RestoreUserFromRecycleBin", user).note(format!("restored {}", user.id))
            }
            Self::DeleteUser(user) => {
                of_user("DeleteUserInRecycleBin", user).note(format!("deleted {} for good", user.id))
            }
            Self::ListAccessKeys(owner) => {
                let columns = [
                    text("ID", "AccessKeyId"),
                    text("DELETED", "RecycleDate"),
                    text("GONE FOR GOOD", "DeleteDate"),
                ];
                Plan::new("ListAccessKeysInRecycleBin")
                    .maybe("UserId", &owner.user_id)
                    .rows("AccessKeys.AccessKey", &columns)
            }
            Self::GetAccessKey { id } => Plan::new("GetAccessKeyInfoInRecycleBin")
                .with("UserAccessKeyId", id.as_str())
                .fields("AccessKey"),
            Self::RestoreAccessKey { id, owner } => of_key("RestoreAccessKeyFromRecycleBin", id, owner)
                .note(format!("restored {id}, switched off")),
            Self::DeleteAccessKey { id, owner } => {
                of_key("DeleteAccessKeyInRecycleBin", id, owner).note(format!("deleted {id} for good"))
            }
        }
    }
}
