//! Questions as OpenID AuthZEN asks them: who, which action, on what. Answered by the same decisions as everything else.

use std::net::IpAddr;

use bailey_domain::access::Principal;
use bailey_domain::decision::{Decision, Outcome};
use bailey_domain::directory::{Asked, Call, Counting, Denied, Holder, Wanted};
use bailey_domain::operations::{self, EvaluateAccess, Explain, OPERATIONS, Operation};
use bailey_domain::page::Page;
use bailey_domain::rules::Needs;
use bailey_domain::scope::{Person, ScopeKind};
use bailey_domain::{AccountId, ApiKeyId, Caller, Error, Permit, Reason, UserId, WorkspaceId};
use bailey_policy::Value;

use crate::control::Control;

/// A thing that a question names: its type and its id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entity {
    /// `user`, `api_key`; `model`, `page`, `api`, `management`, `workspace`.
    pub kind: String,
    /// Its id.
    pub id: String,
}

/// What an action would be done on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resource {
    /// The thing.
    pub entity: Entity,
    /// The workspace that it is in, where the question names one.
    pub workspace: Option<String>,
}

/// What policies may ask about the request that is asked about.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Where it would come from; by default where the question came from.
    pub source_ip: Option<IpAddr>,
    /// When it would come, in milliseconds since the epoch; by default now.
    pub now_ms: Option<i64>,
    /// Further condition keys by their own names.
    pub keys: Vec<(String, String)>,
}

/// One question.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    /// Whom it is about.
    pub subject: Entity,
    /// The action's name.
    pub action: String,
    /// What it would be done on.
    pub resource: Resource,
    /// The circumstances.
    pub given: Given,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct Evaluated {
    /// The decision.
    pub decision: Decision,
    /// Which of the four kinds was asked about.
    pub kind: &'static str,
    /// Whether the caller is told more than yes or no: wanted it and may have it.
    pub explained: bool,
}

/// Whom a question is about, found in the caller's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whom {
    Person(Principal),
    /// A key and its owner.
    Key(ApiKeyId, Option<UserId>),
}

impl Whom {
    /// The person that the question is about: what permission to ask depends on.
    pub(crate) fn person(whom: Option<Self>) -> Person {
        Person(match whom {
            Some(Self::Person(principal)) => principal.user(),
            Some(Self::Key(_, owner)) => owner,
            None => None,
        })
    }
}

/// What is asked, read from action and resource together.
pub(crate) enum Ask {
    /// Calling a model; a key brings its own workspace.
    Model(String, Option<WorkspaceId>),
    /// Reading what every member reads.
    Member(WorkspaceId),
    /// Changing something on a page, or reading one that is no feature page.
    Page(Page, WorkspaceId),
    /// A RAM action in the account or a workspace, on RAM resources.
    Action(String, Option<WorkspaceId>, Vec<String>),
    /// Every management operation.
    Everything,
}

/// The word for all management.
pub(crate) const MANAGE_ALL: &str = "manage:*";
/// The one action on models.
pub(crate) const MODEL_CALL: &str = "model:call";
/// The two actions on pages.
pub(crate) const PAGE_ACTIONS: [&str; 2] = ["page:read", "page:operate"];
/// What stands for the whole account or workspace where a resource must have an id.
pub(crate) const WHOLE: &str = "*";

/// The management operations on the whole account.
pub(crate) fn management() -> impl Iterator<Item = &'static operations::Entry> {
    OPERATIONS.iter().filter(|entry| {
        let managed = |part: &Needs| matches!(part, Needs::Management);
        entry.scope == ScopeKind::Account
            && matches!(entry.needs, Needs::Any(parts) if parts.iter().any(managed))
    })
}

