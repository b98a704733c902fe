//! `bailey policy lint`, `test` and the stored tests: what a document would do, before it does it.

use bailey_api::lint::{failures, findings};
use bailey_domain::operations::{ACTS_ON, catalogue};
use bailey_policy::{LintOptions, Policy, lint, lint_trust, parse_tests, run_tests};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::input;
use super::operations::example;
use super::output::{aligned, harmless, shown};
use super::plan::{Format, Plan, Show, list};
use crate::client::{Exit, Failure};
use crate::system::print;

/// Checks of policies that need no server.
#[derive(Debug, Subcommand)]
pub(crate) enum Check {
    /// Look for mistakes in a policy document, without a server; ends with 8 when the document would be refused.
    #[command(after_help = "Example:\n  bailey policy lint policy.json --account 1234567890123456")]
    Lint(Lint),
    /// Ask policy documents what their tests ask, without a server; ends with 8 when a test fails.
    #[command(after_help = "Example:\n  bailey policy test tests.json --policy policy.json")]
    Test(Test),
}

/// The tests that are stored beside a policy.
#[derive(Debug, Subcommand)]
pub(crate) enum Tests {
    /// Set the tests of a custom policy, the whole list: no version that fails one becomes the default.
    #[command(after_help = example("PutPolicyTests"))]
    PutTests {
        /// The policy's name.
        name: String,
        /// A file with the list; `-` is standard input, and `[]` clears it.
        #[arg(long, value_name = "FILE")]
        tests: String,
    },
    /// Show the tests of a custom policy.
    #[command(after_help = example("GetPolicyTests"))]
    GetTests {
        /// The policy's name.
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Lint {
    /// A file with the document; `-` is standard input.
    file: String,
    /// The account that it is for; without it, account ids in the document are not judged.
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// It is the trust policy of a role.
    #[arg(long)]
    trust: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Test {
    /// A file with the tests; `-` is standard input.
    file: String,
    /// A file with a policy document; several count together.
    #[arg(long = "policy", value_name = "FILE", required = true)]
    policies: Vec<String>,
}

impl Tests {
    pub(crate) fn plan(&self) -> Result<Plan, Failure> {
        Ok(match self {
            Self::PutTests { name, tests } => {
                let tests: Value = serde_json::from_str(&input::read(tests)?)
                    .map_err(|error| Failure::usage(format!("reading `{tests}`: {error}")))?;
                let plan = Plan::new("PutPolicyTests").with("policyName", name.as_str()).with("tests", tests);
                plan.shown_by(stored)
            }
            Self::GetTests { name } => {
                Plan::new("GetPolicyTests").with("policyName", name.as_str()).shown_by(list_of_tests)
            }
        })
    }
}

impl Check {
    pub(crate) fn run(&self, format: Format) -> Result<Exit, Failure> {
        let (answer, show): (_, Show) = match self {
            Self::Lint(lint) => (lint.answer()?, found),
            Self::Test(test) => (test.answer()?, tested),
        };
        let (text, exit) = show(&answer)?;
        match format {
            Format::Json => print(&format!("{answer:#}\n"))?,
            Format::Table => print(&text)?,
        }
        Ok(exit)
    }
}

impl Lint {
    fn answer(&self) -> Result<Value, Failure> {
        let document = input::read(&self.file)?;
        let options =
            LintOptions { catalogue: &catalogue(), account: self.account.as_deref(), acts_on: ACTS_ON };
        let look = if self.trust { lint_trust } else { lint };
        Ok(findings(&look(&document, &options)))
    }
}

impl Test {
    fn answer(&self) -> Result<Value, Failure> {
        let catalogue = catalogue();
        let wrong = |file: &str, error| Failure::usage(format!("reading `{file}`: {error}"));
        let tests = parse_tests(&input::read(&self.file)?).map_err(|error| wrong(&self.file, error))?;
        let mut policies = Vec::new();
        for file in &self.policies {
            let policy = Policy::parse(&input::read(file)?, &catalogue);
            policies.push(policy.map_err(|error| wrong(file, error))?);
        }
        let failed = run_tests(&policies, &catalogue, &tests);
        Ok(json!({ "count": tests.len(), "failures": failures(&failed) }))
    }
}

/// Shows findings, and ends with 8 when the document would be refused.
pub(crate) fn found(answer: &Value) -> Result<(String, Exit), Failure> {
    let findings = list(answer, "Findings.Finding");
    let mut lines = Vec::new();
    for finding in findings {
        let place = format!("{}:{}", shown(&finding["Line"]), shown(&finding["Column"]));
        lines.push(
            [place, shown(&finding["Severity"]), shown(&finding["Rule"]), shown(&finding["Message"])]
                .to_vec(),
        );
        if finding["Fix"].is_string() {
            lines.push([String::new(), String::new(), "fix".to_owned(), shown(&finding["Fix"])].to_vec());
        }
    }
    let refused = findings.iter().any(|finding| finding["Severity"] == "error");
    let text = if lines.is_empty() { "no findings\n".to_owned() } else { aligned(&lines) };
    Ok((text, if refused { Exit::Differences } else { Exit::Ok }))
}

/// Shows which tests fail, and ends with 8 when one does.
fn tested(answer: &Value) -> Result<(String, Exit), Failure> {
    let failed = list(answer, "failures");
    let mut text: String = failed
        .iter()
        .map(|failure| format!("failed: {}\n", harmless(failure["message"].as_str().unwrap_or_default())))
        .collect();
    text += &format!("{} tests, {} failed\n", shown(&answer["count"]), failed.len());
    Ok((text, if failed.is_empty() { Exit::Ok } else { Exit::Differences }))
}

/// The same of tests that were stored: that is done, whatever the default version does with them.
fn stored(answer: &Value) -> Result<(String, Exit), Failure> {
    tested(answer).map(|(text, _)| (text, Exit::Ok))
}

/// The list as a file that can be changed and sent again.
fn list_of_tests(answer: &Value) -> Result<(String, Exit), Failure> {
    Ok((format!("{:#}\n", answer["tests"]), Exit::Ok))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_a_line_each_with_the_fix_below() {
        let note = json!({ "Severity": "note", "Rule": "redundant", "Line": 3, "Column": 9, "Message": "said twice", "Fix": "remove it" });
        let mut answer = json!({ "Findings": { "Finding": [note] } });
        let expected = "3:9  note  redundant  said twice\n           fix        remove it\n";
        assert_eq!(found(&answer).unwrap(), (expected.to_owned(), Exit::Ok));
        answer["Findings"]["Finding"][0]["Severity"] = json!("error");
        assert_eq!(found(&answer).unwrap().1, Exit::Differences);
        assert_eq!(found(&json!({})).unwrap().0, "no findings\n");
    }

    #[test]
    fn a_failing_test_ends_with_8_and_storing_it_does_not() {
        let answer =
            json!({ "count": 2, "failures": [{ "name": "reads", "message": "`reads` expects Allow" }] });
        let expected = "failed: `reads` expects Allow\n2 tests, 1 failed\n";
        assert_eq!(tested(&answer).unwrap(), (expected.to_owned(), Exit::Differences));
        assert_eq!(stored(&answer).unwrap().1, Exit::Ok);
        assert_eq!(tested(&json!({ "count": 2, "failures": [] })).unwrap().1, Exit::Ok);
    }
}
