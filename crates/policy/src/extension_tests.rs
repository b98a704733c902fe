//! Tests of the extended language: what it adds, and that the standard language has none of it.

use crate::{
    ActionCatalogue, ConditionError, Context, Policy, Request, TrustPolicy, Value, Verdict, covers, evaluate,
};

fn catalogue() -> ActionCatalogue {
    ActionCatalogue::new(["oss:GetObject", "ram:GetUser"]).unwrap()
}

/// A policy of one statement about all actions.
fn policy(effect: &str, resource: &str, condition: &str, version: &str) -> Result<Policy, String> {
    let document = format!(
        r#"{{"Version":"{version}","Statement":{{"Effect":"{effect}","Action":"*","Resource":"{resource}","Condition":{condition}}}}}"#
    );
    Policy::parse(&document, &catalogue()).map_err(|error| error.to_string())
}

fn extended(effect: &str, resource: &str, condition: &str) -> Policy {
    policy(effect, resource, condition, "1-extended").unwrap()
}

fn decide(policies: &[Policy], resource: &str, facts: &[(&str, Value<'_>)]) -> Verdict {
    let action = catalogue().resolve("oss:GetObject");
    evaluate(policies, &Request { action: &action, resource, context: &Context::new(facts) })
}

/// Whether an Allow under this condition lets a request with these facts through.
fn met(condition: &str, facts: &[(&str, Value<'_>)]) -> bool {
    decide(&[extended("Allow", "*", condition)], "*", facts).is_allowed()
}

const ONE: [(&str, Value<'_>); 1] = [("x:K", Value::Texts(&["a"]))];
const BOTH: [(&str, Value<'_>); 1] = [("x:K", Value::Texts(&["a", "b"]))];
const OTHERS: [(&str, Value<'_>); 1] = [("x:K", Value::Texts(&["b", "c"]))];
const EMPTY: [(&str, Value<'_>); 1] = [("x:K", Value::Texts(&[]))];

#[test]
fn set_operators_go_over_the_values_of_a_request() {
    // For a; a and b; b and c; no values; no key.
    for (operator, expected) in [
        ("StringEquals", [true, true, false, false, false]),
        ("StringNotEquals", [false, false, true, true, true]),
        ("ForAnyValue:StringEquals", [true, true, false, false, false]),
        ("ForAllValues:StringEquals", [true, false, false, true, true]),
        ("ForAnyValue:StringNotEquals", [false, true, true, false, false]),
        ("ForAllValues:StringNotEquals", [false, false, true, true, true]),
        ("StringEqualsIfExists", [true, true, false, true, true]),
        ("StringNotEqualsIfExists", [false, false, true, true, true]),
        ("ForAnyValue:StringEqualsIfExists", [true, true, false, true, true]),
        ("ForAllValues:StringLikeIfExists", [true, false, false, true, true]),
    ] {
        let condition = format!(r#"{{"{operator}":{{"x:K":"a"}}}}"#);
        let got = [&ONE[..], &BOTH, &OTHERS, &EMPTY, &[]].map(|facts| met(&condition, facts));
        assert_eq!(got, expected, "{operator}");
    }
}

#[test]
fn null_asks_whether_the_key_is_missing() {
    for (wanted, missing, there) in
        [(r#""true""#, true, false), ("false", false, true), (r#"["true","false"]"#, true, true)]
    {
        let condition = format!(r#"{{"Null":{{"x:K":{wanted}}}}}"#);
        assert_eq!(
            (met(&condition, &[]), met(&condition, &EMPTY), met(&condition, &ONE)),
            (missing, missing, there)
        );
    }
}

#[test]
fn a_value_that_cannot_be_compared_decides_only_when_no_other_does() {
    let facts = [("x:K", Value::Texts(&["5", "old"]))];
    for (operator, allow, deny) in [
        ("ForAnyValue:NumericEquals\":{\"x:K\":\"5", true, true),
        ("ForAnyValue:NumericEquals\":{\"x:K\":\"6", false, true),
        ("ForAllValues:NumericEquals\":{\"x:K\":\"5", false, true),
        ("ForAllValues:NumericEquals\":{\"x:K\":\"6", false, false),
        ("NumericNotEquals\":{\"x:K\":\"5", false, false),
    ] {
        let condition = format!("{{\"{operator}\"}}}}");
        assert_eq!(met(&condition, &facts), allow, "{operator}");
        let denied = decide(&[extended("Deny", "*", &condition)], "*", &facts);
        assert_eq!(matches!(denied, Verdict::ExplicitDeny { .. }), deny, "{operator}");
    }
}

#[test]
fn variables_stand_for_values_of_the_request() {
    let home = "acs:oss:*:*:home/${acs:PrincipalTag/team}/*";
    let facts = [("acs:PrincipalTag/team", Value::Text("red"))];
    let allow = [extended("Allow", home, "{}")];
    assert!(decide(&allow, "acs:oss:*:*:home/red/x", &facts).is_allowed());
    assert!(!decide(&allow, "acs:oss:*:*:home/blue/x", &facts).is_allowed());
    let star = [("acs:PrincipalTag/team", Value::Text("*"))];
    assert!(!decide(&allow, "acs:oss:*:*:home/blue/x", &star).is_allowed());
    // RAM names have two spellings and no case here too.
    let user = [extended("Allow", "acs:ram:*:1:user/${x:Name}", "{}")];
    assert!(decide(&user, "acs:ram::1:user/ALICE", &[("x:Name", Value::Text("alice"))]).is_allowed());
    let owner = r#"{"StringEquals":{"acs:ResourceTag/owner":["nobody","${acs:PrincipalARN}"]}}"#;
    let mine = [("acs:ResourceTag/owner", Value::Text("me")), ("acs:PrincipalARN", Value::Text("me"))];
    let yours = [("acs:ResourceTag/owner", Value::Text("you")), ("acs:PrincipalARN", Value::Text("me"))];
    assert!(met(owner, &mine) && !met(owner, &yours));
    let like = r#"{"StringLike":{"x:K":"${acs:PrincipalTag/team}-*"}}"#;
    let texts = [facts[0], ("x:K", Value::Text("red-1"))];
    assert!(met(like, &texts) && !met(like, &[star[0], texts[1]]));
}

#[test]
fn a_missing_variable_allows_nothing_and_denies() {
    let home = "acs:oss:*:*:home/${acs:PrincipalTag/team}/*";
    let resource = "acs:oss:*:*:home/red/x";
    let everything = extended("Allow", "*", "{}");
    assert_eq!(decide(&[extended("Allow", home, "{}")], resource, &[]), Verdict::ImplicitDeny);
    let denied = decide(&[everything.clone(), extended("Deny", home, "{}")], resource, &[]);
    let error = ConditionError::MissingVariable { condition: None };
    assert_eq!(denied, Verdict::ExplicitDeny { policy: 1, statement: 0, error: Some(error) });
    // A condition that is plainly not met still decides.
    let other = extended("Deny", home, r#"{"Bool":{"x:Yes":"true"}}"#);
    let facts = [("x:Yes", Value::Bool(false)), ("x:K", Value::Text("a"))];
    assert!(decide(&[everything.clone(), other], resource, &facts).is_allowed());
    for operator in ["StringEquals", "StringNotEquals", "StringLike", "StringNotEqualsIgnoreCase"] {
        let condition = format!(r#"{{"{operator}":{{"x:K":"${{acs:PrincipalTag/team}}"}}}}"#);
        assert!(!met(&condition, &facts), "{operator}");
        let denied = decide(&[everything.clone(), extended("Deny", "*", &condition)], "*", &facts);
        let error = ConditionError::MissingVariable { condition: Some(0) };
        assert_eq!(
            denied,
            Verdict::ExplicitDeny { policy: 1, statement: 0, error: Some(error) },
            "{operator}"
        );
    }
}

#[test]
fn the_standard_language_has_none_of_it() {
    for operator in ["ForAnyValue:StringEquals", "ForAllValues:StringLike", "StringEqualsIfExists", "Null"] {
        let condition = format!(r#"{{"{operator}":{{"x:K":"true"}}}}"#);
        let error = policy("Allow", "*", &condition, "1").unwrap_err();
        let expected =
            format!("Statement[0].Condition.{operator}: is not a condition operator of the policy language");
        assert_eq!(error, expected);
        assert!(policy("Allow", "*", &condition, "1-extended").is_ok(), "{operator}");
    }
    let standard = |resource, condition| policy("Allow", resource, condition, "1").unwrap();
    let literal = [standard("acs:oss:*:*:${x:K}", "{}")];
    assert!(decide(&literal, "acs:oss:*:*:${x:K}", &ONE).is_allowed());
    assert!(!decide(&literal, "acs:oss:*:*:a", &ONE).is_allowed());
    let tag = r#"{"StringEquals":{"acs:principaltag/team":"red"}}"#;
    let facts = [("acs:PrincipalTag/team", Value::Text("red"))];
    assert!(!decide(&[standard("*", tag)], "*", &facts).is_allowed());
    assert!(met(tag, &facts));
}

#[test]
fn the_version_says_the_language_of_trust_policies_too() {
    let trust = |version: &str| {
        TrustPolicy::parse(&format!(
            r#"{{"Version":"{version}","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRole",
                "Principal":{{"RAM":"acs:ram::1:root"}},"Condition":{{"Null":{{"sts:ExternalId":"false"}}}}}}]}}"#
        ))
        .map_err(|error| error.to_string())
    };
    assert!(trust("1-extended").is_ok());
    let unknown = "Statement[0].Condition.Null: is not a condition operator of the policy language";
    assert_eq!(trust("1").unwrap_err(), unknown);
    for version in ["1-Extended", "1 extended", "extended", "2", ""] {
        let error = trust(version).unwrap_err();
        assert!(error.contains("\"1\"") && error.contains("\"1-extended\""), "{error}");
        assert_eq!(policy("Allow", "*", "{}", version).unwrap_err(), error);
    }
}

#[test]
fn a_policy_tells_which_keys_it_reads() {
    let condition = r#"{"StringLike":{"x:K":["a","${acs:PrincipalTag/a}${*}"],"acs:PrincipalTag/b":"*"}}"#;
    let resource = "acs:oss:*:*:${x:N}/${acs:PrincipalARN}";
    let all = extended("Allow", resource, condition);
    let keys: Vec<_> = all.keys().collect();
    assert_eq!(keys, ["x:K", "acs:PrincipalTag/a", "acs:PrincipalTag/b", "x:N", "acs:PrincipalARN"]);
    let standard = policy("Allow", resource, condition, "1").unwrap();
    assert_eq!(standard.keys().collect::<Vec<_>>(), ["x:K"]);
}

#[test]
fn wrong_extensions_are_refused_with_their_place() {
    for (resource, condition, expected) in [
        ("acs:oss:*:*:${x", "{}", "Statement[0].Resource: `acs:oss:*:*:${x` has a `${` without its `}`"),
        ("acs:oss:*:*:${x}", "{}", "Statement[0].Resource: `acs:oss:*:*:${x}` has a variable that is no"),
        ("bucket/${x:K}", "{}", "Statement[0].Resource: `bucket/${x:K}` is not a resource"),
        (
            "*",
            r#"{"StringLike":{"x:K":["a","${"]}}"#,
            "Statement[0].Condition.StringLike[\"x:K\"]: `${` has a",
        ),
        ("*", r#"{"ForSome:Bool":{"x:K":"a"}}"#, "Statement[0].Condition.ForSome:Bool: is not a condition"),
        (
            "*",
            r#"{"NullIfExists":{"x:K":"true"}}"#,
            "Statement[0].Condition.NullIfExists: is not a condition",
        ),
        ("*", r#"{"ForAnyValue:Null":{"x:K":"true"}}"#, "Statement[0].Condition.ForAnyValue:Null: is not a"),
        ("*", r#"{"Null":{"x:K":"maybe"}}"#, "Statement[0].Condition.Null[\"x:K\"]: `maybe` is not `true`"),
        (
            "*",
            r#"{"NumericEquals":{"x:K":["1","${x:K}"]}}"#,
            "Statement[0].Condition.NumericEquals[\"x:K\"]: `${x:K}` is not a decimal number",
        ),
    ] {
        let error = policy("Allow", resource, condition, "1-extended").unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn what_depends_on_the_holder_is_not_handed_out() {
    let home = "acs:oss:*:*:home/${acs:PrincipalTag/team}/*";
    let holds = |held: &Policy, proposed: &Policy| covers([held], proposed, &catalogue()).is_ok();
    let own = extended("Allow", home, "{}");
    let all = extended("Allow", "acs:oss:*", "{}");
    assert!(holds(&all, &own), "whatever the variable is, it is held");
    assert!(!holds(&own, &own), "for somebody else the same text is something else");
    let mine = extended("Allow", "*", r#"{"StringEquals":{"acs:ResourceTag/owner":"${acs:PrincipalARN}"}}"#);
    assert!(!holds(&mine, &mine));
    // A condition on who the caller is holds for one and not for another.
    for key in ["acs:PrincipalARN", "acs:principaltag/team"] {
        let red = extended("Allow", "acs:oss:*", &format!(r#"{{"StringEquals":{{"{key}":"red"}}}}"#));
        assert!(holds(&all, &red));
        assert!(!holds(&red, &red), "{key}");
    }
    let at_night = extended("Allow", "acs:oss:*", r#"{"StringEqualsIfExists":{"x:Shift":"night"}}"#);
    assert!(holds(&at_night, &at_night));
    let plain = policy("Allow", "acs:oss:*", r#"{"StringEquals":{"x:Shift":"night"}}"#, "1").unwrap();
    assert!(!holds(&plain, &at_night), "`IfExists` is wider");
    let denied = extended("Deny", home, "{}");
    assert!(
        covers([&all, &denied], &extended("Allow", "acs:oss:*:*:home/blue/x", "{}"), &catalogue()).is_err()
    );
}
