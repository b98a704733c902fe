//! `bailey who-can`

use clap::{ArgGroup, Args};

use super::Paging;
use super::explain::action;
use super::operations::example;
use super::output::text;
use super::plan::Plan;

/// List the users and roles that may do something, and the API keys that may call a model.
#[derive(Debug, Args)]
#[command(after_help = example("WhoCan"))]
#[command(group = ArgGroup::new("deed").required(true).args(["action", "model", "page"]))]
pub(crate) struct WhoCan {
    /// A RAM action such as `sfm:CreateIndex`, or an operation's name.
    action: Option<String>,
    /// Calling this model.
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Changing things on this page.
    #[arg(long, value_name = "PAGE", requires = "workspace")]
    page: Option<String>,
    /// In this workspace.
    #[arg(short, long, value_name = "ID")]
    workspace: Option<String>,
    /// On this RAM resource.
    #[arg(long, value_name = "ARN", requires = "action")]
    resource: Option<String>,
    #[command(flatten)]
    paging: Paging,
}

impl WhoCan {
    pub(crate) fn plan(&self) -> Plan {
        Plan::new("WhoCan")
            .maybe("action", &self.action.as_deref().map(action))
            .maybe("model", &self.model)
            .maybe("page", &self.page)
            .maybe("workspaceId", &self.workspace)
            .maybe("resource", &self.resource)
            .pages(
                "principals",
                &[text("TYPE", "type"), text("ID", "id"), text("ARN", "arn")],
                self.paging.limit,
            )
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sent;
    use serde_json::json;

    #[test]
    fn one_deed_is_asked_about() {
        assert_eq!(
            sent("who-can CreateApiKey -w llm-1"),
            json!({ "action": "modelstudio:CreateApiKey", "workspaceId": "llm-1" })
        );
        assert_eq!(sent("who-can --model qwen-plus"), json!({ "model": "qwen-plus" }));
    }
}
