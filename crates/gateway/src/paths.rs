//! Which method and path is which operation, in which of the three wire formats.

use std::borrow::Cow;

use bailey_domain::model::Capability;
use http::Method;
use percent_encoding::percent_decode_str;

use crate::quotas::About;
use crate::surface::Surface;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target<'a> {
    /// A model call.
    Call(Operation),
    /// The list of models.
    Models,
    /// One model.
    Model(Cow<'a, str>),
    /// What the key may do with its models, and how much.
    Quotas(About),
    /// A temporary key to be made.
    TemporaryKeys,
}

/// A model call, by what its body holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// A conversation to be continued: `chat/completions`, `messages`, `text-generation`.
    Chat,
    /// The same with images, sound or video among the native messages: `multimodal-generation`.
    MultimodalChat,
    /// The same in the words of OpenAI's newer interface: `responses`.
    Responses,
    /// Texts to vectors.
    Embedding,
    /// Texts, images and videos to vectors.
    MultimodalEmbedding,
    /// Documents by how well they answer a query.
    Rerank,
}

impl Operation {
    /// Every operation.
    pub(crate) const ALL: [Self; 6] = [
        Self::Chat,
        Self::MultimodalChat,
        Self::Responses,
        Self::Embedding,
        Self::MultimodalEmbedding,
        Self::Rerank,
    ];

    /// What it needs of a model.
    pub(crate) fn needs(self) -> Capability {
        match self {
            Self::Chat | Self::MultimodalChat | Self::Responses => Capability::Chat,
            Self::Embedding => Capability::Embedding,
            Self::MultimodalEmbedding => Capability::MultimodalEmbedding,
            Self::Rerank => Capability::Rerank,
        }
    }
}

/// Why nothing answers here.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// No such path.
    Path,
    /// A path of the real API that this release does not have.
    Unsupported(&'static str),
    /// The path has another method.
    Method(&'static str),
}

/// Where each wire format is found: the vendor's roots, and those that the SDKs append by themselves.
const ROOTS: [(&str, Surface); 6] = [
    ("/compatible-mode/v1/", Surface::OpenAi),
    ("/compatible-api/v1/", Surface::OpenAi),
    ("/api/v1/", Surface::DashScope),
    ("/apps/anthropic/v1/", Surface::Anthropic),
    ("/api/v2/apps/claude-code-proxy/v1/", Surface::Anthropic),
    ("/v1/", Surface::OpenAi),
];

/// What OpenAI has and this gateway does not, by the first part of the path.
const UNSUPPORTED_OPENAI: [&str; 14] = [
    "responses",
    "files",
    "batches",
    "completions",
    "images",
    "audio",
    "moderations",
    "fine_tuning",
    "assistants",
    "threads",
    "uploads",
    "vector_stores",
    "realtime",
    "conversations",
];
const UNSUPPORTED_DASHSCOPE: [&str; 8] =
    ["tasks", "uploads", "files", "fine-tunes", "deployments", "tokenizer", "apps", "services"];
const UNSUPPORTED_ANTHROPIC: [&str; 2] = ["messages", "files"];

/// The wire format of a path, whether there is something at it or not: an error is told in it.
pub(crate) fn surface(path: &str) -> Surface {
    // A client of Anthropic's with the gateway's root as its base.
    if path == "/v1/messages" || path.starts_with("/v1/messages/") {
        return Surface::Anthropic;
    }
    let found = ROOTS.iter().find(|(root, _)| path.starts_with(root.trim_end_matches('/')));
    found.map_or(Surface::OpenAi, |(_, surface)| *surface)
}

/// Finds the operation.
pub(crate) fn target<'a>(method: &Method, path: &'a str) -> Result<Target<'a>, Wrong> {
    let (root, _) = ROOTS.iter().find(|(root, _)| path.starts_with(root)).ok_or(Wrong::Path)?;
    let rest = &path[root.len()..];
    let (target, allowed) = match surface(path) {
        Surface::OpenAi => openai(rest)?,
        Surface::DashScope => dashscope(rest)?,
        Surface::Anthropic => anthropic(rest)?,
    };
    if *method == allowed {
        return Ok(target);
    }
    Err(Wrong::Method(if allowed == Method::POST { "POST" } else { "GET" }))
}

type Found<'a> = Result<(Target<'a>, Method), Wrong>;

fn openai(rest: &str) -> Found<'_> {
    match rest {
        "chat/completions" => Ok((Target::Call(Operation::Chat), Method::POST)),
        "responses" => Ok((Target::Call(Operation::Responses), Method::POST)),
        "embeddings" => Ok((Target::Call(Operation::Embedding), Method::POST)),
        _ => models(rest).unwrap_or_else(|| Err(unsupported(rest, &UNSUPPORTED_OPENAI))),
    }
}

/// Sources: the paths of the `dashscope` SDK.
fn dashscope(rest: &str) -> Found<'_> {
    let operation = match rest {
        "tokens" => return Ok((Target::TemporaryKeys, Method::POST)),
        "models/permissions" => return Ok((Target::Quotas(About::Permissions), Method::GET)),
        "models/limits" => return Ok((Target::Quotas(About::Limits), Method::GET)),
        "quotas" => return Ok((Target::Quotas(About::Quotas), Method::GET)),
        "services/aigc/text-generation/generation" => Operation::Chat,
        "services/aigc/multimodal-generation/generation" => Operation::MultimodalChat,
        "services/embeddings/text-embedding/text-embedding" => Operation::Embedding,
        "services/embeddings/multimodal-embedding/multimodal-embedding" => Operation::MultimodalEmbedding,
        "services/rerank/text-rerank/text-rerank" => Operation::Rerank,
        _ => return models(rest).unwrap_or_else(|| Err(unsupported(rest, &UNSUPPORTED_DASHSCOPE))),
    };
    Ok((Target::Call(operation), Method::POST))
}

