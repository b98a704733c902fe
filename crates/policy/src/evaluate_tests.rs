//! Tests of `evaluate`.

use super::*;
use crate::condition::ValueKind;
use crate::{ActionCatalogue, Operator, Value};

fn catalogue() -> ActionCatalogue {
    ActionCatalogue::new(["ram:CreateUser", "ram:GetUser", "sfm:CreateIndex", "sfm:ListIndices"]).unwrap()
}

fn policy(statements: &[&str]) -> Policy {
    let statements: Vec<String> = statements.iter().map(|statement| format!("{{{statement}}}")).collect();
    let document = format!(r#"{{"Version":"1","Statement":[{}]}}"#, statements.join(","));
    Policy::parse(&document, &catalogue()).unwrap()
}

fn decide(policies: &[Policy], action: &str, resource: &str, facts: &[(&str, Value<'_>)]) -> Verdict {
    let request = Request { action: &catalogue().resolve(action), resource, context: &Context::new(facts) };
    evaluate(policies, &request)
}

const ALLOW_RAM: &str = r#""Effect":"Allow","Action":"ram:*","Resource":"*""#;

#[test]
fn deny_wins_wherever_it_stands() {
    let deny = r#""Effect":"Deny","Action":"ram:Create*","Resource":"*""#;
    let both = [policy(&[deny]), policy(&[ALLOW_RAM])];
    let denied = Verdict::ExplicitDeny { policy: 0, statement: 0, error: None };
    assert_eq!(decide(&both, "ram:CreateUser", "*", &[]), denied);
    assert_eq!(decide(&both, "ram:GetUser", "*", &[]), Verdict::Allow { policy: 1, statement: 0 });
    let turned = [policy(&[ALLOW_RAM]), policy(&[ALLOW_RAM, deny])];
    let denied = Verdict::ExplicitDeny { policy: 1, statement: 1, error: None };
    assert_eq!(decide(&turned, "RAM:createuser", "*", &[]), denied);
    assert_eq!(decide(&turned, "sfm:CreateIndex", "*", &[]), Verdict::ImplicitDeny);
    assert_eq!(decide(&[], "ram:GetUser", "*", &[]), Verdict::ImplicitDeny);
}

#[test]
fn actions_and_not_actions() {
    let list = [policy(&[r#""Effect":"Allow","Action":["sfm:List*","RAM:get????"],"Resource":"*""#])];
    for (action, expected) in [
        ("sfm:ListIndices", true),
        ("SFM:LISTINDICES", true),
        ("ram:GetUser", true),
        ("sfm:CreateIndex", false),
        ("sfm:ListUnknown", true),
        ("ram:GetRoles", false),
    ] {
        assert_eq!(decide(&list, action, "*", &[]).is_allowed(), expected, "{action}");
    }
    let not = [policy(&[r#""Effect":"Allow","NotAction":["ram:*","sfm:Create*"],"Resource":"*""#])];
    for (action, expected) in [
        ("sfm:ListIndices", true),
        ("ram:GetUser", false),
        ("Sfm:createIndex", false),
        ("ecs:RunInstances", true),
        ("RAM:Unknown", false),
    ] {
        assert_eq!(decide(&not, action, "*", &[]).is_allowed(), expected, "{action}");
    }
}

#[test]
fn resources_cross_separators_and_ram_names_have_two_spellings() {
    let statement =
        r#""Effect":"Allow","Action":"*","Resource":["acs:sfm:*:1:index/*","acs:ram:*:1:role/Admin"]"#;
    let policies = [policy(&[statement])];
    for (resource, expected) in [
        ("acs:sfm:cn-beijing:1:index/a/b:c", true),
        ("acs:sfm:cn-beijing:2:index/a", false),
        ("acs:sfm:cn-beijing:1:Index/a", false),
        ("acs:ram::1:role/admin", true),
        ("acs:ram:*:1:role/ADMIN", true),
        ("acs:ram::2:role/admin", false),
        ("*", false),
        ("", false),
    ] {
        assert_eq!(decide(&policies, "ram:GetUser", resource, &[]).is_allowed(), expected, "{resource}");
        assert_eq!(decide(&policies, "x:Unknown", resource, &[]).is_allowed(), expected, "{resource}");
    }
}

#[test]
fn all_operators_and_keys_must_be_met() {
    let policies = [policy(&[r#""Effect":"Allow","Action":"*","Resource":"*","Condition":{
        "StringEquals":{"acs:RequestTag/env":["dev","test"],"acs:RequestTag/team":"a"},
        "Bool":{"acs:SecureTransport":"true"}}"#])];
    let allowed = |env: &str, team: &str, secure| {
        let facts = [
            ("acs:requesttag/env", Value::Text(env)),
            ("acs:RequestTag/team", Value::Text(team)),
            ("ACS:SecureTransport", Value::Bool(secure)),
        ];
        decide(&policies, "ram:GetUser", "*", &facts).is_allowed()
    };
    assert!(allowed("dev", "a", true) && allowed("test", "a", true));
    assert!(!allowed("prod", "a", true) && !allowed("dev", "b", true) && !allowed("dev", "a", false));
    assert_eq!(decide(&policies, "ram:GetUser", "*", &[]), Verdict::ImplicitDeny);
}

#[test]
fn an_error_fails_closed() {
    let condition = r#""Action":"*","Resource":"*","Condition":{"IpAddress":{"acs:SourceIp":"192.0.2.1"},
        "Bool":{"acs:MFAPresent":"true"}}"#;
    let deny = policy(&[ALLOW_RAM, &format!(r#""Effect":"Deny",{condition}"#)]);
    let allow = policy(&[&format!(r#""Effect":"Allow",{condition}"#)]);
    let broken = [("acs:SourceIp", Value::Text("unix socket")), ("acs:MFAPresent", Value::Bool(true))];
    let cause = ConditionError::Unreadable {
        condition: 0,
        operator: Operator::IpAddress.into(),
        expected: ValueKind::Ip,
    };
    let denied = Verdict::ExplicitDeny { policy: 0, statement: 1, error: Some(cause) };
    assert_eq!(decide(std::slice::from_ref(&deny), "ram:GetUser", "*", &broken), denied);
    assert_eq!(decide(&[allow], "ram:GetUser", "*", &broken), Verdict::ImplicitDeny);
    // A condition that is plainly not met still decides, before or after the error.
    let other = [("acs:SourceIp", Value::Text("unix socket")), ("acs:MFAPresent", Value::Bool(false))];
    assert!(decide(std::slice::from_ref(&deny), "ram:GetUser", "*", &other).is_allowed());
}

#[test]
fn a_missing_key_makes_a_negated_allow_apply() {
    let statement = r#""Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringNotLike":{"acs:SourceVpc":["vpc-*"]}}"#;
    let policies = [policy(&[statement])];
    assert!(decide(&policies, "ram:GetUser", "*", &[]).is_allowed());
    assert!(!decide(&policies, "ram:GetUser", "*", &[("acs:SourceVpc", Value::Text("vpc-1"))]).is_allowed());
}

#[test]
fn an_action_of_another_catalogue_is_judged_by_its_name() {
    let policies = [policy(&[ALLOW_RAM])];
    let other = ActionCatalogue::new(["sfm:CreateIndex", "ram:GetUser"]).unwrap();
    let decide = |name: &str| {
        let context = Context::default();
        let request = Request { action: &other.resolve(name), resource: "*", context: &context };
        evaluate(&policies, &request).is_allowed()
    };
    assert!(decide("ram:GetUser") && !decide("sfm:CreateIndex"));
}
