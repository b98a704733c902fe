//! The decision about a model call: key, owner, membership, workspace, grant, scope, address, limits.
//!
//! [`Directory::admit`] is the only maker of [`Admitted`], which is the only value that an upstream call
//! accepts, so a new route cannot forget a check.

use std::net::IpAddr;
use std::sync::Arc;

use super::Directory;
use super::flight::{Boarded, Boarding, Flight, NEVER, Ticket};
use super::limiter::{self, Held, LEVELS, Levels, Reasons, Taking, Throttled};
use super::purse::{self, Purses, Shares};
use super::slab::Slot;
use super::state::{AccountState, KeyOwner, KeyState, State, WorkspaceState};
use crate::access::Principal;
use crate::budget::Month;
use crate::decision::{Chain, Check, Decision, Outcome};
use crate::id::{AccountId, ApiKeyId, UserId, WorkspaceId};
use crate::model::{Capability, Model, Provider};
use crate::name::ModelName;
use crate::reason::Reason;
use crate::temporary_key::PresentedKey;
use crate::tokens::{Expected, Tokens};
use crate::upstream::{Health, Rest};

/// A provider as the gateway calls it.
#[derive(Debug)]
pub struct ProviderEntry {
    /// What it speaks and where it is.
    pub provider: Provider,
    /// Its credential, sealed.
    pub sealed_credential: Option<String>,
    /// Whose it is; part of the seal's label.
    pub account: AccountId,
    /// How it does. Shared, so that a thread can hold it without holding the entry.
    pub health: Arc<Health>,
}

/// One way to an upstream, resolved.
#[derive(Debug)]
pub struct RouteEntry {
    /// Whom to call.
    pub provider: Arc<ProviderEntry>,
    /// The model's name there.
    pub upstream_model: ModelName,
    /// Lower is tried first.
    pub priority: u32,
    /// Its share among the routes of its priority; 0 is taken when none of the others can be.
    pub weight: u32,
    /// Whether it is left alone for now.
    pub rest: Rest,
}

/// A model as the gateway calls it.
#[derive(Debug)]
pub struct ModelEntry {
    /// Its number among the account's models.
    pub(crate) number: u32,
    /// Its name.
    pub name: Arc<str>,
    /// The ways to it, the first to be tried first.
    pub routes: Vec<RouteEntry>,
    /// The catalogue entry.
    pub model: Model,
}

/// A model call before it is admitted.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// What was presented as a key; `None` when nothing was.
    pub key: Option<PresentedKey>,
    /// The workspace that the request names in a header or host name, if it does.
    pub workspace: Option<&'a str>,
    /// Where it came from.
    pub source: IpAddr,
    /// Milliseconds since the epoch.
    pub now_ms: i64,
}

/// Proof that a call may be made now. Dropping it says that the call is over.
#[derive(Debug)]
pub struct Admitted {
    /// The key's account.
    pub account: AccountId,
    /// The key.
    pub key: ApiKeyId,
    /// The key's owner.
    pub owner: Principal,
    /// The key's workspace.
    pub workspace: WorkspaceId,
    /// The model.
    pub model: Arc<ModelEntry>,
    /// What it may use: so much is taken from the limits until it is settled.
    pub reserved: Tokens,
    held: Held,
    shares: Shares,
    boarded: Boarded,
}

impl Admitted {
    /// The call's flight: it says when the right to go on has ended.
    pub fn flight(&self) -> &Arc<Flight> {
        self.boarded.flight()
    }

    /// The call is over: the limits count what it used in the place of what it reserved. The first word counts; a call
    /// that is dropped without one used nothing.
    pub fn settle(&mut self, used: Tokens, now_ms: i64) {
        self.held.settle(now_ms, used.total());
        self.shares.settle(self.model.model.cost(used));
    }
}

/// Whose key it is that may make a call: an answer for somebody else's gateway, and no proof for ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The key's account.
    pub account: AccountId,
    /// The key.
    pub key: ApiKeyId,
    /// The key's owner.
    pub owner: Principal,
    /// The key's workspace.
    pub workspace: WorkspaceId,
}

/// Whether a question about a call is taken from the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// It is not, and limits are not asked.
    Nothing,
    /// It counts as one request.
    Request,
}

/// A refused call.
#[derive(Clone, Debug)]
pub struct Denied {
    /// Why.
    pub reason: Reason,
    /// Whose key it was, when the key is a known one: only then may the caller learn more.
    pub known: Option<(AccountId, WorkspaceId, ApiKeyId)>,
    /// How full the limits were, when one of them refused, and when to come back.
    pub throttled: Option<Throttled>,
    chain: Chain,
    revision: u64,
    model: Option<Box<str>>,
    source: IpAddr,
}