fn anthropic(rest: &str) -> Found<'_> {
    match rest {
        "messages" => Ok((Target::Call(Operation::Chat), Method::POST)),
        _ => models(rest).unwrap_or_else(|| Err(unsupported(rest, &UNSUPPORTED_ANTHROPIC))),
    }
}

fn models(rest: &str) -> Option<Found<'_>> {
    if rest == "models" {
        return Some(Ok((Target::Models, Method::GET)));
    }
    let name = rest.strip_prefix("models/").filter(|name| !name.is_empty())?;
    let name = percent_decode_str(name).decode_utf8().map_err(|_| Wrong::Path);
    Some(name.map(|name| (Target::Model(name), Method::GET)))
}

fn unsupported(rest: &str, known: &[&'static str]) -> Wrong {
    let (first, more) = rest.split_once('/').map_or((rest, ""), |(first, more)| (first, more));
    let has_more = rest.len() > first.len();
    // What is served has no path beside its own; `messages/` with nothing behind it is no operation of anybody's.
    if has_more && more.is_empty() {
        return Wrong::Path;
    }
    known.iter().find(|name| **name == first).map_or(Wrong::Path, |name| Wrong::Unsupported(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(method: &Method, path: &str) -> Result<String, Wrong> {
        target(method, path).map(|target| format!("{target:?}"))
    }

    #[test]
    fn both_openai_roots_lead_to_the_same() {
        for root in ["/v1", "/compatible-mode/v1"] {
            let found = |method: Method, path: &str| found(&method, &format!("{root}{path}"));
            assert_eq!(found(Method::POST, "/chat/completions"), Ok("Call(Chat)".to_owned()));
            assert_eq!(found(Method::POST, "/embeddings"), Ok("Call(Embedding)".to_owned()));
            assert_eq!(found(Method::GET, "/models"), Ok("Models".to_owned()));
            assert_eq!(found(Method::GET, "/models/a%2Fb/c"), Ok("Model(\"a/b/c\")".to_owned()));
            assert_eq!(found(Method::GET, "/models/%ff"), Err(Wrong::Path));
            assert_eq!(found(Method::GET, "/chat/completions"), Err(Wrong::Method("POST")));
            assert_eq!(found(Method::DELETE, "/models/x"), Err(Wrong::Method("GET")));
            assert_eq!(found(Method::POST, "/responses"), Ok("Call(Responses)".to_owned()));
            assert_eq!(found(Method::GET, "/responses/1"), Err(Wrong::Unsupported("responses")));
            assert_eq!(found(Method::GET, "/files/1/content"), Err(Wrong::Unsupported("files")));
            for path in ["", "/", "/chat", "/chat/completions/", "/models/", "/file"] {
                assert_eq!(found(Method::POST, path), Err(Wrong::Path), "{path}");
                assert_eq!(surface(&format!("{root}{path}")), Surface::OpenAi);
            }
        }
        assert_eq!(found(&Method::POST, "/chat/completions"), Err(Wrong::Path));
        assert_eq!(surface("/anything"), Surface::OpenAi);
    }

    #[test]
    fn native_paths_are_those_of_the_sdk() {
        let post = |path: &str| found(&Method::POST, &format!("/api/v1/{path}"));
        for (path, operation) in [
            ("services/aigc/text-generation/generation", "Call(Chat)"),
            ("services/aigc/multimodal-generation/generation", "Call(MultimodalChat)"),
            ("services/embeddings/text-embedding/text-embedding", "Call(Embedding)"),
            ("services/embeddings/multimodal-embedding/multimodal-embedding", "Call(MultimodalEmbedding)"),
            ("services/rerank/text-rerank/text-rerank", "Call(Rerank)"),
        ] {
            assert_eq!(post(path), Ok(operation.to_owned()));
        }
        for (path, about) in
            [("models/permissions", "Permissions"), ("models/limits", "Limits"), ("quotas", "Quotas")]
        {
            let path = format!("/api/v1/{path}");
            assert_eq!(found(&Method::GET, &path), Ok(format!("Quotas({about})")));
            assert_eq!(found(&Method::POST, &path), Err(Wrong::Method("GET")));
        }
        assert_eq!(post("tokens"), Ok("TemporaryKeys".to_owned()));
        assert_eq!(post("tokens/"), Err(Wrong::Path));
        assert_eq!(found(&Method::GET, "/api/v1/models"), Ok("Models".to_owned()));
        assert_eq!(post("services/aigc/image/synthesis"), Err(Wrong::Unsupported("services")));
        assert_eq!(post("nothing"), Err(Wrong::Path));
        assert_eq!(surface("/api/v1"), Surface::DashScope);
        assert_eq!(surface("/api/v1/nothing"), Surface::DashScope);
    }

    #[test]
    fn messages_are_found_under_every_root_of_anthropic_clients() {
        for root in ["/apps/anthropic", "/api/v2/apps/claude-code-proxy", ""] {
            let path = format!("{root}/v1/messages");
            assert_eq!(surface(&path), Surface::Anthropic);
            assert_eq!(found(&Method::POST, &path), Ok("Call(Chat)".to_owned()));
            assert_eq!(found(&Method::GET, &path), Err(Wrong::Method("POST")));
            let counting = format!("{path}/count_tokens");
            assert_eq!(surface(&counting), Surface::Anthropic);
            assert_eq!(found(&Method::POST, &counting), Err(Wrong::Unsupported("messages")));
        }
        assert_eq!(found(&Method::GET, "/apps/anthropic/v1/models"), Ok("Models".to_owned()));
    }
}
