//! The decision about an operation: identity, explicit deny, then the operation's rule.

use std::net::IpAddr;

use bailey_policy::{Action, Combination, Foregone, Layer, Policy, Value, Verdict, Verdicts};

use super::slab::Slot;
use super::state::{IdentityState, SeatState, State};
use crate::access::{Caller, Principal};
use crate::decision::{Chain, Check};
use crate::id::{AccountId, RoleId, UserId, WorkspaceId};
use crate::login::{Duty, Preference};
use crate::operations::{Entry, Operation};
use crate::page::Page;
use crate::permit::{Permit, Refusal};
use crate::reason::Reason;
use crate::role::Federated;
use crate::rules::Needs;
use crate::scope::Scope;
use crate::secret::Secret;

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
    /// `sts:ExternalId`, where one was given.
    pub external_id: Option<&'a str>,
    /// Condition keys by name that override the ones above; only `explain` gives any.
    pub given: &'a [(&'a str, Value<'a>)],
}

impl<'a> Circumstances<'a> {
    /// Those of the caller's own request.
    pub(crate) fn of(caller: &Caller, external_id: Option<&'a str>) -> Self {
        Self {
            source_ip: caller.source_ip,
            now_ms: caller.now_ms,
            secure_transport: caller.secure_transport,
            mfa_present: caller.mfa_present(),
            external_id,
            given: &[],
        }
    }
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
    let check = match duty {
        Duty::ChangePassword => Check::PasswordKept,
        Duty::BindMfaDevice => Check::MfaBound,
    };
    chain.note(check, false);
    (Err(duty.reason()), chain)
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
    /// The role that it is about.
    pub role: Option<RoleId>,
    /// What an OIDC provider says about the caller.
    pub federated: Option<&'a Federated>,
    /// The session policy of a role's session.
    pub session: Option<&'a Policy>,
    /// What policies may ask about.
    pub circumstances: Circumstances<'a>,
}

/// What a decision searches for.
struct Found<'a> {
    identity: Option<&'a IdentityState>,
    workspace: Option<Slot>,
    seat: Option<SeatState>,
    /// In how many workspaces the user has a seat.
    seats: u32,
}

