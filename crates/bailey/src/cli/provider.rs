//! `bailey provider`

use clap::{Args, Subcommand};
use serde_json::Value;

use super::input;
use super::operations::example;
use super::output::{self, text};
use super::plan::Plan;
use crate::client::{Exit, Failure};

/// Providers: where models are served.
#[derive(Debug, Subcommand)]
pub(crate) enum Provider {
    /// Add a provider; its credential is write-only.
    #[command(after_help = example("CreateProvider"))]
    Create {
        /// Its name.
        name: String,
        /// What it speaks: `openai`, `dashscope`, `anthropic` or `demo`.
        #[arg(long, value_name = "DIALECT")]
        dialect: String,
        #[command(flatten)]
        place: Place,
    },
    /// List providers.
    #[command(after_help = example("ListProviders"))]
    List,
    /// Change a provider; what is not named stays.
    #[command(after_help = example("UpdateProvider"))]
    Update {
        /// Its name.
        name: String,
        /// What it speaks.
        #[arg(long, value_name = "DIALECT")]
        dialect: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Delete a provider that no model routes to.
    #[command(after_help = example("DeleteProvider"))]
    Delete {
        /// Its name.
        name: String,
    },
    /// Ask a provider for its models; fails when it cannot be reached or does not accept the credential.
    #[command(after_help = example("TestProvider"))]
    Test {
        /// Its name.
        name: String,
    },
}

/// Where it is, and with which credential.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Its base URL.
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// A file that holds its credential; `-` is standard input. An empty one removes it.
    #[arg(long, value_name = "FILE")]
    api_key_file: Option<String>,
    /// Whether its name may resolve to a private or loopback address.
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    allow_private: Option<bool>,
    /// Milliseconds from resolving its name to a connection that speaks; 0 is the gateway's own bound, as for the others.
    #[arg(long, value_name = "MS")]
    connect_timeout_ms: Option<u32>,
    /// Milliseconds from sending a request to the first byte of the answer.
    #[arg(long, value_name = "MS")]
    first_byte_timeout_ms: Option<u32>,
    /// Milliseconds between two pieces of an answer.
    #[arg(long, value_name = "MS")]
    idle_timeout_ms: Option<u32>,
    /// Calls at a time; more go to the model's next route.
    #[arg(long, value_name = "CALLS")]
    max_concurrency: Option<u32>,
}

impl Place {
    fn add_to(&self, plan: Plan) -> Result<Plan, Failure> {
        let key = self.api_key_file.as_deref().map(input::read_secret).transpose()?;
        let plan = plan
            .maybe("baseUrl", &self.base_url)
            .maybe("apiKey", &key)
            .maybe("allowPrivate", &self.allow_private)
            .maybe("connectTimeoutMs", &self.connect_timeout_ms)
            .maybe("firstByteTimeoutMs", &self.first_byte_timeout_ms)
            .maybe("idleTimeoutMs", &self.idle_timeout_ms)
            .maybe("maxConcurrency", &self.max_concurrency);
        Ok(plan.fields("provider"))
    }
}

impl Provider {
    pub(crate) fn plan(&self) -> Result<Plan, Failure> {
        let of = |operation, name: &str| Plan::new(operation).with("name", name);
        Ok(match self {
            Self::Create { name, dialect, place } => {
                place.add_to(of("CreateProvider", name).with("dialect", dialect.as_str()))?
            }
            Self::List => {
                let columns = [
                    text("NAME", "name"),
                    text("DIALECT", "dialect"),
                    text("BASE URL", "baseUrl"),
                    text("CREDENTIAL", "hasApiKey"),
                    text("PRIVATE", "allowPrivate"),
                    text("STATE", "health.state"),
                    text("IN FLIGHT", "health.inFlight"),
                    text("FAILED", "health.failed"),
                ];
                Plan::new("ListProviders").rows("providers", &columns)
            }
            Self::Update { name, dialect, place } => {
                place.add_to(of("UpdateProvider", name).maybe("dialect", dialect))?
            }
            Self::Delete { name } => of("DeleteProvider", name).note(format!("deleted {name}")),
            Self::Test { name } => of("TestProvider", name).shown_by(tested),
        })
    }
}

fn tested(answer: &Value) -> Result<(String, Exit), Failure> {
    let exit = if answer["accepted"] == true { Exit::Ok } else { Exit::Failed };
    Ok((output::fields(answer), exit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_test_fails_when_the_provider_does_not_accept() {
        assert_eq!(
            tested(&json!({ "reachable": true, "accepted": true, "status": 200 })).unwrap().1,
            Exit::Ok
        );
        assert_eq!(
            tested(&json!({ "reachable": true, "accepted": false, "status": 401 })).unwrap().1,
            Exit::Failed
        );
        assert_eq!(
            tested(&json!({ "reachable": false, "accepted": false, "why": "x" })).unwrap().1,
            Exit::Failed
        );
    }
}
