//! Laws of all layers together.

use bailey_policy::{Combination, Policy, Verdict, Verdicts, combine};
use proptest::prelude::*;

use crate::generator::{Question, Seed, catalogue};
use crate::generator_extended::{Drawn, extended_question, some_documents};

fn policies(documents: &[Drawn]) -> Vec<Policy> {
    let catalogue = catalogue();
    let parse = |(document, _): &Drawn| Policy::parse(&document.to_string(), &catalogue).unwrap();
    documents.iter().map(parse).collect()
}

fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::ExplicitDeny { .. } => 0,
        Verdict::ImplicitDeny => 1,
        Verdict::Allow { .. } => 2,
    }
}

/// The decision with the policies of control, session, boundary, identity, group and resource, in this order; empty
/// for a layer that does not apply.
fn decide(layers: &[Vec<Policy>; 6], combination: Combination, question: &Question) -> Verdict {
    let catalogue = catalogue();
    let [control, session, boundary, identity, group, resource] =
        layers.each_ref().map(|layer| (!layer.is_empty()).then(|| question.ask(&catalogue, layer)));
    let verdicts = Verdicts {
        control: control.as_slice(),
        session,
        boundary,
        identity: identity.unwrap_or(Verdict::ImplicitDeny),
        resource_group: group,
        resource,
        combination,
    };
    combine(&verdicts).verdict
}

fn drawn(seed: &mut Seed) -> [Vec<Policy>; 6] {
    [30, 30, 30, 80, 40, 60].map(|chance| {
        let count = if seed.percent(chance) { 1 + seed.below(2) } else { 0 };
        let deny = if chance == 30 { 5 } else { 20 };
        policies(&some_documents(seed, count, deny))
    })
}

const COMBINATIONS: [Combination; 3] = [Combination::Either, Combination::Both, Combination::ResourceAlone];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn the_order_within_a_layer_is_irrelevant(start: u64) {
        let mut seed = Seed(start);
        let mut layers = drawn(&mut seed);
        for _ in 0..10 {
            let question = extended_question(&mut seed);
            for combination in COMBINATIONS {
                let before = rank(decide(&layers, combination, &question));
                for layer in &mut layers {
                    seed.shuffle(layer);
                }
                prop_assert_eq!(before, rank(decide(&layers, combination, &question)));
            }
        }
    }

    #[test]
    fn another_deny_anywhere_never_gives(start: u64) {
        let mut seed = Seed(start);
        let layers = drawn(&mut seed);
        let deny = policies(&some_documents(&mut seed, 1, 100));
        for place in 0..6 {
            let mut more = layers.clone();
            more[place].extend(deny.iter().cloned());
            for _ in 0..3 {
                let question = extended_question(&mut seed);
                for combination in COMBINATIONS {
                    let before = decide(&layers, combination, &question);
                    let after = decide(&more, combination, &question);
                    prop_assert!(before.is_allowed() || !after.is_allowed());
                }
            }
        }
    }

    #[test]
    fn another_allow_never_takes_where_there_are_some_already(start: u64) {
        let mut seed = Seed(start);
        let layers = drawn(&mut seed);
        let allow = policies(&some_documents(&mut seed, 1, 0));
        for place in 0..6 {
            // The first policy of a ceiling is a restriction; of identity and resource it is not.
            if layers[place].is_empty() && place < 3 {
                continue;
            }
            let mut more = layers.clone();
            more[place].extend(allow.iter().cloned());
            for _ in 0..3 {
                let question = extended_question(&mut seed);
                for combination in COMBINATIONS {
                    let before = decide(&layers, combination, &question);
                    let after = decide(&more, combination, &question);
                    prop_assert!(!before.is_allowed() || after.is_allowed());
                }
            }
        }
    }

    #[test]
    fn a_ceiling_never_gives(start: u64) {
        let mut seed = Seed(start);
        let layers = drawn(&mut seed);
        for place in 0..3 {
            let mut free = layers.clone();
            free[place].clear();
            for _ in 0..5 {
                let question = extended_question(&mut seed);
                for combination in COMBINATIONS {
                    let with = decide(&layers, combination, &question);
                    let without = decide(&free, combination, &question);
                    prop_assert!(!with.is_allowed() || without.is_allowed());
                }
            }
        }
    }
}
