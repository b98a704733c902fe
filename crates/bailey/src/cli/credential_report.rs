//! `bailey credential-report`

use clap::Subcommand;
use serde_json::Value;

use super::operations::example;
use super::pages::decoded;
use super::plan::Plan;
use crate::client::{Exit, Failure};

/// The report of everybody's credentials.
#[derive(Debug, Subcommand)]
pub(crate) enum CredentialReport {
    /// Write the report anew.
    #[command(after_help = example("GenerateCredentialReport"))]
    Generate,
    /// Print the last report, as CSV.
    #[command(after_help = example("GetCredentialReport"))]
    Get,
}

impl CredentialReport {
    pub(crate) fn plan(&self) -> Plan {
        match self {
            Self::Generate => Plan::new("GenerateCredentialReport").note("the report is written"),
            Self::Get => Plan::new("GetCredentialReport").in_parts("Content").shown_by(as_csv),
        }
    }
}

fn as_csv(answer: &Value) -> Result<(String, Exit), Failure> {
    let text = String::from_utf8(decoded(&answer["Content"])?)
        .map_err(|error| Failure::failed(format!("the server's report does not read: {error}")))?;
    Ok((text, Exit::Ok))
}
