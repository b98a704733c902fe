//! Answers for people: the same decisions as everywhere, made without doing anything.

use std::net::IpAddr;
use std::sync::Arc;

use bailey_policy::{Value, Verdict};
use serde::Serialize;

use super::Directory;
use super::admit::Call;
use super::authorize::{Circumstances, Question, outsiders_chain};
use super::diagnose::About;
use super::state::{Opening, State};
use super::trial::Trial;
use crate::access::{Caller, Principal};
use crate::decision::{Chain, Check, Decision, Link, Outcome};
use crate::id::{AccountId, ApiKeyId, UserId, WorkspaceId};
use crate::operations::{Explain, FEATURE_ACTIONS, FEATURE_NEEDS, OPERATIONS};
use crate::page::{Page, Pages};
use crate::reason::Reason;
use crate::rules::Needs;
use crate::scope::ScopeKind;

/// A question that somebody asks about an identity.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Whom it is about.
    pub principal: Principal,
    /// A RAM action, such as `sfm:CreateIndex`.
    pub action: Option<&'a str>,
    /// A workspace.
    pub workspace: Option<WorkspaceId>,
    /// A page to change something on.
    pub page: Option<Page>,
    /// A model to call from the playground.
    pub model: Option<&'a str>,
    /// RAM resources.
    pub resources: &'a [String],
    /// Condition keys by name.
    pub given: &'a [(&'a str, Value<'a>)],
    /// `acs:SourceIp`.
    pub source_ip: IpAddr,
    /// `acs:CurrentTime`.
    pub now_ms: i64,
}

impl Asked<'_> {
    /// Nothing yet, about this identity, from nowhere at the beginning of time.
    pub fn about(principal: Principal) -> Self {
        Self {
            principal,
            action: None,
            workspace: None,
            page: None,
            model: None,
            resources: &[],
            given: &[],
            source_ip: IpAddr::from([0, 0, 0, 0]),
            now_ms: 0,
        }
    }
}

/// How much of a decision is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Yes or no, and the reason of a no. The chain stays empty: putting it into words takes longer than deciding, above all
    /// of a no, for which the smallest change is looked for.
    Answer,
    /// The chain, too.
    Explanation,
}

/// One permission that somebody has, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Holding {
    /// The model, page or action.
    pub name: String,
    /// Where it comes from.
    pub from: String,
}

/// The four kinds for one person in one workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EffectiveAccess {
    /// Models that keys of the workspace may call.
    pub model: Vec<Holding>,
    /// Pages that the person may change things on; all feature pages may be read.
    pub page: Vec<Holding>,
    /// Feature APIs that the person may call here.
    pub api: Vec<Holding>,
    /// Management operations that the person may do: in the account, and on this workspace.
    pub management: Vec<Holding>,
}

impl Directory {
    /// Decides about a call with a key, by its handle; the call presents none. `None` when the account has no such key.
    pub fn explain_call(
        &self,
        account: AccountId,
        key: ApiKeyId,
        model: &str,
        call: &Call<'_>,
    ) -> Option<Decision> {
        self.decide_call(account, key, model, call, Wanted::Explanation)
    }

    /// The same with the limits asked too, and the call counted, in the windows of a trial.
    pub fn try_call(
        &self,
        account: AccountId,
        key: ApiKeyId,
        model: &str,
        call: &Call<'_>,
        trial: &mut Trial,
    ) -> Option<Decision> {
        self.decide_counted(account, key, model, call, Wanted::Explanation, Some(trial))
    }

    /// The same for whoever may want no more than the answer.
    pub fn decide_call(
        &self,
        account: AccountId,
        key: ApiKeyId,
        model: &str,
        call: &Call<'_>,
        wanted: Wanted,
    ) -> Option<Decision> {
        self.decide_counted(account, key, model, call, wanted, None)
    }

    fn decide_counted(
        &self,
        account: AccountId,
        key: ApiKeyId,
        model: &str,
        call: &Call<'_>,
        wanted: Wanted,
        trial: Option<&mut Trial>,
    ) -> Option<Decision> {
        let state = self.read();
        let slot = state.key_slot(key)?;
        let workspace = state.workspaces.get(state.keys.get(slot)?.workspace)?;
        if workspace.account != account {
            return None;
        }
        let mut chain = Chain::default();
        let considered = state.consider_key(slot, None, call, model, &mut chain);
        let answer = considered.and_then(|(entered, entry)| match trial {
            Some(trial) => trial.reserve(&entered, entry.number, call.now_ms, &mut chain),
            None => Ok(()),
        });
        let subject = |check: Check| match check {
            Check::Model | Check::ModelGrant => model.to_owned(),
            Check::SourceAddress => call.source.to_string(),
            Check::Membership | Check::NamedWorkspace | Check::WorkspaceLimit => workspace.id.to_string(),
            Check::AccountLimit => "account".to_owned(),
            _ => key.to_string(),
        };
        let links = match wanted {
            Wanted::Answer => Vec::new(),
            Wanted::Explanation => chain.render(&subject),
        };
        Some(state.decision(answer, links))
    }

