//! The decision on one set of policies: any Deny that applies wins, else any Allow, else an implicit deny.

use crate::action::{Action, Sketch};
use crate::condition::{ConditionError, Truth, judge};
use crate::context::Context;
use crate::policy::{Detail, Effect, Policy, Rule};
use crate::resource::Resource;

/// What somebody wants to do.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The action, from the catalogue that the policies were compiled with.
    pub action: &'a Action,
    /// The concrete resource, such as `acs:ram:*:1234567890123456:user/alice`, or `*`.
    pub resource: &'a str,
    /// The values of condition keys.
    pub context: &'a Context<'a>,
}

/// The decision, with the statement that made it: both indices count from 0, in the order of the given policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// This statement, the first Allow that applies, lets it through, and no Deny applies.
    Allow {
        /// Index of the policy.
        policy: usize,
        /// Index of the statement in it.
        statement: usize,
    },
    /// This statement, the first Deny that applies, refuses it.
    ExplicitDeny {
        /// Index of the policy.
        policy: usize,
        /// Index of the statement in it.
        statement: usize,
        /// Set when the Deny applies only because this condition could not be told.
        error: Option<ConditionError>,
    },
    /// No statement applies.
    ImplicitDeny,
}

impl Verdict {
    /// Whether the request may go on.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allow { .. })
    }
}

/// Decides a request over one set of policies. Deny wins whatever the order; nothing is allocated.
///
/// An error in a condition of a Deny counts as met, one in a condition of an Allow as not met.
pub fn evaluate<'p>(policies: impl IntoIterator<Item = &'p Policy>, request: &Request<'_>) -> Verdict {
    let mut evaluation = Evaluation::new(request);
    let denied = policies.into_iter().try_for_each(|policy| evaluation.add(policy));
    match denied.and_then(|()| evaluation.look()) {
        Err(denied) => denied,
        Ok(()) => evaluation.allowed.unwrap_or(Verdict::ImplicitDeny),
    }
}

/// What policies say about an action before anything is known of resource and conditions. Policies are added one by
/// one, with no decision in between, so that the processor fetches all of them at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outlook(Sketch);

impl Outlook {
    /// Adds a policy.
    #[inline]
    pub fn add(&mut self, policy: &Policy, action: &Action) {
        self.0.add(policy.sketch(action));
    }

    /// The decision, when it is the same whatever resource and conditions are.
    #[inline]
    pub fn foregone(self) -> Option<Foregone> {
        let Self(all) = self;
        if all.has(Sketch::DENIES) {
            Some(Foregone::ExplicitDeny)
        } else if all.has(Sketch::MAY_DENY) {
            None
        } else if all.has(Sketch::ALLOWS) {
            Some(Foregone::Allow)
        } else if all.has(Sketch::MAY_ALLOW) {
            None
        } else {
            Some(Foregone::ImplicitDeny)
        }
    }
}

/// A decision that [`Outlook::foregone`] could make. It names no statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foregone {
    /// Some Allow applies and no Deny could.
    Allow,
    /// Some Deny applies.
    ExplicitDeny,
    /// No statement could apply.
    ImplicitDeny,
}

/// How many policies are looked at together.
const TOGETHER: usize = 8;

/// A decision under way. Policies wait until there are some: what stands first in them is then read without a
/// decision in between, so that the processor fetches all of them at once.
struct Evaluation<'p, 'r> {
    request: &'r Request<'r>,
    waiting: [Option<&'p Policy>; TOGETHER],
    /// How many wait.
    count: usize,
    /// A bit for each that waits and could apply.
    reaching: u32,
    /// How many were looked at.
    done: usize,
    allowed: Option<Verdict>,
    resource: Option<Resource<'r>>,
}

impl<'p, 'r> Evaluation<'p, 'r> {
    fn new(request: &'r Request<'r>) -> Self {
        Self {
            request,
            waiting: [None; TOGETHER],
            count: 0,
            reaching: 0,
            done: 0,
            allowed: None,
            resource: None,
        }
    }

    #[inline]
    fn add(&mut self, policy: &'p Policy) -> Result<(), Verdict> {
        if self.count == TOGETHER {
            self.look()?;
        }
        self.waiting[self.count] = Some(policy);
        self.reaching |= u32::from(!policy.sketch(self.request.action).is_empty()) << self.count;
        self.count += 1;
        Ok(())
    }

    /// Looks at those that wait. The error is the Deny that ends it all.
    fn look(&mut self) -> Result<(), Verdict> {
        while self.reaching != 0 {
            let place = self.reaching.trailing_zeros() as usize;
            self.reaching &= self.reaching - 1;
            if let Some(policy) = self.waiting[place] {
                self.policy(self.done + place, policy)?;
            }
        }
        self.done += self.count;
        self.count = 0;
        Ok(())
    }

    fn policy(&mut self, policy_index: usize, policy: &Policy) -> Result<(), Verdict> {
        if self.allowed.is_some() && !policy.has_deny() {
            return Ok(());
        }
        let known = policy.index_of(self.request.action);
        for (statement, rule) in policy.rules().iter().enumerate() {
            if known.is_some_and(|index| !rule.has_known(index))
                || (self.allowed.is_some() && rule.effect == Effect::Allow)
            {
                continue;
            }
            let mut error = None;
            if known.is_none() || !rule.any_resource || !rule.unconditional {
                let Some(detail) = policy.details().get(statement) else { continue };
                match (self.applies(known.is_some(), rule, detail), rule.effect) {
                    (Truth::Met, _) => {}
                    (Truth::Unknown(cause), Effect::Deny) => error = Some(cause),
                    (Truth::Unknown(_), Effect::Allow) | (Truth::NotMet, _) => continue,
                }
            }
            if rule.effect == Effect::Deny {
                return Err(Verdict::ExplicitDeny { policy: policy_index, statement, error });
            }
            self.allowed = Some(Verdict::Allow { policy: policy_index, statement });
        }
        Ok(())
    }

    /// Action if it is not in the sets, resource, conditions.
    fn applies(&mut self, known: bool, rule: &Rule, detail: &Detail) -> Truth {
        if !known && !detail.has_action(self.request.action.name()) {
            return Truth::NotMet;
        }
        let mut certain = true;
        if !rule.any_resource {
            let resource = self.resource.get_or_insert_with(|| Resource::new(self.request.resource));
            match detail.resources.holds(resource, self.request.context) {
                Ok(true) => {}
                Ok(false) => return Truth::NotMet,
                Err(_) => certain = false,
            }
        }
        match judge(&detail.tests, self.request.context) {
            Truth::Met if !certain => Truth::Unknown(ConditionError::MissingVariable { condition: None }),
            truth => truth,
        }
    }
}

#[cfg(test)]
#[path = "evaluate_tests.rs"]
mod tests;
