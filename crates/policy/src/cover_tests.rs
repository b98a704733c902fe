//! Tests of `cover`.

use super::*;

fn catalogue() -> ActionCatalogue {
    ActionCatalogue::new(["ram:GetUser", "ram:CreateUser", "sfm:CreateIndex"]).unwrap()
}

fn policy(statements: &[&str]) -> Policy {
    let statements: Vec<String> = statements.iter().map(|statement| format!("{{{statement}}}")).collect();
    let document = format!(r#"{{"Version":"1","Statement":[{}]}}"#, statements.join(","));
    Policy::parse(&document, &catalogue()).unwrap()
}

fn check(held: &[&str], proposed: &[&str]) -> Result<(), Excess> {
    covers([&policy(held)], &policy(proposed), &catalogue())
}

const ALL: &str = r#""Effect":"Allow","Action":"*","Resource":"*""#;
const RAM: &str = r#""Effect":"Allow","Action":"ram:*","Resource":"*""#;
const USERS: &str = r#""Effect":"Allow","Action":"RAM:get*","Resource":"acs:ram:*:1:user/*""#;
const NOT_RAM: &str = r#""Effect":"Allow","NotAction":"ram:*","Resource":"*""#;
const MFA: &str =
    r#""Effect":"Allow","Action":"ram:*","Resource":"*","Condition":{"Bool":{"acs:MFAPresent":"true"}}"#;
const DENY_CREATE: &str = r#""Effect":"Deny","Action":"ram:Create*","Resource":"*""#;
const DENY_MFA: &str = r#""Effect":"Deny","Action":"ram:Create*","Resource":"*","Condition":{"Bool":{"acs:MFAPresent":"false"}}"#;
const DENY_ROLES: &str = r#""Effect":"Deny","Action":"*","Resource":"acs:ram:*:*:role/*""#;
const DENY_NOT_GET: &str = r#""Effect":"Deny","NotAction":"ram:Get*","Resource":"*""#;

#[test]
fn what_is_held_may_be_handed_out() {
    let cases: [(&[&str], &[&str]); 12] = [
        (&[ALL], &[ALL, RAM, USERS, NOT_RAM, MFA]),
        (&[RAM], &[USERS, MFA]),
        (&[MFA], &[MFA]),
        (&[NOT_RAM], &[r#""Effect":"Allow","Action":["sfm:*","ecs:Run?"],"Resource":"*""#]),
        (&[USERS], &[DENY_CREATE]),
        (&[ALL, DENY_CREATE], &[USERS]),
        (&[ALL, DENY_CREATE], &[RAM, DENY_CREATE]),
        (&[ALL, DENY_MFA], &[RAM, DENY_MFA]),
        (&[ALL, DENY_MFA], &[RAM, DENY_CREATE]),
        (&[ALL, DENY_ROLES], &[r#""Effect":"Allow","Action":"*","Resource":"acs:ram::1:user/a""#]),
        (&[ALL, DENY_NOT_GET], &[USERS]),
        (&[ALL, DENY_NOT_GET], &[RAM, DENY_NOT_GET]),
    ];
    for (held, proposed) in cases {
        assert_eq!(check(held, proposed), Ok(()), "{held:?} {proposed:?}");
    }
}

#[test]
fn what_is_not_held_may_not() {
    let cases: [(&[&str], &[&str]); 15] = [
        (&[RAM], &[ALL]),
        (&[RAM], &[NOT_RAM]),
        (&[NOT_RAM], &[NOT_RAM]),
        (&[NOT_RAM], &[r#""Effect":"Allow","Action":"*:GetUser","Resource":"*""#]),
        (&[USERS], &[RAM]),
        (&[MFA], &[RAM]),
        (&[DENY_CREATE], &[USERS]),
        (&[ALL, DENY_CREATE], &[RAM]),
        (&[ALL, DENY_CREATE], &[RAM, DENY_MFA]),
        (&[ALL, DENY_MFA], &[RAM]),
        (&[ALL, DENY_ROLES], &[RAM]),
        // Stars cross every separator: `acs:ram:*:1:user/x:role/y` is both.
        (&[ALL, DENY_ROLES], &[USERS]),
        (&[ALL, DENY_NOT_GET], &[RAM]),
        (&[ALL, DENY_NOT_GET], &[RAM, r#""Effect":"Deny","NotAction":"ram:*","Resource":"*""#]),
        (&[ALL, DENY_ROLES], &[r#""Effect":"Allow","Action":"*","Resource":"acs:ram::1:role/Admin""#]),
    ];
    for (held, proposed) in cases {
        assert!(check(held, proposed).is_err(), "{held:?} {proposed:?}");
    }
    assert!(covers([], &policy(&[USERS]), &catalogue()).is_err());
}

#[test]
fn the_excess_is_named() {
    let excess = check(&[RAM], &[RAM, ALL]).unwrap_err();
    assert_eq!(
        excess.to_string(),
        "statement 1 allows `*` on `*`, which you do not hold yourself (for example `sfm:CreateIndex`)"
    );
    let excess = check(&[ALL, DENY_CREATE], &[RAM]).unwrap_err();
    assert_eq!(excess.reason, ExcessReason::Denied { policy: 0, statement: 1 });
    assert_eq!(
        excess.to_string(),
        "statement 0 allows `ram:*` on `*`, which you are denied in part yourself (for example `ram:CreateUser`)"
    );
    assert_eq!(
        check(&[RAM], &[r#""Effect":"Allow","Action":"ecs:*","Resource":"*""#]).unwrap_err().example,
        None
    );
}
