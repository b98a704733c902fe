//! The order of the layers of the second evaluator, step by step as the description tells it.

use bailey_policy::{Combination, Layer};

use crate::reference::Outcome;

/// The outcome of every layer.
#[derive(Clone, Debug)]
pub(crate) struct Outcomes {
    pub(crate) control: Vec<Outcome>,
    pub(crate) session: Option<Outcome>,
    pub(crate) boundary: Option<Outcome>,
    pub(crate) identity: Outcome,
    pub(crate) group: Option<Outcome>,
    pub(crate) trust: Option<Outcome>,
}

fn denies(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Deny | Outcome::DenyByError)
}

/// Deny over Allow over nothing.
fn strongest(outcomes: &[Outcome]) -> Outcome {
    if outcomes.iter().any(|one| denies(*one)) {
        Outcome::Deny
    } else if outcomes.contains(&Outcome::Allow) {
        Outcome::Allow
    } else {
        Outcome::Nothing
    }
}

/// The decision: Allow, Deny or nothing.
pub(crate) fn decide_layers(outcomes: &Outcomes, combination: Combination) -> Outcome {
    let mut gates = outcomes.control.clone();
    gates.extend(outcomes.session);
    gates.extend(outcomes.boundary);
    if let Some(closed) = gates.into_iter().find(|one| *one != Outcome::Allow) {
        return strongest(&[closed]);
    }
    let a = strongest(&[outcomes.identity, outcomes.group.unwrap_or(Outcome::Nothing)]);
    let b = strongest(&[outcomes.trust.unwrap_or(Outcome::Nothing)]);
    match combination {
        Combination::ResourceAlone => b,
        Combination::Either => strongest(&[a, b]),
        Combination::Both if a == Outcome::Allow && b == Outcome::Allow => Outcome::Allow,
        Combination::Both if a == Outcome::Deny || b == Outcome::Deny => Outcome::Deny,
        Combination::Both => Outcome::Nothing,
    }
}

impl Outcomes {
    /// What a layer came to by itself.
    pub(crate) fn of(&self, layer: Layer, level: usize) -> Outcome {
        match layer {
            Layer::Control => self.control[level],
            Layer::Session => self.session.unwrap(),
            Layer::Boundary => self.boundary.unwrap(),
            Layer::Identity => self.identity,
            Layer::ResourceGroup => self.group.unwrap(),
            Layer::Resource => self.trust.unwrap_or(Outcome::Nothing),
        }
    }
}
