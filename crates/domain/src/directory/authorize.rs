//! The decision about an operation: identity, explicit deny, then the operation's rule.

use std::net::IpAddr;

use bailey_policy::{Action, Context, Foregone, Outlook, Policy, Request, Value, Verdict};

use super::slab::Slot;
use super::state::{SeatState, State, UserState};
use crate::access::{Caller, Principal};
use crate::decision::{Chain, Check};
use crate::id::{AccountId, UserId, WorkspaceId};
use crate::login::{Duty, Preference};
use crate::operations::{Entry, Operation};
use crate::page::Page;
use crate::permit::{Permit, Refusal};
use crate::reason::Reason;
use crate::rules::Needs;
use crate::scope::Scope;

/// What a workspace is called in policies.
pub(crate) fn workspace_resource(account: AccountId, workspace: WorkspaceId) -> String {
    format!("acs:modelstudio:*:{account}:workspace/{workspace}")
}

/// What policies may ask about the request.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// `acs:SourceIp`.
    pub source_ip: IpAddr,
    /// `acs:CurrentTime`, milliseconds since the epoch.
    pub now_ms: i64,
    /// `acs:SecureTransport`.
    pub secure_transport: bool,
    /// `acs:MFAPresent`.
    pub mfa_present: bool,
    /// Condition keys by name that override the ones above; only `explain` gives any.
    pub given: &'a [(&'a str, Value<'a>)],
}

/// The checks that an outsider gets to see: the same ones whether the workspace is there or not (rule 8).
pub(super) fn outsiders_chain() -> Chain {
    let mut chain = Chain::default();
    chain.note(Check::Root, false);
    chain.note(Check::NoExplicitDeny, true);
    chain.note(Check::Membership, false);
    chain
}

/// What a session may not do before its duty is done.
fn first_things_first(duty: Duty) -> (Result<(), Reason>, Chain) {
    let mut chain = Chain::default();
    let (check, reason) = match duty {
        Duty::ChangePassword => (Check::PasswordKept, Reason::PasswordResetRequired),
        Duty::BindMfaDevice => (Check::MfaBound, Reason::MfaBindRequired),
    };
    chain.note(check, false);
    (Err(reason), chain)
}

/// A question about an operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'a> {
    /// The account that is asked in.
    pub account: AccountId,
    /// Who would act.
    pub principal: Principal,
    /// The RAM action.
    pub action: &'a Action,
    /// The rule.
    pub needs: &'a Needs,
    /// The workspace that it is about.
    pub workspace: Option<WorkspaceId>,
    /// The person that it is about.
    pub subject: Option<UserId>,
    /// RAM resources; empty means the workspace's or the account's own name.
    pub resources: &'a [String],
    /// What the caller must do before anything else.
    pub duty: Option<Duty>,
    /// What policies may ask about.
    pub circumstances: Circumstances<'a>,
}

/// What a decision searches for.
struct Found<'a> {
    user: Option<&'a UserState>,
    workspace: Option<Slot>,
    seat: Option<SeatState>,
}

/// Everything that the leaves of a rule may ask, found once.
struct Facts<'a> {
    question: &'a Question<'a>,
    verdict: Foregone,
    workspace_is_here: bool,
    seat: Option<SeatState>,
    seats: u32,
    state: &'a State,
}

impl State {
    pub(crate) fn authorize<O: Operation>(
        &self,
        caller: &Caller,
        scope: O::On,
    ) -> Result<Permit<O>, Box<Refusal>> {
        let entry = O::entry();
        let question = self.question_of(caller, entry, &scope);
        let (answer, chain) = match question.duty {
            Some(duty) if !duty.leaves(entry.name) => first_things_first(duty),
            _ => self.decide(&question),
        };
        match answer {
            Ok(()) => Ok(Permit::new(caller.clone(), scope, chain)),
            Err(reason) => Err(self.refusal(caller, entry, &question, reason, chain)),
        }
    }

