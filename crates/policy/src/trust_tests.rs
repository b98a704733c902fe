//! Tests of `trust`.

use super::*;
use crate::{Failed, ProviderKind, Value};

fn parse(statements: &str) -> Result<TrustPolicy, PolicyError> {
    TrustPolicy::parse(&format!(r#"{{"Version":"1","Statement":[{statements}]}}"#))
}

fn policy(statements: &str) -> TrustPolicy {
    parse(statements).unwrap()
}

/// A statement that lets whom `principal` names take the role.
fn allow(principal: &str) -> String {
    format!(r#"{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{principal}}}"#)
}

fn ask(policy: &TrustPolicy, action: &str, principal: Principal<'_>) -> Verdict {
    policy.evaluate(&TrustRequest { action, principal, context: &Context::default() })
}

fn ram<'a>(account: &'a str, arn: &'a str) -> Principal<'a> {
    Principal::Ram { account, arn }
}

#[test]
fn documents_must_be_right() {
    for (statement, expected) in [
        (
            r#"{"Effect":"Allow","Action":"sts:AssumeRole"}"#,
            "Statement[0].Principal: is missing, add it and name who may take the role",
        ),
        (
            r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{}}"#,
            "Statement[0].Principal: is empty, name who may take the role",
        ),
        (
            r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"}"#,
            "Statement[0].Principal: Principal must be a JSON object, not a string",
        ),
        (
            r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"x"}}"#,
            "Statement[0].Principal.AWS: is not an element of the policy language, remove it (known: RAM, Service and Federated)",
        ),
        (
            r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":[]}}"#,
            "Statement[0].Principal.RAM: is empty, add at least one value",
        ),
        (
            r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ecs"}}"#,
            "Statement[0].Principal.Service: `ecs` is not a cloud service, write it like `ecs.aliyuncs.com`",
        ),
        (
            r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":"*"},"Resource":"*"}"#,
            "Statement[0].Resource: does not stand in trust policies, whose resource is the role itself; remove it",
        ),
        (
            r#"{"Effect":"Allow","Action":"ram:GetUser","Principal":{"RAM":"acs:ram::1:root"}}"#,
            "Statement[0].Action: `ram:GetUser` is nothing that a trust policy can be about, write `sts:AssumeRole`",
        ),
        (
            r#"{"Effect":"Allow","Principal":{"RAM":"acs:ram::1:root"}}"#,
            "Add an Action or NotAction element to the policy statement.",
        ),
        (
            r#"{"Effect":"allow","Action":"sts:AssumeRole","Principal":{"RAM":"acs:ram::1:root"}}"#,
            "Statement[0].Effect: must be \"Allow\" or \"Deny\", in this case",
        ),
        (
            r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":"acs:ram::1:root"},"Condition":{"X":{}}}"#,
            "Statement[0].Condition.X: is not a condition operator of the policy language",
        ),
    ] {
        assert_eq!(parse(statement).unwrap_err().to_string(), expected);
    }
    for arn in [
        "*",
        "acs:ram::1",
        "acs:ram::*:root",
        "acs:ram::x:root",
        "acs:ram::1:user/*",
        "acs:ram::1:user/",
        "acs:ram::1:group/g",
        "acs:ram::1:role/a/b",
        "acs:ram:cn:1:root",
        "acs:oss::1:root",
        "acs:ram::1:ROOT",
        "1",
    ] {
        let error = parse(&allow(&format!(r#"{{"RAM":"{arn}"}}"#))).unwrap_err();
        assert!(error.reason().starts_with(&format!("`{arn}` is not a RAM principal")), "{error}");
    }
    for arn in ["acs:ram::1:root", "acs:ram::1:saml-provider/*", "acs:ram::1:oidc-provider/", "idp"] {
        let error = parse(&allow(&format!(r#"{{"Federated":"{arn}"}}"#))).unwrap_err();
        assert!(error.reason().contains("is not an identity provider"), "{error}");
    }
}

#[test]
fn principals_are_told_in_order() {
    let both = format!(
        "{},{}",
        allow(r#"{"RAM":["acs:ram::1:root","acs:ram:*:1:user/Alice"],"Service":"ecs.aliyuncs.com"}"#),
        allow(r#"{"RAM":"acs:ram::2:role/Admin","Federated":["acs:ram::1:oidc-provider/Corp"]}"#),
    );
    let policy = policy(&both);
    let told: Vec<String> =
        policy.principals().map(|(statement, principal)| format!("{statement} {principal}")).collect();
    let expected = [
        "0 acs:ram::1:root",
        "0 acs:ram::1:user/Alice",
        "0 ecs.aliyuncs.com",
        "1 acs:ram::2:role/Admin",
        "1 acs:ram::1:oidc-provider/Corp",
    ];
    assert_eq!(told, expected);
    let kind = ProviderKind::Oidc;
    let corp = TrustedPrincipal::Provider { account: "1".into(), kind, name: "Corp".into() };
    assert_eq!(policy.principals().last(), Some((1, &corp)));
    assert_eq!(
        (policy.statement_count(), policy.effect(1), policy.effect(2)),
        (2, Some(Effect::Allow), None)
    );
}

#[test]
fn everybody_is_who_they_are() {
    let alice = "acs:ram::1:user/alice";
    for (named, somebody, expected) in [
        (r#"{"RAM":"acs:ram::1:root"}"#, ram("1", alice), true),
        (r#"{"RAM":"acs:ram::1:root"}"#, ram("1", "acs:ram::1:role/x"), true),
        (r#"{"RAM":"acs:ram::1:root"}"#, ram("2", "acs:ram::2:user/alice"), false),
        (r#"{"RAM":"acs:ram::1:root"}"#, ram("1", "acs:ram::1:root"), false),
        (r#"{"RAM":"acs:ram::1:root"}"#, Principal::Service("ecs.aliyuncs.com"), false),
        (r#"{"RAM":"acs:ram::1:user/ALICE"}"#, ram("1", alice), true),
        (r#"{"RAM":"acs:ram:*:1:user/alice"}"#, ram("1", alice), true),
        (r#"{"RAM":"acs:ram::1:user/alice"}"#, ram("1", "acs:ram:*:1:user/Alice"), true),
        (r#"{"RAM":"acs:ram::1:user/alice"}"#, ram("1", "acs:ram::1:user/alicea"), false),
        (r#"{"RAM":"acs:ram::1:user/alice"}"#, ram("1", "acs:ram::1:role/alice"), false),
        (r#"{"RAM":"acs:ram::1:role/Alice"}"#, ram("1", "acs:ram::1:role/alice"), true),
        (r#"{"RAM":"acs:ram::1:user/alice"}"#, ram("2", alice), false),
        (r#"{"RAM":"acs:ram::1:user/alice"}"#, ram("1", "acs:ram::2:user/alice"), false),
        (r#"{"Service":"ECS.aliyuncs.com"}"#, Principal::Service("ecs.aliyuncs.com"), true),
        (r#"{"Service":"ecs.aliyuncs.com"}"#, Principal::Service("fc.aliyuncs.com"), false),
        (r#"{"Service":"ecs.aliyuncs.com"}"#, ram("1", alice), false),
        (
            r#"{"Federated":"acs:ram::1:saml-provider/Corp"}"#,
            Principal::Federated("acs:ram::1:saml-provider/Corp"),
            true,
        ),
        (
            r#"{"Federated":"acs:ram::1:saml-provider/Corp"}"#,
            Principal::Federated("acs:ram::1:saml-provider/corp"),
            false,
        ),
        (
            r#"{"Federated":"acs:ram::1:saml-provider/Corp"}"#,
            Principal::Federated("acs:ram::1:oidc-provider/Corp"),
            false,
        ),
    ] {
        let verdict = ask(&policy(&allow(named)), "sts:AssumeRole", somebody);
        assert_eq!(verdict.is_allowed(), expected, "{named} {somebody:?}");
    }
}

#[test]
fn a_deny_wins_and_an_owner_is_denied_but_never_allowed() {
    let document = format!(
        r#"{},{{"Effect":"Deny","NotAction":"sts:SetSourceIdentity","Principal":{{"RAM":"acs:ram::1:user/bob"}}}}"#,
        allow(r#"{"RAM":"acs:ram::1:root"}"#)
    );
    let policy = policy(&document);
    let bob = ram("1", "acs:ram::1:user/bob");
    let denied = Verdict::ExplicitDeny { policy: 0, statement: 1, error: None };
    assert_eq!(ask(&policy, "sts:AssumeRole", bob), denied);
    assert_eq!(ask(&policy, "sts:SetSourceIdentity", bob), Verdict::ImplicitDeny);
    assert_eq!(
        ask(&policy, "STS:assumerole", ram("1", "acs:ram::1:user/al")),
        Verdict::Allow { policy: 0, statement: 0 }
    );
    let root = parse(r#"{"Effect":"Deny","Action":"*","Principal":{"RAM":"acs:ram::1:root"}}"#).unwrap();
    assert!(matches!(
        ask(&root, "sts:AssumeRole", ram("1", "acs:ram::1:root")),
        Verdict::ExplicitDeny { .. }
    ));
}

#[test]
fn a_statement_about_assume_role_holds_for_every_way_to_take_one() {
    let provider = Principal::Federated("acs:ram::1:oidc-provider/Corp");
    let named = r#""Principal":{"Federated":"acs:ram::1:oidc-provider/Corp"}"#;
    for (actions, action, expected) in [
        (r#""Action":"sts:AssumeRole""#, "sts:AssumeRoleWithOIDC", true),
        (r#""Action":"sts:AssumeRole""#, "sts:AssumeRoleWithSAML", true),
        (r#""Action":"sts:AssumeRole""#, "sts:SetSourceIdentity", false),
        (r#""Action":"sts:AssumeRoleWithOIDC""#, "sts:AssumeRole", false),
        (r#""Action":["sts:AssumeRoleWithOIDC"]"#, "sts:assumeRoleWithOidc", true),
        (r#""NotAction":"sts:AssumeRole""#, "sts:AssumeRoleWithOIDC", false),
        (r#""Action":"sts:*""#, "sts:AssumeRoleWithOIDC", true),
    ] {
        let policy = policy(&format!(r#"{{"Effect":"Allow",{actions},{named}}}"#));
        assert_eq!(ask(&policy, action, provider).is_allowed(), expected, "{actions} {action}");
    }
}

#[test]
fn conditions_count_and_errors_fail_closed() {
    let principal = r#""Principal":{"RAM":"acs:ram::1:root"},"Action":"sts:AssumeRole""#;
    let document = |effect: &str, condition: &str| {
        format!(r#"{{"Effect":"{effect}",{principal},"Condition":{condition}}}"#)
    };
    let external = r#"{"StringEquals":{"sts:ExternalId":"x"}}"#;
    let broken = r#"{"NumericLessThan":{"x:Age":"5"}}"#;
    let ask = |document: &str, facts: &[(&str, Value<'_>)]| {
        let context = Context::new(facts);
        let principal = ram("1", "acs:ram::1:user/a");
        policy(document).evaluate(&TrustRequest { action: "sts:AssumeRole", principal, context: &context })
    };
    assert!(ask(&document("Allow", external), &[("sts:externalid", Value::Text("x"))]).is_allowed());
    assert_eq!(ask(&document("Allow", external), &[]), Verdict::ImplicitDeny);
    let facts = [("x:Age", Value::Text("old"))];
    assert_eq!(ask(&document("Allow", broken), &facts), Verdict::ImplicitDeny);
    let both = format!("{},{}", allow(r#"{"RAM":"acs:ram::1:root"}"#), document("Deny", broken));
    let Verdict::ExplicitDeny { statement: 1, error: Some(_), .. } = ask(&both, &facts) else {
        panic!("an error in a Deny denies")
    };
    assert_eq!(policy(&both).condition_key(1, 0), Some("x:Age"));
}

#[test]
fn every_statement_says_why() {
    let document = format!(
        r#"{},{},{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"RAM":"acs:ram::1:user/a"}},"Condition":{{"Bool":{{"acs:MFAPresent":"true"}}}}}}"#,
        allow(r#"{"RAM":"acs:ram::1:user/b"}"#),
        r#"{"Effect":"Deny","Action":"sts:SetSourceIdentity","Principal":{"RAM":"acs:ram::1:root"}}"#,
    );
    let principal = ram("1", "acs:ram::1:user/a");
    let context = Context::default();
    let told =
        policy(&document).explain(&TrustRequest { action: "sts:AssumeRole", principal, context: &context });
    let failed: Vec<_> = told.iter().map(|one| one.failed).collect();
    assert_eq!(failed, [Some(Failed::Resource), Some(Failed::Action), Some(Failed::Condition(0))]);
    assert!(told.iter().all(|one| !one.applies));
}
