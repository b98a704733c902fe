//! Advice on policies and failed tests, as answers and the command line show them.

use bailey_policy::{Expected, Finding, TestFailure};
use serde_json::{Value, json};

/// `Findings` of an answer.
pub fn findings(found: &[Finding]) -> Value {
    let shown = |finding: &Finding| {
        let mut fields = json!({
            "Severity": finding.severity, "Rule": finding.rule, "Line": finding.line, "Column": finding.column,
            "Pointer": finding.pointer, "Message": finding.message,
        });
        if let Some(fix) = &finding.fix {
            fields["Fix"] = json!(fix);
        }
        fields
    };
    json!({ "Findings": { "Finding": found.iter().map(shown).collect::<Vec<_>>() } })
}

/// `failures` of an answer.
pub fn failures(failed: &[TestFailure]) -> Value {
    let shown = |failure: &TestFailure| {
        json!({
            "name": failure.name, "expected": failure.expected, "got": Expected::from(failure.verdict),
            "message": failure.to_string(),
        })
    };
    Value::Array(failed.iter().map(shown).collect())
}
