//! `bailey limit`

use clap::{ArgGroup, Args, Subcommand};
use serde_json::{Value, json};

use super::operations::example;
use super::output::text;
use super::plan::Plan;
use super::{InWorkspace, Paging};

/// Limits on requests, tokens and calls at a time, per model.
#[derive(Debug, Subcommand)]
pub(crate) enum Limit {
    /// List the limits of a workspace beside the account's.
    #[command(after_help = example("ListModelLimits"))]
    List {
        #[command(flatten)]
        place: InWorkspace,
        /// Only this model.
        #[arg(long, value_name = "MODEL")]
        model: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Set or clear limits of a workspace.
    #[command(after_help = example("UpdateModelLimits"))]
    Update {
        #[command(flatten)]
        place: InWorkspace,
        #[command(flatten)]
        change: Change,
    },
    /// Set or clear limits of one API key, within those of its workspace.
    #[command(after_help = "Example:\n  bailey limit update-key 1234567 qwen-plus --requests 10 --per 60")]
    UpdateKey {
        /// The key's id, not its value.
        key: String,
        #[command(flatten)]
        change: Change,
    },
    /// Set or clear limits of the whole account.
    #[command(after_help = example("UpdateAccountModelLimits"))]
    UpdateAccount {
        #[command(flatten)]
        change: Change,
    },
}

/// What is to become of a model's limits; what is not named stays.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).multiple(true).args(["requests", "tokens", "concurrency", "delete"]))]
pub(crate) struct Change {
    /// The models.
    #[arg(required = true, value_name = "MODEL")]
    models: Vec<String>,
    /// So many requests …
    #[arg(long, value_name = "N", requires = "per")]
    requests: Option<u64>,
    /// … in so many seconds.
    #[arg(long, value_name = "SECONDS", requires = "requests")]
    per: Option<u32>,
    /// So many tokens, input and output together …
    #[arg(long, value_name = "N", requires = "tokens_per")]
    tokens: Option<u64>,
    /// … in so many seconds.
    #[arg(long, value_name = "SECONDS", requires = "tokens")]
    tokens_per: Option<u32>,
    /// So many calls at a time.
    #[arg(long, value_name = "N")]
    concurrency: Option<u32>,
    /// Take the limits away.
    #[arg(long, conflicts_with_all = ["requests", "tokens", "concurrency"])]
    delete: bool,
}

impl Change {
    fn entries(&self) -> Vec<Value> {
        let entry = |model: &String| {
            let mut entry =
                json!({ "model": model, "operationType": if self.delete { "DELETE" } else { "OVERLAY" } });
            if let (Some(amount), Some(period)) = (self.requests, self.per) {
                (entry["requestLimit"], entry["requestLimitPeriod"]) = (json!(amount), json!(period));
            }
            if let (Some(amount), Some(period)) = (self.tokens, self.tokens_per) {
                (entry["usageLimit"], entry["usageLimitPeriod"]) = (json!(amount), json!(period));
            }
            if let Some(most) = self.concurrency {
                entry["concurrencyLimit"] = json!(most);
            }
            entry
        };
        self.models.iter().map(entry).collect()
    }
}

impl Limit {
    pub(crate) fn plan(&self) -> Plan {
        match self {
            Self::List { place, model, paging } => {
                let columns = [
                    text("MODEL", "model"),
                    text("WORKSPACE REQUESTS", "workspaceLimit.requestLimit"),
                    text("PER S", "workspaceLimit.requestLimitPeriod"),
                    text("TOKENS", "workspaceLimit.usageLimit"),
                    text("PER S", "workspaceLimit.usageLimitPeriod"),
                    text("AT A TIME", "workspaceLimit.concurrencyLimit"),
                    text("ACCOUNT REQUESTS", "modelLimit.requestLimit"),
                    text("PER S", "modelLimit.requestLimitPeriod"),
                    text("TOKENS", "modelLimit.usageLimit"),
                    text("PER S", "modelLimit.usageLimitPeriod"),
                    text("AT A TIME", "modelLimit.concurrencyLimit"),
                ];
                Plan::new("ListModelLimits")
                    .with("workspaceId", place.workspace.as_str())
                    .maybe("model", model)
                    .pages("limits", &columns, paging.limit)
            }
            Self::Update { place, change } => Plan::new("UpdateModelLimits")
                .with("workspaceId", place.workspace.as_str())
                .with("workspaceLimits", change.entries())
                .note("limits changed"),
            Self::UpdateKey { key, change } => Plan::new("UpdateApiKey")
                .with("apiKeyId", key.as_str())
                .with("modelLimits", change.entries())
                .note("limits of the key changed; `bailey key get` shows them"),
            Self::UpdateAccount { change } => Plan::new("UpdateAccountModelLimits")
                .with("modelLimits", change.entries())
                .note("limits of the account changed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sent;
    use serde_json::json;

    #[test]
    fn only_what_is_named_is_sent() {
        let sent = |line| sent(line)["modelLimits"].clone();
        let expected = json!([
            { "model": "a", "operationType": "OVERLAY", "requestLimit": 60, "requestLimitPeriod": 30 },
            { "model": "b", "operationType": "OVERLAY", "requestLimit": 60, "requestLimitPeriod": 30 },
        ]);
        assert_eq!(sent("limit update-account a b --requests 60 --per 30"), expected);
        assert_eq!(
            sent("limit update-account a --concurrency 5"),
            json!([{ "model": "a", "operationType": "OVERLAY", "concurrencyLimit": 5 }])
        );
        assert_eq!(
            sent("limit update-account a --delete"),
            json!([{ "model": "a", "operationType": "DELETE" }])
        );
    }
}
