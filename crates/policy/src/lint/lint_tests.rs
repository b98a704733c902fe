//! Tests of `lint`.

use super::*;

fn options(catalogue: &ActionCatalogue) -> LintOptions<'_> {
    LintOptions { catalogue, account: Some("1"), acts_on: &[("sfm", "modelstudio")] }
}

fn catalogue() -> ActionCatalogue {
    ActionCatalogue::new([
        "ram:CreateUser",
        "ram:GetUser",
        "sfm:CreateIndex",
        "sts:AssumeRole",
        "oss:GetObject",
    ])
    .unwrap()
}

/// Rule and place of all findings in a policy with these statements.
fn found_in(statements: &str, version: &str) -> Vec<(&'static str, String)> {
    let catalogue = catalogue();
    let document = format!(r#"{{"Version":"{version}","Statement":[{statements}]}}"#);
    let findings = lint(&document, &options(&catalogue));
    assert!(findings.iter().all(|one| !one.message.is_empty() && one.severity == one.rule.severity()));
    findings.into_iter().map(|one| (one.rule.name(), one.pointer)).collect()
}

/// Checks what is found in statements of the standard language; places are relative to the list of statements.
#[track_caller]
fn finds(statements: &str, expected: &[(&'static str, &str)]) {
    let expected: Vec<_> =
        expected.iter().map(|(rule, pointer)| (*rule, format!("/Statement{pointer}"))).collect();
    assert_eq!(found_in(statements, "1"), expected, "{statements}");
}

/// As [`finds`], for one condition of an Allow.
#[track_caller]
fn finds_in_condition(condition: &str, expected: &[(&'static str, &str)]) {
    let expected: Vec<_> =
        expected.iter().map(|(rule, pointer)| (*rule, format!("/0/Condition{pointer}"))).collect();
    let expected: Vec<_> = expected.iter().map(|(rule, pointer)| (*rule, pointer.as_str())).collect();
    finds(
        &format!(r#"{{"Effect":"Allow","Action":"ram:GetUser","Resource":"*","Condition":{condition}}}"#),
        &expected,
    );
}

#[test]
fn a_good_policy_has_no_findings() {
    finds(
        r#"{"Effect":"Allow","Action":["ram:Get*","sts:AssumeRole"],"Resource":["acs:ram:*:1:user/*","acs:ram:*:*:role/x","acs:ram:*:system:policy/*"]},
        {"Effect":"Allow","Action":"sfm:CreateIndex","Resource":"acs:modelstudio:*:1:workspace/*","Condition":{
            "IpAddress":{"acs:SourceIp":["192.0.2.0/24","2001:db8::1"]},"DateLessThan":{"acs:CurrentTime":"2027-01-01T00:00:00Z"},
            "StringEquals":{"acs:RequestTag/env":"dev","acs:PrincipalARN":"acs:ram:*:1:user/a","sts:ExternalId":"x"}}},
        {"Effect":"Deny","NotAction":"ram:*","Resource":"*","Condition":{"Bool":{"acs:MFAPresent":"false"}}}"#,
        &[],
    );
}

#[test]
fn what_is_refused_is_the_only_finding_with_its_place() {
    let catalogue = catalogue();
    for (document, pointer, line, column, message) in [
        (
            "{\n  \"Version\": \"1\",\n  x",
            "",
            3,
            3,
            "this is not valid JSON: key must be a string at line 3 column 3",
        ),
        ("", "", 1, 1, "this is not valid JSON: EOF while parsing a value at line 1 column 0"),
        ("{}", "", 1, 1, "Version: is missing, add \"Version\": \"1\""),
        (
            "{\"Version\":\"1\",\n\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\n\t[],\"Resource\":\"*\"}]}",
            "/Statement/0/Action",
            3,
            2,
            "Statement[0].Action: is empty, add at least one value",
        ),
        (
            "{\"Version\":\"1\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\",\n\"Condition\":{\"IpAddress\":{\"acs:SourceIp\":\"ü\"}}}}",
            "/Statement/Condition/IpAddress/acs:SourceIp",
            2,
            42,
            "Statement[0].Condition.IpAddress[\"acs:SourceIp\"]: `ü` is not an IP address or CIDR block, write it like 192.0.2.1 or 192.0.2.0/24",
        ),
    ] {
        let findings = lint(document, &options(&catalogue));
        let [one] = &findings[..] else { panic!("{findings:?}") };
        assert_eq!((one.rule, one.severity), (Rule::Invalid, Severity::Error));
        assert_eq!((one.pointer.as_str(), one.line, one.column), (pointer, line, column), "{document}");
        assert_eq!(one.message, message);
    }
}

#[test]
fn statements_that_do_nothing() {
    let allow = r#"{"Effect":"Allow","Action":"ram:GetUser","Resource":"*"}"#;
    let deny = r#"{"Effect":"Deny","Action":"ram:*","Resource":"*"}"#;
    let safe = r#"{"Effect":"Deny","Action":"ram:*","Resource":"*","Condition":{"Bool":{"acs:MFAPresent":"false"}}}"#;
    let wide = r#"{"Effect":"Allow","Action":["ram:Get*","oss:*"],"Resource":"*"}"#;
    finds(&format!("{allow},{deny}"), &[("unreachable", "/0")]);
    finds(&format!("{allow},{safe}"), &[]);
    finds(&format!("{allow},{allow}"), &[("redundant", "/1")]);
    finds(&format!("{allow},{wide}"), &[("redundant", "/0")]);
    finds(&format!("{deny},{safe}"), &[("redundant", "/1")]);
    let under = r#"{"Effect":"Allow","Action":"ram:GetUser","Resource":"*","Condition":{"Bool":{"acs:MFAPresent":"false"}}}"#;
    finds(&format!("{under},{safe}"), &[("unreachable", "/0")]);
    finds(
        r#"{"Effect":"Allow","Action":["ram:GetUser","ram:get*"],"Resource":["acs:ram:*:1:user/a","acs:ram:*:1:user/*"]}"#,
        &[("redundant", "/0/Action/0"), ("redundant", "/0/Resource/0")],
    );
}

#[test]
fn actions_that_do_not_exist_and_those_that_are_too_many() {
    let catalogue = catalogue();
    let document = r#"{"Version":"1","Statement":{"Effect":"Deny","Action":"ram:CreatUser","Resource":"*"}}"#;
    let [one] = &lint(document, &options(&catalogue))[..] else { panic!("one finding") };
    assert_eq!(one.message, "there is no action `ram:CreatUser`");
    assert_eq!(one.fix.as_deref(), Some("write `ram:CreateUser`"));
    assert_eq!((one.pointer.as_str(), one.line, one.column), ("/Statement/Action", 1, 54));
    finds(
        r#"{"Effect":"Allow","Action":["ecs:RunInstances","ecs:Stop*","ram:getuser"],"Resource":"*"}"#,
        &[("unknown-action", "/0/Action/0"), ("no-such-actions", "/0/Action/1")],
    );
    let allow = |action: &str, resource: &str| {
        format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}"#)
    };
    finds(&allow("*", "*"), &[("broad-grant", "/0/Action")]);
    finds(&allow("ram:*", "acs:ram:*"), &[("broad-grant", "/0/Action")]);
    finds(&allow("RAM:*", "acs:*"), &[("broad-grant", "/0/Action")]);
    finds(&allow("r*", "*"), &[("broad-grant", "/0/Action")]);
    finds(&allow("ram:*", "acs:ram:*:1:user/alice"), &[]);
    finds(&allow("ram:Get*", "*"), &[]);
    finds(r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#, &[]);
    finds(
        r#"{"Effect":"Allow","NotAction":["oss:*"],"Resource":"*"}"#,
        &[("allow-not-action", "/0/NotAction/0")],
    );
}

#[test]
fn resources_that_are_never_asked_for() {
    let allow = |action: &str, resource: &str| {
        format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}"#)
    };
    finds(&allow("ram:GetUser", "acs:oss:*:1:bucket"), &[("foreign-resource", "/0/Resource")]);
    finds(&allow("sts:AssumeRole", "acs:ram:*:1:role/x"), &[]);
    finds(&allow("sfm:*", "acs:modelstudio:*:1:workspace/x"), &[]);
    finds(&allow("oss:*", "acs:modelstudio:*:1:workspace/x"), &[("foreign-resource", "/0/Resource")]);
    finds(&allow("*", "acs:oss:*:*:bucket"), &[]);
    finds(
        r#"{"Effect":"Allow","Action":["ram:GetUser","oss:GetObject"],"Resource":["acs:ram:*:1:user/a"]}"#,
        &[("foreign-resource", "/0/Action/1")],
    );
    finds(
        r#"{"Effect":"Allow","NotAction":"ram:*","Resource":"acs:oss:*:1:b"}"#,
        &[("allow-not-action", "/0/NotAction")],
    );
    finds(&allow("oss:*", "acs:oss:*:2:bucket"), &[("wrong-account", "/0/Resource")]);
    finds(&allow("oss:*", "acs:oss:*:system:bucket"), &[("wrong-account", "/0/Resource")]);
    finds(&allow("ram:GetUser", "acs:ram:*:system:policy/*"), &[]);
    finds(&allow("oss:*", "acs:oss::1:bucket"), &[]);
    finds(&allow("oss:*", "acs:oss:*::bucket"), &[]);
    finds(&allow("oss:*", "acs:oss:cn:1"), &[("short-resource", "/0/Resource")]);
    finds(&allow("oss:*", "acs:oss:*"), &[]);
    finds(&allow("oss:*", "acs:*cn-beijing*:x:y:z"), &[]);
    finds(&allow("oss:*", "acs:oss:*:*:home/${oss:Prefix}"), &[("literal-variable", "/0/Resource")]);
    let catalogue = catalogue();
    let anywhere = LintOptions { account: None, ..options(&catalogue) };
    let document = |resource: &str| format!(r#"{{"Version":"1","Statement":{}}}"#, allow("oss:*", resource));
    assert!(lint(&document("acs:oss:*:2:bucket"), &anywhere).is_empty());
    assert_eq!(lint(&document("acs:oss:*:mine:bucket"), &anywhere)[0].rule, Rule::WrongAccount);
}

#[test]
fn conditions_that_are_never_met_or_always() {
    finds_in_condition("{}", &[("empty-condition", "")]);
    finds_in_condition(
        r#"{"StringEquals":{"x:y":["a*","b"]},"StringNotEqualsIgnoreCase":{"x:y":"a?"},"StringLike":{"x:y":"a*"}}"#,
        &[
            ("literal-wildcard", "/StringEquals/x:y/0"),
            ("literal-wildcard", "/StringNotEqualsIgnoreCase/x:y"),
        ],
    );
    finds_in_condition(
        r#"{"StringEquals":{"acs:PrincipalArn":["acs:ram:*:1:user/*"],"acs:SourceVpc":"acs:ram:*:1:x"}}"#,
        &[
            ("literal-wildcard", "/StringEquals/acs:PrincipalArn/0"),
            ("literal-wildcard", "/StringEquals/acs:SourceVpc"),
        ],
    );
    finds_in_condition(
        r#"{"IpAddress":{"acs:SourceIp":["0.0.0.0","0.0.0.0/0","192.0.2.9/24","192.0.2.9"]},"NotIpAddress":{"acs:SourceIp":"::/0"}}"#,
        &[
            ("no-address", "/IpAddress/acs:SourceIp/0"),
            ("any-address", "/IpAddress/acs:SourceIp/1"),
            ("host-bits", "/IpAddress/acs:SourceIp/2"),
            ("any-address", "/NotIpAddress/acs:SourceIp"),
        ],
    );
    finds_in_condition(
        r#"{"StringEquals":{"acs:SourceIp":"192.0.2.1","acs:MFAPresent":"True"},"NumericEquals":{"acs:RequestTag/x":"5"},"StringLike":{"acs:requesttag/x":"5"}}"#,
        &[
            ("wrong-operator", "/StringEquals/acs:SourceIp"),
            ("wrong-operator", "/StringEquals/acs:MFAPresent"),
            ("wrong-operator", "/NumericEquals/acs:RequestTag~1x"),
        ],
    );
    finds_in_condition(
        r#"{"StringEquals":{"acs:SourceVpx":"v","acs:RequestTag/":"x","acs:PrincipalTag/a":"x","acs:UserAgent":"${x:y}"}}"#,
        &[
            ("unknown-key", "/StringEquals/acs:SourceVpx"),
            ("unknown-key", "/StringEquals/acs:RequestTag~1"),
            ("unknown-key", "/StringEquals/acs:PrincipalTag~1a"),
            ("literal-variable", "/StringEquals/acs:UserAgent"),
        ],
    );
}

#[test]
fn what_the_standard_language_lacks_the_extended_one_has() {
    let catalogue = catalogue();
    let statement = r#"{"Effect":"Allow","Action":"ram:GetUser","Resource":"acs:ram:*:1:user/${x:y}","Condition":{"StringEquals":{"acs:PrincipalTag/a":"x","acs:UserAgent":"${x:y}"}}}"#;
    let document = format!(r#"{{"Version":"1","Statement":[{statement}]}}"#);
    let findings = lint(&document, &options(&catalogue));
    let fixes: Vec<_> = findings.iter().filter_map(|one| one.fix.as_deref()).collect();
    let written = r#"write "Version": "1-extended", or a policy for each of what is meant"#;
    let tag = r#"write "Version": "1-extended", or ask for acs:PrincipalARN"#;
    assert_eq!(fixes, [written, tag, written]);
    assert_eq!(found_in(statement, "1-extended"), []);
}

#[test]
fn the_extended_language_has_its_own_mistakes() {
    let statement = |effect: &str, condition: &str| {
        format!(r#"{{"Effect":"{effect}","Action":"ram:GetUser","Resource":"*","Condition":{condition}}}"#)
    };
    let all = r#"{"ForAllValues:StringEquals":{"acs:PrincipalTag/t":["a","${acs:PrincipalARN}","${*}"]}}"#;
    let at = "/Statement/0/Condition/ForAllValues:StringEquals/acs:PrincipalTag~1t".to_owned();
    assert_eq!(found_in(&statement("Allow", all), "1-extended"), [("vacuous-for-all", at)]);
    assert_eq!(found_in(&statement("Deny", all), "1-extended"), []);
    for there in [
        r#""Null":{"acs:principaltag/t":"false"}"#,
        r#""Null":{"acs:PrincipalTag/t":[false]}"#,
        r#""ForAnyValue:StringLike":{"acs:PrincipalTag/t":"*"}"#,
    ] {
        let both = all.replacen('{', &format!("{{{there},"), 1);
        assert_eq!(found_in(&statement("Allow", &both), "1-extended"), [], "{there}");
    }
    let maybe = all.replacen('{', r#"{"Null":{"acs:PrincipalTag/t":"true"},"#, 1);
    assert_eq!(found_in(&statement("Allow", &maybe), "1-extended").len(), 1);
    let nobody = r#"{"StringEquals":{"acs:UserAgent":["${acs:PrincipalTag/t}","${acs:PrincipalTags/t}"]}}"#;
    let at = "/Statement/0/Condition/StringEquals/acs:UserAgent/1".to_owned();
    assert_eq!(found_in(&statement("Allow", nobody), "1-extended"), [("unknown-key", at)]);
    let anywhere =
        r#"{"Effect":"Allow","Action":"ram:GetUser","Resource":"acs:ram:*:1:user/${acs:PrincipalName}"}"#;
    let at = "/Statement/0/Resource".to_owned();
    assert_eq!(found_in(anywhere, "1-extended"), [("unknown-key", at)]);
}

#[test]
fn trust_policies_are_judged_too() {
    let catalogue = catalogue();
    let lint = |statement: &str| {
        let document = format!(r#"{{"Version":"1","Statement":[{statement}]}}"#);
        let findings = lint_trust(&document, &options(&catalogue));
        findings.into_iter().map(|one| (one.rule.name(), one.pointer)).collect::<Vec<_>>()
    };
    let statement = |effect: &str, account: &str, rest: &str| {
        format!(r#"{{"Effect":"{effect}","Principal":{{"RAM":"acs:ram::{account}:root"}},{rest}}}"#)
    };
    let action = r#""Action":"sts:AssumeRole""#;
    assert_eq!(lint(&statement("Allow", "1", action)), []);
    let foreign = ("foreign-trust", "/Statement/0/Principal".to_owned());
    assert_eq!(lint(&statement("Allow", "2", action)), [foreign]);
    assert_eq!(lint(&statement("Deny", "2", action)), []);
    let external = format!(r#"{action},"Condition":{{"StringEquals":{{"sts:ExternalId":"a*"}}}}"#);
    let wildcard = ("literal-wildcard", "/Statement/0/Condition/StringEquals/sts:ExternalId".to_owned());
    assert_eq!(lint(&statement("Allow", "2", &external)), [wildcard]);
    let not = ("allow-not-action", "/Statement/0/NotAction".to_owned());
    assert_eq!(lint(&statement("Allow", "1", r#""NotAction":"sts:SetSourceIdentity""#)), [not]);
    let invalid = ("invalid", "/Statement/0/Principal/RAM".to_owned());
    assert_eq!(lint(&statement("Allow", "*", action)), [invalid]);
    assert_eq!(lint("x")[0].0, "invalid");
}

#[test]
fn rules_have_names_of_their_own() {
    for rule in Rule::ALL {
        assert_eq!(serde_json::to_value(rule).unwrap(), rule.name());
        assert!(rule.about().ends_with('.'));
    }
}

#[test]
fn system_policies_have_nothing_worse_than_their_purpose() {
    let catalogue = catalogue();
    let wide = ["AdministratorAccess", "AliyunRAMFullAccess"];
    for system in crate::system::ALL {
        for finding in lint(system.document, &options(&catalogue)) {
            let expected = match finding.rule {
                Rule::BroadGrant => wide.contains(&system.name),
                Rule::NoSuchActions | Rule::UnknownAction => true,
                _ => false,
            };
            assert!(expected, "{}: {finding:?}", system.name);
        }
    }
}
