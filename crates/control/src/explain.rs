//! Why: asking about a decision beforehand, and about one that was made.

use std::net::IpAddr;

use bailey_domain::access::Principal;
use bailey_domain::decision::Decision;
use bailey_domain::directory::Call;
use bailey_domain::name::UserName;
use bailey_domain::operations::{Explain, GetDecision};
use bailey_domain::page::Page;
use bailey_domain::scope::Person;
use bailey_domain::{ApiKeyId, Caller, Error, RequestId, UserId, WorkspaceId};
use bailey_policy::Value;

use crate::control::Control;

/// Whom a question is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An API key by its handle.
    ApiKey(ApiKeyId),
    /// A RAM user by id or name; `root` is the account's owner.
    User(String),
}

/// A question.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Whom it is about.
    pub subject: Subject,
    /// A RAM action.
    pub action: Option<String>,
    /// A workspace.
    pub workspace: Option<WorkspaceId>,
    /// A model.
    pub model: Option<String>,
    /// A page.
    pub page: Option<Page>,
    /// A RAM resource.
    pub resource: Option<String>,
    /// Where the request would come from.
    pub source_ip: Option<IpAddr>,
    /// When it would come, in milliseconds since the epoch.
    pub now_ms: Option<i64>,
    /// Further condition keys by their own names.
    pub context: Vec<(String, String)>,
}

impl Control {
    /// Decides a question and says why, without doing anything.
    pub async fn explain(&self, caller: &Caller, asked: &Asked) -> Result<Decision, Error> {
        let source = asked.source_ip.unwrap_or(caller.source_ip);
        let now_ms = asked.now_ms.unwrap_or(caller.now_ms);
        let mut decision = match &asked.subject {
            Subject::ApiKey(id) => self.explain_key(caller, *id, asked, source, now_ms).await?,
            Subject::User(who) => {
                let principal = self.principal_named(caller, who).await?;
                self.require::<Explain>(caller, Person(principal.and_then(Principal::user)), who).await?;
                let principal = principal.ok_or_else(|| Error::absent("User"))?;
                let given: Vec<(&str, Value<'_>)> =
                    asked.context.iter().map(|(key, value)| (key.as_str(), Value::Text(value))).collect();
                let resources: Vec<String> = asked.resource.iter().cloned().collect();
                self.directory().explain(
                    caller,
                    &bailey_domain::directory::Asked {
                        action: asked.action.as_deref(),
                        workspace: asked.workspace,
                        page: asked.page,
                        model: asked.model.as_deref(),
                        resources: &resources,
                        given: &given,
                        source_ip: source,
                        now_ms,
                        ..bailey_domain::directory::Asked::about(principal)
                    },
                )
            }
        };
        decision.request_id = caller.request_id.to_string();
        Ok(decision)
    }

    async fn explain_key(
        &self,
        caller: &Caller,
        id: ApiKeyId,
        asked: &Asked,
        source: IpAddr,
        now_ms: i64,
    ) -> Result<Decision, Error> {
        let owner = self.directory().key_owner(caller.account, id).and_then(Principal::user);
        self.require::<Explain>(caller, Person(owner), &id.to_string()).await?;
        let model = asked.model.as_deref().ok_or_else(|| {
            Error::field("model", "is missing: a key is asked about with the model that it would call")
        })?;
        self.directory()
            .explain_call(caller.account, id, model, &Call { key: None, workspace: None, source, now_ms })
            .ok_or_else(|| Error::absent("ApiKey"))
    }

    /// An identity of the caller's account by id or name; only a name takes a query.
    pub(crate) async fn principal_named(
        &self,
        caller: &Caller,
        who: &str,
    ) -> Result<Option<Principal>, Error> {
        if who == "root" {
            return Ok(Some(Principal::Root));
        }
        if let Some(user) = who.parse().ok().map(Principal::User)
            && self.directory().knows(caller.account, user)
        {
            return Ok(Some(user));
        }
        let name = UserName::parse("subject.id", who)?;
        Ok(self.store.find_user(caller.account, &name).await?.map(|user| Principal::User(user.user_id)))
    }

    /// Shows the decision of an earlier request, refused on the gateway or decided on the control API.
    pub async fn get_decision(&self, caller: &Caller, request: RequestId) -> Result<Decision, Error> {
        self.recorder.flush().await;
        let id = request.to_string();
        let whose = match self.store.owner_of_decision(caller.account, &id).await? {
            Some(owner) => Some(owner),
            None => self.store.actor_of(caller.account, &id).await?,
        };
        let subject = whose.and_then(|who| who.parse::<UserId>().ok());
        let permit = self.permit::<GetDecision>(caller, Person(subject), &id).await?;
        if let Some(decision) = self.store.find_gateway_decision(&permit, &id).await? {
            return Ok(decision);
        }
        let record =
            self.store.find_audit_record(&permit, &id).await?.ok_or_else(|| Error::absent("Decision"))?;
        record.decision()
    }
}