    pub(crate) fn question_of<'a, S: Scope>(
        &'a self,
        caller: &Caller,
        entry: &'static Entry,
        scope: &'a S,
    ) -> Question<'a> {
        Question {
            account: caller.account,
            principal: caller.principal,
            action: &self.actions[entry.position],
            needs: &entry.needs,
            workspace: scope.workspace(),
            subject: scope.subject(),
            resources: scope.resources(),
            duty: caller.session.and_then(|session| session.duty),
            circumstances: Circumstances {
                source_ip: caller.source_ip,
                now_ms: caller.now_ms,
                secure_transport: caller.secure_transport,
                mfa_present: caller.session.is_some_and(|session| session.mfa_present),
                given: &[],
            },
        }
    }

    pub(crate) fn refusal(
        &self,
        caller: &Caller,
        entry: &'static Entry,
        question: &Question<'_>,
        reason: Reason,
        chain: Chain,
    ) -> Box<Refusal> {
        let outside = reason == Reason::WorkspaceAccessDenied && caller.principal != Principal::Root;
        let chain = if outside { outsiders_chain() } else { chain };
        Box::new(Refusal {
            caller: caller.clone(),
            operation: entry.name,
            action: entry.action,
            workspace: question.workspace,
            reason,
            chain,
            revision: self.revision,
        })
    }

    /// Decides, and notes every check. Allocates nothing on the way to yes.
    pub(crate) fn decide(&self, question: &Question<'_>) -> (Result<(), Reason>, Chain) {
        let mut chain = Chain::default();
        let answer = self.walk(question, &mut chain);
        (answer, chain)
    }

    fn walk(&self, question: &Question<'_>, chain: &mut Chain) -> Result<(), Reason> {
        if !self.confirmed {
            chain.note(Check::Confirmed, false);
            return Err(Reason::NotConfirmed);
        }
        let user_id = match question.principal {
            Principal::Root => {
                chain.note(Check::Root, true);
                let is_here = question
                    .workspace
                    .is_none_or(|id| self.workspace_slot_in(question.account, id).is_some());
                return if is_here || chain.note(Check::Workspace, false) {
                    Ok(())
                } else {
                    Err(Reason::WorkspaceAccessDenied)
                };
            }
            Principal::User(user) => user,
        };
        let found = self.find(question.account, user_id, question.workspace);
        let Some(user) = found.user else {
            chain.note(Check::Identity, false);
            return Err(Reason::IdentityGone);
        };
        chain.note(Check::Root, false);
        let verdict = match self.outlook(user, question.action).foregone() {
            Some(foregone) => foregone,
            None => match self.verdict(user, question, found.workspace) {
                Verdict::Allow { .. } => Foregone::Allow,
                Verdict::ExplicitDeny { policy, .. } => {
                    chain.name_policy(self.policy_slots_held(user).nth(policy));
                    Foregone::ExplicitDeny
                }
                Verdict::ImplicitDeny => Foregone::ImplicitDeny,
            },
        };
        if !chain.note(Check::NoExplicitDeny, verdict != Foregone::ExplicitDeny) {
            if chain.policy().is_none() {
                chain.name_policy(self.certain_deny(user, question.action));
            }
            return Err(Reason::ExplicitDeny);
        }
        let facts = Facts {
            question,
            verdict,
            workspace_is_here: found.workspace.is_some(),
            seat: found.seat,
            seats: user.seats,
            state: self,
        };
        // Not even management acts on a workspace that is not there, and the answer is the outsider's.
        if question.workspace.is_some() && !facts.workspace_is_here {
            chain.note(Check::Membership, false);
            return Err(Reason::WorkspaceAccessDenied);
        }
        if facts.hold(question.needs, chain) { Ok(()) } else { Err(facts.first_reason()) }
    }

    /// What the user's policies, attached directly and through groups, say about every resource.
    pub(super) fn verdict(
        &self,
        user: &UserState,
        question: &Question<'_>,
        workspace: Option<Slot>,
    ) -> Verdict {
        let circumstances = &question.circumstances;
        let known = [
            ("acs:SourceIp", Value::Ip(circumstances.source_ip)),
            ("acs:CurrentTime", Value::Time(circumstances.now_ms)),
            ("acs:SecureTransport", Value::Bool(circumstances.secure_transport)),
            ("acs:MFAPresent", Value::Bool(circumstances.mfa_present)),
            ("acs:PrincipalARN", Value::Text(&user.arn)),
        ];
        let mut merged;
        let entries = if circumstances.given.is_empty() {
            &known[..]
        } else {
            merged = circumstances.given.to_vec();
            merged.extend(known.iter().filter(|(key, _)| {
                !circumstances.given.iter().any(|(given, _)| given.eq_ignore_ascii_case(key))
            }));
            &merged[..]
        };
        let context = Context::new(entries);
        let on = |resource: &str| {
            let request = Request { action: question.action, resource, context: &context };
            bailey_policy::evaluate(self.policies_held(user), &request)
        };
        match (question.resources, question.workspace) {
            ([], None) => match self.accounts.get(&question.account) {
                Some(account) => on(&account.resource),
                None => Verdict::ImplicitDeny,
            },
            ([], Some(id)) => match workspace.and_then(|slot| self.workspaces.get(slot)) {
                Some(workspace) => on(&workspace.resource),
                None => on(&workspace_resource(question.account, id)),
            },
            (resources, _) => {
                let mut strictest = None;
                for resource in resources {
                    match on(resource) {
                        deny @ Verdict::ExplicitDeny { .. } => return deny,
                        Verdict::ImplicitDeny => strictest = Some(Verdict::ImplicitDeny),
                        allow @ Verdict::Allow { .. } => strictest = strictest.or(Some(allow)),
                    }
                }
                strictest.unwrap_or(Verdict::ImplicitDeny)
            }
        }
    }

    /// The searches of a decision and nothing else. A function of its own, since the compiler would move each to where
    /// its result is used first, and then the processor could not do them at once.
    #[inline(never)]
    fn find(&self, account: AccountId, id: UserId, named: Option<WorkspaceId>) -> Found<'_> {
        let workspace = named.and_then(|workspace| self.workspace_slot_in(account, workspace));
        let user = self.user(id);
        let seat = named.and_then(|workspace| self.members.get(&(id, workspace)));
        let user = user.filter(|user| user.account == account);
        let seat =
            seat.filter(|seat| user.zip(workspace).is_some_and(|(user, place)| seat.is_of(user.slot, place)));
        Found { user, workspace, seat: seat.copied() }
    }

    /// What the user's policies say about the action alone.
    fn outlook(&self, user: &UserState, action: &Action) -> Outlook {
        let mut outlook = Outlook::default();
        let mut add = |slot: &Slot| {
            if let Some(policy) = self.policies.get(*slot) {
                outlook.add(policy, action);
            }
        };
        user.policies.iter().for_each(&mut add);
        for group in user.groups.iter().filter_map(|slot| self.groups.get(*slot)) {
            group.policies.iter().for_each(&mut add);
        }
        outlook
    }

    /// The first policy that denies the action whatever resource and conditions are.
    fn certain_deny(&self, user: &UserState, action: &Action) -> Option<Slot> {
        self.slots_held(user).find(|slot| {
            let mut alone = Outlook::default();
            if let Some(policy) = self.policies.get(*slot) {
                alone.add(policy, action);
            }
            alone.foregone() == Some(Foregone::ExplicitDeny)
        })
    }

    /// Every policy that counts for the user.
    pub(crate) fn policies_held<'a>(
        &'a self,
        user: &'a UserState,
    ) -> impl Iterator<Item = &'a Policy> + Clone {
        self.slots_held(user).filter_map(|slot| self.policies.get(slot))
    }

    /// The slots of those policies, in the same order.
    pub(super) fn policy_slots_held<'a>(&'a self, user: &'a UserState) -> impl Iterator<Item = Slot> {
        self.slots_held(user).filter(|slot| self.policies.get(*slot).is_some())
    }

    fn slots_held<'a>(&'a self, user: &'a UserState) -> impl Iterator<Item = Slot> + Clone {
        let groups = user.groups.iter().filter_map(|slot| self.groups.get(*slot));
        user.policies.iter().chain(groups.flat_map(|group| group.policies.iter())).copied()
    }

    /// Whether a caller may be told that a workspace exists when doing `O`.
    pub(crate) fn sees<O: Operation>(&self, caller: &Caller, workspace: WorkspaceId) -> bool {
        let entry = O::entry();
        let question = Question {
            needs: &Needs::Any(&[Needs::Management, Needs::Member]),
            ..self.question_of(caller, entry, &workspace)
        };
        self.decide(&question).0.is_ok()
    }
}

