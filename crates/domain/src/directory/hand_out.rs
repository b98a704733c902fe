//! Rule 9: nobody hands out more than they hold.

use bailey_policy::{Policy, ProviderKind, TrustedPrincipal};

use super::Directory;
use super::attached::Attachments;
use super::slab::Slot;
use super::state::{RoleState, State};
use crate::access::{Caller, Principal};
use crate::change::PolicyType;
use crate::decision::{Chain, Check};
use crate::id::{AccountId, GroupId, RoleId, UserId, WorkspaceId};
use crate::name::{OidcProviderName, PolicyName, RoleName};
use crate::operations::Operation;
use crate::page::{Page, Pages};
use crate::permit::Refusal;
use crate::reason::Reason;
use crate::tag::TagKey;

/// A policy that is given, and the number of the workspace whose things it is to count for; without one it counts for the
/// whole account.
type Given<'p> = (Option<Slot>, &'p Policy);

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
        self.hand_out::<O>(caller, scope, |state| {
            if caller.principal == Principal::Root {
                return true;
            }
            let giver = caller.principal.user();
            let seat = giver.and_then(|giver| state.seat_of(giver, workspace));
            let held = seat.map(|seat| seat.pages).unwrap_or_default();
            // Taking Administrator from somebody is as much a change of it as giving it.
            let touched = before.difference(after);
            let reserved = Pages::of(&[Page::Administrator, Page::PermissionManagement]);
            let within = held.contains(Page::Administrator)
                || (!before.contains(Page::Administrator)
                    && touched
                        .iter()
                        .all(|page| page.is_feature() || (held.contains(page) && !reserved.contains(page))));
            giver != Some(member) && within
        })
    }

    /// Checks a document that is to count from now on in place of what a custom policy says: it gives no more than the
    /// caller's own policies do, and keeps what the policy denies. Whoever holds all of `ram:*` administers RAM and
    /// may grant and lift anything: that is what the guide's AliyunRAMFullAccess is for.
    pub fn may_replace_policy<O: Operation>(
        &self,
        caller: &Caller,
        scope: &O::On,
        name: &PolicyName,
        document: &str,
    ) -> Result<(), Box<Refusal>> {
        self.hand_out::<O>(caller, scope, |state| {
            let before = state.policy(caller.account, PolicyType::Custom, name);
            Policy::parse(document, &state.catalogue).is_ok_and(|after| {
                state.administers_ram(caller)
                    || (state.covers(caller, (None, &after))
                        && before.is_none_or(|before| after.keeps_denies_of(before)))
            })
        })
    }

    /// The same for a policy that exists and is to count for the things of a workspace, or for the whole account.
    pub fn may_attach_policy<O: Operation>(
        &self,
        caller: &Caller,
        scope: &O::On,
        policy_type: PolicyType,
        name: &PolicyName,
        workspace: Option<WorkspaceId>,
    ) -> Result<(), Box<Refusal>> {
        self.hand_out::<O>(caller, scope, |state| {
            let policy = state.policy(caller.account, policy_type, name);
            let given = state.place_of(caller.account, workspace).zip(policy);
            given.is_some_and(|given| state.holds_all(caller, [given]))
        })
    }

    /// Checks that a policy may be taken away from whom it counts for: what denies something is lifted by whoever
    /// administers RAM and nobody else, since without the Deny more is allowed than before.
    pub fn may_detach_policy<O: Operation>(
        &self,
        caller: &Caller,
        scope: &O::On,
        policy_type: PolicyType,
        name: &PolicyName,
    ) -> Result<(), Box<Refusal>> {
        self.hand_out::<O>(caller, scope, |state| {
            let policy = state.policy(caller.account, policy_type, name);
            policy.is_some_and(|policy| state.may_lift(caller, [policy]))
        })
    }

    /// The same for somebody who joins a group: the group's policies count for them from then on, so each is held to
    /// what attaching it would be.
    pub fn may_join_group<O: Operation>(
        &self,
        caller: &Caller,
        scope: &O::On,
        group: GroupId,
    ) -> Result<(), Box<Refusal>> {
        self.hand_out::<O>(caller, scope, |state| {
            let policies = state.policies_of_group(caller, group);
            policies.is_some_and(|policies| state.holds_all(caller, policies))
        })
    }

    /// The same for somebody who leaves a group, and what detaching each of its policies would ask.
    pub fn may_leave_group<O: Operation>(
        &self,
        caller: &Caller,
        scope: &O::On,
        group: GroupId,
    ) -> Result<(), Box<Refusal>> {
        self.hand_out::<O>(caller, scope, |state| {
            let policies = state.policies_of_group(caller, group);
            policies.is_some_and(|policies| state.may_lift(caller, policies.map(|(_, policy)| policy)))
        })
    }

    /// Checks that the caller may make a credential of this person: his own, or anybody's for whoever
    /// administers RAM, since a credential gives everything its owner has.
    pub fn may_make_credential<O: Operation>(
        &self,
        caller: &Caller,
        scope: &O::On,
        owner: Principal,
    ) -> Result<(), Box<Refusal>> {
        self.hand_out::<O>(caller, scope, |state| {
            caller.principal == owner || (owner != Principal::Root && state.administers_ram(caller))
        })
    }

    /// Checks that the caller holds everything that a role's policies give, since whoever is to take the role gets it.
    pub fn may_give_role<O: Operation>(
        &self,
        caller: &Caller,
        scope: &O::On,
        role: RoleId,
    ) -> Result<(), Box<Refusal>> {
        self.hand_out::<O>(caller, scope, |state| {
            let role = state.identity(Principal::Role(role));
            role.is_some_and(|role| state.holds_all(caller, state.given(&role.policies)))
        })
    }

    /// Checks that the caller holds everything that the roles give which trust an OIDC provider: more people are to
    /// take them on its word.
    pub fn may_widen_oidc_provider<O: Operation>(
        &self,
        caller: &Caller,
        scope: &O::On,
        provider: &OidcProviderName,
    ) -> Result<(), Box<Refusal>> {
        let account = caller.account.to_string();
        let trusts = |principal: &TrustedPrincipal| match principal {
            TrustedPrincipal::Provider { account: own, kind: ProviderKind::Oidc, name } => {
                **own == *account && name.eq_ignore_ascii_case(provider.as_str())
            }
            _ => false,
        };
        self.hand_out::<O>(caller, scope, |state| {
            let roles = state
                .roles_of(caller.account)
                .filter(|role| role.trust.principals().any(|(_, principal)| trusts(principal)));
            state.holds_all(caller, roles.flat_map(|role| state.given(&role.identity.policies)))
        })
    }

    /// Checks that tags with these keys may be put on roles or taken off them: where a policy of the account asks for one
    /// of them, another tag is another permission, so whoever administers RAM may and nobody else.
    pub fn may_tag_roles<'k, O: Operation>(
        &self,
        caller: &Caller,
        scope: &O::On,
        keys: impl IntoIterator<Item = &'k TagKey>,
    ) -> Result<(), Box<Refusal>> {
        self.hand_out::<O>(caller, scope, |state| {
            let wanted: Vec<String> = keys.into_iter().map(TagKey::in_policies).collect();
            !state.reads_any(caller.account, &wanted) || state.administers_ram(caller)
        })
    }

    /// The same for a role that is made with them: its name too can be what a policy asks for, or whom a trust policy
    /// means that was saved when another role had it.
    pub fn may_name_role<'k, O: Operation>(
        &self,
        caller: &Caller,
        scope: &O::On,
        name: &RoleName,
        keys: impl IntoIterator<Item = &'k TagKey>,
    ) -> Result<(), Box<Refusal>> {
        self.hand_out::<O>(caller, scope, |state| {
            let own = std::iter::once("acs:PrincipalARN".to_owned());
            let wanted: Vec<String> = own.chain(keys.into_iter().map(TagKey::in_policies)).collect();
            let matters =
                state.reads_any(caller.account, &wanted) || state.trusts_role_named(caller.account, name);
            !matters || state.administers_ram(caller)
        })
    }

    /// Checks that a user or a group may get another name. Policies and trust policies go by names, so another name is
    /// another set of permissions, for whoever gets it and over whoever had it.
    pub fn may_rename<O: Operation>(&self, caller: &Caller, scope: &O::On) -> Result<(), Box<Refusal>> {
        self.hand_out::<O>(caller, scope, |state| state.administers_ram(caller))
    }

    /// Checks a policy document and gives the reason when it is wrong.
    pub fn check_policy(&self, document: &str) -> Result<(), bailey_policy::PolicyError> {
        Policy::parse(document, &self.read().catalogue).map(drop)
    }
}

