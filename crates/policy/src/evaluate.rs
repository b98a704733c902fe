//! The decision on one set of policies: any Deny that applies wins, else any Allow, else an implicit deny.

use crate::action::Action;
use crate::condition::{ConditionError, Truth, judge};
use crate::context::Context;
use crate::policy::{Effect, Policy};
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
    let mut allowed = None;
    let mut resource: Option<Resource<'_>> = None;
    for (policy_index, policy) in policies.into_iter().enumerate() {
        let known = policy.index_of(request.action);
        if known.is_some_and(|index| !policy.reaches(index)) || (allowed.is_some() && !policy.has_deny()) {
            continue;
        }
        for (statement, rule) in policy.rules().iter().enumerate() {
            if allowed.is_some() && rule.effect == Effect::Allow {
                continue;
            }
            if known.is_some_and(|index| !rule.has_known(index)) {
                continue;
            }
            let mut error = None;
            if known.is_none() || !rule.any_resource || !rule.unconditional {
                let Some(detail) = policy.details().get(statement) else { continue };
                if known.is_none() && !detail.has_action(request.action.name()) {
                    continue;
                }
                if !rule.any_resource {
                    let resource = resource.get_or_insert_with(|| Resource::new(request.resource));
                    if !detail.resources.iter().any(|pattern| resource.matches(pattern)) {
                        continue;
                    }
                }
                match (judge(&detail.tests, request.context), rule.effect) {
                    (Truth::Met, _) => {}
                    (Truth::Unknown(cause), Effect::Deny) => error = Some(cause),
                    (Truth::Unknown(_), Effect::Allow) | (Truth::NotMet, _) => continue,
                }
            }
            if rule.effect == Effect::Deny {
                return Verdict::ExplicitDeny { policy: policy_index, statement, error };
            }
            allowed = Some(Verdict::Allow { policy: policy_index, statement });
        }
    }
    allowed.unwrap_or(Verdict::ImplicitDeny)
}

#[cfg(test)]
#[path = "evaluate_tests.rs"]
mod tests;
