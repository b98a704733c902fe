//! The list of models: exactly what a key may call, as each surface shows it.

use std::sync::Arc;

use bailey_domain::directory::ModelEntry;
use http::{Response, StatusCode};
use serde::Serialize;
use serde_json::json;

use crate::answer::{fault, invalid, json};
use crate::envelope::Invalid;
use crate::query::{LARGEST_PAGE, Paging, Query};
use crate::surface::{Code, Reply, Surface};
use crate::worker::Body;

/// OpenAI's model object. The catalogue knows no time of creation and the owner of a model is nobody's business, so both are
/// constants, as with the real service.
#[derive(Serialize)]
struct OpenAiModel<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    owned_by: &'static str,
}

/// As the `anthropic` SDK's `ModelInfo`.
#[derive(Serialize)]
struct AnthropicModel<'a> {
    r#type: &'static str,
    id: &'a str,
    display_name: &'a str,
    created_at: &'static str,
}

/// As the `dashscope` SDK's `Models` passes it on.
#[derive(Serialize)]
struct NativeModel<'a> {
    model: &'a str,
    name: &'a str,
    capabilities: Vec<&'static str>,
    context_window: Option<u64>,
    max_input_tokens: Option<u64>,
    max_output_tokens: Option<u64>,
}

fn openai(model: &ModelEntry) -> OpenAiModel<'_> {
    OpenAiModel { id: &model.name, object: "model", created: 0, owned_by: "system" }
}

fn anthropic(model: &ModelEntry) -> AnthropicModel<'_> {
    AnthropicModel {
        r#type: "model",
        id: &model.name,
        display_name: &model.model.name,
        created_at: "1970-01-01T00:00:00Z",
    }
}

fn native(entry: &ModelEntry) -> NativeModel<'_> {
    let model = &entry.model;
    NativeModel {
        model: &entry.name,
        name: &model.name,
        capabilities: model.capabilities.iter().map(|capability| capability.name()).collect(),
        context_window: model.context_window,
        max_input_tokens: model.max_input_tokens,
        max_output_tokens: model.max_output_tokens,
    }
}

/// All of them, or the page that the query asks for.
pub(crate) fn list(reply: Reply, models: &[Arc<ModelEntry>], query: Option<&str>) -> Response<Body> {
    let query = Query(query.unwrap_or_default());
    match reply.surface {
        Surface::OpenAi => {
            let data: Vec<_> = models.iter().map(|model| openai(model)).collect();
            json(reply, &json!({"object": "list", "data": data}))
        }
        Surface::DashScope => match native_page(models, &query) {
            Ok(output) => json(reply, &json!({"output": output, "request_id": reply.id.as_str()})),
            Err(wrong) => invalid(reply, wrong),
        },
        Surface::Anthropic => match anthropic_page(models, &query) {
            Ok(page) => json(reply, &page),
            Err(wrong) => invalid(reply, wrong),
        },
    }
}

/// One of them.
pub(crate) fn one(reply: Reply, models: &[Arc<ModelEntry>], name: &str) -> Response<Body> {
    let Some(model) = models.iter().find(|model| *model.name == *name) else {
        let message = "The model does not exist or you do not have access to it. GET /models shows what this key may call.";
        return fault(reply, StatusCode::NOT_FOUND, Code::MODEL_NOT_FOUND, message);
    };
    match reply.surface {
        Surface::OpenAi => json(reply, &openai(model)),
        Surface::DashScope => json(reply, &json!({"output": native(model), "request_id": reply.id.as_str()})),
        Surface::Anthropic => json(reply, &anthropic(model)),
    }
}

/// Pages by number; `model` asks for one by its name.
fn native_page(models: &[Arc<ModelEntry>], query: &Query<'_>) -> Result<serde_json::Value, Invalid> {
    let named = query.text("model");
    let wanted = models.iter().filter(|model| named.as_deref().is_none_or(|named| *model.name == *named));
    Ok(Paging::of(query)?.page(wanted.map(|model| native(model)).collect()))
}

/// Pages by the names at their ends.
fn anthropic_page(models: &[Arc<ModelEntry>], query: &Query<'_>) -> Result<serde_json::Value, Invalid> {
    let size = query.number("limit", 1, LARGEST_PAGE)?.unwrap_or(20);
    let after = query.text("after_id");
    let before = query.text("before_id");
    let between: Vec<_> = models
        .iter()
        .filter(|model| after.as_deref().is_none_or(|after| &*model.name > after))
        .filter(|model| before.as_deref().is_none_or(|before| &*model.name < before))
        .collect();
    // Whoever pages backwards wants what stands right before.
    let skipped = if before.is_some() { between.len().saturating_sub(size) } else { 0 };
    let page: Vec<_> = between.iter().skip(skipped).take(size).map(|model| anthropic(model)).collect();
    let ends = [page.first(), page.last()].map(|end| end.map(|model| model.id.to_owned()));
    let [first, last] = ends;
    let has_more = page.len() < between.len();
    Ok(json!({"data": page, "has_more": has_more, "first_id": first, "last_id": last}))
}