impl Denied {
    /// Whether the key itself is good, so that its holder may learn the reason.
    pub fn key_is_valid(&self) -> bool {
        self.reason.face().is_none_or(|face| face.status != 401)
    }

    /// The same call failed later: its upstream did not answer.
    pub fn upstream(admitted: &Admitted, reason: Reason, source: IpAddr, revision: u64) -> Self {
        let passed = [Check::Key, Check::Membership, Check::Model, Check::ModelGrant];
        Self::later(admitted, reason, (&passed, Check::Upstream), source, revision)
    }

    /// The same call ended later: the time was over of what it was made with.
    pub fn expired(admitted: &Admitted, source: IpAddr, revision: u64) -> Self {
        let checks = (&[Check::Key, Check::KeyEnabled][..], Check::KeyExpiry);
        Self::later(admitted, Reason::KeyExpired, checks, source, revision)
    }

    fn later(
        admitted: &Admitted,
        reason: Reason,
        (passed, failed): (&[Check], Check),
        source: IpAddr,
        revision: u64,
    ) -> Self {
        let mut chain = Chain::default();
        for check in passed {
            chain.note(*check, true);
        }
        chain.note(failed, false);
        Self {
            reason,
            known: Some((admitted.account, admitted.workspace, admitted.key)),
            throttled: None,
            chain,
            revision,
            model: Some((*admitted.model.name).into()),
            source,
        }
    }

    /// The decision, to be recorded and explained.
    pub fn decision(&self, request_id: String) -> Decision {
        let subject = |check: Check| self.subject(check);
        Decision {
            outcome: Outcome::Deny,
            request_id,
            revision: self.revision,
            reason: Some(self.reason),
            chain: self.chain.render(&subject),
        }
    }

    fn subject(&self, check: Check) -> String {
        let (workspace, key) = match &self.known {
            Some((_, workspace, key)) => (workspace.to_string(), key.to_string()),
            None => ("unknown".to_owned(), "unknown".to_owned()),
        };
        match check {
            Check::Model | Check::ModelGrant | Check::Upstream => {
                self.model.as_deref().unwrap_or("none").to_owned()
            }
            Check::Membership | Check::NamedWorkspace | Check::WorkspaceLimit | Check::WorkspaceBudget => {
                workspace
            }
            Check::SourceAddress => self.source.to_string(),
            Check::AccountLimit | Check::AccountBudget => "account".to_owned(),
            _ => key,
        }
    }
}

/// The key, its owner and its workspace, found and good.
pub(super) struct Entered<'a> {
    pub(super) key_slot: Slot,
    pub(super) key: &'a KeyState,
    pub(super) ticket: Ticket,
    pub(super) owner: Principal,
    pub(super) workspace: &'a WorkspaceState,
    pub(super) account: &'a AccountState,
}

/// A call whose checks all passed, but for the limits.
type Considered<'a> = (Entered<'a>, &'a Arc<ModelEntry>);

