//! `bailey member`

use clap::Subcommand;
use serde_json::Value;

use super::operations::example;
use super::output::{aligned, harmless, text, time};
use super::plan::{Plan, list};
use super::{InWorkspace, Paging};
use crate::client::{Exit, Failure, plain};

/// Members of workspaces and their page permissions.
#[derive(Debug, Subcommand)]
pub(crate) enum Member {
    /// Give a user a seat in a workspace.
    #[command(after_help = example("AddMember"))]
    Add {
        /// The RAM user's name.
        user: String,
        #[command(flatten)]
        place: InWorkspace,
        /// A page permission; `bailey page list` shows them. May be repeated.
        #[arg(long = "page", value_name = "PAGE")]
        pages: Vec<String>,
        /// Let the keys work again that the user made here under an earlier seat.
        #[arg(long)]
        restore_keys: bool,
    },
    /// List the members of a workspace.
    #[command(after_help = example("ListMembers"))]
    List {
        #[command(flatten)]
        place: InWorkspace,
        #[command(flatten)]
        paging: Paging,
    },
    /// Show one member.
    #[command(after_help = example("GetMember"))]
    Get {
        /// The RAM user's name.
        user: String,
        #[command(flatten)]
        place: InWorkspace,
    },
    /// Set the page permissions of a member: the whole set.
    #[command(after_help = example("SetMemberPages"))]
    #[command(group = clap::ArgGroup::new("set").required(true).args(["pages", "no_pages"]))]
    SetPages {
        /// The RAM user's name.
        user: String,
        #[command(flatten)]
        place: InWorkspace,
        /// A page permission; may be repeated.
        #[arg(long = "page", value_name = "PAGE")]
        pages: Vec<String>,
        /// Take every page permission away.
        #[arg(long)]
        no_pages: bool,
    },
    /// Take a member out of a workspace; its API keys there die before the answer.
    #[command(after_help = example("RemoveMember"))]
    Remove {
        /// The RAM user's name.
        user: String,
        #[command(flatten)]
        place: InWorkspace,
    },
    /// Show what somebody may do in a workspace, and where each right comes from.
    #[command(after_help = example("GetEffectiveAccess"))]
    Access {
        /// The RAM user's name.
        user: String,
        #[command(flatten)]
        place: InWorkspace,
    },
}

impl Member {
    pub(crate) fn plan(&self) -> Plan {
        match self {
            Self::Add { user, place, pages, restore_keys } => seat("AddMember", user, place)
                .with("pages", pages.as_slice())
                .switch("restoreKeys", *restore_keys)
                .fields("member"),
            Self::List { place, paging } => {
                let columns = [
                    text("USER", "userName"),
                    text("DISPLAY NAME", "displayName"),
                    text("PAGES", "pages"),
                    text("ADDED BY", "addedBy"),
                    time("ADDED", "gmtCreate"),
                ];
                Plan::new("ListMembers").with("workspaceId", place.workspace.as_str()).pages(
                    "members",
                    &columns,
                    paging.limit,
                )
            }
            Self::Get { user, place } => seat("GetMember", user, place).fields("member"),
            Self::SetPages { user, place, pages, no_pages: _ } => {
                seat("SetMemberPages", user, place).with("pages", pages.as_slice()).fields("member")
            }
            Self::Remove { user, place } => seat("RemoveMember", user, place).fields(""),
            Self::Access { user, place } => seat("GetEffectiveAccess", user, place).shown_by(access),
        }
    }
}

fn seat(operation: &'static str, user: &str, place: &InWorkspace) -> Plan {
    Plan::new(operation).with("workspaceId", place.workspace.as_str()).with("userName", user)
}

/// One line per right, in the order of the guide.
fn access(answer: &Value) -> Result<(String, Exit), Failure> {
    let mut lines = vec![["KIND", "RIGHT", "FROM"].map(str::to_owned).to_vec()];
    for kind in ["model", "page", "api", "management"] {
        for entry in list(&answer["access"], kind) {
            lines.push(vec![
                kind.to_owned(),
                harmless(&plain(&entry["name"])),
                harmless(&plain(&entry["from"])),
            ]);
        }
    }
    Ok((aligned(&lines), Exit::Ok))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn access_is_one_line_per_right() {
        let answer = json!({ "access": {
            "model": [{ "name": "qwen-plus", "from": "grant" }], "page": [], "api": [],
            "management": [{ "name": "modelstudio:*", "from": "policy" }],
        } });
        let expected = "KIND        RIGHT          FROM\nmodel       qwen-plus      grant\nmanagement  modelstudio:*  policy\n";
        assert_eq!(access(&answer).unwrap().0, expected);
    }
}
