//! A decision as people read it: one line per check, and below a failed one what would change it.

use serde_json::Value;

use super::operations::with_commands;
use super::output::{aligned, harmless, shown};
use super::plan::list;
use crate::client::{Exit, Failure};

/// Shows a decision; asking is a success, whatever the answer.
pub(crate) fn told(answer: &Value) -> Result<(String, Exit), Failure> {
    Ok((rendered(&answer["decision"]), Exit::Ok))
}

/// Shows a decision and ends with 3 when it is no.
pub(crate) fn judged(answer: &Value) -> Result<(String, Exit), Failure> {
    let decision = &answer["decision"];
    Ok((rendered(decision), if decision["outcome"] == "allow" { Exit::Ok } else { Exit::Denied }))
}

fn rendered(decision: &Value) -> String {
    let head = match (decision["outcome"] == "allow", decision["reason"].as_str()) {
        (true, _) => "allowed".to_owned(),
        (false, Some(reason)) => format!("denied: {}", harmless(reason)),
        (false, None) => "denied".to_owned(),
    };
    let mut lines = Vec::new();
    for link in list(decision, "chain") {
        let passed = link["result"] == "pass";
        lines.push(vec![
            if passed { "  pass" } else { "  FAIL" }.to_owned(),
            shown(&link["check"]),
            shown(&link["subject"]),
        ]);
        let below = [("because", "because"), ("fix", "fix"), ("who can", "whoCanFix")];
        for (title, name) in below.into_iter().filter(|(_, name)| link[*name].is_string()) {
            lines.push(vec![String::new(), format!("  {title}"), with_commands(&shown(&link[name]))]);
        }
    }
    format!(
        "{head}\n{}request id {}, revision {}\n",
        aligned(&lines),
        shown(&decision["requestId"]),
        shown(&decision["revision"])
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_failed_check_says_why_what_would_change_it_and_who_can() {
        let answer = json!({ "decision": {
            "outcome": "deny", "reason": "model_not_granted", "requestId": "R", "revision": 7,
            "chain": [
                { "check": "key", "subject": "12", "result": "pass" },
                { "check": "model-grant", "subject": "qwen-plus", "result": "fail", "because": "no grant", "fix": "UpdateModelPermissions", "whoCanFix": "root" },
            ],
        } });
        let expected = "denied: model_not_granted
  pass  key          12
  FAIL  model-grant  qwen-plus
          because    no grant
          fix        UpdateModelPermissions (`bailey model update-permissions`)
          who can    root
request id R, revision 7
";
        assert_eq!(told(&answer).unwrap(), (expected.to_owned(), Exit::Ok));
        assert_eq!(judged(&answer).unwrap().1, Exit::Denied);
        assert_eq!(judged(&json!({ "decision": { "outcome": "allow" } })).unwrap().1, Exit::Ok);
    }
}
