//! `bailey explain`

use clap::{ArgGroup, Args};
use serde_json::{Map, Value, json};

use super::decision;
use super::operations::example;
use super::plan::Plan;
use crate::client::Failure;

/// Say why: an earlier request by its id, or a question about what somebody may do.
#[derive(Debug, Args)]
#[command(after_help = format!("{}\n  {}", example("GetDecision"), example("Explain").trim_start_matches("Example:").trim()))]
#[command(group = ArgGroup::new("whom").required(true).args(["request_id", "subject"]))]
pub(crate) struct Explain {
    /// The id of a request that was answered or refused.
    request_id: Option<String>,
    /// Whom to ask about: `user:NAME`, `role:NAME` or `key:ID`.
    #[arg(long, value_name = "KIND:WHO", value_parser = subject)]
    subject: Option<Subject>,
    #[command(flatten)]
    question: Question,
    /// Where the request would come from.
    #[arg(long, value_name = "IP", conflicts_with = "request_id")]
    source_ip: Option<String>,
    /// Further condition keys of policies, such as `acs:MFAPresent=true`; may be repeated.
    #[arg(long = "context", value_name = "KEY=VALUE", conflicts_with = "request_id")]
    context: Vec<String>,
}

/// What is asked.
#[derive(Debug, Args)]
#[group(id = "question", multiple = true, conflicts_with = "request_id")]
pub(crate) struct Question {
    /// A RAM action such as `sfm:CreateIndex`, or an operation's name.
    #[arg(long, value_name = "ACTION")]
    pub(crate) action: Option<String>,
    /// A workspace.
    #[arg(short, long, value_name = "ID")]
    pub(crate) workspace: Option<String>,
    /// Calling this model.
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// Changing things on this page.
    #[arg(long, value_name = "PAGE")]
    pub(crate) page: Option<String>,
}

impl Question {
    pub(crate) fn plan(&self, subject: &Subject) -> Plan {
        Plan::new("Explain")
            .with("subject", json!({ "type": subject.kind, "id": subject.id }))
            .maybe("action", &self.action.as_deref().map(action))
            .maybe("workspaceId", &self.workspace)
            .maybe("model", &self.model)
            .maybe("page", &self.page)
    }
}

/// The RAM action of an operation that is named without its service.
pub(crate) fn action(text: &str) -> &str {
    bailey_domain::operations::find(text).map_or(text, |entry| entry.action)
}

/// Whom a question is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) kind: &'static str,
    pub(crate) id: String,
}

fn subject(text: &str) -> Result<Subject, String> {
    let (kind, id) = match text.split_once(':') {
        Some(("user", id)) => ("user", id),
        Some(("role", id)) => ("role", id),
        Some(("key", id)) => ("apiKey", id),
        _ => return Err("write `user:NAME`, `role:NAME` or `key:ID`".to_owned()),
    };
    Ok(Subject { kind, id: id.to_owned() })
}

impl Explain {
    pub(crate) fn plan(&self) -> Result<Plan, Failure> {
        let plan = match (&self.subject, &self.request_id) {
            (Some(subject), _) => self.with_context(self.question.plan(subject))?,
            (None, request) => Plan::new("GetDecision").maybe("requestId", request),
        };
        Ok(plan.shown_by(decision::told))
    }

    fn with_context(&self, plan: Plan) -> Result<Plan, Failure> {
        let mut context = Map::new();
        if let Some(address) = &self.source_ip {
            context.insert("sourceIp".to_owned(), address.as_str().into());
        }
        for text in &self.context {
            let (key, value) =
                text.split_once('=').ok_or_else(|| Failure::usage(format!("`{text}` is not KEY=VALUE")))?;
            context.insert(key.to_owned(), value.into());
        }
        Ok(if context.is_empty() { plan } else { plan.with("context", Value::Object(context)) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sent;
    use serde_json::json;

    #[test]
    fn a_question_is_sent_as_it_is_asked() {
        let line = "explain --subject user:alice --action CreateApiKey -w llm-1 --source-ip 10.0.0.1 --context acs:MFAPresent=true";
        let expected = json!({
            "subject": { "type": "user", "id": "alice" }, "action": "modelstudio:CreateApiKey", "workspaceId": "llm-1",
            "context": { "sourceIp": "10.0.0.1", "acs:MFAPresent": "true" },
        });
        assert_eq!(sent(line), expected);
        assert_eq!(
            sent("explain --subject key:12 --model m"),
            json!({ "subject": { "type": "apiKey", "id": "12" }, "model": "m" })
        );
        assert_eq!(sent("explain R1"), json!({ "requestId": "R1" }));
    }
}