impl Control {
    /// Decides one question. Whoever may not ask about its subject is refused; a subject or resource that the account
    /// does not have is a no, whether another account has it or not.
    pub async fn evaluate_access(
        &self,
        caller: &Caller,
        asked: &Evaluation,
        wanted: Wanted,
    ) -> Result<Evaluated, Error> {
        let (whom, permit) = self.asked_about::<EvaluateAccess>(caller, &asked.subject).await?;
        let explained = wanted == Wanted::Explanation
            && self.directory().authorize::<Explain>(caller, *permit.scope()).is_ok();
        let wanted = if explained { Wanted::Explanation } else { Wanted::Answer };
        let Evaluation { action, resource, given, .. } = asked;
        let mut decision = self.decide_access(caller, whom, action, resource, given, wanted);
        decision.request_id = caller.request_id.to_string();
        Ok(Evaluated { decision, kind: kind_of(&resource.entity.kind, action), explained })
    }

    /// Whom a question is about, and the permission to ask it.
    pub(crate) async fn asked_about<O: Operation<On = Person>>(
        &self,
        caller: &Caller,
        subject: &Entity,
    ) -> Result<(Option<Whom>, Permit<O>), Error> {
        let whom = self.whom(caller, subject).await?;
        let permit = self.permit::<O>(caller, Whom::person(whom), &subject.id).await?;
        Ok((whom, permit))
    }

    /// Finds whom a question is about. By id, a user takes no query.
    async fn whom(&self, caller: &Caller, subject: &Entity) -> Result<Option<Whom>, Error> {
        match subject.kind.as_str() {
            "user" => match self.principal_named(caller, &subject.id).await {
                Ok(found) => Ok(found.map(Whom::Person)),
                // A text that cannot be a name is nobody's.
                Err(Error::Invalid { .. }) => Ok(None),
                Err(error) => Err(error),
            },
            "api_key" => Ok(subject.id.parse().ok().and_then(|id| self.key_of(caller.account, id))),
            _ => Ok(None),
        }
    }

    /// A key of the account.
    pub(crate) fn key_of(&self, account: AccountId, id: ApiKeyId) -> Option<Whom> {
        let owner = self.directory().key_owner(account, id)?;
        Some(Whom::Key(id, owner.user()))
    }

    /// Decides. Nothing is asked but the directory.
    pub(crate) fn decide_access(
        &self,
        caller: &Caller,
        whom: Option<Whom>,
        action: &str,
        resource: &Resource,
        given: &Given,
        wanted: Wanted,
    ) -> Decision {
        let no = |reason| self.refused_access(reason);
        let Some(whom) = whom else { return no(Reason::IdentityGone) };
        match read(caller.account, action, resource) {
            Ok(ask) => self.decide_ask(caller, whom, &ask, given, wanted),
            Err(reason) => no(reason),
        }
    }

    /// Decides what was read.
    pub(crate) fn decide_ask(
        &self,
        caller: &Caller,
        whom: Whom,
        ask: &Ask,
        given: &Given,
        wanted: Wanted,
    ) -> Decision {
        let no = |reason| self.refused_access(reason);
        let about = match (whom, ask) {
            (Whom::Key(id, _), Ask::Model(model, workspace)) => {
                let named = workspace.map(|id| id.to_string());
                let call = Call {
                    key: None,
                    workspace: named.as_deref(),
                    source: given.source_ip.unwrap_or(caller.source_ip),
                    now_ms: given.now_ms.unwrap_or(caller.now_ms),
                };
                return self
                    .directory()
                    .decide_call(caller.account, id, model, &call, wanted)
                    .unwrap_or_else(|| no(Reason::KeyUnknown));
            }
            // Keys open nothing but models (rule 6).
            (Whom::Key(..), _) => return no(Reason::ImplicitDeny),
            (Whom::Person(_), Ask::Model(_, None)) => return no(Reason::WorkspaceAccessDenied),
            (Whom::Person(principal), Ask::Everything) => {
                return self.ask_everything(caller, given, principal, wanted);
            }
            (Whom::Person(principal), Ask::Model(model, Some(workspace))) => {
                Asked { model: Some(model), workspace: Some(*workspace), ..Asked::about(principal) }
            }
            (Whom::Person(principal), Ask::Member(workspace)) => {
                Asked { workspace: Some(*workspace), ..Asked::about(principal) }
            }
            (Whom::Person(principal), Ask::Page(page, workspace)) => {
                Asked { page: Some(*page), workspace: Some(*workspace), ..Asked::about(principal) }
            }
            (Whom::Person(principal), Ask::Action(action, workspace, resources)) => {
                let about = Asked::about(principal);
                Asked { action: Some(action), workspace: *workspace, resources, ..about }
            }
        };
        self.ask(caller, given, &about, wanted)
    }

