//! Tests of policies: requests with the answer that somebody expects, kept as data beside the policy.
//!
//! ```
//! use bailey_policy::{ActionCatalogue, Policy, parse_tests, run_tests};
//!
//! let catalogue = ActionCatalogue::new(["ram:GetUser"])?;
//! let document = r#"{"Version":"1","Statement":{"Effect":"Allow","Action":"ram:Get*","Resource":"*"}}"#;
//! let tests = parse_tests(r#"[
//!     {"name":"reads","action":"ram:GetUser","resource":"*","expect":"Allow"},
//!     {"name":"writes","action":"ram:CreateUser","resource":"*","context":{"acs:MFAPresent":true},"expect":"ImplicitDeny"}]"#)?;
//! assert!(run_tests([&Policy::parse(document, &catalogue)?], &catalogue, &tests).is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;

use serde::Serialize;

use crate::action::ActionCatalogue;
use crate::context::{Context, Value};
use crate::diagnose::{Change, diagnose};
use crate::element::{object, short};
use crate::error::PolicyError;
use crate::evaluate::{Request, Verdict, evaluate};
use crate::json::Json;
use crate::policy::Policy;

/// How many tests one policy can have.
pub const MAXIMUM_TESTS: usize = 1000;

/// A request with the answer that it must get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyTest {
    /// What it is for; no two tests have the same.
    pub name: String,
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// The condition keys that the request has, each with its values.
    pub context: Vec<(String, Vec<String>)>,
    /// The answer.
    pub expect: Expected,
}

/// An answer, without who gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Expected {
    /// The request goes through.
    Allow,
    /// A Deny applies.
    ExplicitDeny,
    /// Nothing applies.
    ImplicitDeny,
}

impl From<Verdict> for Expected {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Allow { .. } => Self::Allow,
            Verdict::ExplicitDeny { .. } => Self::ExplicitDeny,
            Verdict::ImplicitDeny => Self::ImplicitDeny,
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Allow => "Allow",
            Self::ExplicitDeny => "ExplicitDeny",
            Self::ImplicitDeny => "ImplicitDeny",
        })
    }
}

/// A test whose request got another answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestFailure {
    /// Index of the test.
    pub index: usize,
    /// Its name.
    pub name: String,
    /// The answer that was expected.
    pub expected: Expected,
    /// The answer with the statement that gave it.
    pub verdict: Verdict,
    /// What would let the request through, when it should have been.
    pub change: Option<Change>,
}

impl fmt::Display for TestFailure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, expected, verdict, change, .. } = self;
        write!(out, "`{name}` expects {expected} and gets {}", Expected::from(*verdict))?;
        match verdict {
            Verdict::Allow { policy, statement } | Verdict::ExplicitDeny { policy, statement, .. } => {
                write!(out, " from statement {statement} of policy {policy}")
            }
            Verdict::ImplicitDeny => match change.as_ref().and_then(|change| change.add.as_ref()) {
                Some(grant) => write!(out, "; this would let it through: {grant}"),
                None => Ok(()),
            },
        }
    }
}