impl State {
    /// Key, owner, membership, workspace.
    pub(super) fn enter(
        &self,
        call: &Call<'_>,
        chain: &mut Chain,
    ) -> Result<Entered<'_>, (Reason, Option<&KeyState>)> {
        let Some((slot, key, ticket)) = call.key.and_then(|presented| self.find_key(&presented)) else {
            chain.note(Check::Key, false);
            return Err((if call.key.is_some() { Reason::KeyUnknown } else { Reason::KeyMissing }, None));
        };
        chain.note(Check::Key, true);
        self.enter_with(slot, key, ticket, call, chain).map_err(|reason| (reason, Some(key)))
    }

    pub(super) fn enter_with<'a>(
        &'a self,
        slot: Slot,
        key: &'a KeyState,
        ticket: Ticket,
        call: &Call<'_>,
        chain: &mut Chain,
    ) -> Result<Entered<'a>, Reason> {
        if !self.confirmed {
            chain.note(Check::Confirmed, false);
            return Err(Reason::NotConfirmed);
        }
        if !chain.note(Check::KeyEnabled, !key.disabled) {
            return Err(Reason::KeyDisabled);
        }
        if !chain.note(Check::KeyExpiry, key.end_of(&ticket).is_some_and(|end| call.now_ms < end)) {
            return Err(Reason::KeyExpired);
        }
        let owner = match key.owner {
            KeyOwner::Root => Principal::Root,
            KeyOwner::User(user_slot, user) => {
                if !self.user_slots.contains(user_slot) {
                    chain.note(Check::Owner, false);
                    return Err(Reason::OwnerDeleted);
                }
                // Mostly the seat stands that the key was put under; only else does it take a search.
                let stands = key.seat.is_some_and(|seat| self.seats.contains(seat))
                    || self.belongs(key, user, user_slot);
                if !chain.note(Check::Membership, stands) {
                    return Err(Reason::OwnerNotMember);
                }
                Principal::User(user)
            }
        };
        let workspace = self.workspaces.get(key.workspace);
        let account = workspace.and_then(|workspace| self.accounts.get(&workspace.account));
        let (Some(workspace), Some(account)) = (workspace, account) else {
            chain.note(Check::Key, false);
            return Err(Reason::KeyUnknown);
        };
        if let Some(named) = call.workspace {
            // Compared as text, so that an id of another shape is a mismatch like any other.
            if !chain.note(Check::NamedWorkspace, workspace.id.to_string() == named) {
                return Err(Reason::WorkspaceMismatch);
            }
        }
        Ok(Entered { key_slot: slot, key, ticket, owner, workspace, account })
    }

    /// Whether the key was made under the seat that its owner has now.
    fn belongs(&self, key: &KeyState, user: UserId, user_slot: Slot) -> bool {
        let workspace = self.workspaces.get(key.workspace);
        let seat = workspace.and_then(|workspace| self.members.get(&(user, workspace.id)));
        seat.is_some_and(|seat| seat.is_of(user_slot, key.workspace) && seat.epoch == key.epoch)
    }

    /// Grant, key scope, address.
    fn may_call<'a>(
        &self,
        entered: &Entered<'a>,
        model: &str,
        does: Option<Capability>,
        call: &Call<'_>,
        chain: &mut Chain,
    ) -> Result<&'a Arc<ModelEntry>, Reason> {
        let entry = entered.account.models.get(model);
        let able = entry.filter(|entry| does.is_none_or(|does| entry.model.capabilities.contains(&does)));
        let Some(entry) = able else {
            chain.note(Check::Model, false);
            return Err(Reason::ModelUnknown);
        };
        chain.note(Check::Model, true);
        if !chain.note(Check::ModelGrant, entered.holds(entry)) {
            return Err(Reason::ModelNotGranted);
        }
        if let Some(auth) = &entered.key.auth {
            if !chain.note(Check::KeyScope, auth.allows_model(model)) {
                return Err(Reason::ModelOutOfKeyScope);
            }
            if !chain.note(Check::SourceAddress, auth.allows_ip(call.source)) {
                return Err(Reason::IpNotAllowed);
            }
        }
        Ok(entry)
    }

    /// Everything but the limits; the same checks for admission, for calls in flight and for `explain`.
    pub(super) fn consider<'a>(
        &'a self,
        call: &Call<'_>,
        model: &str,
        does: Option<Capability>,
        chain: &mut Chain,
    ) -> Result<Considered<'a>, (Reason, Option<&'a KeyState>)> {
        let entered = self.enter(call, chain)?;
        let entry = self
            .may_call(&entered, model, does, call, chain)
            .map_err(|reason| (reason, Some(entered.key)))?;
        Ok((entered, entry))
    }

    /// The same for a key that is known by its handle: with its value, or with what a call was made with.
    pub(super) fn consider_key<'a>(
        &'a self,
        slot: Slot,
        ticket: Option<Ticket>,
        call: &Call<'_>,
        model: &str,
        chain: &mut Chain,
    ) -> Result<Considered<'a>, Reason> {
        let Some(key) = self.keys.get(slot) else {
            chain.note(Check::Key, false);
            return Err(Reason::KeyUnknown);
        };
        chain.note(Check::Key, true);
        let ticket = ticket.unwrap_or(Ticket { value: key.hash, ends_at_ms: NEVER });
        let entered = self.enter_with(slot, key, ticket, call, chain)?;
        let entry = self.may_call(&entered, model, None, call, chain)?;
        Ok((entered, entry))
    }

    /// Why a call in flight may not go on; `None` when it may. That its time is over is not seen here, where there is no
    /// clock: its end is noted anew, and looked at by [`Directory::cut_expired`].
    pub(super) fn still_refuses(&self, boarding: &mut Boarding) -> Option<Reason> {
        let end = self.keys.get(boarding.key).and_then(|key| key.end_of(&boarding.ticket));
        let Some(ends_at_ms) = end else { return Some(Reason::KeyUnknown) };
        boarding.ends_at_ms = ends_at_ms;
        let call = Call { key: None, workspace: None, source: boarding.source, now_ms: i64::MIN };
        let ticket = Some(boarding.ticket);
        self.consider_key(boarding.key, ticket, &call, &boarding.model, &mut Chain::default()).err()
    }
}

