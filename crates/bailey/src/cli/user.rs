//! `bailey user`: the users of Model Studio, who are RAM users made known to it.

use clap::Subcommand;
use serde_json::Value;

use super::operations::example;
use super::output::{table, text, time};
use super::plan::{Plan, list};
use super::{Paging, input, users_file};
use crate::client::{Exit, Failure};

/// Users of Model Studio: RAM users made known to it (`ram-user` makes RAM users).
#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Make a RAM user known to Model Studio; it is in no workspace by that.
    #[command(after_help = example("AddUser"))]
    Add {
        /// The RAM user's name.
        name: String,
        /// The name shown in Model Studio.
        #[arg(long, value_name = "NAME")]
        display_name: Option<String>,
    },
    /// Make many RAM users known and give them seats.
    ///
    /// The file is JSON, as the API's `users` list, or CSV with a header line: `userName`, and where wanted `displayName`
    /// and `workspaces`, written as `llm-ID=page|page;llm-ID=page`.
    #[command(after_help = example("AddUsers"))]
    AddAll {
        /// The file; `-` is standard input.
        file: String,
        /// Say what would happen, and do nothing.
        #[arg(long)]
        dry_run: bool,
        /// All or nothing.
        #[arg(long)]
        atomic: bool,
    },
    /// List the users of Model Studio.
    #[command(after_help = example("ListStudioUsers"))]
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// Take a user out of every workspace and out of Model Studio; its API keys die before the answer.
    #[command(after_help = example("RemoveUser"))]
    Remove {
        /// The RAM user's name.
        name: String,
    },
}

impl User {
    pub(crate) fn plan(&self) -> Result<Plan, Failure> {
        Ok(match self {
            Self::Add { name, display_name } => Plan::new("AddUser")
                .with("type", "RamUser")
                .with("userName", name.as_str())
                .maybe("displayName", display_name)
                .fields("user")
                .note("the user is in no workspace yet: `bailey member add` gives a seat"),
            Self::AddAll { file, dry_run, atomic } => Plan::new("AddUsers")
                .with("users", users_file::parse(&input::read(file)?)?)
                .switch("dryRun", *dry_run)
                .switch("atomic", *atomic)
                .shown_by(outcomes),
            Self::List { paging } => {
                let columns = [
                    text("USER", "userName"),
                    text("DISPLAY NAME", "displayName"),
                    text("WORKSPACES", "workspaces"),
                    time("ADDED", "gmtCreate"),
                ];
                Plan::new("ListStudioUsers").pages("users", &columns, paging.limit)
            }
            Self::Remove { name } => Plan::new("RemoveUser").with("userName", name.as_str()).fields(""),
        })
    }
}

/// A batch has failed when a line of it has.
fn outcomes(answer: &Value) -> Result<(String, Exit), Failure> {
    let rows = list(answer, "results");
    let columns = [
        text("USER", "userName"),
        text("OUTCOME", "outcome"),
        text("CODE", "code"),
        text("MESSAGE", "message"),
    ];
    let failed = rows.iter().any(|row| row["outcome"] == "failed");
    Ok((table(rows, &columns), if failed { Exit::Failed } else { Exit::Ok }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_failed_line_fails_the_batch() {
        let mut answer =
            json!({ "results": [{ "userName": "alice", "outcome": "added", "code": "", "message": "" }] });
        assert_eq!(outcomes(&answer).unwrap().1, Exit::Ok);
        answer["results"][0]["outcome"] = json!("failed");
        assert_eq!(outcomes(&answer).unwrap().1, Exit::Failed);
    }
}
