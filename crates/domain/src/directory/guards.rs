//! What stands above the policies of users and roles: the permission boundary of each, and the account's control
//! policies. Of either, anything but an Allow is final; root is bound by neither.

use bailey_policy::{Foregone, Layer, Outlook, Policy, Verdict};
use smallvec::SmallVec;

use super::Directory;
use super::authorize::Question;
use super::slab::Slot;
use super::state::{IdentityState, State};
use crate::access::{Attachee, Caller, Principal};
use crate::error::Error;
use crate::id::AccountId;
use crate::operations::Operation;
use crate::permit::Refusal;
use crate::role::{SessionClaims, Taker};

/// The control policies of one account.
pub(super) type ControlPolicies = SmallVec<[Slot; 4]>;

impl Directory {
    /// Checks that the caller may set, change or take away what stands above others: root may, and whoever administers
    /// RAM may where it is the boundary of others, but nobody for themselves. `controls` is whether it is a control
    /// policy, which is root's alone.
    pub fn may_change_guards<O: Operation>(
        &self,
        caller: &Caller,
        scope: &O::On,
        bounded: &[Attachee],
        controls: bool,
    ) -> Result<(), Box<Refusal>> {
        self.hand_out::<O>(caller, scope, |state| {
            caller.principal == Principal::Root
                || (!controls
                    && state.administers_ram(caller)
                    && bounded.iter().all(|of| !acts_for(caller, *of)))
        })
    }
}

/// Whether the caller is, or stands behind the session of, the user or role.
fn acts_for(caller: &Caller, of: Attachee) -> bool {
    let is = |principal| match (principal, of) {
        (Principal::User(user), Attachee::User(other)) => user == other,
        (Principal::Role(role), Attachee::Role(other)) => role == other,
        _ => false,
    };
    is(caller.principal) || caller.role_session.as_ref().is_some_and(|session| took(&session.claims, &is))
}

fn took(claims: &SessionClaims, is: &impl Fn(Principal) -> bool) -> bool {
    is(Principal::Role(claims.role))
        || match &claims.taken.by {
            Taker::User { user, .. } => is(Principal::User(*user)),
            Taker::Session(before) => took(before, is),
            // Whom a provider vouches for is nobody of the account.
            Taker::Federated(_) => false,
        }
}

impl State {
    /// The account's control policies; `None` where there are none, which is not the same as none that allows.
    pub(super) fn control_policies(&self, account: AccountId) -> Option<&ControlPolicies> {
        self.control.get(&account)
    }

    pub(super) fn boundary_mut(&mut self, of: Attachee) -> Option<&mut Option<Slot>> {
        match of {
            Attachee::User(user) => self.users.get_mut(&user).map(|user| &mut user.identity.boundary),
            Attachee::Role(role) => self.roles.get_mut(&role).map(|role| &mut role.identity.boundary),
            Attachee::Group(_) => None,
        }
    }

    pub(super) fn attach_control(&mut self, account: AccountId, policy: Slot) {
        let attached = self.control.entry(account).or_default();
        if !attached.contains(&policy) {
            attached.push(policy);
        }
    }

    pub(super) fn detach_control(&mut self, account: AccountId, policy: Slot) -> Result<(), Error> {
        let attached = self.control.get_mut(&account);
        let attached = attached.ok_or_else(|| Error::internal("an account without control policies"))?;
        attached.retain(|slot| *slot != policy);
        if attached.is_empty() {
            self.control.remove(&account);
        }
        Ok(())
    }

    /// What the control policies say about a question, and what the boundary does.
    pub(super) fn verdicts_above(
        &self,
        identity: &IdentityState,
        question: &Question<'_>,
        workspace: Option<Slot>,
    ) -> (Option<Verdict>, Option<Verdict>) {
        let [control, boundary] = self.guards(identity).map(|slots| {
            slots.map(|slots| self.verdict_of(&self.policies_in(slots), identity, question, workspace))
        });
        (control, boundary)
    }

    /// Whether session policy, control policies and boundary, those that there are, let the action through whatever
    /// resource and conditions are: then the identity's own policies decide.
    #[inline]
    pub(super) fn is_open_above(&self, identity: &IdentityState, question: &Question<'_>) -> bool {
        let narrowed = question.session.is_some()
            || identity.boundary.is_some()
            || self.control_policies(identity.account).is_some();
        !narrowed || self.all_above_let(identity, question)
    }

    /// The same where there are any. Apart, so that it costs nothing where there are none, as with most.
    #[inline(never)]
    fn all_above_let(&self, identity: &IdentityState, question: &Question<'_>) -> bool {
        let lets = |policies: &mut dyn Iterator<Item = &Policy>| {
            let mut outlook = Outlook::default();
            policies.for_each(|policy| outlook.add(policy, question.action));
            outlook.foregone() == Some(Foregone::Allow)
        };
        question.session.is_none_or(|own| lets(&mut std::iter::once(own)))
            && self.guards(identity).into_iter().flatten().all(|slots| lets(&mut self.policies_in(slots)))
    }

    /// Whether all that a policy would give lies within what stands above the identity.
    pub(super) fn within_guards(&self, identity: &IdentityState, proposed: &Policy) -> bool {
        self.guards(identity)
            .into_iter()
            .flatten()
            .all(|slots| bailey_policy::covers(self.policies_in(slots), proposed, &self.catalogue).is_ok())
    }

    /// The number of a policy by the layer that it decided in and its place there.
    pub(super) fn policy_above(&self, identity: &IdentityState, layer: Layer, place: usize) -> Option<Slot> {
        let [control, boundary] = self.guards(identity);
        let slots = match layer {
            Layer::Control => control,
            Layer::Boundary => boundary,
            _ => None,
        };
        slots?.get(place).copied()
    }

    /// Control policies and boundary, in the order in which they are asked.
    fn guards<'a>(&'a self, identity: &'a IdentityState) -> [Option<&'a [Slot]>; 2] {
        let control = self.control_policies(identity.account).map(SmallVec::as_slice);
        [control, identity.boundary.as_ref().map(std::slice::from_ref)]
    }

    /// A policy in use is never deleted; were one missing, it would say nothing, and that is no Allow.
    fn policies_in<'a>(&'a self, slots: &'a [Slot]) -> impl Iterator<Item = &'a Policy> + Clone {
        slots.iter().filter_map(|slot| self.policies.get(*slot))
    }
}

#[cfg(test)]
#[path = "guards_tests.rs"]
mod tests;
