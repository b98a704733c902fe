//! Deciding allocates nothing: counted, not believed.

use bailey_policy::{ActionCatalogue, Context, Number, Policy, Request, Value, evaluate};

use crate::generator::{Seed, catalogue, document, question};

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
