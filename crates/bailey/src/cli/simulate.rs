//! `bailey simulate`

use clap::Args;
use serde_json::{Map, Value};

use super::input;
use super::operations::example;
use super::output::{aligned, shown};
use super::plan::{Plan, list};
use crate::client::{Exit, Failure};

/// Say what changes of permissions would give and take, without making them; ends with 8 when anything would change.
#[derive(Debug, Args)]
#[command(after_help = example("SimulateAccess"))]
pub(crate) struct Simulate {
    /// A file with `changes`, and `requests` or `decisions`, as SimulateAccess takes them; `-` is standard input.
    file: String,
}

impl Simulate {
    pub(crate) fn plan(&self) -> Result<Plan, Failure> {
        let parsed: Map<String, Value> = serde_json::from_str(&input::read(&self.file)?)
            .map_err(|error| Failure::usage(format!("reading `{}`: {error}", self.file)))?;
        let plan = Plan::new("SimulateAccess").shown_by(told);
        Ok(parsed.into_iter().fold(plan, |plan, (name, value)| plan.with(&name, value)))
    }
}

/// A line for each request that would be decided in another way, and the totals.
fn told(answer: &Value) -> Result<(String, Exit), Failure> {
    let mut lines = Vec::new();
    let results = list(answer, "results").iter().enumerate();
    for (position, result) in results.filter(|(_, result)| result["change"] != "same") {
        let name = match result["replayed"]["requestId"].as_str() {
            Some(_) => ["requestId", "who", "what"].map(|field| shown(&result["replayed"][field])).join(" "),
            None => format!("request {}", position + 1),
        };
        let denied = if result["change"] == "gains" { &result["before"] } else { &result["after"] };
        lines.push(vec![shown(&result["change"]), name, shown(&denied["reason"])]);
    }
    let totals = &answer["totals"];
    let [gains, loses, same, skipped] =
        ["gains", "loses", "same", "skipped"].map(|name| totals[name].as_u64().unwrap_or_default());
    let sum = format!("{gains} gain, {loses} lose, {same} stay the same, {skipped} cannot be asked again\n");
    let exit = if gains + loses > 0 { Exit::Differences } else { Exit::Ok };
    Ok((aligned(&lines) + &sum, exit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_stays_the_same_is_counted_and_not_listed() {
        let (allow, deny) = (
            json!({ "outcome": "allow", "reason": null }),
            json!({ "outcome": "deny", "reason": "implicit_deny" }),
        );
        let replayed = json!({ "requestId": "R", "who": "12", "what": "qwen-plus" });
        let answer = json!({
            "results": [
                { "before": deny, "after": deny, "change": "same" },
                { "before": deny, "after": allow, "change": "gains" },
                { "before": allow, "after": deny, "change": "loses", "replayed": replayed },
            ],
            "totals": { "gains": 1, "loses": 1, "same": 1, "skipped": 2 },
        });
        let expected = "gains  request 2       implicit_deny\nloses  R 12 qwen-plus  implicit_deny\n1 gain, 1 lose, 1 stay the same, 2 cannot be asked again\n";
        assert_eq!(told(&answer).unwrap(), (expected.to_owned(), Exit::Differences));
        let none = json!({ "results": [], "totals": { "gains": 0, "loses": 0, "same": 0, "skipped": 0 } });
        assert_eq!(told(&none).unwrap().1, Exit::Ok);
    }
}
