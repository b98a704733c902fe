//! Who answers: an account, or a fixture.

use bailey_control::{Control, Matches, Search};
use bailey_domain::Outcome;
use bailey_domain::directory::Wanted;
use serde_json::{Value, json};

use super::Sought;
use super::fixture::Fixture;
use super::request::{self, Evaluation};
use super::search::Asked;
use crate::failure::Failure;
use crate::routes::{Answer, Call};

/// A policy decision point.
pub(crate) enum Point<'a> {
    /// The account of the caller.
    Account(&'a Call<'a>),
    /// A tenant whose entities and rules a file holds.
    Fixture(&'a Control, &'a Fixture),
}

impl Point<'_> {
    /// One decision. More than yes or no is told only to whoever asks for it and may explain.
    pub(crate) async fn evaluate(&self, evaluation: &Evaluation<'_>) -> Answer {
        let call = match self {
            Self::Fixture(_, fixture) => return Ok(json!({ "decision": fixture.decide(evaluation) })),
            Self::Account(call) => call,
        };
        let wanted = request::wants_explanation(evaluation.context)?;
        let wanted = if wanted { Wanted::Explanation } else { Wanted::Answer };
        let question = evaluation.as_question()?;
        let answer = call.api.control().evaluate_access(call.caller, &question, wanted).await?;
        let mut body = json!({ "decision": answer.decision.outcome == Outcome::Allow });
        if answer.explained {
            let diagnostic =
                call.api.control().decision_message(call.caller, evaluation.action.name, &answer.decision);
            body["context"] = json!({
                "revision": answer.decision.revision,
                "permission_kind": answer.kind,
                "determining": answer.decision.chain,
                "diagnostic": diagnostic,
            });
            if let Some(reason) = answer.decision.reason {
                body["context"]["reason_code"] = json!(reason.name());
            }
        }
        Ok(body)
    }

    /// One page of a search: what was found, each as it is answered.
    pub(crate) async fn search(
        &self,
        asked: &Asked<'_>,
        after: &str,
        limit: usize,
    ) -> Result<(Vec<Value>, Option<String>), Failure> {
        let call = match self {
            Self::Fixture(_, fixture) => return Ok(fixture.search(asked, after, limit)),
            Self::Account(call) => call,
        };
        let Evaluation { subject, action, resource, context } = &asked.about;
        let given = request::given(*context)?;
        let search = match asked.sought {
            Sought::Subjects => Search::Subjects {
                kind: subject.kind.to_owned(),
                action: action.name.to_owned(),
                resource: resource.as_resource()?,
            },
            Sought::Resources => Search::Resources {
                subject: subject.as_subject(),
                action: action.name.to_owned(),
                resource: resource.as_resource()?,
            },
            Sought::Actions => {
                Search::Actions { subject: subject.as_subject(), resource: resource.as_resource()? }
            }
        };
        let Matches { found, next } =
            call.api.control().search_access(call.caller, &search, &given, after, limit).await?;
        Ok((found.iter().map(|id| asked.shown(id)).collect(), next))
    }

    fn control(&self) -> &Control {
        match self {
            Self::Account(call) => call.api.control(),
            Self::Fixture(control, _) => control,
        }
    }

    /// Whose tokens its pages have.
    fn owner(&self) -> String {
        match self {
            Self::Account(call) => call.caller.account.to_string(),
            Self::Fixture(_, fixture) => format!("tenant {}", fixture.name),
        }
    }

    /// The token of a page that starts behind a candidate.
    pub(crate) fn token(&self, after: &str) -> String {
        self.control().page_token(self.owner(), after)
    }

    /// Reads a token.
    pub(crate) fn read_token(&self, token: &str) -> Result<String, Failure> {
        Ok(self.control().read_page_token(self.owner(), "page.token", token)?)
    }

    /// A mark of what a search asks.
    pub(crate) fn mark(&self, asked: &Value) -> String {
        self.control().page_mark(asked.to_string().as_bytes())
    }
}
