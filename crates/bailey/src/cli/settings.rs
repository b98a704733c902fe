//! `bailey settings`

use clap::Subcommand;
use serde_json::Value;

use super::operations::example;
use super::plan::Plan;
use crate::client::Failure;

/// The account's settings.
#[derive(Debug, Subcommand)]
pub(crate) enum Settings {
    /// Show the settings.
    #[command(after_help = example("GetSettings"))]
    Get,
    /// Change settings; what is not named stays.
    #[command(after_help = example("UpdateSettings"))]
    Update {
        /// A setting and its value, as `settings get` names it.
        #[arg(required = true, value_name = "NAME=VALUE")]
        settings: Vec<String>,
    },
}

impl Settings {
    pub(crate) fn plan(&self) -> Result<Plan, Failure> {
        match self {
            Self::Get => Ok(Plan::new("GetSettings").fields("settings")),
            Self::Update { settings } => {
                let set = |plan: Plan, text: &String| {
                    let (name, value) = text
                        .split_once('=')
                        .ok_or_else(|| Failure::usage(format!("`{text}` is not NAME=VALUE")))?;
                    Ok(plan.with(name, typed(value)))
                };
                settings.iter().try_fold(Plan::new("UpdateSettings").fields("settings"), set)
            }
        }
    }
}

/// A boolean or a number where it reads as one, else text.
fn typed(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Bool(_) | Value::Number(_))) => value,
        _ => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_have_the_type_they_read_as() {
        assert_eq!(
            [typed("true"), typed("20"), typed("strict"), typed("\"x\"")],
            [json!(true), json!(20), json!("strict"), json!("\"x\"")]
        );
        assert!(Settings::Update { settings: vec!["x".to_owned()] }.plan().is_err());
    }
}
