//! Tests of `parse`.

use super::*;
use crate::{ActionCatalogue, Policy};

fn error(document: &str) -> String {
    parse(document).map(|_| ()).unwrap_err().to_string()
}

/// The error of a policy whose single statement has these members.
fn in_statement(members: &str) -> String {
    error(&format!(r#"{{"Version":"1","Statement":[{{{members}}}]}}"#))
}

const REST: &str = r#""Effect":"Allow","Action":"*","Resource":"*""#;

fn in_condition(condition: &str) -> String {
    in_statement(&format!(r#"{REST},"Condition":{condition}"#))
}

#[test]
fn the_frame_must_be_right() {
    for (document, expected) in [
        ("", "the policy document is not valid JSON: EOF while parsing a value at line 1 column 0"),
        ("[]", "the policy document must be a JSON object, not a list"),
        ("{}", "Version: is missing, add \"Version\": \"1\""),
        (r#"{"Version":"2"}"#, "Version: must be \"1\" or, for the extended language, \"1-extended\""),
        (r#"{"Version":1}"#, "Version: is a number, write it as the string \"1\""),
        (r#"{"Version":"1"}"#, "Statement: is missing, add a list with at least one statement"),
        (r#"{"Version":"1","Statement":[]}"#, "Statement: is empty, add at least one statement"),
        (
            r#"{"Version":"1","Statement":[1]}"#,
            "Statement[0]: a statement must be a JSON object, not a number",
        ),
        (
            r#"{"Version":"1","Id":"x"}"#,
            "Id: is not an element of the policy language, remove it (known: Version and Statement)",
        ),
        (
            r#"{"Version":"1","Version":"1"}"#,
            "the policy document is not valid JSON: member `Version` stands twice, keep one of them at line 1 column 24",
        ),
    ] {
        assert_eq!(error(document), expected);
    }
}

#[test]
fn the_elements_of_a_statement_must_be_right() {
    for (members, expected) in [
        (r#""Effect":"Allow","Resource":"*""#, "Add an Action or NotAction element to the policy statement."),
        (
            r#""Effect":"Allow","Action":"*","NotAction":"*","Resource":"*""#,
            "Statement[0]: has both Action and NotAction, keep one of them",
        ),
        (r#""Action":"*","Resource":"*""#, r#"Statement[0].Effect: is missing, add "Allow" or "Deny""#),
        (
            r#""Effect":"ALLOW","Action":"*","Resource":"*""#,
            r#"Statement[0].Effect: must be "Allow" or "Deny", in this case"#,
        ),
        (r#""Effect":"Deny","Action":"*""#, "Statement[0].Resource: is missing, add it or write \"*\""),
        (
            r#""Sid":"x""#,
            "Statement[0].Sid: is not an element of the policy language, remove it (known: Effect, Action, NotAction, Resource and Condition)",
        ),
        (
            r#""NotResource":"x""#,
            "Statement[0].NotResource: is not an element of the policy language, remove it (known: Effect, Action, NotAction, Resource and Condition)",
        ),
        (
            r#""Principal":{}"#,
            "Statement[0].Principal: stands only in trust policies of roles, remove it from this policy",
        ),
        (
            r#""effect":"Allow""#,
            "Statement[0].effect: is not an element of the policy language, remove it (known: Effect, Action, NotAction, Resource and Condition)",
        ),
        (
            r#""Effect":"Allow","Action":[],"Resource":"*""#,
            "Statement[0].Action: is empty, add at least one value",
        ),
        (
            r#""Effect":"Allow","NotAction":[true],"Resource":"*""#,
            "Statement[0].NotAction: holds a Boolean, write a string",
        ),
        (
            r#""Effect":"Allow","Action":"CreateUser","Resource":"*""#,
            "Statement[0].Action: `CreateUser` is not an action, write it as `service:Name` or `*`",
        ),
        (
            r#""Effect":"Deny","Action":"ram:CreateUser ","Resource":"*""#,
            "Statement[0].Action: `ram:CreateUser ` holds a blank or control character, which no action has",
        ),
        (
            r#""Effect":"Deny","Action":"*","Resource":["*","bucket"]"#,
            "Statement[0].Resource: `bucket` is not a resource, write it as `acs:service:region:account:name` or `*`",
        ),
    ] {
        assert_eq!(in_statement(members), expected);
    }
    let second = format!(r#"{{"Version":"1","Statement":[{{{REST}}},{{"Sid":""}}]}}"#);
    assert!(error(&second).starts_with("Statement[1].Sid: "));
}

#[test]
fn conditions_must_be_right() {
    for (condition, expected) in [
        ("[]", "Statement[0].Condition: Condition must be a JSON object, not a list"),
        (
            r#"{"ForAnyValue:StringLike":{}}"#,
            "Statement[0].Condition.ForAnyValue:StringLike: is not a condition operator of the policy language",
        ),
        (
            r#"{"stringequals":{}}"#,
            "Statement[0].Condition.stringequals: is not a condition operator of the policy language",
        ),
        (
            r#"{"Bool":{}}"#,
            "Statement[0].Condition.Bool: has no condition key, add one or remove the operator",
        ),
        (r#"{"Bool":"x"}"#, "Statement[0].Condition.Bool: an operator must be a JSON object, not a string"),
        (
            r#"{"Bool":{"MFAPresent":"true"}}"#,
            "Statement[0].Condition.Bool[\"MFAPresent\"]: is not a condition key, write it as `service:key`",
        ),
        (
            r#"{"Bool":{"acs:MFAPresent":[]}}"#,
            "Statement[0].Condition.Bool[\"acs:MFAPresent\"]: is empty, add at least one value",
        ),
        (
            r#"{"Bool":{"acs:MFAPresent":null}}"#,
            "Statement[0].Condition.Bool[\"acs:MFAPresent\"]: holds null, write a string",
        ),
        (
            r#"{"Bool":{"acs:MFAPresent":"yes"}}"#,
            "Statement[0].Condition.Bool[\"acs:MFAPresent\"]: `yes` is not `true` or `false`",
        ),
        (
            r#"{"IpAddress":{"acs:SourceIp":["192.0.2.1","10.0.0.300"]}}"#,
            "Statement[0].Condition.IpAddress[\"acs:SourceIp\"]: `10.0.0.300` is not an IP address or CIDR block, write it like 192.0.2.1 or 192.0.2.0/24",
        ),
        (
            r#"{"DateLessThan":{"acs:CurrentTime":"tomorrow"}}"#,
            "Statement[0].Condition.DateLessThan[\"acs:CurrentTime\"]: `tomorrow` is not an ISO 8601 date and time with offset, write it like 2026-01-31T23:59:59Z",
        ),
        (
            r#"{"NumericEquals":{"x:y":true}}"#,
            "Statement[0].Condition.NumericEquals[\"x:y\"]: `true` is not a decimal number, write it like 10 or 0.5",
        ),
    ] {
        assert_eq!(in_condition(condition), expected);
    }
}

#[test]
fn a_single_value_is_a_list_of_one_and_scalars_may_be_bare() {
    let list = r#"{"Version":"1","Statement":[{"Effect":"Deny","NotAction":["ram:*"],"Resource":["*"],"Condition":
        {"Bool":{"acs:MFAPresent":["true"]},"NumericEquals":{"x:y":["5","0.5"]},"StringEquals":{"x:z":["7"]}}}]}"#;
    let single = r#"{"Statement":{"Condition":
        {"Bool":{"acs:MFAPresent":true},"NumericEquals":{"x:y":[5,0.5]},"StringEquals":{"x:z":7}},
        "Resource":"*","NotAction":"ram:*","Effect":"Deny"},"Version":"1"}"#;
    let [list] = &parse(list).unwrap()[..] else { panic!("one statement") };
    let [single] = &parse(single).unwrap()[..] else { panic!("one statement") };
    assert_eq!((list.effect, list.inverted), (Effect::Deny, true));
    assert_eq!((single.effect, single.inverted), (Effect::Deny, true));
    assert_eq!((&list.actions, &list.resources), (&single.actions, &single.resources));
    assert_eq!(list.tests, single.tests);
    assert_eq!(list.tests.len(), 3);
}

#[test]
fn an_empty_condition_is_none() {
    let parsed = parse(&format!(r#"{{"Version":"1","Statement":[{{{REST},"Condition":{{}}}}]}}"#)).unwrap();
    assert!(parsed[0].tests.is_empty());
}

#[test]
fn bombs_are_errors_and_messages_stay_short() {
    let deep = |piece: &str| error(&format!(r#"{{"Version":"1","Statement":{}"#, piece.repeat(200_000)));
    assert!(deep("[").contains("recursion limit exceeded"));
    assert!(deep(r#"{"Effect":"#).contains("recursion limit exceeded"));
    let long = "ü".repeat(1_000_000);
    for message in [
        error(&format!(r#"{{"{long}":1}}"#)),
        error(&format!(r#"{{"{long}":1,"{long}":1}}"#)),
        in_statement(&format!(r#""{long}":1"#)),
        in_statement(&format!(r#""Effect":"Allow","Action":"{long}","Resource":"*""#)),
        in_condition(&format!(r#"{{"{long}":1}}"#)),
        in_condition(&format!(r#"{{"Bool":{{"{long}":1}}}}"#)),
        in_condition(&format!(r#"{{"Bool":{{"a:b":"{long}"}}}}"#)),
        in_condition(&format!(r#"{{"NumericEquals":{{"a:b":{}}}}}"#, "9".repeat(300))),
    ] {
        assert!(message.chars().count() < 300, "{}", message.chars().count());
    }
    let wide =
        format!(r#"{{"Version":"1","Statement":[{}]}}"#, vec![format!("{{{REST}}}"); 20_000].join(","));
    let catalogue = ActionCatalogue::new(["a:B"]).unwrap();
    assert_eq!(Policy::parse(&wide, &catalogue).unwrap().statement_count(), 20_000);
}