impl Facts<'_> {
    /// Whether the rule holds. Notes the leaves on the way.
    fn hold(&self, needs: &Needs, chain: &mut Chain) -> bool {
        match needs {
            // Root was let through before any rule was asked.
            Needs::Root => false,
            Needs::Anyone => true,
            Needs::Policy | Needs::Management => chain.note(Check::Policy, self.verdict == Foregone::Allow),
            Needs::Member => chain.note(Check::Membership, self.seat.is_some()),
            Needs::MemberSomewhere => chain.note(Check::SomeMembership, self.seats > 0),
            Needs::Page(page) => self.page(*page, chain),
            Needs::Myself => self.myself(chain),
            Needs::SelfService(preference) => {
                self.myself(chain) && chain.note(Check::Preference, self.leaves_to_users(*preference))
            }
            Needs::Delegated(inner) => {
                chain.note(Check::Delegation, self.delegated()) && self.hold(inner, chain)
            }
            Needs::Any(parts) => parts.iter().any(|part| self.hold(part, chain)),
            Needs::All(parts) => parts.iter().all(|part| self.hold(part, chain)),
        }
    }

    fn myself(&self, chain: &mut Chain) -> bool {
        let same = self.question.subject.is_some() && self.question.subject == self.question.principal.user();
        chain.note(Check::Myself, same)
    }

    /// Whether users may do this for themselves: always where it is their duty.
    fn leaves_to_users(&self, preference: Preference) -> bool {
        let account = self.state.accounts.get(&self.question.account);
        self.question.duty.is_some_and(|duty| duty.grants() == preference)
            || account.is_some_and(|account| account.preference.allows(preference))
    }

    /// Whether the account delegates what it may delegate.
    fn delegated(&self) -> bool {
        let account = self.state.accounts.get(&self.question.account);
        account.is_some_and(|account| account.settings.delegate_member_removal)
    }

    fn page(&self, page: Page, chain: &mut Chain) -> bool {
        let Some(seat) = self.seat else { return chain.note(Check::Membership, false) };
        chain.note(Check::Page(page), seat.pages.allow(page))
    }

    /// Outsiders learn nothing but that they are outside; members learn which kind is missing.
    fn first_reason(&self) -> Reason {
        let needs = self.question.needs;
        if self.question.workspace.is_some() && self.seat.is_none() {
            Reason::WorkspaceAccessDenied
        } else if !self.delegated() && needs.mentions(&|part| matches!(part, Needs::Delegated(_))) {
            Reason::RootOnly
        } else if needs.mentions(&|part| matches!(part, Needs::Page(_))) {
            Reason::PageMissing
        } else if needs.mentions(&|part| matches!(part, Needs::Policy | Needs::Management)) {
            Reason::ImplicitDeny
        } else {
            Reason::RootOnly
        }
    }
}
