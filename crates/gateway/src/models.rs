//! The list of models: exactly what a key may call.

use bailey_domain::directory::ModelEntry;
use http::{Response, StatusCode};
use serde::Serialize;

use crate::answer::{fault, json};
use crate::request_ids::RequestIdText;
use crate::worker::Body;

#[derive(Serialize)]
struct List<'a> {
    object: &'static str,
    data: Vec<Item<'a>>,
}

/// OpenAI's model object. The catalogue knows no time of creation and the owner of a model is nobody's business, so both are
/// constants, as with the real service.
#[derive(Serialize)]
struct Item<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    owned_by: &'static str,
}

fn item(model: &ModelEntry) -> Item<'_> {
    Item { id: &model.name, object: "model", created: 0, owned_by: "system" }
}

/// All of them.
pub(crate) fn list<M: AsRef<ModelEntry>>(id: RequestIdText, models: &[M]) -> Response<Body> {
    json(id, &List { object: "list", data: models.iter().map(|model| item(model.as_ref())).collect() })
}

/// One of them.
pub(crate) fn one<M: AsRef<ModelEntry>>(id: RequestIdText, models: &[M], name: &str) -> Response<Body> {
    match models.iter().map(AsRef::as_ref).find(|model| *model.name == *name) {
        Some(model) => json(id, &item(model)),
        None => {
            let message = "The model does not exist or you do not have access to it. GET /models shows what this key may call.";
            fault(id, StatusCode::NOT_FOUND, "model_not_found", message)
        }
    }
}
