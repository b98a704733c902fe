//! Rule 9: nobody hands out more than they hold.

use bailey_policy::{Policy, ProviderKind, TrustedPrincipal};

use super::Directory;
use super::state::State;
use crate::access::{Caller, Principal};
use crate::change::PolicyType;
use crate::decision::{Chain, Check};
use crate::id::{GroupId, RoleId, UserId, WorkspaceId};
use crate::name::{OidcProviderName, PolicyName};
use crate::operations::Operation;
use crate::page::{Page, Pages};
use crate::permit::Refusal;
use crate::reason::Reason;

impl Directory {
    /// Checks a change of a member's pages from `before` to `after`. Root and, for adding, management may give
    /// anything; a page holder only what Permission Management hands out, and nobody changes their own set.
    pub fn may_set_pages<O: Operation>(
        &self,
        caller: &Caller,
        scope: &O::On,
        workspace: WorkspaceId,
        member: UserId,
        before: Pages,
        after: Pages,
    ) -> Result<(), Box<Refusal>> {
        if caller.principal == Principal::Root {
            return Ok(());
        }
        let state = self.read();
        let giver = caller.principal.user();
        let seat = giver.and_then(|giver| state.seat_of(giver, workspace));
        let held = seat.map(|seat| seat.pages).unwrap_or_default();
        // Taking Administrator from somebody is as much a change of it as giving it.
        let touched = before.difference(after);
        let reserved = Pages::of(&[Page::Administrator, Page::PermissionManagement]);
        let within = if held.contains(Page::Administrator) {
            true
        } else {
            touched.iter().all(|page| page.is_feature() || (held.contains(page) && !reserved.contains(page)))
                && !before.contains(Page::Administrator)
        };
        state.hand_out::<O>(caller, scope, giver != Some(member) && within)
    }

    /// Checks that a policy which is to count for somebody gives no more than the caller's own policies do.
    /// Whoever holds all of `ram:*` administers RAM and may grant anything: that is what the guide's
    /// AliyunRAMFullAccess is for.
    pub fn may_grant_policy<O: Operation>(
        &self,
        caller: &Caller,
        scope: &O::On,
        document: &str,
    ) -> Result<(), Box<Refusal>> {
        let state = self.read();
        let covered = match Policy::parse(document, &state.catalogue) {
            Ok(policy) => state.holds(caller, &policy),
            Err(_) => false,
        };
        state.hand_out::<O>(caller, scope, covered)
    }

    /// The same for a policy that exists.
    pub fn may_attach_policy<O: Operation>(
        &self,
        caller: &Caller,
        scope: &O::On,
        policy_type: PolicyType,
        name: &PolicyName,
    ) -> Result<(), Box<Refusal>> {
        let state = self.read();
        let policy =
            state.policy_slot(caller.account, policy_type, name).and_then(|slot| state.policies.get(slot));
        let covered = policy.is_some_and(|policy| state.holds(caller, policy));
        state.hand_out::<O>(caller, scope, covered)
    }

    /// The same for somebody who joins a group: the group's policies count for them from then on, so each is held to
    /// what attaching it would be.
    pub fn may_join_group<O: Operation>(
        &self,
        caller: &Caller,
        scope: &O::On,
        group: GroupId,
    ) -> Result<(), Box<Refusal>> {
        let state = self.read();
        let group = state.group_slots.get(&group).and_then(|slot| state.groups.get(*slot));
        let covered = group.filter(|group| group.account == caller.account).is_some_and(|group| {
            let mut policies = group.policies.iter().filter_map(|slot| state.policies.get(*slot));
            policies.all(|policy| state.holds(caller, policy))
        });
        state.hand_out::<O>(caller, scope, covered)
    }

    /// Checks that the caller may make a credential of this person: his own, or anybody's for whoever
    /// administers RAM, since a credential gives everything its owner has.
    pub fn may_make_credential<O: Operation>(
        &self,
        caller: &Caller,
        scope: &O::On,
        owner: Principal,
    ) -> Result<(), Box<Refusal>> {
        let state = self.read();
        let allowed =
            caller.principal == owner || (owner != Principal::Root && state.administers_ram(caller));
        state.hand_out::<O>(caller, scope, allowed)
    }

    /// Checks that the caller holds everything that a role's policies give, since whoever is to take the role gets it.
    pub fn may_give_role<O: Operation>(
        &self,
        caller: &Caller,
        scope: &O::On,
        role: RoleId,
    ) -> Result<(), Box<Refusal>> {
        let state = self.read();
        let held = state.identity(Principal::Role(role));
        let covered =
            held.is_some_and(|role| state.policies_held(role).all(|policy| state.holds(caller, policy)));
        state.hand_out::<O>(caller, scope, covered)
    }

    /// Checks that the caller holds everything that the roles give which trust an OIDC provider: more people are to
    /// take them on its word.
    pub fn may_widen_oidc_provider<O: Operation>(
        &self,
        caller: &Caller,
        scope: &O::On,
        provider: &OidcProviderName,
    ) -> Result<(), Box<Refusal>> {
        let state = self.read();
        let account = caller.account.to_string();
        let trusts = |principal: &TrustedPrincipal| match principal {
            TrustedPrincipal::Provider { account: own, kind: ProviderKind::Oidc, name } => {
                **own == *account && name.eq_ignore_ascii_case(provider.as_str())
            }
            _ => false,
        };
        let mut roles = state.roles.values().filter(|role| {
            role.identity.account == caller.account
                && role.trust.principals().any(|(_, principal)| trusts(principal))
        });
        let covered =
            roles.all(|role| state.policies_held(&role.identity).all(|policy| state.holds(caller, policy)));
        state.hand_out::<O>(caller, scope, covered)
    }

    /// Checks a policy document and gives the reason when it is wrong.
    pub fn check_policy(&self, document: &str) -> Result<(), bailey_policy::PolicyError> {
        Policy::parse(document, &self.read().catalogue).map(drop)
    }
}

impl State {
    fn hand_out<O: Operation>(
        &self,
        caller: &Caller,
        scope: &O::On,
        allowed: bool,
    ) -> Result<(), Box<Refusal>> {
        if allowed {
            return Ok(());
        }
        let question = self.question_of(caller, O::entry(), scope);
        let mut chain = Chain::default();
        chain.note(Check::Root, false);
        chain.note(Check::HandOut, false);
        Err(self.refusal(caller, O::entry(), &question, Reason::HandOut, chain))
    }

    fn holds(&self, caller: &Caller, proposed: &Policy) -> bool {
        self.administers_ram(caller) || self.covers(caller, proposed)
    }

    fn administers_ram(&self, caller: &Caller) -> bool {
        let everything =
            self.system_policies.get("aliyunramfullaccess").and_then(|slot| self.policies.get(*slot));
        everything.is_some_and(|ram| self.covers(caller, ram))
    }

    /// Whether the caller's policies, narrowed by the session's if there is one, give all that a policy would.
    fn covers(&self, caller: &Caller, proposed: &Policy) -> bool {
        if caller.principal == Principal::Root {
            return true;
        }
        let Some(identity) = self.identity(caller.principal) else { return false };
        let narrowing = caller.role_session.as_ref().and_then(|session| session.policy.as_ref());
        bailey_policy::covers(self.policies_held(identity), proposed, &self.catalogue).is_ok()
            && narrowing.is_none_or(|own| bailey_policy::covers([own], proposed, &self.catalogue).is_ok())
    }
}
