//! Tests of `diagnose`.

use super::*;
use crate::{ActionCatalogue, Context, Value, evaluate};

fn catalogue() -> ActionCatalogue {
    ActionCatalogue::new(["ram:GetUser", "sfm:CreateIndex"]).unwrap()
}

const ALICE: &str = "acs:ram:*:1:user/alice";

/// What is said about reading alice, and whether it is allowed.
fn ask(statements: &str, resource: &str, facts: &[(&str, Value<'_>)]) -> (Diagnosis, bool) {
    let document = format!(r#"{{"Version":"1","Statement":[{statements}]}}"#);
    let policy = Policy::parse(&document, &catalogue()).unwrap();
    let context = Context::new(facts);
    let action = catalogue().resolve("ram:GetUser");
    let request = Request { action: &action, resource, context: &context };
    (diagnose([&policy], &request), evaluate([&policy], &request).is_allowed())
}

#[test]
fn what_is_allowed_needs_no_change() {
    let (told, allowed) = ask(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#, ALICE, &[]);
    assert!(allowed && told.change.is_none() && told.conditions.is_empty());
    assert_eq!(told.matched().count(), 1);
}

#[test]
fn the_nearest_allow_and_the_smallest_new_one_are_told() {
    let statements = r#"{"Effect":"Allow","Action":"sfm:*","Resource":"*"},
        {"Effect":"Allow","Action":"ram:*","Resource":"*","Condition":{
            "Bool":{"acs:MFAPresent":"true"},"IpAddress":{"ACS:SourceIp":"192.0.2.0/24"}}},
        {"Effect":"Allow","Action":"ram:Get*","Resource":"acs:ram:*:1:user/*","Condition":{
            "IpAddress":{"acs:SourceIp":"192.0.2.0/24"},"StringEquals":{"sts:ExternalId":"hunter2"}}}"#;
    let facts = [("acs:SourceIp", Value::Text("198.51.100.1")), ("sts:ExternalId", Value::Text("hunter2"))];
    let (told, allowed) = ask(statements, ALICE, &facts);
    assert!(!allowed);
    let change = told.change.unwrap();
    assert_eq!(change.meet, Some(Unmet { policy: 0, statement: 2, conditions: vec![0] }));
    assert!(change.remove.is_empty());
    let expected = r#"{"Effect":"Allow","Action":"ram:GetUser","Resource":"acs:ram:*:1:user/alice"}"#;
    assert_eq!(change.add.unwrap().to_string(), expected);
    let values: Vec<_> = told.conditions.iter().map(|one| (&one.key[..], one.values.join(","))).collect();
    let expected = [
        ("acs:MFAPresent", String::new()),
        ("ACS:SourceIp", "198.51.100.1".to_owned()),
        ("sts:ExternalId", "***".to_owned()),
    ];
    assert_eq!(values, expected);
}

#[test]
fn a_deny_has_to_go_first() {
    let statements = r#"{"Effect":"Allow","Action":"*","Resource":"*"},
        {"Effect":"Deny","Action":"ram:*","Resource":"*"},
        {"Effect":"Deny","Action":"*","Resource":"acs:ram:*"},
        {"Effect":"Deny","Action":"sfm:*","Resource":"*"}"#;
    let change = ask(statements, ALICE, &[]).0.change.unwrap();
    assert_eq!(change, Change { remove: vec![(0, 1), (0, 2)], meet: None, add: None });
    let change = ask(r#"{"Effect":"Deny","Action":"ram:*","Resource":"*"}"#, ALICE, &[]).0.change.unwrap();
    assert_eq!((change.remove, change.add.is_some()), (vec![(0, 0)], true));
}

#[test]
fn what_is_to_be_added_does_let_the_request_through() {
    for resource in [ALICE, "*", "acs:ram:*:1:user/*", "acs:x:\"quoted\\", "odd", "acs:x:${y:z}"] {
        let (told, _) = ask(r#"{"Effect":"Allow","Action":"sfm:*","Resource":"*"}"#, resource, &[]);
        let grant = told.change.unwrap().add.unwrap();
        let policy = Policy::parse(&grant.document(), &catalogue()).unwrap();
        let action = catalogue().resolve("ram:GetUser");
        let request = Request { action: &action, resource, context: &Context::default() };
        assert!(evaluate([&policy], &request).is_allowed(), "{resource}");
    }
}

#[test]
fn an_action_that_no_policy_can_name_is_not_to_be_added() {
    for name in ["odd", "ram:Get*", "ram: x"] {
        let action = catalogue().resolve(name);
        let request = Request { action: &action, resource: "*", context: &Context::default() };
        let change = diagnose([], &request).change.unwrap();
        assert_eq!(change, Change { remove: vec![], meet: None, add: None }, "{name}");
    }
}
