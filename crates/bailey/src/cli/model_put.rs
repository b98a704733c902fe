//! `bailey model put`: a whole catalogue entry, from options or a file.

use clap::Args;
use serde_json::{Map, Value, json};

use super::input;
use super::plan::Plan;
use crate::client::Failure;

#[derive(Debug, Args)]
pub(crate) struct Put {
    /// Its name in calls.
    model: String,
    /// A JSON file with the fields of PutModel; `-` is standard input. Options win over it.
    #[arg(long, value_name = "FILE")]
    file: Option<String>,
    /// Its name as shown.
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// What it can do: `chat` or `embedding`. May be repeated.
    #[arg(long = "capability", value_name = "CAPABILITY")]
    capabilities: Vec<String>,
    /// Tokens of input and output together.
    #[arg(long, value_name = "TOKENS")]
    context_window: Option<u64>,
    /// Tokens of input.
    #[arg(long, value_name = "TOKENS")]
    max_input_tokens: Option<u64>,
    /// Tokens of output.
    #[arg(long, value_name = "TOKENS")]
    max_output_tokens: Option<u64>,
    /// Price of input, in micro-units of the account's currency per 1,000 tokens.
    #[arg(long, value_name = "MICRO-UNITS")]
    input_price: Option<u64>,
    /// Price of output, in micro-units of the account's currency per 1,000 tokens.
    #[arg(long, value_name = "MICRO-UNITS")]
    output_price: Option<u64>,
    /// A provider that serves it, and where the name differs there, `/` and that name. May be repeated; the first is tried first. Shares among routes of one priority are written in a file.
    #[arg(long = "route", value_name = "PROVIDER[/UPSTREAM-MODEL]")]
    routes: Vec<String>,
}

impl Put {
    pub(crate) fn plan(&self) -> Result<Plan, Failure> {
        let mut plan = Plan::new("PutModel");
        if let Some(path) = &self.file {
            let wrong = |why: String| Failure::usage(format!("`{path}` must hold one JSON object: {why}"));
            plan.parameters = serde_json::from_str::<Map<String, Value>>(&input::read(path)?)
                .map_err(|error| wrong(error.to_string()))?;
        }
        let price = |kind: &str, amount: Option<u64>| {
            amount.map(|amount| json!({ "type": kind, "microPerThousandTokens": amount }))
        };
        let prices: Vec<Value> = [price("input", self.input_price), price("output", self.output_price)]
            .into_iter()
            .flatten()
            .collect();
        let routes: Vec<Value> =
            self.routes.iter().zip(1..).map(|(text, priority)| route(text, priority)).collect();
        if !prices.is_empty() {
            plan = plan.with("prices", prices);
        }
        if !routes.is_empty() {
            plan = plan.with("routes", routes);
        }
        Ok(plan
            .with("model", self.model.as_str())
            .maybe("name", &self.name)
            .some("capabilities", &self.capabilities)
            .maybe("contextWindow", &self.context_window)
            .maybe("maxInputTokens", &self.max_input_tokens)
            .maybe("maxOutputTokens", &self.max_output_tokens)
            .fields("model"))
    }
}

fn route(text: &str, priority: u32) -> Value {
    match text.split_once('/') {
        Some((provider, upstream)) => {
            json!({ "provider": provider, "upstreamModel": upstream, "priority": priority })
        }
        None => json!({ "provider": text, "priority": priority }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sent;
    use serde_json::json;

    #[test]
    fn a_model_is_a_file_with_options_over_it() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("model.json");
        std::fs::write(&file, r#"{"name":"From file","contextWindow":10,"routes":[]}"#).unwrap();
        let expected = json!({
            "model": "m", "name": "Mine", "contextWindow": 10, "prices": [{ "type": "output", "microPerThousandTokens": 5 }],
            "routes": [{ "provider": "acme", "upstreamModel": "org/m", "priority": 1 }, { "provider": "demo", "priority": 2 }],
        });
        let line = format!(
            "model put m --file {} --name Mine --output-price 5 --route acme/org/m --route demo",
            file.display()
        );
        assert_eq!(sent(&line), expected);
    }
}
