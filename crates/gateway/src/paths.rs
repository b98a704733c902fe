//! Which method and path is which operation.

use std::borrow::Cow;

use http::Method;
use percent_encoding::percent_decode_str;

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target<'a> {
    /// A chat completion.
    Chat,
    /// Embeddings.
    Embeddings,
    /// The list of models.
    Models,
    /// One model.
    Model(Cow<'a, str>),
}

/// Why nothing answers here.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// No such path.
    Path,
    /// A path of the OpenAI API that this release does not have.
    Unsupported(&'static str),
    /// The path has another method.
    Method(&'static str),
}

/// Both roots hold the same operations (the vendor's, and the one that most clients append by themselves).
const ROOTS: [&str; 2] = ["/compatible-mode/v1/", "/v1/"];

/// What OpenAI has and this gateway does not, by the first part of the path.
const UNSUPPORTED: [&str; 13] = [
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
];

/// Finds the operation.
pub(crate) fn target<'a>(method: &Method, path: &'a str) -> Result<Target<'a>, Wrong> {
    let rest = ROOTS.iter().find_map(|root| path.strip_prefix(root)).ok_or(Wrong::Path)?;
    let (target, allowed) = match rest {
        "chat/completions" => (Target::Chat, Method::POST),
        "embeddings" => (Target::Embeddings, Method::POST),
        "models" => (Target::Models, Method::GET),
        _ => match rest.strip_prefix("models/") {
            Some(name) if !name.is_empty() => {
                let name = percent_decode_str(name).decode_utf8().map_err(|_| Wrong::Path)?;
                (Target::Model(name), Method::GET)
            }
            _ => return Err(unsupported(rest)),
        },
    };
    if *method == allowed {
        return Ok(target);
    }
    Err(Wrong::Method(if allowed == Method::POST { "POST" } else { "GET" }))
}

fn unsupported(rest: &str) -> Wrong {
    let first = rest.split('/').next().unwrap_or_default();
    UNSUPPORTED.iter().find(|name| **name == first).map_or(Wrong::Path, |name| Wrong::Unsupported(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_roots_lead_to_the_same() {
        for root in ["/v1", "/compatible-mode/v1"] {
            let found = |method, path: &str| {
                let path = format!("{root}{path}");
                target(method, &path).map(|target| format!("{target:?}"))
            };
            assert_eq!(found(&Method::POST, "/chat/completions"), Ok("Chat".to_owned()));
            assert_eq!(found(&Method::POST, "/embeddings"), Ok("Embeddings".to_owned()));
            assert_eq!(found(&Method::GET, "/models"), Ok("Models".to_owned()));
            assert_eq!(found(&Method::GET, "/models/a%2Fb/c"), Ok("Model(\"a/b/c\")".to_owned()));
            assert_eq!(found(&Method::GET, "/models/%ff"), Err(Wrong::Path));
            assert_eq!(found(&Method::GET, "/chat/completions"), Err(Wrong::Method("POST")));
            assert_eq!(found(&Method::DELETE, "/models/x"), Err(Wrong::Method("GET")));
            assert_eq!(found(&Method::POST, "/responses"), Err(Wrong::Unsupported("responses")));
            assert_eq!(found(&Method::GET, "/files/1/content"), Err(Wrong::Unsupported("files")));
            for path in ["", "/", "/chat", "/chat/completions/", "/models/", "/file"] {
                assert_eq!(found(&Method::POST, path), Err(Wrong::Path), "{path}");
            }
        }
        assert_eq!(target(&Method::POST, "/chat/completions"), Err(Wrong::Path));
    }
}
