//! `bailey model`

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::model_put::Put;
use super::operations::example;
use super::output::text;
use super::plan::Plan;
use super::{InWorkspace, Paging};
use crate::client::Failure;

/// The model catalogue, and which workspace may use which model.
#[derive(Debug, Subcommand)]
pub(crate) enum Model {
    /// List the catalogue.
    #[command(after_help = example("ListModels"))]
    List {
        /// Only this model.
        #[arg(long, value_name = "MODEL")]
        model: Option<String>,
        /// Only those with this text in their name.
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        /// Only those that can do this: `chat` or `embedding`. May be repeated.
        #[arg(long = "capability", value_name = "CAPABILITY")]
        capabilities: Vec<String>,
        /// Only those of this provider; may be repeated.
        #[arg(long = "provider", value_name = "NAME")]
        providers: Vec<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Put a model into the catalogue, or change it: the whole entry.
    #[command(after_help = example("PutModel"))]
    Put(Box<Put>),
    /// Take a model out of the catalogue, with its grants and limits.
    #[command(after_help = example("DeleteModel"))]
    Delete {
        /// Its name in calls.
        model: String,
    },
    /// List what a workspace may do with each model.
    #[command(after_help = example("ListModelPermissions"))]
    ListPermissions {
        #[command(flatten)]
        place: InWorkspace,
        /// Only the models that may be called.
        #[arg(long)]
        authorized: bool,
        #[command(flatten)]
        paging: Paging,
    },
    /// Grant models to a workspace, or take them back; calls that lose their model are cut before the answer.
    #[command(after_help = example("UpdateModelPermissions"))]
    UpdatePermissions(Permissions),
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true).args(["inference", "fine_tune", "deploy", "all_models"]))]
pub(crate) struct Permissions {
    /// The models, at most 20 at once.
    #[arg(value_name = "MODEL", required_unless_present = "all_models")]
    models: Vec<String>,
    #[command(flatten)]
    place: InWorkspace,
    /// Whether they may be called.
    #[arg(long, value_name = "true|false", requires = "models")]
    inference: Option<bool>,
    /// Whether they may be tuned.
    #[arg(long, value_name = "true|false", requires = "models")]
    fine_tune: Option<bool>,
    /// Whether they may be deployed.
    #[arg(long, value_name = "true|false", requires = "models")]
    deploy: Option<bool>,
    /// `open` lets every model be called, future ones included; `close` ends that, and every earlier grant to call with it.
    #[arg(long, value_name = "open|close")]
    all_models: Option<AllModels>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum AllModels {
    Open,
    Close,
}

impl Permissions {
    fn plan(&self) -> Plan {
        let scope = match self.all_models {
            Some(AllModels::Open) => "OPEN",
            Some(AllModels::Close) => "CLOSE",
            None => "KEEP",
        };
        let change = |model: &String| {
            let flags =
                [("inference", self.inference), ("fineTune", self.fine_tune), ("deploy", self.deploy)];
            let mut change = json!({ "model": model });
            // A flag that is left out stays as it is.
            for (name, flag) in flags.into_iter().filter_map(|(name, flag)| Some((name, flag?))) {
                change[name] = json!(flag);
            }
            change
        };
        let changes: Vec<_> = self.models.iter().map(change).collect();
        Plan::new("UpdateModelPermissions")
            .with("workspaceId", self.place.workspace.as_str())
            .with("accessAllEntities", scope)
            .some("models", &changes)
            .fields("")
    }
}

impl Model {
    pub(crate) fn plan(&self) -> Result<Plan, Failure> {
        Ok(match self {
            Self::List { model, name, capabilities, providers, paging } => {
                let columns = [
                    text("MODEL", "model"),
                    text("NAME", "name"),
                    text("CAPABILITIES", "capabilities"),
                    text("CONTEXT", "modelInfo.contextWindow"),
                    text("PROVIDER", "provider"),
                ];
                Plan::new("ListModels")
                    .maybe("model", model)
                    .maybe("name", name)
                    .some("capabilities", capabilities)
                    .some("providers", providers)
                    .pages("models", &columns, paging.limit)
            }
            Self::Put(put) => put.plan()?,
            Self::Delete { model } => Plan::new("DeleteModel").with("model", model.as_str()).fields(""),
            Self::ListPermissions { place, authorized, paging } => {
                let columns = [
                    text("MODEL", "model"),
                    text("NAME", "name"),
                    text("INFERENCE", "permissions.inference"),
                    text("FINE-TUNE", "permissions.fineTune"),
                    text("DEPLOY", "permissions.deploy"),
                ];
                Plan::new("ListModelPermissions")
                    .with("workspaceId", place.workspace.as_str())
                    .with("authorizationScope", if *authorized { "AUTHORIZED" } else { "AUTHORIZABLE" })
                    .pages("list", &columns, paging.limit)
            }
            Self::UpdatePermissions(permissions) => permissions.plan(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sent;
    use serde_json::json;

    #[test]
    fn flags_that_are_left_out_are_not_sent() {
        let expected = json!({ "workspaceId": "llm-1", "accessAllEntities": "KEEP", "models": [{ "model": "a", "inference": true, "deploy": false }] });
        assert_eq!(sent("model update-permissions a -w llm-1 --inference true --deploy false"), expected);
        assert_eq!(
            sent("model update-permissions -w llm-1 --all-models open"),
            json!({ "workspaceId": "llm-1", "accessAllEntities": "OPEN" })
        );
    }
}
