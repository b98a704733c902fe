//! `bailey access`

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Paging;
use super::operations::example;
use super::output::text;
use super::pages::Marks;
use super::plan::Plan;
use crate::client::{Exit, Failure};

/// What enforcement points of others ask: yes or no, and on what.
#[derive(Debug, Subcommand)]
pub(crate) enum Access {
    /// Decide whether somebody may do something; ends with 0 for yes and 3 for no.
    #[command(after_help = example("EvaluateAccess"))]
    Evaluate(Evaluate),
    /// List on what somebody may do something.
    #[command(after_help = example("SearchAccess"))]
    Search(Search),
}

/// Who, what and where.
#[derive(Debug, Args)]
pub(crate) struct Question {
    /// Whom to ask about: `user:NAME` or `api_key:ID`.
    #[arg(long, value_name = "TYPE:ID", value_parser = entity)]
    subject: Entity,
    /// The action: `model:call`, `page:read`, `page:operate`, `manage:*`, or a RAM action such as `sfm:CreateIndex`.
    #[arg(long, value_name = "ACTION")]
    action: String,
    /// The workspace that it is in.
    #[arg(short, long, value_name = "ID")]
    workspace: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Evaluate {
    #[command(flatten)]
    question: Question,
    /// On what: `model:NAME`, `page:NAME`, `workspace:ID`, `api:*`, `management:*`.
    #[arg(long, value_name = "TYPE:ID", value_parser = entity)]
    resource: Entity,
}

#[derive(Debug, Args)]
pub(crate) struct Search {
    #[command(flatten)]
    question: Question,
    /// What to look among: model, page, workspace, api or management.
    #[arg(long, value_name = "TYPE")]
    resource_type: String,
    #[command(flatten)]
    paging: Paging,
}

/// A type and an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entity(String, String);

fn entity(text: &str) -> Result<Entity, String> {
    match text.split_once(':') {
        Some((kind, id)) if !kind.is_empty() && !id.is_empty() => Ok(Entity(kind.to_owned(), id.to_owned())),
        _ => Err("write TYPE:ID".to_owned()),
    }
}

impl Question {
    fn plan(&self, operation: &'static str, mut resource: Value) -> Plan {
        if let Some(workspace) = &self.workspace {
            resource["properties"] = json!({ "workspace_id": workspace });
        }
        Plan::new(operation)
            .with("subject", json!({ "type": self.subject.0, "id": self.subject.1 }))
            .with("action", json!({ "name": self.action }))
            .with("resource", resource)
    }
}

impl Access {
    pub(crate) fn plan(&self) -> Plan {
        match self {
            Self::Evaluate(Evaluate { question, resource }) => question
                .plan("EvaluateAccess", json!({ "type": resource.0, "id": resource.1 }))
                .shown_by(judged),
            Self::Search(Search { question, resource_type, paging }) => question
                .plan("SearchAccess", json!({ "type": resource_type }))
                .pages("results", &[text("TYPE", "type"), text("ID", "id")], paging.limit)
                .marked(Marks::AUTHZEN),
        }
    }
}

fn judged(answer: &Value) -> Result<(String, Exit), Failure> {
    Ok(if answer["decision"] == true {
        ("allowed\n".to_owned(), Exit::Ok)
    } else {
        ("denied\n".to_owned(), Exit::Denied)
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::sent;
    use super::*;

    #[test]
    fn a_question_is_sent_in_the_words_of_the_specification() {
        assert_eq!(
            sent(
                "access evaluate --subject user:alice --action model:call --resource model:qwen-plus -w llm-1"
            ),
            json!({
                "subject": { "type": "user", "id": "alice" }, "action": { "name": "model:call" },
                "resource": { "type": "model", "id": "qwen-plus", "properties": { "workspace_id": "llm-1" } },
            })
        );
        assert_eq!(
            sent("access search --subject api_key:12 --action model:call --resource-type model"),
            json!({
                "subject": { "type": "api_key", "id": "12" }, "action": { "name": "model:call" },
                "resource": { "type": "model" },
            })
        );
        assert_eq!(judged(&json!({ "decision": false })).unwrap().1, Exit::Denied);
        assert_eq!(judged(&json!({ "decision": true })).unwrap().1, Exit::Ok);
    }
}