    /// Decides a question about an identity.
    pub fn explain(&self, caller: &Caller, asked: &Asked<'_>) -> Decision {
        self.decide(caller, asked, Wanted::Explanation)
    }

    /// The same for whoever may want no more than the answer.
    pub fn decide(&self, caller: &Caller, asked: &Asked<'_>, wanted: Wanted) -> Decision {
        let state = self.read();
        let action = state.catalogue.resolve(asked.action.unwrap_or("modelstudio:Playground"));
        let page_needs;
        let needs = match (asked.action, asked.page, asked.model) {
            (Some(name), ..) => needs_of(name),
            (None, Some(page), _) => {
                page_needs = Needs::Page(page);
                &page_needs
            }
            (None, None, Some(_)) => &Needs::Page(Page::Playground),
            (None, None, None) => &Needs::Member,
        };
        // A session that asks about itself is answered as narrowed as it is.
        let narrowed = caller.role_session.as_ref().filter(|_| asked.principal == caller.principal);
        let narrowed = narrowed.and_then(|session| session.policy.as_ref());
        let question = Question {
            account: caller.account,
            principal: asked.principal,
            action: &action,
            needs,
            workspace: asked.workspace,
            subject: state.asked_about(asked),
            resources: asked.resources,
            duty: None,
            role: None,
            federated: None,
            session: narrowed,
            circumstances: Circumstances {
                external_id: None,
                source_ip: asked.source_ip,
                now_ms: asked.now_ms,
                // How others come is not known; whoever asks can say it.
                secure_transport: caller.secure_transport && asked.principal == caller.principal,
                mfa_present: false,
                given: asked.given,
            },
        };
        let (mut answer, mut chain) = state.decide(&question);
        if let (Ok(()), Some(model), Some(workspace)) = (answer, asked.model, asked.workspace) {
            let granted = state.workspace_holds(caller.account, workspace, model);
            chain.note(Check::Model, granted.is_some());
            answer = match granted {
                None => Err(Reason::ModelUnknown),
                Some(granted) if chain.note(Check::ModelGrant, granted) => Ok(()),
                Some(_) => Err(Reason::ModelNotGranted),
            };
        }
        if wanted == Wanted::Answer {
            return state.decision(answer, Vec::new());
        }
        // Whoever asks about a workspace that he does not see learns what any outsider would.
        let sees = caller.principal == Principal::Root
            || asked.workspace.is_some_and(|workspace| state.sees::<Explain>(caller, workspace));
        if answer == Err(Reason::WorkspaceAccessDenied) && !sees {
            chain = outsiders_chain();
        }
        state.decision(answer, state.render(&chain, &About::question(&question)))
    }

    /// The account's models by name.
    pub fn model_names(&self, account: AccountId) -> Vec<Arc<str>> {
        let state = self.read();
        let Some(account) = state.accounts.get(&account) else { return Vec::new() };
        let mut names: Vec<_> = account.models.values().map(|entry| Arc::clone(&entry.name)).collect();
        names.sort_unstable();
        names
    }

    /// What policies and chains call an identity.
    pub fn name_of(&self, principal: Principal) -> String {
        self.read().name_of(principal)
    }

    /// The four kinds for one person in one workspace.
    pub fn effective_access(
        &self,
        account: AccountId,
        workspace: WorkspaceId,
        user: UserId,
        circumstances: Circumstances<'_>,
    ) -> EffectiveAccess {
        let state = self.read();
        let pages = state.seat_of(user, workspace).map(|seat| seat.pages);
        let held = |action: &str, place: Option<WorkspaceId>| {
            state.source_of(account, user, action, place, circumstances)
        };
        EffectiveAccess {
            model: if pages.is_some() { state.models_of(account, workspace) } else { Vec::new() },
            page: pages.map(page_holdings).unwrap_or_default(),
            api: FEATURE_ACTIONS
                .iter()
                .filter(|_| pages.is_some())
                .filter_map(|action| {
                    Some(Holding { name: (*action).to_owned(), from: held(action, Some(workspace))? })
                })
                .collect(),
            management: OPERATIONS
                .iter()
                .filter(|entry| entry.action.starts_with("modelstudio:"))
                .filter(|entry| entry.needs.mentions(&|part| matches!(part, Needs::Management)))
                .filter_map(|entry| {
                    // Of what is done on workspaces, what may be done on this one.
                    let done_here = matches!(entry.scope, ScopeKind::Workspace | ScopeKind::Seat);
                    let from = held(entry.action, done_here.then_some(workspace))?;
                    Some(Holding { name: entry.action.to_owned(), from })
                })
                .collect(),
        }
    }
}