impl Directory {
    /// Refuses to hand out what `allowed` says no to.
    pub(super) fn hand_out<O: Operation>(
        &self,
        caller: &Caller,
        scope: &O::On,
        allowed: impl FnOnce(&State) -> bool,
    ) -> Result<(), Box<Refusal>> {
        let state = self.read();
        if allowed(&state) {
            return Ok(());
        }
        let question = state.question_of(caller, O::entry(), scope);
        let mut chain = Chain::default();
        chain.note(Check::Root, false);
        chain.note(Check::HandOut, false);
        Err(state.refusal(caller, O::entry(), &question, Reason::HandOut, chain))
    }
}

impl State {
    fn policy(&self, account: AccountId, policy_type: PolicyType, name: &PolicyName) -> Option<&Policy> {
        self.policies.get(self.policy_slot(account, policy_type, name)?)
    }

    /// Whether any policy of the account, attached or not, or any role's trust policy reads one of these condition keys.
    fn reads_any(&self, account: AccountId, wanted: &[String]) -> bool {
        let slots = self.accounts.get(&account).map(|account| account.policies.values());
        let policies = slots.into_iter().flatten().filter_map(|slot| self.policies.get(*slot));
        let of_roles = self.roles_of(account).flat_map(|role| role.trust.keys());
        // Requests are searched for keys in whatever case.
        let is_wanted = |key: &str| wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(key));
        policies.flat_map(Policy::keys).chain(of_roles).any(is_wanted)
    }

    fn trusts_role_named(&self, account: AccountId, name: &RoleName) -> bool {
        let is = |principal: &TrustedPrincipal| match principal {
            TrustedPrincipal::Role { name: named, .. } => named.to_lowercase() == name.folded(),
            _ => false,
        };
        self.roles_of(account).any(|role| role.trust.principals().any(|(_, principal)| is(principal)))
    }

    fn roles_of(&self, account: AccountId) -> impl Iterator<Item = &RoleState> {
        self.roles.values().filter(move |role| role.identity.account == account)
    }

    /// What a group of the caller's account gives.
    fn policies_of_group(&self, caller: &Caller, group: GroupId) -> Option<impl Iterator<Item = Given<'_>>> {
        let group = self.groups.get(*self.group_slots.get(&group)?)?;
        (group.account == caller.account).then(|| self.given(&group.policies))
    }

    /// What these attachments give.
    fn given<'a>(&'a self, attached: &'a Attachments) -> impl Iterator<Item = Given<'a>> {
        attached.all().filter_map(|(place, slot)| Some((place, self.policies.get(slot)?)))
    }

    /// Whether the caller may take these policies away from somebody.
    fn may_lift<'p>(&self, caller: &Caller, policies: impl IntoIterator<Item = &'p Policy>) -> bool {
        !policies.into_iter().any(Policy::has_deny) || self.administers_ram(caller)
    }

    /// Whether the caller may give these policies to somebody.
    fn holds_all<'p>(&self, caller: &Caller, given: impl IntoIterator<Item = Given<'p>>) -> bool {
        self.administers_ram(caller) || given.into_iter().all(|given| self.covers(caller, given))
    }

    /// Whoever has a boundary does not, whatever their policies give: they could give it to somebody who has none.
    pub(super) fn administers_ram(&self, caller: &Caller) -> bool {
        if self.identity(caller.principal).is_some_and(|identity| identity.boundary.is_some()) {
            return false;
        }
        let everything =
            self.system_policies.get("aliyunramfullaccess").and_then(|slot| self.policies.get(*slot));
        everything.is_some_and(|ram| self.covers(caller, (None, ram)))
    }

    /// Whether the caller's policies give all that a policy would where it is to count, and whatever narrows them leaves it.
    fn covers(&self, caller: &Caller, (place, proposed): Given<'_>) -> bool {
        if caller.principal == Principal::Root {
            return true;
        }
        let Some(identity) = self.identity(caller.principal) else { return false };
        let narrowing = caller.role_session.as_ref().and_then(|session| session.policy.as_ref());
        let within = |held: &mut dyn Iterator<Item = &Policy>| {
            bailey_policy::covers(held, proposed, &self.catalogue).is_ok()
        };
        let there = |place: Slot| {
            within(&mut self.policies_held(identity).chain(self.policies_only_for(identity, place)))
        };
        let held = match place {
            Some(place) => there(place),
            // What counts for the whole account counts in each workspace too, and there more may be denied to the giver.
            None => {
                let scoped = self.attachments_of(identity).flat_map(Attachments::all);
                within(&mut self.policies_held(identity)) && scoped.filter_map(|(place, _)| place).all(there)
            }
        };
        held && narrowing.is_none_or(|own| within(&mut std::iter::once(own)))
            && self.within_guards(identity, proposed)
    }
}
