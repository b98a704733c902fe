//! `bailey can-i`

use clap::{ArgGroup, Args};
use serde_json::{Map, Value};

use super::decision;
use super::explain::{Question, Subject};
use super::plan::Format;
use crate::client::{Client, Exit, Failure, plain};

/// Ask whether you may do something; ends with 0 for yes and 3 for no.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  bailey can-i modelstudio:CreateWorkspace\n  bailey can-i --page prompts --workspace llm-0123456789abcdef"
)]
#[command(group = ArgGroup::new("what").required(true).multiple(true).args(["action", "model", "page"]))]
pub(crate) struct CanI {
    /// A RAM action such as `sfm:CreateIndex`, or an operation's name.
    action: Option<String>,
    /// In this workspace.
    #[arg(short, long, value_name = "ID")]
    workspace: Option<String>,
    /// Calling this model.
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Changing things on this page.
    #[arg(long, value_name = "PAGE")]
    page: Option<String>,
}

impl CanI {
    pub(crate) fn run(&self, client: &Client, format: Format) -> Result<Exit, Failure> {
        let subject = oneself(&client.call("GetCallerIdentity", &Map::new())?);
        let question = Question {
            action: self.action.clone(),
            workspace: self.workspace.clone(),
            model: self.model.clone(),
            page: self.page.clone(),
        };
        question.plan(&subject).shown_by(decision::judged).run(client, format)
    }
}

/// Whom GetCallerIdentity speaks of.
fn oneself(identity: &Value) -> Subject {
    let id =
        if identity["IdentityType"] == "Account" { "root".to_owned() } else { plain(&identity["UserId"]) };
    Subject { kind: "user", id }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_account_is_root_and_a_user_is_its_id() {
        assert_eq!(oneself(&json!({ "IdentityType": "Account", "UserId": "1" })).id, "root");
        assert_eq!(oneself(&json!({ "IdentityType": "RAMUser", "UserId": "28" })).id, "28");
    }
}
