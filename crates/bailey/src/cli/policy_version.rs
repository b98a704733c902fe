//! `bailey policy *-version`: the versions of a policy, and documents as people read them.

use clap::Subcommand;
use serde_json::Value;

use super::input;
use super::operations::example;
use super::output::{self, text};
use super::plan::Plan;
use super::policy::Named;
use super::policy_check;
use crate::client::{Exit, Failure};

/// Versions of policies.
#[derive(Debug, Subcommand)]
pub(crate) enum Version {
    /// Add a version to a custom policy.
    #[command(name = "create-version", after_help = example("CreatePolicyVersion"))]
    Create {
        /// The policy's name.
        name: String,
        /// A file with its document; `-` is standard input.
        #[arg(long, value_name = "FILE")]
        document: String,
        /// Make it the one that counts.
        #[arg(long)]
        default: bool,
        /// Delete the oldest version that is not the default one when there are too many.
        #[arg(long)]
        rotate: bool,
        /// Only look for mistakes in the document.
        #[arg(long)]
        dry_run: bool,
    },
    /// Show one version of a policy.
    #[command(name = "get-version", after_help = example("GetPolicyVersion"))]
    Get {
        #[command(flatten)]
        policy: Named,
        /// The version, such as `v1`.
        version: String,
    },
    /// List a policy's versions.
    #[command(name = "list-versions", after_help = example("ListPolicyVersions"))]
    List(Named),
    /// Delete a version that is not the default one.
    #[command(name = "delete-version", after_help = example("DeletePolicyVersion"))]
    Delete {
        /// The policy's name.
        name: String,
        /// The version, such as `v1`.
        version: String,
    },
    /// Make a version the one that counts.
    #[command(name = "set-default-version", after_help = example("SetDefaultPolicyVersion"))]
    SetDefault {
        /// The policy's name.
        name: String,
        /// The version, such as `v1`.
        version: String,
    },
}

impl Version {
    pub(crate) fn plan(&self) -> Result<Plan, Failure> {
        let one = |operation, name: &str, version: &str| {
            Plan::new(operation).with("PolicyName", name).with("VersionId", version)
        };
        Ok(match self {
            Self::Create { name, document, default, rotate, dry_run } => {
                let plan = Plan::new("CreatePolicyVersion")
                    .with("PolicyName", name.as_str())
                    .with("PolicyDocument", input::read(document)?);
                let plan = if *rotate {
                    plan.with("RotateStrategy", "DeleteOldestNonDefaultVersionWhenLimitExceeded")
                } else {
                    plan
                };
                let shown = if *dry_run { policy_check::found } else { version };
                plan.switch("SetAsDefault", *default).switch("DryRun", *dry_run).shown_by(shown)
            }
            Self::Get { policy, version: id } => {
                policy.plan("GetPolicyVersion").with("VersionId", id.as_str()).shown_by(version)
            }
            Self::List(policy) => {
                let columns = [
                    text("VERSION", "VersionId"),
                    text("DEFAULT", "IsDefaultVersion"),
                    text("CREATED", "CreateDate"),
                ];
                policy.plan("ListPolicyVersions").rows("PolicyVersions.PolicyVersion", &columns)
            }
            Self::Delete { name, version } => {
                one("DeletePolicyVersion", name, version).note(format!("deleted {version} of {name}"))
            }
            Self::SetDefault { name, version } => one("SetDefaultPolicyVersion", name, version)
                .note(format!("{version} of {name} is the one that counts now")),
        })
    }
}

/// Shows GetPolicy.
pub(crate) fn policy(answer: &Value) -> Result<(String, Exit), Failure> {
    let (fields, document) = apart(&answer["Policy"]);
    Ok((
        format!(
            "{fields}\n{}",
            readable(answer["DefaultPolicyVersion"].get("PolicyDocument").unwrap_or(&document))
        ),
        Exit::Ok,
    ))
}

fn version(answer: &Value) -> Result<(String, Exit), Failure> {
    let (fields, document) = apart(&answer["PolicyVersion"]);
    Ok((format!("{fields}\n{}", readable(&document)), Exit::Ok))
}

/// The fields without the document, and the document.
fn apart(whole: &Value) -> (String, Value) {
    let mut whole = whole.clone();
    let document =
        whole.as_object_mut().and_then(|fields| fields.remove("PolicyDocument")).unwrap_or_default();
    (output::fields(&whole), document)
}

/// A document travels as text; people read it indented.
fn readable(document: &Value) -> String {
    let text = document.as_str().unwrap_or_default();
    serde_json::from_str::<Value>(text)
        .map_or_else(|_| format!("{}\n", output::harmless(text)), |parsed| format!("{parsed:#}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_document_is_indented_below_the_fields() {
        let answer = json!({ "PolicyVersion": { "VersionId": "v1", "IsDefaultVersion": true, "PolicyDocument": r#"{"Version":"1"}"# } });
        assert_eq!(
            version(&answer).unwrap().0,
            "IsDefaultVersion  yes\nVersionId         v1\n\n{\n  \"Version\": \"1\"\n}\n"
        );
    }
}