/// Asks what each test asks, and gives back those that got another answer than they expect.
pub fn run_tests<'p>(
    policies: impl IntoIterator<Item = &'p Policy>,
    catalogue: &ActionCatalogue,
    tests: &[PolicyTest],
) -> Vec<TestFailure> {
    let policies: Vec<&Policy> = policies.into_iter().collect();
    let mut failures = Vec::new();
    for (index, test) in tests.iter().enumerate() {
        let several: Vec<Vec<&str>> =
            test.context.iter().map(|(_, values)| values.iter().map(String::as_str).collect()).collect();
        let facts: Vec<(&str, Value<'_>)> = test
            .context
            .iter()
            .zip(&several)
            .map(|((key, _), values)| match values[..] {
                [single] => (key.as_str(), Value::Text(single)),
                _ => (key.as_str(), Value::Texts(values)),
            })
            .collect();
        let action = catalogue.resolve(&test.action);
        let context = Context::new(&facts);
        let request = Request { action: &action, resource: &test.resource, context: &context };
        let verdict = evaluate(policies.iter().copied(), &request);
        if Expected::from(verdict) != test.expect {
            let change = match test.expect {
                Expected::Allow => diagnose(policies.iter().copied(), &request).change,
                Expected::ExplicitDeny | Expected::ImplicitDeny => None,
            };
            failures.push(TestFailure {
                index,
                name: test.name.clone(),
                expected: test.expect,
                verdict,
                change,
            });
        }
    }
    failures
}

/// Reads tests: a list of objects with `name`, `action`, `resource`, `expect` and, if there is any, `context`.
///
/// # Errors
/// With the place and the reason when the text is anything else.
pub fn parse_tests(text: &str) -> Result<Vec<PolicyTest>, PolicyError> {
    let json = Json::parse(text)
        .map_err(|error| PolicyError::at("", format!("the tests are not valid JSON: {error}")))?;
    let Json::List(list) = json else {
        return Err(PolicyError::at("", format!("the tests must be a JSON list, not {}", json.kind())));
    };
    if list.len() > MAXIMUM_TESTS {
        return Err(PolicyError::at("", format!("there are more than {MAXIMUM_TESTS} tests, remove some")));
    }
    let mut tests: Vec<PolicyTest> = Vec::new();
    let mut names = std::collections::HashSet::new();
    for (index, json) in list.into_iter().enumerate() {
        let test = test(json, &format!("[{index}]"))?;
        if !names.insert(test.name.clone()) {
            let reason = format!("`{}` is the name of another test too, choose another", short(&test.name));
            return Err(PolicyError::at(format!("[{index}].name"), reason));
        }
        tests.push(test);
    }
    Ok(tests)
}

fn test(json: Json, path: &str) -> Result<PolicyTest, PolicyError> {
    let (mut name, mut action, mut resource, mut expect, mut facts) = (None, None, None, None, Vec::new());
    for (member, value) in object(json, "a test", path)? {
        let path = format!("{path}.{}", short(&member));
        match member.as_str() {
            "name" => name = Some(text(value, &path)?),
            "action" => action = Some(text(value, &path)?),
            "resource" => resource = Some(text(value, &path)?),
            "expect" => expect = Some(expected(&text(value, &path)?, &path)?),
            "context" => facts = context(value, &path)?,
            _ => {
                let reason = "is not a member of a test, remove it (known: name, action, resource, context and expect)";
                return Err(PolicyError::at(path, reason));
            }
        }
    }
    let missing = |member: &str| PolicyError::at(format!("{path}.{member}"), "is missing, add it");
    Ok(PolicyTest {
        name: name.ok_or_else(|| missing("name"))?,
        action: action.ok_or_else(|| missing("action"))?,
        resource: resource.ok_or_else(|| missing("resource"))?,
        context: facts,
        expect: expect.ok_or_else(|| missing("expect"))?,
    })
}

fn text(json: Json, path: &str) -> Result<String, PolicyError> {
    match json {
        Json::Text(text) if !text.trim().is_empty() => Ok(text),
        Json::Text(_) => Err(PolicyError::at(path, "is empty, write something")),
        other => Err(PolicyError::at(path, format!("is {}, write a string", other.kind()))),
    }
}

fn expected(text: &str, path: &str) -> Result<Expected, PolicyError> {
    let known = [Expected::Allow, Expected::ExplicitDeny, Expected::ImplicitDeny];
    known.into_iter().find(|one| one.to_string() == text).ok_or_else(|| {
        PolicyError::at(path, format!("is `{}`, write Allow, ExplicitDeny or ImplicitDeny", short(text)))
    })
}

fn context(json: Json, path: &str) -> Result<Vec<(String, Vec<String>)>, PolicyError> {
    let mut facts = Vec::new();
    for (key, value) in object(json, "context", path)? {
        let list = match value {
            Json::List(list) => list,
            single => vec![single],
        };
        let mut values = Vec::new();
        for one in list {
            values.push(match one {
                Json::Text(text) => text,
                Json::Bool(yes) => yes.to_string(),
                Json::Number(number) => number,
                other => {
                    let path = format!("{path}[\"{}\"]", short(&key));
                    return Err(PolicyError::at(path, format!("holds {}, write a string", other.kind())));
                }
            });
        }
        facts.push((key, values));
    }
    Ok(facts)
}

#[cfg(test)]
#[path = "scenario_tests.rs"]
mod tests;
