//! One function for each fuzz target: bytes in, a panic when a law is broken. The tests of bailey-policy include this
//! file and call the same functions.

use std::time::Instant;

use bailey_policy::{
    ActionCatalogue, Context, Glob, LintOptions, Policy, Principal, Request, Rule, TrustPolicy, TrustRequest,
    Value, Verdict, covers, diagnose, evaluate, lint, lint_trust, parse_tests, run_tests,
};

/// Of the standard language and of the extended one.
const VERSIONS: [&str; 2] = ["1", "1-extended"];

fn catalogue() -> ActionCatalogue {
    ActionCatalogue::new(["ram:GetUser", "ram:CreateUser", "sts:AssumeRole", "oss:GetObject"])
        .expect("the names are valid")
}

/// A document of text, an empty line's worth of separation, and a request. Without the separator it is all document.
fn halves(data: &[u8]) -> Option<(&str, &str)> {
    let text = std::str::from_utf8(data).ok()?;
    Some(text.split_once("\n--\n").unwrap_or((text, "acs:ram:*:1:user/alice")))
}

/// Any text as policy and as tests: the parser never panics, evaluation and explanation agree, advice and parser agree.
pub fn policy(data: &[u8]) {
    let Some((document, resource)) = halves(data) else { return };
    let catalogue = catalogue();
    let options = LintOptions { catalogue: &catalogue, account: Some("1"), acts_on: &[] };
    let invalid = lint(document, &options).iter().any(|finding| finding.rule == Rule::Invalid);
    let parsed = Policy::parse(document, &catalogue);
    assert_eq!(invalid, parsed.is_err());
    let Ok(policy) = parsed else { return };
    let facts = [
        ("acs:SourceIp", Value::Text("192.0.2.1")),
        ("acs:CurrentTime", Value::Time(1_767_225_600_000)),
        ("acs:PrincipalTag/team", Value::Texts(&["red", "*"])),
    ];
    let context = Context::new(&facts);
    for name in ["ram:GetUser", "ecs:Unknown"] {
        let action = catalogue.resolve(name);
        let request = Request { action: &action, resource, context: &context };
        let told = diagnose([&policy], &request);
        let verdict = evaluate([&policy], &request);
        match verdict {
            Verdict::Allow { .. } => assert_eq!(told.change, None),
            Verdict::ExplicitDeny { statement, .. } => assert!(told.statements[statement].applies),
            Verdict::ImplicitDeny => assert_eq!(told.matched().count(), 0),
        }
    }
    drop(covers([&policy], &policy, &catalogue));
    if let Ok(tests) = parse_tests(resource) {
        run_tests([&policy], &catalogue, &tests);
    }
}

/// A pattern and a text: the matcher agrees with a simple one, and never takes long.
pub fn pattern(data: &[u8]) {
    let Some((pattern, text)) = halves(data) else { return };
    let glob = Glob::new(pattern);
    let started = Instant::now();
    let matched = glob.matches(text);
    let folded = glob.matches_ignore_ascii_case(text);
    assert!(started.elapsed().as_secs() < 5, "matching must not explode");
    assert!(!matched || folded);
    if pattern.len() <= 64 && text.len() <= 256 {
        assert_eq!(matched, simple(pattern, text));
        assert_eq!(folded, simple(&pattern.to_ascii_lowercase(), &text.to_ascii_lowercase()));
    }
    // As a resource of a policy, against a name in all its spellings.
    let quoted = format!("{pattern:?}");
    for version in VERSIONS {
        policy(
            format!(
                r#"{{"Version":"{version}","Statement":{{"Effect":"Allow","Action":"*","Resource":{quoted}}}}}{}{text}"#,
                "\n--\n"
            )
            .as_bytes(),
        );
    }
}

/// A table of which beginnings of pattern and text match.
fn simple(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let mut row = vec![false; text.len() + 1];
    row[0] = true;
    for letter in pattern {
        let mut next = vec![false; text.len() + 1];
        for at in 0..=text.len() {
            next[at] = match letter {
                '*' => row[at] || (at > 0 && next[at - 1]),
                '?' => at > 0 && row[at - 1],
                other => at > 0 && row[at - 1] && text[at - 1] == other,
            };
        }
        row = next;
    }
    row[text.len()]
}

/// The members of a `Condition` and a value for its keys: no value panics, and a Deny and an Allow under the same
/// condition never both let a request through.
pub fn condition(data: &[u8]) {
    let Some((condition, value)) = halves(data) else { return };
    let catalogue = catalogue();
    let action = catalogue.resolve("ram:GetUser");
    let document = |effect: &str, version: &str| {
        format!(
            r#"{{"Version":"{version}","Statement":[{{"Effect":"{effect}","Action":"*","Resource":"*","Condition":{condition}}}]}}"#
        )
    };
    for version in VERSIONS {
        let parse = |effect| Policy::parse(&document(effect, version), &catalogue);
        let (Ok(allow), Ok(deny)) = (parse("Allow"), parse("Deny")) else { continue };
        let several = [value, "a"];
        for value in [Value::Text(value), Value::Texts(&several), Value::Bool(true), Value::Time(0)] {
            let facts = [("acs:SourceIp", value), ("x:y", value), ("acs:PrincipalARN", value)];
            for facts in [&facts[..], &facts[..1], &[]] {
                let context = Context::new(facts);
                let request = Request { action: &action, resource: "*", context: &context };
                let allowed = evaluate([&allow], &request).is_allowed();
                let denied = evaluate([&deny], &request);
                if let Verdict::ExplicitDeny { error, .. } = denied {
                    // Met, or in doubt: then the Allow does not apply.
                    assert_eq!(allowed, error.is_none());
                } else {
                    assert!(!allowed);
                }
            }
        }
    }
}

/// Any text as trust policy: nobody whom it does not name is trusted, and the owner of an account never is.
pub fn trust(data: &[u8]) {
    let Some((document, arn)) = halves(data) else { return };
    let catalogue = catalogue();
    let options = LintOptions { catalogue: &catalogue, account: Some("1"), acts_on: &[] };
    let invalid = lint_trust(document, &options).iter().any(|finding| finding.rule == Rule::Invalid);
    let parsed = TrustPolicy::parse(document);
    assert_eq!(invalid, parsed.is_err());
    let Ok(policy) = parsed else { return };
    let named: Vec<String> = policy.principals().map(|(_, one)| one.to_string()).collect();
    assert!(!named.is_empty());
    let context = Context::default();
    let ask = |principal| {
        let request = TrustRequest { action: "sts:AssumeRole", principal, context: &context };
        policy.explain(&request);
        policy.evaluate(&request)
    };
    assert!(!ask(Principal::Ram { account: "1", arn: "acs:ram::1:root" }).is_allowed());
    let account = arn.split(':').nth(3).unwrap_or_default();
    if ask(Principal::Ram { account, arn }).is_allowed() {
        let root = format!("acs:ram::{account}:root");
        let own = arn.replacen("acs:ram:*:", "acs:ram::", 1);
        assert!(named.iter().any(|one| *one == root || one.eq_ignore_ascii_case(&own)));
    }
    ask(Principal::Service(arn));
    ask(Principal::Federated(arn));
}
