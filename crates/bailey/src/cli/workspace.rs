//! `bailey workspace`

use clap::Subcommand;
use serde_json::Value;

use super::Paging;
use super::operations::example;
use super::output::{text, time};
use super::plan::{Plan, list};
use crate::client::{Exit, Failure, plain};

/// Workspaces.
#[derive(Debug, Subcommand)]
pub(crate) enum Workspace {
    /// Create a sub-workspace; it starts with no member and no model.
    #[command(after_help = example("CreateWorkspace"))]
    Create {
        /// Its name, 1 to 30 characters.
        name: String,
        /// The service site; kept and given back.
        #[arg(long, value_name = "SITE")]
        service_site: Option<String>,
    },
    /// List the workspaces that you may see.
    #[command(after_help = example("ListWorkspaces"))]
    List {
        /// Only the one with this id.
        #[arg(long, value_name = "ID")]
        id: Option<String>,
        /// Only those with this text in their name.
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Rename a workspace.
    #[command(after_help = example("RenameWorkspace"))]
    Rename {
        /// Its id.
        id: String,
        /// Its new name.
        name: String,
    },
    /// Delete a sub-workspace that holds no API keys.
    #[command(after_help = example("DeleteWorkspace"))]
    Delete {
        /// Its id.
        id: String,
    },
}

impl Workspace {
    pub(crate) fn plan(&self) -> Plan {
        match self {
            Self::Create { name, service_site } => Plan::new("CreateWorkspace")
                .with("workspaceName", name.as_str())
                .maybe("serviceSite", service_site)
                .fields("workspace"),
            Self::List { id, name, paging } => {
                let columns = [
                    text("ID", "workspaceId"),
                    text("NAME", "workspaceName"),
                    text("DEFAULT", "isDefault"),
                    time("CREATED", "gmtCreate"),
                ];
                Plan::new("ListWorkspaces").maybe("workspaceId", id).maybe("workspaceName", name).pages(
                    "workspaces",
                    &columns,
                    paging.limit,
                )
            }
            Self::Rename { id, name } => Plan::new("RenameWorkspace")
                .with("workspaceId", id.as_str())
                .with("workspaceName", name.as_str())
                .fields("workspace"),
            Self::Delete { id } => Plan::new("DeleteWorkspace")
                .with("workspaceId", id.as_str())
                .shown_by(deleted)
                .note(format!("deleted {id}")),
        }
    }
}

/// The vendor's API answers 200 when it has not deleted, and says why.
fn deleted(answer: &Value) -> Result<(String, Exit), Failure> {
    if answer["isDeleted"] == true {
        return Ok((String::new(), Exit::Ok));
    }
    let reasons: Vec<_> = list(answer, "failReasons").iter().map(|entry| plain(&entry["reason"])).collect();
    let mut failure =
        Failure::new(Exit::Conflict, format!("the workspace was not deleted: {}", reasons.join("; ")));
    failure.request_id = answer["requestId"].as_str().map(str::to_owned);
    Err(failure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_blocks_a_deletion_is_a_conflict() {
        assert_eq!(deleted(&json!({ "isDeleted": true, "failReasons": [] })).unwrap().1, Exit::Ok);
        let answer = json!({ "isDeleted": false, "requestId": "R", "failReasons": [{ "resourceType": "ApiKey", "reason": "it holds 2 API keys" }] });
        let failure = deleted(&answer).unwrap_err();
        assert_eq!((failure.exit, failure.request_id.as_deref()), (Exit::Conflict, Some("R")));
        assert!(failure.message.ends_with("it holds 2 API keys"));
    }
}
