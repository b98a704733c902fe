//! What the advice on policies claims is true.

use bailey_policy::{LintOptions, Policy, Rule, lint};
use serde_json::Value as Json;

use crate::generator::{Seed, catalogue, document};
use crate::generator_extended::{extended_document, extended_question};

/// A document whose statements repeat and contradict each other often.
fn crowded(seed: &mut Seed, extended: bool) -> Json {
    let deny = seed.below(60);
    let mut statements = Vec::new();
    for _ in 0..2 {
        let one = if extended { extended_document(seed, deny) } else { document(seed, deny) };
        match &one["Statement"] {
            Json::Array(list) => statements.extend(list.iter().cloned()),
            single => statements.push(single.clone()),
        }
    }
    let copied = statements[seed.below(statements.len())].clone();
    let effect = if seed.percent(50) { "Deny" } else { "Allow" };
    statements.push(copied);
    statements.last_mut().unwrap()["Effect"] = effect.into();
    if seed.percent(30) {
        statements.push(serde_json::json!({"Effect": effect, "Action": "ram:*", "Resource": "*"}));
    }
    seed.shuffle(&mut statements);
    let version = if extended { "1-extended" } else { "1" };
    serde_json::json!({ "Version": version, "Statement": statements })
}

#[test]
fn what_is_called_pointless_is_pointless() {
    let catalogue = catalogue();
    let (mut unreachable, mut redundant) = (0, 0);
    for start in 0..1_500 {
        let mut seed = Seed(start);
        let extended = seed.percent(50);
        let mut document = crowded(&mut seed, extended);
        let text = serde_json::to_string_pretty(&document).unwrap();
        let options = LintOptions { catalogue: &catalogue, account: Some("1"), acts_on: &[] };
        let findings = lint(&text, &options);
        let parse = |document: &Json| Policy::parse(&document.to_string(), &catalogue).unwrap();
        let before = parse(&document);
        let mut pointless = None;
        for finding in &findings {
            assert_ne!(finding.rule, Rule::Invalid, "{finding:?}");
            assert!(document.pointer(&finding.pointer).is_some(), "{finding:?}");
            let line = text.lines().nth(finding.line - 1).unwrap();
            assert!(finding.column <= line.chars().count(), "{finding:?}");
            let of_statement = finding.pointer.matches('/').count() == 2;
            if of_statement && matches!(finding.rule, Rule::Unreachable | Rule::Redundant) {
                let index: usize = finding.pointer.rsplit('/').next().unwrap().parse().unwrap();
                pointless = Some((finding.rule, index));
            }
        }
        let Some((rule, index)) = pointless else { continue };
        unreachable += usize::from(rule == Rule::Unreachable);
        redundant += usize::from(rule == Rule::Redundant);
        document["Statement"].as_array_mut().unwrap().remove(index);
        let after = parse(&document);
        for _ in 0..20 {
            let question = extended_question(&mut seed);
            let [with, without] = [&before, &after].map(|policy| question.ask(&catalogue, [policy]));
            assert_eq!(with.is_allowed(), without.is_allowed(), "{rule:?} {index} {question:?} {text}");
        }
    }
    println!("unreachable {unreachable}, redundant {redundant}");
    assert!(unreachable >= 100 && redundant >= 100, "{unreachable} {redundant}");
}

#[test]
fn damaged_documents_have_advice_too() {
    let catalogue = catalogue();
    let options = LintOptions { catalogue: &catalogue, account: None, acts_on: &[] };
    for start in 0..400 {
        let mut seed = Seed(start);
        let text = extended_document(&mut seed, 50).to_string();
        let mut letters: Vec<char> = text.chars().collect();
        let at = seed.below(letters.len());
        letters[at] = ['"', '{', ']', 'ü', '\\', '1', ' '][seed.below(7)];
        let damaged: String = letters.iter().collect();
        let invalid = lint(&damaged, &options).iter().any(|finding| finding.rule == Rule::Invalid);
        assert_eq!(invalid, Policy::parse(&damaged, &catalogue).is_err(), "{damaged}");
    }
}
