//! `bailey usage`

use clap::{Subcommand, ValueEnum};

use super::operations::example;
use super::output::{Column, text, time};
use super::plan::Plan;

/// Who used how much.
#[derive(Debug, Subcommand)]
pub(crate) enum Usage {
    /// Show the use of the whole account, or of one workspace.
    #[command(after_help = example("GetUsage"))]
    Get {
        /// Only this workspace.
        #[arg(short, long, value_name = "ID")]
        workspace: Option<String>,
        /// What to sum up by.
        #[arg(long, value_enum, default_value = "model")]
        group_by: Group,
        /// From when: milliseconds since 1970, or a time such as 2026-11-24T06:30:00Z [default: 30 days ago].
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Until when [default: now].
        #[arg(long, value_name = "TIME")]
        to: Option<String>,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Group {
    Model,
    ApiKey,
    User,
    Workspace,
    Hour,
    Day,
}

impl Group {
    /// Its name in the API, and the column of it.
    fn column(self) -> (&'static str, Column) {
        match self {
            Self::Model => ("model", text("MODEL", "model")),
            Self::ApiKey => ("apiKey", text("KEY", "apiKey")),
            Self::User => ("user", text("USER", "user")),
            Self::Workspace => ("workspace", text("WORKSPACE", "workspace")),
            Self::Hour => ("hour", time("HOUR", "hour")),
            Self::Day => ("day", time("DAY", "day")),
        }
    }
}

impl Usage {
    pub(crate) fn plan(&self) -> Plan {
        let Self::Get { workspace, group_by, from, to } = self;
        let (name, first) = group_by.column();
        let columns = [
            first,
            text("REQUESTS", "requests"),
            text("FAILED", "failedRequests"),
            text("CUT", "cutRequests"),
            text("INPUT", "inputTokens"),
            text("OUTPUT", "outputTokens"),
            text("TOKENS", "totalTokens"),
            text("COST (MICRO)", "costMicro"),
            text("AVG MS", "averageDurationMs"),
            text("FIRST BYTE MS", "averageFirstByteMs"),
        ];
        Plan::new(if workspace.is_some() { "GetWorkspaceUsage" } else { "GetUsage" })
            .maybe("workspaceId", workspace)
            .with("groupBy", name)
            .maybe("from", from)
            .maybe("to", to)
            .rows("usage", &columns)
    }
}
