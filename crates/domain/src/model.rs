//! Models of the catalogue and the providers that serve them.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::name::{ModelName, ProviderName};

/// What a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// Any OpenAI-compatible base URL, up to the version (`https://api.openai.com/v1`).
    OpenAi,
    /// Model Studio's own interface, up to the version (`https://dashscope.aliyuncs.com/api/v1`).
    DashScope,
    /// Anthropic's messages, before the version (`https://api.anthropic.com`).
    Anthropic,
    /// Built in: deterministic answers, no network.
    Demo,
}

impl Dialect {
    /// The name in APIs.
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::DashScope => "dashscope",
            Self::Anthropic => "anthropic",
            Self::Demo => "demo",
        }
    }

    /// Reads a name.
    pub fn parse(field: &str, name: &str) -> Result<Self, Error> {
        match name {
            "openai" => Ok(Self::OpenAi),
            "dashscope" => Ok(Self::DashScope),
            "anthropic" => Ok(Self::Anthropic),
            "demo" => Ok(Self::Demo),
            _ => Err(Error::field(
                field,
                format_args!("is `{name}`; known are `openai`, `dashscope`, `anthropic` and `demo`"),
            )),
        }
    }
}

/// What a model can do, as callers filter by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// Chat completions.
    Chat,
    /// Embeddings of texts.
    Embedding,
    /// Embeddings of texts, images and videos.
    MultimodalEmbedding,
    /// Putting documents in order by a query.
    Rerank,
}

impl Capability {
    /// Reads a name.
    pub fn parse(field: &str, name: &str) -> Result<Self, Error> {
        match name {
            "chat" => Ok(Self::Chat),
            "embedding" => Ok(Self::Embedding),
            "multimodal-embedding" => Ok(Self::MultimodalEmbedding),
            "rerank" => Ok(Self::Rerank),
            _ => Err(Error::field(
                field,
                format_args!(
                    "holds `{name}`; known are `chat`, `embedding`, `multimodal-embedding` and `rerank`"
                ),
            )),
        }
    }

    /// The name in APIs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Embedding => "embedding",
            Self::MultimodalEmbedding => "multimodal-embedding",
            Self::Rerank => "rerank",
        }
    }
}

/// One way to an upstream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Route {
    /// The provider that serves it.
    pub provider: ProviderName,
    /// The model's name there.
    pub upstream_model: ModelName,
    /// Lower is tried first.
    pub priority: u32,
    /// Share among routes of one priority.
    pub weight: u32,
}

/// A price in micro-units of the account's currency per 1,000 tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Price {
    /// What is priced: `input` or `output`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Micro-units per 1,000 tokens.
    pub micro_per_thousand_tokens: u64,
}

/// A catalogue entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    /// The name in calls.
    pub model: ModelName,
    /// The name as shown.
    pub name: String,
    /// What it can do.
    pub capabilities: Vec<Capability>,
    /// Tokens of input and output together.
    pub context_window: Option<u64>,
    /// Tokens of input.
    pub max_input_tokens: Option<u64>,
    /// Tokens of output.
    pub max_output_tokens: Option<u64>,
    /// Prices.
    pub prices: Vec<Price>,
    /// Ways to upstreams.
    pub routes: Vec<Route>,
}

/// An upstream, without its credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Provider {
    /// Its name.
    pub name: ProviderName,
    /// What it speaks.
    pub dialect: Dialect,
    /// Where it is, without a slash at the end; empty for `demo`.
    pub base_url: String,
    /// Whether its name may resolve to a private or loopback address.
    pub allow_private: bool,
    /// What a call to it may take.
    #[serde(flatten)]
    pub bounds: Bounds,
}

/// What calls to a provider may take; `None` is the gateway's own bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Bounds {
    /// Milliseconds from resolving its name to a connection that speaks.
    pub connect_timeout_ms: Option<u32>,
    /// Milliseconds from sending a request to the first byte of the answer.
    pub first_byte_timeout_ms: Option<u32>,
    /// Milliseconds between two pieces of an answer.
    pub idle_timeout_ms: Option<u32>,
    /// Calls at a time, on each node.
    pub max_concurrency: Option<u32>,
}

impl Bounds {
    /// With what `change` names; 0 there gives the gateway's own bound back.
    #[must_use]
    pub fn changed(self, change: Self) -> Self {
        let new = |old: Option<u32>, given: Option<u32>| given.or(old).filter(|number| *number > 0);
        Self {
            connect_timeout_ms: new(self.connect_timeout_ms, change.connect_timeout_ms),
            first_byte_timeout_ms: new(self.first_byte_timeout_ms, change.first_byte_timeout_ms),
            idle_timeout_ms: new(self.idle_timeout_ms, change.idle_timeout_ms),
            max_concurrency: new(self.max_concurrency, change.max_concurrency),
        }
    }
}

/// What a workspace may do with a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// Call it.
    pub inference: bool,
    /// Tune it.
    pub fine_tune: bool,
    /// Deploy it.
    pub deploy: bool,
}

impl Grant {
    /// Whether nothing is granted.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_from_before_bounds_has_none_and_new_ones_stay() {
        let old = r#"{"name":"up","dialect":"openai","baseUrl":"http://up","allowPrivate":true}"#;
        let mut provider: Provider = serde_json::from_str(old).unwrap();
        assert_eq!(provider.bounds, Bounds::default());
        let given = Bounds { idle_timeout_ms: Some(7), max_concurrency: Some(2), ..Bounds::default() };
        provider.bounds = provider.bounds.changed(given);
        let text = serde_json::to_string(&provider).unwrap();
        assert!(text.contains(r#""idleTimeoutMs":7"#), "{text}");
        assert_eq!(serde_json::from_str::<Provider>(&text).unwrap(), provider);
        let back = Bounds { idle_timeout_ms: Some(0), connect_timeout_ms: Some(9), ..Bounds::default() };
        let expected = Bounds { connect_timeout_ms: Some(9), max_concurrency: Some(2), ..Bounds::default() };
        assert_eq!(provider.bounds.changed(back), expected);
    }

    #[test]
    fn a_dialect_has_one_name_everywhere() {
        for dialect in [Dialect::OpenAi, Dialect::DashScope, Dialect::Anthropic, Dialect::Demo] {
            assert_eq!(Dialect::parse("dialect", dialect.name()).unwrap(), dialect);
            assert_eq!(serde_json::to_value(dialect).unwrap(), dialect.name());
        }
        let refused = Dialect::parse("dialect", "OpenAI").unwrap_err().to_string();
        for name in ["openai", "dashscope", "anthropic", "demo"] {
            assert!(refused.contains(&format!("`{name}`")), "{refused}");
        }
    }
}
