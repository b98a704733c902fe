//! Statements that another one makes pointless.

use crate::cover::includes;
use crate::lint::Statement;
use crate::lint::finding::{Findings, Rule};
use crate::policy::{Detail, Effect, Policy};

/// How many statements are compared with each other: more than fit into a document of the allowed size.
const COMPARED: usize = 256;

pub(crate) fn check(policy: &Policy, statements: &[Statement<'_>], findings: &mut Findings<'_>) {
    let all: Vec<(Effect, &Detail)> = policy.statements().take(COMPARED).collect();
    for (index, ((effect, own), (place, _))) in all.iter().zip(statements).enumerate() {
        let denied = all.iter().position(|(other_effect, other)| {
            *effect == Effect::Allow && *other_effect == Effect::Deny && includes(other, *effect, own)
        });
        if let Some(other) = denied {
            let message = format!("statement {other} denies all that this one allows");
            let fix = "remove this statement, or make the Deny narrower".to_owned();
            findings.add(Rule::Unreachable, place, message, Some(fix));
            continue;
        }
        let said = all.iter().enumerate().position(|(other_index, (other_effect, other))| {
            other_index != index
                && other_effect == effect
                && includes(other, *effect, own)
                // Of two that say the same, the later one is too much.
                && (other_index < index || !includes(own, *effect, other))
        });
        if let Some(other) = said {
            let message = format!("statement {other} says all of this already");
            findings.add(Rule::Redundant, place, message, Some("remove this statement".to_owned()));
        }
    }
}
