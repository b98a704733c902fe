//! Tests of `condition`.

use super::*;
use crate::Number;
use crate::operator::{Comparison, Operator};

fn new(operator: Operator, key: &str, wanted: &[String]) -> Result<Test, (WrongValue, usize)> {
    Test::new(operator.into(), key, wanted, Language::Standard)
}

fn check(operator: Operator, wanted: &[&str], found: Option<Value<'_>>) -> Result<bool, Doubt> {
    let wanted: Vec<String> = wanted.iter().map(|value| (*value).to_owned()).collect();
    let test = new(operator, "x:Key", &wanted).unwrap();
    let entries = [("X:key", found.unwrap_or(Value::Bool(true)))];
    test.check(&if found.is_some() { Context::new(&entries) } else { Context::default() })
}

/// Rows of operator, wanted values, found value, expected.
fn table(rows: &[(Operator, &[&str], Value<'_>, bool)]) {
    for (operator, wanted, found, expected) in rows {
        assert_eq!(check(*operator, wanted, Some(*found)), Ok(*expected), "{operator} {wanted:?} {found:?}");
    }
}

#[test]
fn a_missing_key_meets_negated_operators_only() {
    for operator in Operator::ALL {
        let wanted = match operator.comparison() {
            Comparison::Numeric(_) => "1",
            Comparison::Date(_) => "2026-01-01T00:00:00Z",
            Comparison::Bool => "false",
            Comparison::Ip => "192.0.2.1",
            _ => "*",
        };
        let negated = operator.name().contains("Not");
        assert_eq!(operator.is_negated(), negated);
        assert_eq!(check(*operator, &[wanted], None), Ok(negated), "{operator}");
    }
    assert_eq!(Operator::ALL.len(), 21);
}

#[test]
fn text() {
    table(&[
        (Operator::StringEquals, &["a", "b"], Value::Text("b"), true),
        (Operator::StringEquals, &["a"], Value::Text("A"), false),
        (Operator::StringEquals, &["a*"], Value::Text("ab"), false),
        (Operator::StringNotEquals, &["a", "b"], Value::Text("b"), false),
        (Operator::StringNotEquals, &["a", "b"], Value::Text("c"), true),
        (Operator::StringEqualsIgnoreCase, &["ÄB"], Value::Text("äb"), true),
        (Operator::StringNotEqualsIgnoreCase, &["x", "AB"], Value::Text("ab"), false),
        (Operator::StringLike, &["x", "a?c*"], Value::Text("abcd"), true),
        (Operator::StringLike, &["A*"], Value::Text("abcd"), false),
        (Operator::StringNotLike, &["x*", "y*"], Value::Text("z"), true),
        (Operator::StringNotLike, &["x*", "z*"], Value::Text("z"), false),
        (Operator::StringEquals, &["${acs:x}"], Value::Text("${acs:x}"), true),
        (Operator::StringEquals, &["true"], Value::Bool(true), true),
        (Operator::StringLike, &["192.0.*"], Value::Ip("192.0.2.1".parse().unwrap()), true),
        (Operator::StringEquals, &["2.5"], Value::Number("2.50".parse().unwrap()), true),
        (Operator::StringEquals, &["1970-01-01T00:00:01Z"], Value::Time(1999), true),
    ]);
}

#[test]
fn numbers() {
    let ten = Value::Number(Number::from(10_i64));
    table(&[
        (Operator::NumericEquals, &["9", "10.0"], ten, true),
        (Operator::NumericNotEquals, &["9", "10.0"], ten, false),
        (Operator::NumericLessThan, &["10"], ten, false),
        (Operator::NumericLessThan, &["5", "10.5"], ten, true),
        (Operator::NumericLessThanEquals, &["10"], ten, true),
        (Operator::NumericGreaterThan, &["10"], ten, false),
        (Operator::NumericGreaterThan, &["-1"], Value::Text("0"), true),
        (Operator::NumericGreaterThanEquals, &["10"], ten, true),
    ]);
    for found in [Value::Text("ten"), Value::Bool(true), Value::Time(10)] {
        assert_eq!(
            check(Operator::NumericNotEquals, &["9"], Some(found)),
            Err(Doubt::Unreadable(ValueKind::Number))
        );
    }
}

#[test]
fn dates() {
    let noon = Value::Time(1_780_315_200_000); // 2026-06-01T12:00:00Z
    table(&[
        (Operator::DateEquals, &["2026-06-01T20:00:00+08:00"], noon, true),
        (Operator::DateNotEquals, &["2026-06-01T12:00:00Z"], noon, false),
        (Operator::DateLessThan, &["2026-06-01T12:00:00Z"], noon, false),
        (Operator::DateLessThan, &["2026-06-01T12:00:00.001Z"], noon, true),
        (Operator::DateLessThanEquals, &["2026-06-01T12:00:00Z"], noon, true),
        (Operator::DateGreaterThan, &["2026-06-01T12:00:00Z"], noon, false),
        (Operator::DateGreaterThan, &["2026-06-01T11:59:59Z"], Value::Text("2026-06-01T12:00:00Z"), true),
        (Operator::DateGreaterThanEquals, &["2026-06-01T12:00:00Z"], noon, true),
    ]);
    for found in [Value::Text("today"), Value::Number(Number::from(1_i64))] {
        assert_eq!(
            check(Operator::DateLessThan, &["2026-06-01T12:00:00Z"], Some(found)),
            Err(Doubt::Unreadable(ValueKind::Date))
        );
    }
}

#[test]
fn booleans() {
    table(&[
        (Operator::Bool, &["true"], Value::Bool(true), true),
        (Operator::Bool, &["True"], Value::Text("TRUE"), true),
        (Operator::Bool, &["false"], Value::Bool(true), false),
        (Operator::Bool, &["false", "true"], Value::Bool(true), true),
    ]);
    assert_eq!(
        check(Operator::Bool, &["true"], Some(Value::Text("1"))),
        Err(Doubt::Unreadable(ValueKind::Bool))
    );
}

#[test]
fn addresses() {
    let address = |text: &str| Value::Ip(text.parse().unwrap());
    table(&[
        (Operator::IpAddress, &["192.0.2.1"], address("192.0.2.1"), true),
        (Operator::IpAddress, &["203.0.113.9", "192.0.2.0/24"], Value::Text("192.0.2.255"), true),
        (Operator::IpAddress, &["192.0.2.77/24"], address("192.0.2.1"), true),
        (Operator::IpAddress, &["192.0.2.0/24"], address("192.0.3.1"), false),
        (Operator::IpAddress, &["0.0.0.0/0"], address("2001:db8::1"), false),
        (Operator::IpAddress, &["2001:db8::/32"], address("2001:db8::1"), true),
        (Operator::IpAddress, &["192.0.2.0/24"], address("::ffff:192.0.2.1"), true),
        (Operator::IpAddress, &["192.0.2.0/24"], Value::Text("::ffff:192.0.2.1"), true),
        (Operator::IpAddress, &["::ffff:192.0.2.0/120"], address("192.0.2.1"), true),
        (Operator::NotIpAddress, &["203.0.113.9", "192.0.2.0/24"], address("192.0.2.1"), false),
        (Operator::NotIpAddress, &["203.0.113.9", "192.0.2.0/24"], address("192.0.3.1"), true),
    ]);
    for found in [Value::Text("192.0.2.0/24"), Value::Text("localhost"), Value::Bool(true)] {
        assert_eq!(
            check(Operator::NotIpAddress, &["192.0.2.1"], Some(found)),
            Err(Doubt::Unreadable(ValueKind::Ip))
        );
    }
}

#[test]
fn the_principal_is_a_name_and_its_key_has_two_spellings() {
    let entries = [("acs:PrincipalArn", Value::Text("acs:ram::1:role/admin"))];
    let context = Context::new(&entries);
    for (operator, wanted, expected) in [
        (Operator::StringLike, "acs:ram:*:*:role/Ad*", true),
        (Operator::StringEquals, "acs:ram:*:1:role/Admin", true),
        (Operator::StringEqualsIgnoreCase, "acs:ram::1:ROLE/Admin", true),
        (Operator::StringNotLike, "acs:ram:*:*:role/Ad*", false),
        (Operator::StringEquals, "acs:ram:*:2:role/admin", false),
    ] {
        let test = new(operator, "acs:PrincipalARN", &[wanted.to_owned()]).unwrap();
        assert_eq!(test.check(&context), Ok(expected), "{operator} {wanted}");
    }
    // Other keys are text and nothing else.
    let wanted = ["acs:ram:*:1:role/Admin".to_owned()];
    let test = new(Operator::StringEquals, "acs:Other", &wanted).unwrap();
    assert_eq!(test.check(&Context::new(&[("acs:Other", Value::Text("acs:ram::1:role/admin"))])), Ok(false));
}

#[test]
fn values_that_can_never_be_right_are_found() {
    for (operator, value, kind) in [
        (Operator::IpAddress, "192.0.2.300", ValueKind::Ip),
        (Operator::IpAddress, "192.0.2.0/33", ValueKind::Ip),
        (Operator::NotIpAddress, "office", ValueKind::Ip),
        (Operator::DateLessThan, "2026-13-01T00:00:00Z", ValueKind::Date),
        (Operator::DateLessThan, "2026-01-01", ValueKind::Date),
        (Operator::NumericEquals, "many", ValueKind::Number),
        (Operator::Bool, "yes", ValueKind::Bool),
    ] {
        assert_eq!(
            new(operator, "a:b", &[value.to_owned()]),
            Err((WrongValue::Kind(kind), 0)),
            "{operator} {value}"
        );
    }
}