    /// Decides about a key that is presented to somebody else's gateway.
    pub fn judge_key(
        &self,
        presented: &[u8],
        model: &str,
        workspace: Option<&str>,
        source: IpAddr,
        counting: Counting,
    ) -> Result<Holder, Box<Denied>> {
        let key = Some(self.hasher.present(presented));
        let call = Call { key, workspace, source, now_ms: self.clock.now_ms() };
        self.directory().judge(&call, model, counting)
    }

    /// Decides about the caller itself, which needs no permission. What its session owes comes first, and that a second
    /// factor was given counts.
    pub fn decide_about_caller(&self, caller: &Caller, action: &str, resource: &Resource) -> Decision {
        if let Some(duty) = caller.session.and_then(|session| session.duty) {
            return self.refused_access(duty.reason());
        }
        let mut given = Given::default();
        if caller.mfa_present() {
            given.keys.push(("acs:MFAPresent".to_owned(), "true".to_owned()));
        }
        let own = Whom::Person(caller.principal);
        self.decide_access(caller, Some(own), action, resource, &given, Wanted::Answer)
    }

    /// The first management operation that is refused, or the last one that is allowed.
    fn ask_everything(
        &self,
        caller: &Caller,
        given: &Given,
        principal: Principal,
        wanted: Wanted,
    ) -> Decision {
        let mut last = None;
        for entry in management() {
            let about = Asked { action: Some(entry.action), ..Asked::about(principal) };
            let decision = self.ask(caller, given, &about, wanted);
            if decision.outcome == Outcome::Deny {
                return decision;
            }
            last = Some(decision);
        }
        last.unwrap_or_else(|| self.refused_access(Reason::ImplicitDeny))
    }

    fn ask(&self, caller: &Caller, given: &Given, asked: &Asked<'_>, wanted: Wanted) -> Decision {
        let keys: Vec<(&str, Value<'_>)> =
            given.keys.iter().map(|(key, value)| (key.as_str(), Value::Text(value))).collect();
        let asked = Asked {
            given: &keys,
            source_ip: given.source_ip.unwrap_or(caller.source_ip),
            now_ms: given.now_ms.unwrap_or(caller.now_ms),
            ..*asked
        };
        self.directory().decide(caller, &asked, wanted)
    }

    /// A no about something that is not there.
    fn refused_access(&self, reason: Reason) -> Decision {
        Decision {
            outcome: Outcome::Deny,
            request_id: String::new(),
            revision: self.directory().revision(),
            reason: Some(reason),
            chain: Vec::new(),
        }
    }
}

fn kind_of(resource: &str, action: &str) -> &'static str {
    match resource {
        "model" => "model",
        "page" => "page",
        "api" => "api",
        "workspace" if action.starts_with("sfm:") => "api",
        _ => "management",
    }
}

