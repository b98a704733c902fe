//! `bailey audit`

use clap::{Args, Subcommand};
use serde_json::Value;

use super::Paging;
use super::operations::example;
use super::output::{harmless, text, time};
use super::plan::Plan;
use crate::client::{Exit, Failure, plain};

/// Who did or tried what.
#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// List audit records, newest first.
    #[command(after_help = example("ListAuditRecords"))]
    List {
        #[command(flatten)]
        filter: Filter,
        #[command(flatten)]
        paging: Paging,
    },
    /// Write all audit records as JSON lines, oldest first.
    #[command(after_help = example("ExportAudit"))]
    Export,
    /// Check that no record was edited, deleted or moved; ends with 8 when one was.
    #[command(after_help = example("VerifyAudit"))]
    Verify,
}

#[derive(Debug, Args)]
pub(crate) struct Filter {
    /// Only what was about this workspace.
    #[arg(short, long, value_name = "ID")]
    workspace: Option<String>,
    /// Only what this RAM user did; `root` is the account's owner.
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Only this operation.
    #[arg(long, value_name = "OPERATION")]
    action: Option<String>,
    /// Only what was allowed, or refused.
    #[arg(long, value_name = "OUTCOME", value_parser = ["allow", "deny"])]
    outcome: Option<String>,
    /// From when: milliseconds since 1970, or a time such as 2026-11-24T06:30:00Z.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Until when.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
}

impl Audit {
    pub(crate) fn plan(&self) -> Plan {
        match self {
            Self::List { filter, paging } => {
                let columns = [
                    time("WHEN", "recordedAt"),
                    text("ACTOR", "actor"),
                    text("ACTION", "action"),
                    text("OUTCOME", "outcome"),
                    text("TARGET", "target"),
                    text("FROM", "sourceIp"),
                    text("REQUEST ID", "requestId"),
                ];
                Plan::new("ListAuditRecords")
                    .maybe("workspaceId", &filter.workspace)
                    .maybe("actor", &filter.actor)
                    .maybe("action", &filter.action)
                    .maybe("outcome", &filter.outcome)
                    .maybe("from", &filter.from)
                    .maybe("to", &filter.to)
                    .pages("records", &columns, paging.limit)
            }
            Self::Export => Plan::new("ExportAudit").lines("records"),
            Self::Verify => Plan::new("VerifyAudit").shown_by(verified),
        }
    }
}

fn verified(answer: &Value) -> Result<(String, Exit), Failure> {
    let records = plain(&answer["records"]);
    if answer["valid"] == true {
        return Ok((format!("intact: {records} records\n"), Exit::Ok));
    }
    let fault = &answer["fault"];
    let (sequence, why) = (plain(&fault["sequence"]), harmless(&plain(&fault["why"])));
    Ok((
        format!("broken at record {sequence}: {why}\nintact before it: {records} records\n"),
        Exit::Differences,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_broken_chain_is_a_difference() {
        assert_eq!(
            verified(&json!({ "valid": true, "records": 3 })).unwrap(),
            ("intact: 3 records\n".to_owned(), Exit::Ok)
        );
        let broken =
            json!({ "valid": false, "records": 6, "fault": { "sequence": 7, "why": "the hash differs" } });
        let (text, exit) = verified(&broken).unwrap();
        assert_eq!(
            (text.as_str(), exit),
            ("broken at record 7: the hash differs\nintact before it: 6 records\n", Exit::Differences)
        );
        assert_eq!(verified(&json!({})).unwrap().1, Exit::Differences);
    }
}
