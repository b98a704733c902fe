//! `bailey group`

use clap::Subcommand;

use super::Paging;
use super::operations::example;
use super::output::text;
use super::plan::Plan;

/// RAM groups: policies attached to a group (`policy attach`) count for every RAM user in it.
#[derive(Debug, Subcommand)]
pub(crate) enum Group {
    /// Create a RAM group.
    #[command(after_help = example("CreateGroup"))]
    Create {
        /// Its name.
        name: String,
        /// Comments.
        #[arg(long, value_name = "TEXT")]
        comments: Option<String>,
    },
    /// Show a RAM group.
    #[command(after_help = example("GetGroup"))]
    Get {
        /// Its name.
        name: String,
    },
    /// Change a RAM group's name or comments; an empty text clears them.
    #[command(after_help = example("UpdateGroup"))]
    Update {
        /// Its name.
        name: String,
        /// Its new name; members and policies stay.
        #[arg(long, value_name = "NAME")]
        new_name: Option<String>,
        /// Comments.
        #[arg(long, value_name = "TEXT")]
        comments: Option<String>,
    },
    /// Delete a RAM group that has neither members nor policies.
    #[command(after_help = example("DeleteGroup"))]
    Delete {
        /// Its name.
        name: String,
    },
    /// List RAM groups: all, or those that a user is in.
    #[command(after_help = example("ListGroups"))]
    List {
        /// Those that this RAM user is in.
        #[arg(long, value_name = "NAME", conflicts_with = "limit")]
        user: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Put a RAM user into a group.
    #[command(after_help = example("AddUserToGroup"))]
    AddUser(Membership),
    /// Take a RAM user out of a group; what the group's policies allowed is refused before the answer.
    #[command(after_help = example("RemoveUserFromGroup"))]
    RemoveUser(Membership),
    /// List the RAM users in a group.
    #[command(after_help = example("ListUsersForGroup"))]
    Users {
        /// Its name.
        name: String,
        #[command(flatten)]
        paging: Paging,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct Membership {
    /// The group's name.
    name: String,
    /// The RAM user's name.
    user: String,
}

impl Membership {
    fn plan(&self, operation: &'static str, done: &str) -> Plan {
        Plan::new(operation)
            .with("GroupName", self.name.as_str())
            .with("UserName", self.user.as_str())
            .note(format!("{done} {}: {}", self.name, self.user))
    }
}

impl Group {
    pub(crate) fn plan(&self) -> Plan {
        let of = |operation, name: &str| Plan::new(operation).with("GroupName", name);
        match self {
            Self::Create { name, comments } => {
                of("CreateGroup", name).maybe("Comments", comments).fields("Group")
            }
            Self::Get { name } => of("GetGroup", name).fields("Group"),
            Self::Update { name, new_name, comments } => of("UpdateGroup", name)
                .maybe("NewGroupName", new_name)
                .maybe("NewComments", comments)
                .fields("Group"),
            Self::Delete { name } => of("DeleteGroup", name).note(format!("deleted {name}")),
            Self::List { user: Some(user), .. } => {
                let columns =
                    [text("GROUP", "GroupName"), text("JOINED", "JoinDate"), text("COMMENTS", "Comments")];
                Plan::new("ListGroupsForUser").with("UserName", user.as_str()).rows("Groups.Group", &columns)
            }
            Self::List { user: None, paging } => {
                let columns = [
                    text("GROUP", "GroupName"),
                    text("ID", "GroupId"),
                    text("CREATED", "CreateDate"),
                    text("COMMENTS", "Comments"),
                ];
                Plan::new("ListGroups").pages("Groups.Group", &columns, paging.limit)
            }
            Self::AddUser(membership) => membership.plan("AddUserToGroup", "added to"),
            Self::RemoveUser(membership) => membership.plan("RemoveUserFromGroup", "removed from"),
            Self::Users { name, paging } => {
                let columns = [
                    text("USER", "UserName"),
                    text("DISPLAY NAME", "DisplayName"),
                    text("JOINED", "JoinDate"),
                ];
                of("ListUsersForGroup", name).pages("Users.User", &columns, paging.limit)
            }
        }
    }
}
