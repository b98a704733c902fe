//! `bailey page`

use clap::Subcommand;

use super::operations::example;
use super::output::text;
use super::plan::Plan;

/// Page permissions.
#[derive(Debug, Subcommand)]
pub(crate) enum Page {
    /// List the page permissions that exist.
    #[command(after_help = example("ListPages"))]
    List,
}

impl Page {
    pub(crate) fn plan(&self) -> Plan {
        match self {
            Self::List => {
                let columns = [
                    text("PAGE", "page"),
                    text("TAB", "tab"),
                    text("NAME", "nameEn"),
                    text("中文", "nameZh"),
                ];
                Plan::new("ListPages").rows("pages", &columns)
            }
        }
    }
}
