//! `bailey budget`

use clap::{ArgGroup, Args, Subcommand};

use super::operations::example;
use super::output::text;
use super::plan::Plan;

/// What calls may cost in a calendar month (UTC).
#[derive(Debug, Subcommand)]
pub(crate) enum Budget {
    /// Set the budget of the account, or of a workspace, a member or an API key.
    #[command(after_help = example("PutBudget"))]
    Put {
        /// In micro-units of the account's currency: a million is one.
        amount: u64,
        #[command(flatten)]
        of: Of,
        /// Give notice when so many percent are spent. May be repeated.
        #[arg(long, value_name = "PERCENT")]
        notice: Vec<u8>,
        /// Refuse calls that cost something when it is used up.
        #[arg(long)]
        hard_stop: bool,
    },
    /// Take a budget away.
    #[command(after_help = example("DeleteBudget"))]
    Delete {
        #[command(flatten)]
        of: Of,
    },
    /// List budgets and what is spent of them: of the account with all its workspaces, or of one workspace.
    #[command(after_help = example("ListBudgets"))]
    List {
        /// Only this workspace.
        #[arg(short, long, value_name = "ID")]
        workspace: Option<String>,
    },
}

/// What a budget is about.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("inside").args(["user", "key"]).requires("workspace"))]
pub(crate) struct Of {
    /// The workspace; without it, the account.
    #[arg(short, long, value_name = "ID")]
    workspace: Option<String>,
    /// The member of the workspace.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// The API key's id, not its value.
    #[arg(long, value_name = "ID")]
    key: Option<String>,
}

impl Of {
    fn plan(&self, account: &'static str, workspace: &'static str) -> Plan {
        Plan::new(if self.workspace.is_some() { workspace } else { account })
            .maybe("workspaceId", &self.workspace)
            .maybe("userName", &self.user)
            .maybe("apiKeyId", &self.key)
    }
}

impl Budget {
    pub(crate) fn plan(&self) -> Plan {
        match self {
            Self::Put { amount, of, notice, hard_stop } => of
                .plan("PutBudget", "PutWorkspaceBudget")
                .with("amountMicro", *amount)
                .with("notices", notice.as_slice())
                .with("hardStop", *hard_stop)
                .note("budget set"),
            Self::Delete { of } => of.plan("DeleteBudget", "DeleteWorkspaceBudget").note("budget deleted"),
            Self::List { workspace } => {
                let columns = [
                    text("LEVEL", "level"),
                    text("WORKSPACE", "workspaceId"),
                    text("USER", "userId"),
                    text("KEY", "apiKeyId"),
                    text("AMOUNT (MICRO)", "amountMicro"),
                    text("SPENT", "spentMicro"),
                    text("IN FLIGHT", "reservedMicro"),
                    text("MONTH", "month"),
                    text("HARD STOP", "hardStop"),
                ];
                Plan::new(if workspace.is_some() { "ListWorkspaceBudgets" } else { "ListBudgets" })
                    .maybe("workspaceId", workspace)
                    .rows("budgets", &columns)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sent;
    use serde_json::json;

    #[test]
    fn a_budget_is_about_what_is_named() {
        assert_eq!(
            sent("budget put 5000000 --notice 50 --notice 80 --hard-stop"),
            json!({ "amountMicro": 5_000_000, "notices": [50, 80], "hardStop": true })
        );
        assert_eq!(
            sent("budget delete -w llm-0123456789abcdef --user alice"),
            json!({ "workspaceId": "llm-0123456789abcdef", "userName": "alice" })
        );
    }
}
