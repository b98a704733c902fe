//! Deciding allocates nothing: counted, not believed.

use bailey_policy::{
    ActionCatalogue, Context, Number, Policy, Request, TrustPolicy, TrustRequest, Value, Verdicts, combine,
    evaluate,
};

use crate::generator::{Seed, catalogue, document, question};
use crate::generator_extended::{PRINCIPALS, extended_document, extended_question, trust_document};
use crate::layers::principal;

#[test]
fn a_decision_allocates_nothing() {
    let catalogue = catalogue();
    let mut seed = Seed(7);
    for _ in 0..300 {
        let documents: Vec<String> = (0..4).map(|_| document(&mut seed, 20).to_string()).collect();
        let policies: Vec<Policy> =
            documents.iter().map(|text| Policy::parse(text, &catalogue).unwrap()).collect();
        for _ in 0..10 {
            let question = question(&mut seed);
            let entries = question.entries();
            let context = Context::new(&entries);
            let action = catalogue.resolve(&question.action);
            let request = Request { action: &action, resource: &question.resource, context: &context };
            let counted = allocation_counter::measure(|| {
                std::hint::black_box(evaluate(&policies, &request));
            });
            assert_eq!(counted.count_total, 0, "{question:?} {documents:?}");
        }
    }
}

#[test]
fn the_extended_language_trust_and_layers_allocate_nothing() {
    let catalogue = catalogue();
    let mut seed = Seed(8);
    for _ in 0..300 {
        let text = extended_document(&mut seed, 20).to_string();
        let policy = Policy::parse(&text, &catalogue).unwrap();
        let trust_text = trust_document(&mut seed, 20, true).to_string();
        let trust = TrustPolicy::parse(&trust_text).unwrap();
        for _ in 0..10 {
            let question = extended_question(&mut seed);
            let entries = question.entries();
            let context = Context::new(&entries);
            let action = catalogue.resolve(&question.action);
            let request = Request { action: &action, resource: &question.resource, context: &context };
            let (kind, name) = PRINCIPALS[seed.below(PRINCIPALS.len())];
            let principal = principal(kind, name);
            let trusted = TrustRequest { action: "sts:AssumeRole", principal, context: &context };
            let counted = allocation_counter::measure(|| {
                let identity = evaluate([&policy], &request);
                let resource = Some(trust.evaluate(&trusted));
                let control = [identity];
                let verdicts = Verdicts { control: &control, identity, resource, ..Verdicts::NONE };
                std::hint::black_box(combine(&verdicts));
            });
            assert_eq!(counted.count_total, 0, "{question:?} {text} {trust_text}");
        }
    }
}

#[test]
fn reading_any_value_as_text_allocates_nothing() {
    let catalogue = ActionCatalogue::new(["a:B"]).unwrap();
    let document = r#"{"Version":"1","Statement":{"Effect":"Allow","Action":"*","Resource":"*",
        "Condition":{"StringLike":{"x:y":"*"}}}}"#;
    let policy = Policy::parse(document, &catalogue).unwrap();
    let action = catalogue.resolve("a:B");
    for value in [
        Value::Text("x"),
        Value::Ip("2001:db8::1".parse().unwrap()),
        Value::Time(1_767_225_600_123),
        Value::Bool(true),
        Value::Number(Number::from(5_i64)),
    ] {
        let entries = [("x:y", value)];
        let context = Context::new(&entries);
        let request = Request { action: &action, resource: "*", context: &context };
        let mut allowed = false;
        let counted = allocation_counter::measure(|| allowed = evaluate([&policy], &request).is_allowed());
        assert!(allowed, "{value:?}");
        assert_eq!(counted.count_total, 0, "{value:?}");
    }
    let counted = allocation_counter::measure(|| drop(std::hint::black_box(catalogue.resolve("a:Unknown"))));
    assert!(counted.count_total > 0, "the counter counts");
}
