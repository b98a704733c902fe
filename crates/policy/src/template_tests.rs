//! Tests of `template`.

use super::*;
use crate::glob::matches_marked;

fn fill(text: &str, facts: &[(&str, Value<'_>)]) -> Result<String, MissingVariable> {
    let template = Template::new(text, Wildcards::Literal).unwrap().unwrap();
    template.fill(&Context::new(facts)).map(|filled| filled.text().unwrap().to_owned())
}

#[test]
fn variables_are_filled_in_and_escapes_stand_for_themselves() {
    let facts = [
        ("acs:PrincipalTag/team", Value::Text("r*d")),
        ("x:One", Value::Texts(&["one"])),
        ("x:Two", Value::Texts(&["one", "two"])),
        ("x:None", Value::Texts(&[])),
        ("x:Yes", Value::Bool(true)),
        ("x:Long", Value::Text(&"ü".repeat(300))),
    ];
    for (text, expected) in [
        ("${acs:principaltag/TEAM}", "r*d"),
        ("a${x:One}b${x:Yes}", "aonebtrue"),
        ("${*}${?}${$}", "*?$"),
        ("${$}{x:One}", "${x:One}"),
        ("$ {} ${x:One}}", "$ {} one}"),
    ] {
        assert_eq!(fill(text, &facts).as_deref(), Ok(expected), "{text}");
    }
    for text in ["${x:Two}", "${x:None}", "a${x:Absent}"] {
        assert_eq!(fill(text, &facts), Err(MissingVariable), "{text}");
    }
    assert_eq!(fill("<${x:Long}|${x:One}>", &facts).unwrap(), format!("<{}|one>", "ü".repeat(300)));
    assert!(Template::new("a$b{c}*", Wildcards::Mean).unwrap().is_none());
    for text in ["${", "${x:y", "${x}", "${}", "${:y}", "${x:}", "${**}", "${x:${y:z}}"] {
        assert!(Template::new(text, Wildcards::Mean).is_err(), "{text}");
    }
}

#[test]
fn only_the_wildcards_of_the_pattern_itself_are_wildcards() {
    let facts = [("x:Star", Value::Text("*")), ("x:Word", Value::Text("é?"))];
    let context = Context::new(&facts);
    for (pattern, text, expected) in [
        ("a${x:Star}b", "a*b", true),
        ("a${x:Star}b", "axb", false),
        ("a*${x:Star}b", "axx*b", true),
        ("${x:Word}*", "é?z", true),
        ("${x:Word}*", "éaz", false),
        ("?${?}${*}", "漢?*", true),
        ("?${?}${*}", "漢a*", false),
    ] {
        let template = Template::new(pattern, Wildcards::Mean).unwrap().unwrap();
        let filled = template.fill(&context).unwrap();
        assert_eq!(matches_marked::<false>(filled.bytes(), text.as_bytes()), expected, "{pattern} {text}");
    }
    let template = Template::new("a?${x:Star}${*}b*", Wildcards::Mean).unwrap().unwrap();
    assert_eq!((template.widest().as_str(), template.as_str()), ("a?*?b*", "a?${x:Star}${*}b*"));
}