/// Everything that the leaves of a rule may ask, found once.
struct Facts<'a> {
    question: &'a Question<'a>,
    verdict: Foregone,
    workspace_is_here: bool,
    seat: Option<SeatState>,
    seats: u32,
    identity: &'a IdentityState,
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
        caller: &'a Caller,
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
            role: scope.role(),
            federated: caller.federated.as_deref(),
            session: caller.role_session.as_ref().and_then(|session| session.policy.as_ref()),
            circumstances: Circumstances::of(caller, scope.external_id()),
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
            resources: question.resources.to_vec(),
            external_id: question.circumstances.external_id.map(|id| Secret::new(id.to_owned())),
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
        let found = match question.principal {
            Principal::Root => return self.walk_as_root(question, chain),
            Principal::User(user) => self.find(question.account, user, question.workspace),
            Principal::Role(role) => self.find_role(question.account, role, question.workspace),
            Principal::Federated(_) => return self.walk_as_federated(question, chain),
        };
        let Some(identity) = found.identity else {
            chain.note(Check::Identity, false);
            return Err(Reason::IdentityGone);
        };
        chain.note(Check::Root, false);
        // Where nothing narrows the identity's own policies in this, the action alone may decide.
        let open = self.is_open_above(identity, question);
        let certain = if open { self.foregone(identity, question.action, found.workspace) } else { None };
        let verdict = match certain {
            Some(Foregone::ExplicitDeny) => {
                chain.decided_by(Layer::Identity, self.certain_deny(identity, question.action));
                Foregone::ExplicitDeny
            }
            Some(verdict) => verdict,
            None => self.layered(identity, question, found.workspace, chain),
        };
        let facts = |verdict| Facts {
            question,
            verdict,
            workspace_is_here: found.workspace.is_some(),
            seat: found.seat,
            seats: found.seats,
            identity,
            state: self,
        };
        if !chain.note(Check::NoExplicitDeny, verdict != Foregone::ExplicitDeny) {
            // A Deny for one workspace is told to whom the workspace is told of without it, and to nobody else (rule 8).
            let is_told = chain.layer() != Layer::ResourceGroup
                || found.seat.is_some()
                || (self.verdict(identity, question, found.workspace).is_allowed()
                    && facts(Foregone::Allow).hold(question.needs, &mut Chain::default()));
            return Err(if is_told { Reason::ExplicitDeny } else { Reason::WorkspaceAccessDenied });
        }
        let facts = facts(verdict);
        // Not even management acts on a workspace that is not there, and the answer is the outsider's.
        if question.workspace.is_some() && !facts.workspace_is_here {
            chain.note(Check::Membership, false);
            return Err(Reason::WorkspaceAccessDenied);
        }
        if facts.hold(question.needs, chain) { Ok(()) } else { Err(facts.first_reason()) }
    }

    /// What all kinds of policies say together, and which of them decided.
    pub(super) fn layered(
        &self,
        identity: &IdentityState,
        question: &Question<'_>,
        workspace: Option<Slot>,
        chain: &mut Chain,
    ) -> Foregone {
        let session =
            question.session.map(|own| self.verdict_of(&[own].into_iter(), identity, question, workspace));
        let (control, boundary) = self.verdicts_above(identity, question, workspace);
        let decided = bailey_policy::combine(&Verdicts {
            control: control.as_slice(),
            session,
            boundary,
            identity: self.verdict(identity, question, workspace),
            resource_group: self.verdict_there(identity, question, workspace),
            ..Verdicts::NONE
        });
        let (verdict, policy) = match decided.verdict {
            // What refuses after this is no kind of policies.
            Verdict::Allow { .. } => return Foregone::Allow,
            Verdict::ImplicitDeny => (Foregone::ImplicitDeny, None),
            Verdict::ExplicitDeny { policy, .. } => {
                let slot = match decided.layer {
                    Layer::Identity => self.policy_slots_held(identity).nth(policy),
                    Layer::ResourceGroup => {
                        workspace.and_then(|place| self.policy_slots_only_for(identity, place).nth(policy))
                    }
                    layer => self.policy_above(identity, layer, policy),
                };
                (Foregone::ExplicitDeny, slot)
            }
        };
        chain.decided_by(decided.layer, policy);
        verdict
    }

    /// The searches of a decision and nothing else. A function of its own, since the compiler would move each to where
    /// its result is used first, and then the processor could not do them at once.
    #[inline(never)]
    fn find(&self, account: AccountId, id: UserId, named: Option<WorkspaceId>) -> Found<'_> {
        let workspace = named.and_then(|workspace| self.workspace_slot_in(account, workspace));
        let user = self.user(id);
        let seat = named.and_then(|workspace| self.members.get(&(id, workspace)));
        let user = user.filter(|user| user.identity.account == account);
        let seat =
            seat.filter(|seat| user.zip(workspace).is_some_and(|(user, place)| seat.is_of(user.slot, place)));
        let seats = user.map_or(0, |user| user.seats);
        Found { identity: user.map(|user| &user.identity), workspace, seat: seat.copied(), seats }
    }

    /// The same for a role, which has a seat nowhere.
    fn find_role(&self, account: AccountId, id: RoleId, named: Option<WorkspaceId>) -> Found<'_> {
        let role = self.roles.get(&id).filter(|role| role.identity.account == account);
        Found {
            identity: role.map(|role| &role.identity),
            workspace: named.and_then(|workspace| self.workspace_slot_in(account, workspace)),
            seat: None,
            seats: 0,
        }
    }

    /// Root may do everything but take a role: the real service refuses that, and root needs none.
    fn walk_as_root(&self, question: &Question<'_>, chain: &mut Chain) -> Result<(), Reason> {
        chain.note(Check::Root, true);
        if question.needs.mentions(&|part| matches!(part, Needs::Trusted | Needs::Vouched)) {
            chain.note(Check::Trust, false);
            return Err(Reason::NotTrusted);
        }
        let is_here =
            question.workspace.is_none_or(|id| self.workspace_slot_in(question.account, id).is_some());
        if is_here || chain.note(Check::Workspace, false) {
            Ok(())
        } else {
            Err(Reason::WorkspaceAccessDenied)
        }
    }

    /// Somebody for whom a provider vouches may take roles and nothing else, and the trust policy alone decides.
    fn walk_as_federated(&self, question: &Question<'_>, chain: &mut Chain) -> Result<(), Reason> {
        chain.note(Check::Root, false);
        if !matches!(question.needs, Needs::Vouched) {
            chain.note(Check::Policy, false);
            return Err(Reason::ImplicitDeny);
        }
        let Some(vouched) = self.vouched(question) else {
            chain.note(Check::Identity, false);
            return Err(Reason::IdentityGone);
        };
        let decided = bailey_policy::combine(&Verdicts {
            resource: Some(self.verdict_of_trust(&vouched, question)),
            combination: Combination::ResourceAlone,
            ..Verdicts::NONE
        });
        if chain.note(Check::Trust, decided.is_allowed()) { Ok(()) } else { Err(Reason::NotTrusted) }
    }

    /// Whether policies alone let a caller do `O`, whatever else its rule asks.
    pub(crate) fn policies_allow<O: Operation>(&self, caller: &Caller, scope: &O::On) -> bool {
        let question = Question { needs: &Needs::Policy, ..self.question_of(caller, O::entry(), scope) };
        self.decide(&question).0.is_ok()
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
            // Root was let through before any rule was asked, and so was whoever a provider vouches for.
            Needs::Root | Needs::Vouched => false,
            Needs::Anyone => true,
            Needs::Policy | Needs::Management => {
                chain.note(Check::of_policies(chain.layer()), self.verdict == Foregone::Allow)
            }
            Needs::Member => chain.note(Check::Membership, self.seat.is_some()),
            Needs::MemberSomewhere => chain.note(Check::SomeMembership, self.seats > 0),
            Needs::Page(page) => self.page(*page, chain),
            Needs::Myself => self.myself(chain),
            Needs::SelfService(preference) => {
                self.myself(chain) && chain.note(Check::Preference, self.leaves_to_users(*preference))
            }
            Needs::Trusted => chain.note(Check::Trust, self.state.trusts(self.identity, self.question)),
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
        } else if matches!(needs, Needs::Vouched)
            || (self.verdict == Foregone::Allow && needs.mentions(&|part| matches!(part, Needs::Trusted)))
        {
            Reason::NotTrusted
        } else if needs.mentions(&|part| matches!(part, Needs::Policy | Needs::Management)) {
            Reason::ImplicitDeny
        } else {
            Reason::RootOnly
        }
    }
}
