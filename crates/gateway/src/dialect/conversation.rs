//! A model call between two dialects: everything that more than one of them can say, borrowed from the client's body.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::json::Number;

/// A request for an answer.
#[derive(Debug, Default)]
pub(super) struct Conversation<'a> {
    pub(super) messages: Vec<Message<'a>>,
    pub(super) tools: Vec<Tool<'a>>,
    pub(super) tool_choice: Option<ToolChoice<'a>>,
    /// Whether the model may call several tools at once; the default is the model's.
    pub(super) parallel_tool_calls: Option<bool>,
    pub(super) format: Option<Format<'a>>,
    pub(super) sampling: Sampling<'a>,
    pub(super) thinking: Option<Thinking<'a>>,
    pub(super) search: Search<'a>,
    /// Whom the client calls for, as an opaque text.
    pub(super) user: Option<Cow<'a, str>>,
    pub(super) stream: bool,
    /// Whether the client spoke the vendor's own words (`top_k`, `enable_thinking`, …), which the vendor's OpenAI-compatible
    /// API and most self-hosted servers know and OpenAI does not.
    pub(super) is_vendors: bool,
}

/// How words are chosen, and when to end.
#[derive(Debug, Default)]
pub(super) struct Sampling<'a> {
    pub(super) temperature: Option<Number<'a>>,
    pub(super) top_p: Option<Number<'a>>,
    pub(super) top_k: Option<Number<'a>>,
    pub(super) max_tokens: Option<u64>,
    pub(super) stop: Vec<Cow<'a, str>>,
    pub(super) seed: Option<Number<'a>>,
    /// How many answers.
    pub(super) answers: Option<u64>,
    pub(super) presence_penalty: Option<Number<'a>>,
    pub(super) frequency_penalty: Option<Number<'a>>,
    pub(super) repetition_penalty: Option<Number<'a>>,
    pub(super) logprobs: Option<bool>,
    pub(super) top_logprobs: Option<u64>,
}

/// Whether the model thinks before it answers.
#[derive(Debug, Default)]
pub(super) struct Thinking<'a> {
    pub(super) is_on: Option<bool>,
    /// Most tokens of it.
    pub(super) budget: Option<u64>,
    /// OpenAI's and Anthropic's word for how much of it.
    pub(super) effort: Option<Cow<'a, str>>,
}

/// Search on the web before answering, by the provider.
#[derive(Debug, Default)]
pub(super) struct Search<'a> {
    pub(super) is_on: Option<bool>,
    pub(super) options: Option<&'a RawValue>,
}

/// Who says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    System,
    User,
    Assistant,
    /// The result of a tool, in [`Part::Result`].
    Tool,
}

/// Something said.
#[derive(Debug)]
pub(super) struct Message<'a> {
    pub(super) role: Role,
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) parts: Vec<Part<'a>>,
}

/// A part of a message.
#[derive(Debug)]
pub(super) enum Part<'a> {
    Text {
        text: Cow<'a, str>,
        cache: Option<&'a RawValue>,
    },
    Media(Media<'a>),
    /// A tool that the model called.
    Call {
        id: Cow<'a, str>,
        name: Cow<'a, str>,
        arguments: Arguments<'a>,
    },
    /// What the tool gave.
    Result {
        id: Cow<'a, str>,
        parts: Vec<Part<'a>>,
        is_error: bool,
        cache: Option<&'a RawValue>,
    },
    /// What the model thought before. The signature proves to its provider that it did.
    Thought {
        text: Cow<'a, str>,
        signature: Option<Cow<'a, str>>,
    },
}

/// Arguments of a call.
#[derive(Debug)]
pub(super) enum Arguments<'a> {
    /// A text that should be a JSON object.
    Text(Cow<'a, str>),
    /// An object.
    Object(&'a RawValue),
}

impl Arguments<'_> {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Object(raw) => raw.get(),
        }
    }
}

/// What a part shows or plays.
#[derive(Debug)]
pub(super) struct Media<'a> {
    pub(super) kind: MediaKind,
    pub(super) source: Source<'a>,
    /// OpenAI's `detail` of an image.
    pub(super) detail: Option<Cow<'a, str>>,
    /// The name of a file.
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) cache: Option<&'a RawValue>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MediaKind {
    Image,
    Audio,
    Video,
    File,
}

/// Where media are.
#[derive(Debug)]
pub(super) enum Source<'a> {
    Url(Cow<'a, str>),
    /// In the request, in base64.
    Data {
        media_type: Cow<'a, str>,
        data: Cow<'a, str>,
    },
    /// A video as its pictures.
    Frames(&'a RawValue),
}

impl<'a> Source<'a> {
    /// A URL; a `data:` URL is taken apart.
    pub(super) fn of(url: Cow<'a, str>) -> Self {
        let split = |url: &str| {
            let (media_type, data) = url.strip_prefix("data:")?.split_once(";base64,")?;
            Some((media_type.len(), url.len() - data.len()))
        };
        let Some((media_type, data)) = split(&url) else { return Self::Url(url) };
        let (from, until) = ("data:".len(), "data:".len() + media_type);
        match url {
            Cow::Borrowed(url) => {
                Self::Data { media_type: url[from..until].into(), data: url[data..].into() }
            }
            Cow::Owned(url) => Self::Data {
                media_type: url[from..until].to_owned().into(),
                data: url[data..].to_owned().into(),
            },
        }
    }

    /// As a URL.
    pub(super) fn url(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Url(url) => Some(Cow::Borrowed(url)),
            Self::Data { media_type, data } => Some(format!("data:{media_type};base64,{data}").into()),
            Self::Frames(_) => None,
        }
    }
}

/// A function that the model may call.
#[derive(Debug)]
pub(super) struct Tool<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) description: Option<Cow<'a, str>>,
    pub(super) parameters: Option<&'a RawValue>,
    pub(super) strict: Option<bool>,
    pub(super) cache: Option<&'a RawValue>,
}

/// Whether the model must call one.
#[derive(Debug)]
pub(super) enum ToolChoice<'a> {
    Auto,
    None,
    /// Any of them.
    Required,
    /// This one.
    Named(Cow<'a, str>),
}

/// What the answer's text must be.
#[derive(Debug)]
pub(super) enum Format<'a> {
    /// Any JSON object.
    Object,
    /// JSON of a schema.
    Schema {
        name: Option<Cow<'a, str>>,
        description: Option<Cow<'a, str>>,
        schema: &'a RawValue,
        strict: Option<bool>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_url_is_taken_apart_and_put_together() {
        for url in
            [Cow::Borrowed("data:image/png;base64,AAA="), Cow::Owned("data:image/png;base64,AAA=".to_owned())]
        {
            let source = Source::of(url.clone());
            assert!(
                matches!(&source, Source::Data { media_type, data } if media_type == "image/png" && data == "AAA=")
            );
            assert_eq!(source.url().unwrap(), url);
        }
        for url in ["https://x/a.png", "data:text/plain,abc", "data:;base64", ""] {
            assert!(matches!(Source::of(url.into()), Source::Url(same) if same == url));
        }
    }
}
