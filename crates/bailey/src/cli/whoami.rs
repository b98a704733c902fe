//! `bailey whoami`

use clap::Args;

use super::operations::example;
use super::plan::Plan;

/// Say who the access key in use belongs to.
#[derive(Debug, Args)]
#[command(after_help = example("GetCallerIdentity"))]
pub(crate) struct Whoami {}

impl Whoami {
    #[expect(clippy::unused_self, reason = "commands are planned alike")]
    pub(crate) fn plan(&self) -> Plan {
        Plan::new("GetCallerIdentity").fields("")
    }
}
