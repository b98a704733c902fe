//! What somebody who was refused needs: what spoke for and against, what it depended on, and the smallest change that
//! would let the request through.

use std::fmt;

use serde::Serialize;

use crate::evaluate::Request;
use crate::explain::{ConditionResult, Failed, StatementOutcome, explain};
use crate::parse::{check_action, check_resource};
use crate::policy::{Effect, Policy};

/// All there is to tell about a decision on one set of policies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// Every statement, in document order.
    pub statements: Vec<StatementOutcome>,
    /// The keys that statements about this action and resource ask for, with what the request brought. Secrets
    /// are `***`.
    pub conditions: Vec<ConditionValues>,
    /// What would let the request through; none when it is let through already.
    pub change: Option<Change>,
}

/// A condition key and its values in the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConditionValues {
    /// The key, as in the first policy that asks for it.
    pub key: String,
    /// The values; empty when the request has none.
    pub values: Vec<String>,
}

/// The smallest change that lets a request through: all of `remove`, and where no Allow applies, one of the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Every Deny that applies, as index of the policy and of the statement in it. As long as one of them stands,
    /// nothing else helps.
    pub remove: Vec<(usize, usize)>,
    /// The Allow that comes closest: it is about this action and resource, and the fewest of its conditions are not met.
    pub meet: Option<Unmet>,
    /// The Allow to add; none when there is one that applies, or when no policy can name the action.
    pub add: Option<Grant>,
}

/// An Allow that fails for its conditions only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unmet {
    /// Index of the policy.
    pub policy: usize,
    /// Index of the statement in it.
    pub statement: usize,
    /// Indices of the conditions that the request would have to meet.
    pub conditions: Vec<usize>,
}

/// An Allow for one action on one resource. Its text is a statement in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Grant {
    /// The action.
    pub action: String,
    /// The resource, or `*` where a policy cannot name it. A resource that itself holds `*` is allowed as the pattern
    /// that it reads as.
    pub resource: String,
}

impl Grant {
    /// A policy document with this and nothing else.
    pub fn document(&self) -> String {
        format!(r#"{{"Version":"1","Statement":[{self}]}}"#)
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |text: &str| serde_json::Value::from(text);
        let (action, resource) = (text(&self.action), text(&self.resource));
        write!(out, r#"{{"Effect":"Allow","Action":{action},"Resource":{resource}}}"#)
    }
}

impl Diagnosis {
    /// The statements that apply.
    pub fn matched(&self) -> impl Iterator<Item = &StatementOutcome> {
        self.statements.iter().filter(|statement| statement.applies)
    }
}

/// Tells all there is to tell about the decision on one set of policies.
pub fn diagnose<'p>(policies: impl IntoIterator<Item = &'p Policy>, request: &Request<'_>) -> Diagnosis {
    let statements = explain(policies, request);
    let mut conditions: Vec<ConditionValues> = Vec::new();
    for condition in statements.iter().flat_map(|statement| &statement.conditions) {
        if !conditions.iter().any(|known| known.key.eq_ignore_ascii_case(&condition.key)) {
            let values = condition.found.clone().unwrap_or_default();
            conditions.push(ConditionValues { key: condition.key.clone(), values });
        }
    }
    let change = change(&statements, request);
    Diagnosis { statements, conditions, change }
}

fn change(statements: &[StatementOutcome], request: &Request<'_>) -> Option<Change> {
    let applies = |effect| move |one: &&StatementOutcome| one.applies && one.effect == effect;
    let remove: Vec<_> =
        statements.iter().filter(applies(Effect::Deny)).map(|one| (one.policy, one.statement)).collect();
    if statements.iter().any(|one| applies(Effect::Allow)(&one)) {
        return (!remove.is_empty()).then_some(Change { remove, meet: None, add: None });
    }
    let meet = statements.iter().filter_map(unmet).min_by_key(|one| one.conditions.len());
    Some(Change { remove, meet, add: grant(request) })
}

fn unmet(one: &StatementOutcome) -> Option<Unmet> {
    let close = one.effect == Effect::Allow && matches!(one.failed, Some(Failed::Condition(_)));
    let failing = |(index, condition): (usize, &crate::ConditionOutcome)| {
        (condition.result != ConditionResult::Met).then_some(index)
    };
    close.then(|| Unmet {
        policy: one.policy,
        statement: one.statement,
        conditions: one.conditions.iter().enumerate().filter_map(failing).collect(),
    })
}

fn grant(request: &Request<'_>) -> Option<Grant> {
    let action = request.action.name();
    if check_action(action).is_err() || action.contains(['*', '?']) {
        return None;
    }
    let resource = if check_resource(request.resource).is_ok() { request.resource } else { "*" };
    Some(Grant { action: action.to_owned(), resource: resource.to_owned() })
}

#[cfg(test)]
#[path = "diagnose_tests.rs"]
mod tests;
