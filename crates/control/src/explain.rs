//! Why: asking about a decision beforehand, and about one that was made.

use std::net::IpAddr;

use bailey_domain::access::Principal;
use bailey_domain::decision::Decision;
use bailey_domain::directory::{Call, Trial};
use bailey_domain::name::{RoleName, UserName};
use bailey_domain::operations::{Explain, GetDecision};
use bailey_domain::page::Page;
use bailey_domain::scope::Person;
use bailey_domain::{ApiKeyId, Caller, Directory, Error, RequestId, UserId, WorkspaceId};
use bailey_policy::Value;

use crate::control::Control;
use crate::roles;

/// Whom a question is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// An API key by its handle.
    ApiKey(ApiKeyId),
    /// A RAM user by id or name; `root` is the account's owner.
    User(String),
    /// A RAM role by name, in a session that nothing narrows.
    Role(String),
}

impl Subject {
    /// What it is in refusals.
    pub(crate) fn entity(&self) -> &'static str {
        match self {
            Self::ApiKey(_) => "ApiKey",
            Self::User(_) => "User",
            Self::Role(_) => "Role",
        }
    }
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

impl Asked {
    /// Nothing yet, from where and when the caller asks.
    pub fn about(subject: Subject) -> Self {
        Self {
            subject,
            action: None,
            workspace: None,
            model: None,
            page: None,
            resource: None,
            source_ip: None,
            now_ms: None,
            context: Vec::new(),
        }
    }
}

/// Whom a question is about, found in the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Person(Principal),
    Key(ApiKeyId),
}

/// Decides a question from a directory; the account's own, or one that changes are tried on. Limits are asked in the windows
/// of a trial, where there is one.
pub(crate) fn decide(
    directory: &Directory,
    caller: &Caller,
    whom: Found,
    asked: &Asked,
    trial: Option<&mut Trial>,
) -> Result<Decision, Error> {
    let source_ip = asked.source_ip.unwrap_or(caller.source_ip);
    let now_ms = asked.now_ms.unwrap_or(caller.now_ms);
    match whom {
        Found::Key(id) => {
            let model = asked.model.as_deref().ok_or_else(|| {
                Error::field("model", "is missing: a key is asked about with the model that it would call")
            })?;
            let call = Call { key: None, workspace: None, source: source_ip, now_ms };
            let decided = match trial {
                Some(trial) => directory.try_call(caller.account, id, model, &call, trial),
                None => directory.explain_call(caller.account, id, model, &call),
            };
            decided.ok_or_else(|| Error::absent("ApiKey"))
        }
        Found::Person(principal) => {
            let given: Vec<(&str, Value<'_>)> =
                asked.context.iter().map(|(key, value)| (key.as_str(), Value::Text(value))).collect();
            let resources: Vec<String> = asked.resource.iter().cloned().collect();
            let question = bailey_domain::directory::Asked {
                action: asked.action.as_deref(),
                workspace: asked.workspace,
                page: asked.page,
                model: asked.model.as_deref(),
                resources: &resources,
                given: &given,
                source_ip,
                now_ms,
                ..bailey_domain::directory::Asked::about(principal)
            };
            Ok(directory.explain(caller, &question))
        }
    }
}

impl Control {
    /// Decides a question and says why, without doing anything.
    pub async fn explain(&self, caller: &Caller, asked: &Asked) -> Result<Decision, Error> {
        let whom = match &asked.subject {
            Subject::ApiKey(id) => {
                let owner = self.directory().key_owner(caller.account, *id).and_then(Principal::user);
                self.require::<Explain>(caller, Person(owner), &id.to_string()).await?;
                Found::Key(*id)
            }
            Subject::User(who) => {
                let principal = self.principal_named(caller, who).await?;
                self.require::<Explain>(caller, Person(principal.and_then(Principal::user)), who).await?;
                Found::Person(principal.ok_or_else(|| Error::absent("User"))?)
            }
            Subject::Role(who) => {
                self.require::<Explain>(caller, Person(None), who).await?;
                Found::Person(self.role_named(caller, who).await?)
            }
        };
        let mut decision = decide(self.directory(), caller, whom, asked, None)?;
        decision.request_id = caller.request_id.to_string();
        Ok(decision)
    }

    /// A role of the caller's account by name.
    pub(crate) async fn role_named(&self, caller: &Caller, who: &str) -> Result<Principal, Error> {
        let name = RoleName::parse("subject.id", who)?;
        let role = roles::found(&self.store, caller.account, &name).await?;
        Ok(Principal::Role(role.role_id))
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
