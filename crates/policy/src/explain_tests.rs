//! Tests of `explain`.

use super::*;
use crate::{ActionCatalogue, Context};

#[test]
fn every_statement_says_why() {
    let catalogue = ActionCatalogue::new(["ram:GetUser", "sfm:CreateIndex"]).unwrap();
    let document = r#"{"Version":"1","Statement":[
        {"Effect":"Allow","Action":"sfm:*","Resource":"*"},
        {"Effect":"Allow","Action":"ram:*","Resource":"acs:ram:*:1:role/*"},
        {"Effect":"Allow","Action":"ram:*","Resource":"acs:ram:*:1:user/*","Condition":{
            "IpAddress":{"acs:SourceIp":["192.0.2.0/24","203.0.113.1"]},
            "StringNotLike":{"acs:SourceVpc":"vpc-*"},
            "Bool":{"acs:MFAPresent":"true"},
            "StringEquals":{"sts:ExternalId":"hunter2"},
            "DateLessThan":{"acs:CurrentTime":"2026-01-01T00:00:00Z"}}},
        {"Effect":"Deny","Action":"*","Resource":"*","Condition":{"NumericLessThan":{"x:Age":"18"}}}]}"#;
    let policy = Policy::parse(document, &catalogue).unwrap();
    let facts = [
        ("acs:SourceIp", Value::Text("198.51.100.1")),
        ("acs:CurrentTime", Value::Time(0)),
        ("sts:ExternalId", Value::Text("hunter3")),
        ("x:Age", Value::Text("old")),
    ];
    let context = Context::new(&facts);
    let action = &catalogue.resolve("ram:GetUser");
    let request = Request { action, resource: "acs:ram::1:user/alice", context: &context };
    let outcomes = explain([&policy], &request);
    let matches: Vec<_> = outcomes
        .iter()
        .map(|one| {
            (one.statement, one.effect, one.action_matches, one.resource_matches, one.applies, one.failed)
        })
        .collect();
    let expected = vec![
        (0, Effect::Allow, false, true, false, Some(Failed::Action)),
        (1, Effect::Allow, true, false, false, Some(Failed::Resource)),
        (2, Effect::Allow, true, true, false, Some(Failed::Condition(0))),
        (3, Effect::Deny, true, true, true, None),
    ];
    assert_eq!(matches, expected);
    let reasons: Vec<&str> =
        outcomes.iter().flat_map(|one| &one.conditions).map(|one| &one.reason[..]).collect();
    let expected = [
        "`acs:SourceIp` is `198.51.100.1`, which does not meet IpAddress `192.0.2.0/24`, `203.0.113.1/32`",
        "the request has no `acs:SourceVpc`, and StringNotLike is met by a missing key",
        "the request has no `acs:MFAPresent`, and Bool needs one",
        "`sts:ExternalId` is `***`, which does not meet StringEquals `***`",
        "`acs:CurrentTime` is `1970-01-01T00:00:00Z`, which meets DateLessThan",
        "`x:Age` of the request is not a number: taken as met in a Deny and as not met in an Allow",
    ];
    assert_eq!(reasons, expected);
    assert_eq!(outcomes[3].conditions[0].result, ConditionResult::Error);
    let json = serde_json::to_string(&outcomes).unwrap();
    assert!(json.contains(r#""operator":"IpAddress","key":"acs:SourceIp""#), "{json}");
    assert!(!json.contains("hunter"), "{json}");
}