fn page_holdings(pages: Pages) -> Vec<Holding> {
    crate::page::PAGES
        .iter()
        .filter(|entry| pages.allow(entry.page))
        .map(|entry| {
            let from = if pages.contains(entry.page) {
                "own page permission"
            } else {
                "page permission `administrator`"
            };
            Holding { name: entry.name.to_owned(), from: from.to_owned() }
        })
        .collect()
}

/// The rule of any action: our own operations by their row, feature APIs by rule 4, all else by policy.
fn needs_of(action: &str) -> &'static Needs {
    let row = OPERATIONS.iter().find(|entry| entry.action.eq_ignore_ascii_case(action));
    match row {
        Some(entry) => &entry.needs,
        None if action.to_ascii_lowercase().starts_with("sfm:") => &FEATURE_NEEDS,
        None => &Needs::Policy,
    }
}

/// Whether a RAM resource is a user, such as `acs:ram:*:1234567890123456:user/alice`.
fn names_a_user(resource: &str) -> bool {
    let mut parts = resource.splitn(5, ':').skip(1);
    let is_ram = parts.next().is_some_and(|service| service.eq_ignore_ascii_case("ram"));
    let kind = parts.nth(2).and_then(|name| name.split_once('/'));
    is_ram && kind.is_some_and(|(kind, _)| kind.eq_ignore_ascii_case("user"))
}

/// Whether two RAM resources are called the same in the same account, whatever is said of their regions.
fn same_name(one: &str, other: &str) -> bool {
    let named = |resource: &str| resource.splitn(4, ':').nth(3).map(str::to_ascii_lowercase);
    named(one) == named(other)
}

impl State {
    fn decision(&self, answer: Result<(), Reason>, chain: Vec<Link>) -> Decision {
        Decision {
            outcome: if answer.is_ok() { Outcome::Allow } else { Outcome::Deny },
            request_id: String::new(),
            revision: self.revision,
            reason: answer.err(),
            chain,
        }
    }

    /// Whom a question is about: the one who would act, unless a resource names another user.
    fn asked_about(&self, asked: &Asked<'_>) -> Option<UserId> {
        let user = asked.principal.user()?;
        let own = self.user(user).map(|user| &*user.identity.arn);
        let others =
            |resource: &String| names_a_user(resource) && !own.is_some_and(|own| same_name(own, resource));
        (!asked.resources.iter().any(others)).then_some(user)
    }

    /// Whether a workspace may call a model; `None` when there is no such model.
    fn workspace_holds(&self, account: AccountId, workspace: WorkspaceId, model: &str) -> Option<bool> {
        let state = self.accounts.get(&account)?;
        let entry = state.models.get(model)?;
        let workspace = self.workspace_in(account, workspace)?;
        Some(workspace.opening(state, entry.number).is_some())
    }

    fn models_of(&self, account: AccountId, workspace: WorkspaceId) -> Vec<Holding> {
        let Some(state) = self.accounts.get(&account) else { return Vec::new() };
        let Some(place) = self.workspace_in(account, workspace) else { return Vec::new() };
        let from = |number: u32| {
            Some(match place.opening(state, number)? {
                Opening::Default => "default workspace",
                Opening::Open => "workspace is open to all models",
                Opening::Grant => "model grant of the workspace",
            })
        };
        let mut models: Vec<_> = state
            .models
            .values()
            .filter_map(|entry| {
                Some(Holding { name: entry.name.to_string(), from: from(entry.number)?.to_owned() })
            })
            .collect();
        models.sort_by(|one, other| one.name.cmp(&other.name));
        models
    }

    /// The name of the policy that allows an action in a workspace, or in the account; `None` when none does.
    fn source_of(
        &self,
        account: AccountId,
        user: UserId,
        action: &str,
        workspace: Option<WorkspaceId>,
        circumstances: Circumstances<'_>,
    ) -> Option<String> {
        let question = Question {
            account,
            principal: Principal::User(user),
            action: &self.catalogue.resolve(action),
            needs: &Needs::Policy,
            workspace,
            subject: None,
            resources: &[],
            duty: None,
            role: None,
            federated: None,
            session: None,
            circumstances,
        };
        if self.decide(&question).0.is_err() {
            return None;
        }
        let holder = &self.user(user)?.identity;
        let place = workspace.and_then(|id| self.workspace_slot_in(account, id));
        let name = |policy| self.policy_labels.get(policy).map(|label| &label.name);
        if let Verdict::Allow { policy, .. } = self.verdict(holder, &question, place) {
            return Some(format!("RAM policy `{}`", name(self.policy_slots_held(holder).nth(policy)?)?));
        }
        let Verdict::Allow { policy, .. } = self.verdict_there(holder, &question, place)? else {
            return None;
        };
        let policy = self.policy_slots_only_for(holder, place?).nth(policy)?;
        Some(format!("RAM policy `{}` for this workspace", name(policy)?))
    }
}