/// Whether a text is the name of one RAM action, such as `sfm:CreateIndex`.
fn is_ram_action(text: &str) -> bool {
    let Some((service, name)) = text.split_once(':') else { return false };
    let word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    word(name)
        && !matches!(service, "model" | "page" | "manage")
        && !service.is_empty()
        && service.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Reads action and resource together. What does not fit together, or is not there, is a no.
fn read(account: AccountId, action: &str, resource: &Resource) -> Result<Ask, Reason> {
    let id = resource.entity.id.as_str();
    let workspace = match resource.workspace.as_deref() {
        None => None,
        Some(text) => Some(text.parse::<WorkspaceId>().map_err(|_| Reason::WorkspaceAccessDenied)?),
    };
    match resource.entity.kind.as_str() {
        "model" if action == MODEL_CALL => Ok(Ask::Model(id.to_owned(), workspace)),
        "page" => {
            let page = Page::parse("resource.id", id).map_err(|_| Reason::PageMissing)?;
            let workspace = workspace.ok_or(Reason::WorkspaceAccessDenied)?;
            match action {
                "page:read" if page.is_feature() => Ok(Ask::Member(workspace)),
                "page:read" | "page:operate" => Ok(Ask::Page(page, workspace)),
                _ => Err(Reason::ImplicitDeny),
            }
        }
        "workspace" if is_ram_action(action) => {
            let own = id.parse().map_err(|_| Reason::WorkspaceAccessDenied)?;
            if workspace.is_some_and(|named| named != own) {
                return Err(Reason::WorkspaceAccessDenied);
            }
            Ok(Ask::Action(action.to_owned(), Some(own), Vec::new()))
        }
        "api" if is_ram_action(action) => {
            if id == WHOLE {
                return Ok(Ask::Action(action.to_owned(), workspace, Vec::new()));
            }
            let inside = workspace_of(account, id)?;
            if workspace.is_some() && inside.is_some() && workspace != inside {
                return Err(Reason::WorkspaceAccessDenied);
            }
            Ok(Ask::Action(action.to_owned(), workspace.or(inside), vec![id.to_owned()]))
        }
        "management" if id == WHOLE || id == account.to_string() => match action {
            MANAGE_ALL => Ok(Ask::Everything),
            _ if is_ram_action(action) => Ok(Ask::Action(action.to_owned(), workspace, Vec::new())),
            _ => {
                let name = action.strip_prefix("manage:").ok_or(Reason::ImplicitDeny)?;
                let entry = operations::find(name).ok_or(Reason::ImplicitDeny)?;
                Ok(Ask::Action(entry.action.to_owned(), workspace, Vec::new()))
            }
        },
        _ => Err(Reason::ImplicitDeny),
    }
}

/// The workspace that a RAM resource name lies in. A name of another account, or of no account, is nothing here.
fn workspace_of(account: AccountId, name: &str) -> Result<Option<WorkspaceId>, Reason> {
    let parts: Vec<&str> = name.splitn(5, ':').collect();
    let ["acs", _, _, owner, relative] = parts[..] else { return Err(Reason::ImplicitDeny) };
    if owner != account.to_string() {
        return Err(Reason::ImplicitDeny);
    }
    match relative.strip_prefix("workspace/") {
        None => Ok(None),
        Some(rest) => {
            let id = rest.split('/').next().unwrap_or_default();
            id.parse().map(Some).map_err(|_| Reason::WorkspaceAccessDenied)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ram_actions_are_told_from_ours() {
        for good in ["sfm:CreateIndex", "modelstudio:AddUser", "oss:GetObject"] {
            assert!(is_ram_action(good), "{good}");
        }
        for bad in [
            "",
            "sfm",
            "sfm:",
            ":X",
            "sfm:*",
            "model:call",
            "page:read",
            "manage:AddUser",
            "Sfm:X",
            "sfm:a b",
        ] {
            assert!(!is_ram_action(bad), "{bad}");
        }
    }

    #[test]
    fn a_resource_name_of_another_account_is_none_of_ours() {
        let account: AccountId = "1234567890123456".parse().unwrap();
        let of = |name: &str| workspace_of(account, name);
        assert_eq!(of("acs:oss:*:1234567890123456:bucket/a:b"), Ok(None));
        let inside = of("acs:sfm:*:1234567890123456:workspace/llm-0123456789abcdef/index/1");
        assert_eq!(inside, Ok(Some("llm-0123456789abcdef".parse().unwrap())));
        for bad in [
            "acs:oss:*:6543210987654321:bucket",
            "acs:oss:*:*:bucket",
            "bucket",
            "acs:sfm:*:1234567890123456:workspace/x",
        ] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn all_management_is_more_than_one_operation_and_none_in_a_workspace() {
        let names: Vec<_> = management().map(|entry| entry.name).collect();
        assert!(names.contains(&"CreateWorkspace") && names.contains(&"AddUser"));
        assert!(!names.contains(&"UpdateModelPermissions") && !names.contains(&"RemoveUser"));
    }
}
