//! Laws that hold for all policies, whatever they say.

use bailey_policy::{Glob, Policy, Verdict, covers};
use proptest::prelude::*;

use crate::generator::{Seed, catalogue, document, question};
use crate::generator_extended::{extended_document, extended_question};
use crate::reference::glob;

fn policies(seed: &mut Seed, count: usize, deny: usize) -> Vec<Policy> {
    let catalogue = catalogue();
    (0..count).map(|_| Policy::parse(&document(seed, deny).to_string(), &catalogue).unwrap()).collect()
}

/// Allow, explicit deny or neither.
fn kind(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allow { .. } => "allow",
        Verdict::ExplicitDeny { .. } => "deny",
        Verdict::ImplicitDeny => "neither",
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_order_of_policies_is_irrelevant(start: u64) {
        let mut seed = Seed(start);
        let catalogue = catalogue();
        let mut set = policies(&mut seed, 4, 30);
        for _ in 0..20 {
            let question = question(&mut seed);
            let before = kind(question.ask(&catalogue, &set));
            seed.shuffle(&mut set);
            prop_assert_eq!(before, kind(question.ask(&catalogue, &set)));
        }
    }

    #[test]
    fn another_allow_never_takes_and_another_deny_never_gives(start: u64) {
        let mut seed = Seed(start);
        let catalogue = catalogue();
        let set = policies(&mut seed, 3, 30);
        let allow = policies(&mut seed, 1, 0);
        let deny = policies(&mut seed, 1, 100);
        for _ in 0..20 {
            let question = question(&mut seed);
            let plain = kind(question.ask(&catalogue, &set));
            let more = kind(question.ask(&catalogue, set.iter().chain(&allow)));
            let less = kind(question.ask(&catalogue, deny.iter().chain(&set)));
            match plain {
                "allow" => prop_assert!(more == "allow" && less != "neither"),
                "deny" => prop_assert!(more == "deny" && less == "deny"),
                _ => prop_assert!(more != "deny" && less != "allow"),
            }
        }
    }

    #[test]
    fn globs_agree_with_regular_expressions(pattern in "[aAb:ü*?]{0,8}", text in "[aAb:ü\n]{0,10}") {
        prop_assert_eq!(Glob::new(&pattern).matches(&text), glob(&pattern).is_match(&text));
        let lower = glob(&pattern.to_ascii_lowercase()).is_match(&text.to_ascii_lowercase());
        prop_assert_eq!(Glob::new(&pattern).matches_ignore_ascii_case(&text), lower);
    }

    #[test]
    fn globs_agree_on_texts_that_are_made_to_match(
        pieces in proptest::collection::vec(("[ab漢]{0,3}", "[ab漢?*]{0,3}", any::<bool>()), 0..5)
    ) {
        // Each piece of the text stands in the pattern either as it is or as something that may match it.
        let text: String = pieces.iter().map(|(text, _, _)| text.as_str()).collect();
        let pattern: String =
            pieces.iter().map(|(text, other, plain)| if *plain { text.as_str() } else { other.as_str() }).collect();
        prop_assert_eq!(Glob::new(&pattern).matches(&text), glob(&pattern).is_match(&text));
    }

    #[test]
    fn the_parser_takes_any_text(text in ".{0,200}") {
        let _ = Policy::parse(&text, &catalogue());
    }

    #[test]
    fn the_parser_takes_any_json(json in json()) {
        let _ = Policy::parse(&json.to_string(), &catalogue());
    }

    #[test]
    fn the_parser_takes_any_damaged_policy(start: u64, at: prop::sample::Index, letter: char) {
        let text = document(&mut Seed(start), 50).to_string();
        let mut letters: Vec<char> = text.chars().collect();
        let at = at.index(letters.len());
        letters[at] = letter;
        let _ = Policy::parse(&letters.iter().collect::<String>(), &catalogue());
        let _ = Policy::parse(&letters[..at].iter().collect::<String>(), &catalogue());
    }
}

/// JSON that uses the words of the language in all the wrong places.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let words = prop::sample::select(vec![
        "1",
        "Version",
        "Statement",
        "Effect",
        "Allow",
        "Deny",
        "Action",
        "NotAction",
        "Resource",
        "Condition",
        "*",
        "acs:a",
        "ram:*",
        "Bool",
        "true",
        "IpAddress",
        "NumericEquals",
        "DateEquals",
        "é",
    ]);
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        words.clone().prop_map(Into::into),
    ];
    leaf.prop_recursive(6, 48, 6, move |inner| {
        let member = (words.clone(), inner.clone());
        let object = proptest::collection::vec(member, 0..6)
            .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
        let policy = inner.clone().prop_map(|one| serde_json::json!({ "Version": "1", "Statement": [one] }));
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::Array),
            object,
            policy,
        ]
    })
}

/// What `covers` lets through is never more than what is held; and it lets enough through for that to mean anything.
#[test]
fn what_is_covered_is_held() {
    let catalogue = catalogue();
    let (mut covered, mut denied, mut allowed) = (0, 0, 0);
    for start in 0..4_000 {
        let mut seed = Seed(start);
        let held_deny = seed.below(30);
        let extended = start % 4 > 1;
        let document = |seed: &mut Seed, deny| match extended && seed.percent(85) {
            true => extended_document(seed, deny),
            false => document(seed, deny),
        };
        let mut held: Vec<serde_json::Value> = (0..3).map(|_| document(&mut seed, held_deny)).collect();
        if start % 3 == 0 {
            held.push(serde_json::json!({"Version": "1",
                "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}));
        }
        // Half of the proposals copy a held policy, so that equal conditions and equal Denies occur.
        let proposed_deny = seed.below(60);
        let mut proposed = document(&mut seed, proposed_deny);
        if start % 2 == 0 {
            let copied = held[seed.below(held.len())].clone();
            let statements = |document: &serde_json::Value| match &document["Statement"] {
                serde_json::Value::Array(list) => list.clone(),
                single => vec![single.clone()],
            };
            let mut own = statements(&copied);
            own.extend(statements(&proposed).into_iter().take(seed.below(2)));
            proposed["Statement"] = own.into();
            if copied["Version"] == "1-extended" {
                proposed["Version"] = copied["Version"].clone();
            }
        }
        let parse = |document: &serde_json::Value| Policy::parse(&document.to_string(), &catalogue).unwrap();
        let held_policies: Vec<Policy> = held.iter().map(parse).collect();
        let proposed_policy = parse(&proposed);
        if covers(&held_policies, &proposed_policy, &catalogue).is_err() {
            continue;
        }
        covered += 1;
        denied += usize::from(held.iter().any(|document| document.to_string().contains("Deny")));
        for _ in 0..60 {
            let question = extended_question(&mut seed);
            // Whoever gets it is somebody else, in the same circumstances.
            let receiver = question.of_somebody_else(extended_question(&mut seed));
            if receiver.ask(&catalogue, [&proposed_policy]).is_allowed() {
                allowed += 1;
                let verdict = question.ask(&catalogue, &held_policies);
                assert!(verdict.is_allowed(), "{start} {verdict:?} {question:?} {held:#?} {proposed:#?}");
            }
        }
    }
    println!("covered {covered}, of them with a held Deny {denied}, requests allowed {allowed}");
    assert!(covered >= 1_000 && denied >= 300 && allowed >= 10_000, "{covered} {denied} {allowed}");
}
