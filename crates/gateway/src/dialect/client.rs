//! What the client speaks.

use super::conversation::{Media, MediaKind};
use super::json::Fields;
use super::responses::Echo;
use super::{Shape, dashscope, fields_of};
use crate::envelope::Invalid;
use crate::surface::Surface;

/// What the client speaks.
#[derive(Clone, Debug)]
pub(crate) enum Client {
    /// Chat completions and embeddings of OpenAI.
    OpenAi,
    /// OpenAI's responses, with what an answer repeats of its request.
    Responses(Echo),
    /// DashScope's own API.
    DashScope(Shape),
    /// Anthropic's messages.
    Anthropic,
}

impl Client {
    /// DashScope's, with what the body says about the answer. `is_stream`: the header `X-DashScope-SSE` is `enable`.
    pub(crate) fn dash_scope(body: &[u8], is_multimodal: bool, is_stream: bool) -> Self {
        let fields = fields_of(body);
        let nothing = || Fields::read("{}").expect("this is an object");
        Self::DashScope(dashscope::shape(&fields.unwrap_or_else(nothing), is_multimodal, is_stream))
    }

    /// OpenAI's responses, with what the answer repeats of the body.
    pub(crate) fn responses(body: &[u8]) -> Self {
        Self::Responses(fields_of(body).map(|fields| Echo::of(&fields)).unwrap_or_default())
    }

    /// The surface that it called: errors have its shape.
    pub(crate) fn surface(&self) -> Surface {
        match self {
            Self::OpenAi | Self::Responses(_) => Surface::OpenAi,
            Self::DashScope(_) => Surface::DashScope,
            Self::Anthropic => Surface::Anthropic,
        }
    }

    pub(super) fn format_field(&self) -> &'static str {
        if matches!(self, Self::Responses(_)) { "text" } else { "response_format" }
    }

    pub(super) fn messages_field(&self) -> &'static str {
        if matches!(self, Self::Responses(_)) { "input" } else { "messages" }
    }

    pub(super) fn cannot_show(&self, media: &Media<'_>) -> Invalid {
        let what = match media.kind {
            MediaKind::Image => "an image",
            MediaKind::Audio => "audio",
            MediaKind::Video => "a video",
            MediaKind::File => "a file",
        };
        let why = format_args!("holds {what} in a form that the model's provider does not take").to_string();
        Invalid::field(self.messages_field(), why)
    }
}
