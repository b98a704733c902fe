//! "Nobody hands out more than they hold": is what a policy would allow within what other policies allow already.

use std::fmt;

use crate::action::{Action, ActionCatalogue};
use crate::condition::Test;
use crate::glob::Glob;
use crate::pattern::{Pattern, resources_meet};
use crate::policy::{Detail, Effect, Policy};

/// The first part of a proposed policy that goes beyond what is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excess {
    /// Index of the statement in the proposed policy.
    pub statement: usize,
    /// The action pattern; `*` for a statement with `NotAction`.
    pub action: String,
    /// The resource pattern.
    pub resource: String,
    /// Why it is too much.
    pub reason: ExcessReason,
    /// A known action that the pattern holds and that is too much by itself, if there is one.
    pub example: Option<String>,
}

/// Why a part of a proposed policy is too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExcessReason {
    /// No single held Allow holds it.
    NotHeld,
    /// A held Deny takes some of it away, and the proposed policy does not carry that Deny.
    Denied {
        /// Index of the held policy.
        policy: usize,
        /// Index of the Deny in it.
        statement: usize,
    },
}

impl fmt::Display for Excess {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { statement, action, resource, .. } = self;
        write!(out, "statement {statement} allows `{action}` on `{resource}`, which you ")?;
        match self.reason {
            ExcessReason::NotHeld => out.write_str("do not hold yourself")?,
            ExcessReason::Denied { .. } => out.write_str("are denied in part yourself")?,
        }
        match &self.example {
            Some(example) => write!(out, " (for example `{example}`)"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Excess {}

/// Checks that whatever `proposed` allows is allowed by `held` too, for every request, even when it is somebody else
/// who holds `proposed`.
///
/// An `Ok` is certain. A refusal may be wrong, because patterns are compared one by one: each action and resource
/// pattern of a proposed Allow must lie within *one* held Allow whose conditions all stand, equal, in the proposed
/// statement too. Not seen are: two held statements that only together hold a proposed pattern; conditions that are
/// narrower but not equal; conditions on who the caller is, or with variables, for they mean something else for
/// whoever gets the policy; a list of all actions that exist (the catalogue may grow); `NotAction` in a proposed
/// Allow, which counts as `*`; a held Deny whose conditions could never be met together with the proposed ones;
/// RAM names that differ in case.
///
/// # Errors
/// With the first part that is, or may be, too much.
pub fn covers<'p>(
    held: impl IntoIterator<Item = &'p Policy>,
    proposed: &Policy,
    catalogue: &ActionCatalogue,
) -> Result<(), Excess> {
    let held: Vec<(usize, usize, Effect, &Detail)> = held
        .into_iter()
        .enumerate()
        .flat_map(|(policy, held)| {
            held.statements()
                .enumerate()
                .map(move |(statement, (effect, detail))| (policy, statement, effect, detail))
        })
        .collect();
    for (statement, (effect, detail)) in proposed.statements().enumerate() {
        if effect == Effect::Deny {
            continue;
        }
        let everything = [Glob::new("*")];
        let actions = if detail.inverted { &everything[..] } else { &detail.actions };
        for action in actions {
            for resource in detail.resources.widest(effect) {
                let check = |action: &str| exceeds(&held, proposed, action, &resource, &detail.tests);
                if let Some(reason) = check(action.as_str()) {
                    let example = catalogue
                        .actions()
                        .map(Action::name)
                        .find(|known| {
                            action.matches_ignore_ascii_case(known)
                                && detail.has_action(known)
                                && check(known).is_some()
                        })
                        .map(str::to_owned);
                    let (action, resource) = (action.as_str().to_owned(), resource.into_owned());
                    return Err(Excess { statement, action, resource, reason, example });
                }
            }
        }
    }
    Ok(())
}

fn exceeds(
    held: &[(usize, usize, Effect, &Detail)],
    proposed: &Policy,
    action: &str,
    resource: &str,
    tests: &[Test],
) -> Option<ExcessReason> {
    let holds = |(_, _, effect, detail): &&(usize, usize, Effect, &Detail)| {
        *effect == Effect::Allow
            && all_within(&detail.tests, tests)
            && includes_action(detail, action)
            && includes_resource(detail, resource)
    };
    if !held.iter().any(|statement| holds(&statement)) {
        return Some(ExcessReason::NotHeld);
    }
    held.iter()
        .find(|(_, _, effect, detail)| {
            *effect == Effect::Deny
                && meets_action(detail, action)
                && detail.resources.widest(Effect::Deny).any(|denied| resources_meet(&denied, resource))
                && !carries(proposed, detail)
        })
        .map(|&(policy, statement, _, _)| ExcessReason::Denied { policy, statement })
}

/// Whether the policy holds a Deny that applies whenever the given one does, whoever holds it.
fn carries(policy: &Policy, denied: &Detail) -> bool {
    policy.statements().any(|(effect, own)| {
        let personal = own.tests.iter().any(Test::is_personal);
        effect == Effect::Deny && !personal && includes(own, Effect::Deny, denied)
    })
}

/// Whether the first statement applies whenever the second one does, which has the given effect. A yes is certain.
pub(crate) fn includes(own: &Detail, effect: Effect, other: &Detail) -> bool {
    let includes_actions = if other.inverted {
        own.inverted && own.actions == other.actions || includes_action(own, "*")
    } else {
        other.actions.iter().all(|action| includes_action(own, action.as_str()))
    };
    includes_actions
        && own.tests.iter().all(|test| other.tests.contains(test))
        && other.resources.widest(effect).all(|resource| includes_resource(own, &resource))
}

/// Whether each of the first conditions stands among the second ones: then the first are met whenever those are.
/// Not so when they are personal: they mean something else for whom a policy is handed to.
fn all_within(tests: &[Test], others: &[Test]) -> bool {
    tests.iter().all(|test| !test.is_personal() && others.contains(test))
}

fn includes_action(detail: &Detail, action: &str) -> bool {
    let action = Pattern::folded(action);
    let mut own = detail.actions.iter().map(|own| Pattern::folded(own.as_str()));
    if detail.inverted { !own.any(|own| own.meets(&action)) } else { own.any(|own| own.includes(&action)) }
}

fn meets_action(detail: &Detail, action: &str) -> bool {
    let action = Pattern::folded(action);
    let mut own = detail.actions.iter().map(|own| Pattern::folded(own.as_str()));
    if detail.inverted { !own.any(|own| own.includes(&action)) } else { own.any(|own| own.meets(&action)) }
}

/// Spellings of RAM ARNs need no care here: a pattern that holds more texts matches a name in more of its spellings.
fn includes_resource(detail: &Detail, resource: &str) -> bool {
    let resource = Pattern::new(resource);
    detail.resources.globs.iter().any(|own| Pattern::new(own.as_str()).includes(&resource))
}

#[cfg(test)]
#[path = "cover_tests.rs"]
mod tests;
