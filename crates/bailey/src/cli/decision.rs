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
    let allowed = decision["outcome"] == "allow";
    let head = match decision["reason"].as_str() {
        _ if allowed => "allowed".to_owned(),
        Some(reason) => format!("denied: {}", harmless(reason)),
        None => "denied".to_owned(),
    };
    let mut lines = Vec::new();
    for link in list(decision, "chain") {
        let result = if link["result"] == "pass" { "  pass" } else { "  fail" };
        lines.push(vec![result.to_owned(), shown(&link["check"]), shown(&link["subject"])]);
        // A rule may offer several ways. Where one of them led to the end, nothing needs to be put right on the others.
        let below = [("because", "because"), ("fix", "fix"), ("who can", "whoCanFix")];
        for (title, name) in below.into_iter().filter(|(_, name)| !allowed && link[*name].is_string()) {
            lines.push(vec![String::new(), format!("  {title}"), with_commands(&shown(&link[name]))]);
        }
    }
    let (request, revision) = (shown(&decision["requestId"]), shown(&decision["revision"]));
    format!("{head}\n{}request id {request}, revision {revision}\n", aligned(&lines))
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
  fail  model-grant  qwen-plus
          because    no grant
          fix        UpdateModelPermissions (`bailey model update-permissions`)
          who can    root
request id R, revision 7
";
        assert_eq!(told(&answer).unwrap(), (expected.to_owned(), Exit::Ok));
        assert_eq!(judged(&answer).unwrap().1, Exit::Denied);
        let mut allowed = answer;
        allowed["decision"]["outcome"] = json!("allow");
        let (text, exit) = judged(&allowed).unwrap();
        assert_eq!((text.lines().count(), text.contains("fix"), exit), (4, false, Exit::Ok));
    }
}
