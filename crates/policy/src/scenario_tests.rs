//! Tests of `scenario`.

use super::*;

const POLICY: &str = r#"{"Version":"1-extended","Statement":[
    {"Effect":"Allow","Action":"ram:*","Resource":"*","Condition":{"ForAnyValue:StringEquals":{"x:Teams":"red"}}},
    {"Effect":"Deny","Action":"ram:DeleteUser","Resource":"*"}]}"#;

fn run(tests: &str) -> Vec<String> {
    let catalogue = ActionCatalogue::new(["ram:GetUser", "ram:DeleteUser"]).unwrap();
    let policy = Policy::parse(POLICY, &catalogue).unwrap();
    let tests = parse_tests(tests).unwrap();
    run_tests([&policy], &catalogue, &tests).iter().map(ToString::to_string).collect()
}

#[test]
fn a_test_passes_or_says_what_it_got() {
    let failures = run(
        r#"[{"name":"reads","action":"ram:GetUser","resource":"*","context":{"x:Teams":["blue","red"]},"expect":"Allow"},
        {"name":"deletes","action":"ram:DeleteUser","resource":"*","context":{"x:Teams":"red"},"expect":"ExplicitDeny"},
        {"name":"other","action":"ecs:Run","resource":"acs:ecs:*:*:*","expect":"ImplicitDeny"}]"#,
    );
    assert_eq!(failures, [""; 0]);
    let failures = run(
        r#"[{"name":"reads","action":"ram:GetUser","resource":"*","context":{"x:Teams":[]},"expect":"Allow"},
        {"name":"deletes","action":"ram:DeleteUser","resource":"*","context":{"x:Teams":"red"},"expect":"Allow"},
        {"name":"hides","action":"ram:GetUser","resource":"*","context":{"x:Teams":"red"},"expect":"ImplicitDeny"}]"#,
    );
    let expected = [
        r#"`reads` expects Allow and gets ImplicitDeny; this would let it through: {"Effect":"Allow","Action":"ram:GetUser","Resource":"*"}"#,
        "`deletes` expects Allow and gets ExplicitDeny from statement 1 of policy 0",
        "`hides` expects ImplicitDeny and gets Allow from statement 0 of policy 0",
    ];
    assert_eq!(failures, expected);
}

#[test]
fn values_of_the_context_may_be_bare() {
    let tests = parse_tests(
        r#"[{"name":"a","action":"b:C","resource":"*","context":{"x:y":true,"x:z":[5,"6"]},"expect":"Allow"}]"#,
    )
    .unwrap();
    let texts = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    let expected = [("x:y".to_owned(), texts(&["true"])), ("x:z".to_owned(), texts(&["5", "6"]))];
    assert_eq!(tests[0].context, expected);
}

#[test]
fn wrong_tests_are_refused_with_their_place() {
    let one = |members: &str| format!("[{{{members}}}]");
    for (text, expected) in [
        (String::new(), "the tests are not valid JSON: EOF while parsing a value at line 1 column 0"),
        ("{}".to_owned(), "the tests must be a JSON list, not an object"),
        ("[1]".to_owned(), "[0]: a test must be a JSON object, not a number"),
        (one(""), "[0].name: is missing, add it"),
        (one(r#""name":"""#), "[0].name: is empty, write something"),
        (one(r#""name":1"#), "[0].name: is a number, write a string"),
        (one(r#""name":"a","action":"b:C","resource":"*""#), "[0].expect: is missing, add it"),
        (one(r#""expect":"Deny""#), "[0].expect: is `Deny`, write Allow, ExplicitDeny or ImplicitDeny"),
        (
            one(r#""principal":"x""#),
            "[0].principal: is not a member of a test, remove it (known: name, action, resource, context and expect)",
        ),
        (one(r#""context":[]"#), "[0].context: context must be a JSON object, not a list"),
        (one(r#""context":{"x:y":[null]}"#), "[0].context[\"x:y\"]: holds null, write a string"),
        (
            r#"[{"name":"a","action":"b:C","resource":"*","expect":"Allow"},{"name":"a","action":"b:C","resource":"*","expect":"Allow"}]"#
                .to_owned(),
            "[1].name: `a` is the name of another test too, choose another",
        ),
        (format!("[{}]", vec!["1"; MAXIMUM_TESTS + 1].join(",")), "there are more than 1000 tests, remove some"),
    ] {
        assert_eq!(parse_tests(&text).unwrap_err().to_string(), expected);
    }
}
