//! The same decision as [`crate::evaluate`], told statement by statement for people.

use serde::Serialize;

use crate::condition::{Doubt, Test};
use crate::context::{Context, Value};
use crate::evaluate::Request;
use crate::operator::ConditionOperator;
use crate::policy::{Effect, Policy};
use crate::resource::Resource;

/// Keys whose values authenticate somebody and must not be shown.
const SECRET_KEYS: [&str; 1] = ["sts:ExternalId"];

/// What one statement had to say about a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatementOutcome {
    /// Index of the policy in the given order.
    pub policy: usize,
    /// Index of the statement in the policy.
    pub statement: usize,
    /// What it does when it applies.
    pub effect: Effect,
    /// Whether it is about the action.
    pub action_matches: bool,
    /// Whether it is about the resource; in a trust policy, about the principal.
    pub resource_matches: bool,
    /// Its conditions; looked at only when action and resource match.
    pub conditions: Vec<ConditionOutcome>,
    /// Whether it applies. Of the statements that do, a Deny wins.
    pub applies: bool,
    /// The first thing for which it does not apply.
    pub failed: Option<Failed>,
}

/// What about a statement does not fit a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Failed {
    /// The action.
    Action,
    /// The resource; in a trust policy the principal.
    Resource,
    /// The condition at this index.
    Condition(usize),
}

/// What became of one condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConditionOutcome {
    /// The operator.
    pub operator: ConditionOperator,
    /// The key, as in the policy.
    pub key: String,
    /// The values in the policy; `***` where they are secret.
    pub wanted: Vec<String>,
    /// The values in the request, if it has any; `***` where they are secret.
    pub found: Option<Vec<String>>,
    /// The result.
    pub result: ConditionResult,
    /// One sentence that says why.
    pub reason: String,
}

/// Whether a condition is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ConditionResult {
    /// It is.
    Met,
    /// It is not.
    NotMet,
    /// The value in the request cannot be compared. Counts as met in a Deny and as not met in an Allow.
    Error,
}

/// Tells for every statement of every policy whether it applies to the request, and why not.
pub fn explain<'p>(
    policies: impl IntoIterator<Item = &'p Policy>,
    request: &Request<'_>,
) -> Vec<StatementOutcome> {
    let resource = Resource::new(request.resource);
    let mut outcomes = Vec::new();
    for (policy_index, policy) in policies.into_iter().enumerate() {
        for (statement, (effect, detail)) in policy.statements().enumerate() {
            let action_matches = detail.has_action(request.action.name());
            let resource_matches =
                detail.resources.holds(&resource, request.context).unwrap_or(effect == Effect::Deny);
            let place = (policy_index, statement);
            outcomes.push(outcome(
                place,
                effect,
                [action_matches, resource_matches],
                &detail.tests,
                request.context,
            ));
        }
    }
    outcomes
}

/// What a statement had to say, from whether it is about the action and the resource.
pub(crate) fn outcome(
    (policy, statement): (usize, usize),
    effect: Effect,
    [action_matches, resource_matches]: [bool; 2],
    tests: &[Test],
    context: &Context<'_>,
) -> StatementOutcome {
    let mut conditions = Vec::new();
    if action_matches && resource_matches {
        conditions.extend(tests.iter().map(|test| condition(test, context)));
    }
    let counts_as_met = |condition: &ConditionOutcome| match condition.result {
        ConditionResult::Met => true,
        ConditionResult::NotMet => false,
        ConditionResult::Error => effect == Effect::Deny,
    };
    let failed = if !action_matches {
        Some(Failed::Action)
    } else if !resource_matches {
        Some(Failed::Resource)
    } else {
        conditions.iter().position(|condition| !counts_as_met(condition)).map(Failed::Condition)
    };
    StatementOutcome {
        policy,
        statement,
        effect,
        action_matches,
        resource_matches,
        conditions,
        applies: failed.is_none(),
        failed,
    }
}

fn condition(test: &Test, context: &Context<'_>) -> ConditionOutcome {
    let secret = SECRET_KEYS.iter().any(|key| key.eq_ignore_ascii_case(&test.key));
    let value = test.find(context);
    let found =
        value.map(|value| if secret { vec!["***".to_owned()] } else { value.each().map(text).collect() });
    let wanted = if secret { vec!["***".to_owned()] } else { test.wanted() };
    let (key, operator) = (&test.key, test.operator);
    let shown = found.as_ref().map(|found| found.join("`, `"));
    let (result, reason) = match (test.check(context), shown) {
        (Ok(true), None) => (
            ConditionResult::Met,
            format!("the request has no `{key}`, and {operator} is met by a missing key"),
        ),
        (Ok(false), None) => {
            (ConditionResult::NotMet, format!("the request has no `{key}`, and {operator} needs one"))
        }
        (Ok(true), Some(found)) => {
            (ConditionResult::Met, format!("`{key}` is `{found}`, which meets {operator}"))
        }
        (Ok(false), Some(found)) => {
            let wanted = wanted.join("`, `");
            (
                ConditionResult::NotMet,
                format!("`{key}` is `{found}`, which does not meet {operator} `{wanted}`"),
            )
        }
        (Err(doubt), _) => (ConditionResult::Error, uncertain(key, doubt)),
    };
    ConditionOutcome { operator, key: key.to_string(), wanted, found, result, reason }
}

fn uncertain(key: &str, doubt: Doubt) -> String {
    let cause = match doubt {
        Doubt::Unreadable(expected) => format!("`{key}` of the request is not {expected}"),
        Doubt::MissingVariable => {
            format!("the request has no value for a variable that `{key}` is compared to")
        }
    };
    format!("{cause}: taken as met in a Deny and as not met in an Allow")
}

fn text(value: Value<'_>) -> String {
    value.as_text(str::to_owned).unwrap_or_else(|_| format!("{value:?}"))
}

#[cfg(test)]
#[path = "explain_tests.rs"]
mod tests;