impl Entered<'_> {
    /// Whether the key's workspace may call the model.
    pub(super) fn holds(&self, entry: &ModelEntry) -> bool {
        self.workspace.opening(self.account, entry.number).is_some()
    }

    /// Exactly the models that the key may call, by name.
    pub(super) fn callable(&self) -> Vec<Arc<ModelEntry>> {
        let auth = self.key.auth.as_ref();
        let narrowed = |entry: &ModelEntry| auth.is_none_or(|auth| auth.allows_model(&entry.name));
        let models = self.account.models.values().filter(|entry| self.holds(entry) && narrowed(entry));
        let mut models: Vec<_> = models.cloned().collect();
        models.sort_by(|one, other| one.name.cmp(&other.name));
        models
    }

    /// The limits that count for this call, from the widest to the narrowest.
    pub(super) fn limiters(&self, model: u32) -> Levels<'_> {
        [
            self.account.limits.get(&model),
            self.workspace.limits.get(&model),
            self.key.limits.as_ref().and_then(|limits| limits.get(&model)),
        ]
    }

    /// Takes what a call may cost from every budget, or from none. What costs nothing is nobody's expense.
    fn spend(&self, cost: u64, now_ms: i64, chain: &mut Chain) -> Result<Shares, Throttled> {
        const CHECKS: [Check; 4] =
            [Check::AccountBudget, Check::WorkspaceBudget, Check::MemberBudget, Check::KeyBudget];
        let member = self.owner.user().filter(|_| !self.workspace.member_budgets.is_empty());
        let purses: Purses<'_> = [
            self.account.budget.as_ref(),
            self.workspace.budget.as_ref(),
            member.and_then(|user| self.workspace.member_budgets.get(&user)),
            self.key.budget.as_ref(),
        ];
        if cost == 0 || purses.iter().all(Option::is_none) {
            return Ok(Shares::default());
        }
        let taken = purse::take(purses, now_ms, cost);
        let last = taken.as_ref().err().copied();
        for (level, check) in CHECKS.into_iter().enumerate().take(last.map_or(CHECKS.len(), |last| last + 1))
        {
            if purses[level].is_some() {
                chain.note(check, last != Some(level));
            }
        }
        taken.map_err(|_| {
            let rest = Month::of(now_ms).ends_ms() - now_ms;
            Throttled { retry_ms: rest.unsigned_abs(), ..Throttled::default() }
        })
    }

    /// Takes a call from every limit, or from none.
    fn take(
        &self,
        model: u32,
        now_ms: i64,
        taking: Taking,
        chain: &mut Chain,
    ) -> Result<Held, (Reason, Throttled)> {
        let levels = self.limiters(model);
        let taken = limiter::take(levels, now_ms, taking);
        let asked = taken.as_ref().map_or_else(|refused| refused.level + 1, |_| LEVELS);
        for (level, (check, _)) in NAMES.iter().enumerate().take(asked) {
            if levels[level].is_some() {
                chain.note(*check, taken.is_ok() || level + 1 < asked);
            }
        }
        taken.map_err(|refused| (NAMES[refused.level].1.of(refused.full), refused.throttled))
    }
}

/// The checks of the levels and how they refuse, from the widest to the narrowest.
pub(super) const NAMES: [(Check, Reasons); LEVELS] = [
    (Check::AccountLimit, Reasons { requests: Reason::RateAccount, tokens: Reason::TokensAccount }),
    (Check::WorkspaceLimit, Reasons { requests: Reason::RateWorkspace, tokens: Reason::TokensWorkspace }),
    (Check::KeyLimit, Reasons { requests: Reason::RateKey, tokens: Reason::TokensKey }),
];

impl Directory {
    /// Decides about a call of `model`, takes it from the limits and registers it as in flight. `does` is what
    /// the called path needs of the model, `expected` what the call may use, as far as its request says.
    pub fn admit(
        &self,
        call: &Call<'_>,
        model: &str,
        does: Capability,
        expected: Expected,
    ) -> Result<Admitted, Box<Denied>> {
        let state = self.read();
        let mut chain = Chain::default();
        let denied = |chain: Chain, reason: Reason, key: Option<&KeyState>, throttled: Option<Throttled>| {
            Box::new(state.denied(call, Some(model), chain, reason, key, throttled))
        };
        let (entered, entry) = match state.consider(call, model, Some(does), &mut chain) {
            Ok(found) => found,
            Err((reason, key)) => return Err(denied(chain, reason, key, None)),
        };
        let usual = entered.account.settings.reserved_output_tokens;
        let reserved = entry.model.may_use(expected, usual.into());
        // Before the limits, which count a request for good: what is refused is not counted.
        let shares = match entered.spend(entry.model.cost(reserved), call.now_ms, &mut chain) {
            Ok(shares) => shares,
            Err(throttled) => return Err(denied(chain, Reason::Budget, Some(entered.key), Some(throttled))),
        };
        let taking = Taking::Call(reserved.total());
        let held = match entered.take(entry.number, call.now_ms, taking, &mut chain) {
            Ok(held) => held,
            Err((reason, throttled)) => {
                return Err(denied(chain, reason, Some(entered.key), Some(throttled)));
            }
        };
        let boarding = Boarding {
            key: entered.key_slot,
            ticket: entered.ticket,
            model: Arc::clone(&entry.name),
            source: call.source,
            ends_at_ms: entered.key.end_of(&entered.ticket).unwrap_or(NEVER),
        };
        Ok(Admitted {
            account: entered.workspace.account,
            key: entered.key.id,
            owner: entered.owner,
            workspace: entered.workspace.id,
            model: Arc::clone(entry),
            reserved,
            held,
            shares,
            boarded: self.flights.board(boarding),
        })
    }

    /// Decides about a call that somebody else's gateway will make. Nothing is registered as in flight.
    pub fn judge(&self, call: &Call<'_>, model: &str, counting: Counting) -> Result<Holder, Box<Denied>> {
        let state = self.read();
        let mut chain = Chain::default();
        let (entered, entry) = match state.consider(call, model, None, &mut chain) {
            Ok(found) => found,
            Err((reason, key)) => {
                return Err(Box::new(state.denied(call, Some(model), chain, reason, key, None)));
            }
        };
        if counting == Counting::Request
            && let Err((reason, throttled)) =
                entered.take(entry.number, call.now_ms, Taking::Request, &mut chain)
        {
            let key = Some(entered.key);
            return Err(Box::new(state.denied(call, Some(model), chain, reason, key, Some(throttled))));
        }
        Ok(Holder {
            account: entered.workspace.account,
            key: entered.key.id,
            owner: entered.owner,
            workspace: entered.workspace.id,
        })
    }

    /// Whether a key is a good one, used from where it may be: for answers about a request that names no model.
    pub fn recognise(&self, call: &Call<'_>) -> Result<(), Box<Denied>> {
        let state = self.read();
        state.recognised(call).map(drop)
    }

    /// Exactly the models that a key may call, by name.
    pub fn callable_models(&self, call: &Call<'_>) -> Result<Vec<Arc<ModelEntry>>, Box<Denied>> {
        let state = self.read();
        Ok(state.recognised(call)?.callable())
    }
}

impl State {
    pub(super) fn recognised(&self, call: &Call<'_>) -> Result<Entered<'_>, Box<Denied>> {
        let mut chain = Chain::default();
        let denied = |chain: Chain, reason: Reason, key: Option<&KeyState>| {
            Box::new(self.denied(call, None, chain, reason, key, None))
        };
        let entered = match self.enter(call, &mut chain) {
            Ok(entered) => entered,
            Err((reason, key)) => return Err(denied(chain, reason, key)),
        };
        let auth = entered.key.auth.as_ref();
        if !chain.note(Check::SourceAddress, auth.is_none_or(|auth| auth.allows_ip(call.source))) {
            return Err(denied(chain, Reason::IpNotAllowed, Some(entered.key)));
        }
        Ok(entered)
    }

    pub(super) fn denied(
        &self,
        call: &Call<'_>,
        model: Option<&str>,
        chain: Chain,
        reason: Reason,
        key: Option<&KeyState>,
        throttled: Option<Throttled>,
    ) -> Denied {
        let known = key.and_then(|key| {
            let workspace = self.workspaces.get(key.workspace)?;
            Some((workspace.account, workspace.id, key.id))
        });
        Denied {
            reason,
            known,
            throttled,
            chain,
            revision: self.revision,
            model: model.map(Into::into),
            source: call.source,
        }
    }
}
