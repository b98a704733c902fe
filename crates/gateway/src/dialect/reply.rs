//! What a model answers, between two dialects: whole, or piece by piece.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::json::{Fields, Object};
use crate::tokens::{Tokens, count};

/// A whole answer.
#[derive(Debug, Default)]
pub(super) struct Reply<'a> {
    /// Usually one.
    pub(super) choices: Vec<Choice<'a>>,
    pub(super) usage: Usage,
}

/// One of the answers to a request.
#[derive(Debug, Default)]
pub(super) struct Choice<'a> {
    pub(super) said: Vec<Said<'a>>,
    pub(super) finish: Finish,
    /// The stop text that ended it.
    pub(super) stopped_by: Option<Cow<'a, str>>,
    pub(super) logprobs: Option<&'a RawValue>,
}

/// A part of an answer.
#[derive(Debug)]
pub(super) enum Said<'a> {
    Text(Cow<'a, str>),
    Thought { text: Cow<'a, str>, signature: Option<Cow<'a, str>> },
    Call { id: Cow<'a, str>, name: Cow<'a, str>, arguments: Cow<'a, str> },
}

impl Choice<'_> {
    /// All texts as one.
    pub(super) fn text(&self) -> Option<String> {
        joined(self.said.iter().map(|said| match said {
            Said::Text(text) => Some(&**text),
            _ => None,
        }))
    }

    /// All thoughts as one.
    pub(super) fn thought(&self) -> Option<String> {
        joined(self.said.iter().map(|said| match said {
            Said::Thought { text, .. } => Some(&**text),
            _ => None,
        }))
    }

    /// The signature of the thoughts, if there is exactly one: several cannot be told apart again.
    pub(super) fn signature(&self) -> Option<&str> {
        let mut signatures = self.said.iter().filter_map(|said| match said {
            Said::Thought { signature, .. } => signature.as_deref(),
            _ => None,
        });
        signatures.next().filter(|_| signatures.next().is_none())
    }
}

fn joined<'a>(texts: impl Iterator<Item = Option<&'a str>>) -> Option<String> {
    let mut all: Option<String> = None;
    for text in texts.flatten() {
        all.get_or_insert_default().push_str(text);
    }
    all
}

/// Why an answer ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Finish {
    /// It is complete, or a stop text came.
    #[default]
    Stop,
    /// It is as long as it may be.
    Length,
    /// Tools are to be called.
    Calls,
    /// It was held back.
    Filtered,
}

impl Finish {
    /// OpenAI says of a call that was demanded by name that the answer is complete; who reads a reason first would not look
    /// for it.
    pub(super) fn of_calls(self, has_calls: bool) -> Self {
        if has_calls && self == Self::Stop { Self::Calls } else { self }
    }
}

/// A piece of an answer that comes as a stream.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    Text {
        choice: u32,
        text: Cow<'a, str>,
        logprobs: Option<&'a RawValue>,
    },
    Thought {
        choice: u32,
        text: Cow<'a, str>,
    },
    Signature {
        choice: u32,
        text: Cow<'a, str>,
    },
    /// A call begins. Calls of a choice are numbered from 0.
    Call {
        choice: u32,
        call: u32,
        id: Cow<'a, str>,
        name: Cow<'a, str>,
    },
    Arguments {
        choice: u32,
        call: u32,
        text: Cow<'a, str>,
    },
    Finish {
        choice: u32,
        finish: Finish,
        stopped_by: Option<Cow<'a, str>>,
    },
    /// Replaces what an earlier one said.
    Usage(Usage),
    /// The upstream gives up.
    Failed {
        status: Option<u16>,
        code: Option<Cow<'a, str>>,
        message: Cow<'a, str>,
    },
}

impl Piece<'_> {
    /// The choice that it is of; the first for what is of all.
    pub(super) fn choice(&self) -> u32 {
        match self {
            Self::Text { choice, .. }
            | Self::Thought { choice, .. }
            | Self::Signature { choice, .. }
            | Self::Call { choice, .. }
            | Self::Arguments { choice, .. }
            | Self::Finish { choice, .. } => *choice,
            Self::Usage(_) | Self::Failed { .. } => 0,
        }
    }
}

/// What an answer used. Numbers of an upstream are cut down to sane ones when they are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// Of the request, those that came from or went to a cache included.
    pub(super) input: u64,
    /// Of the answer, thoughts included.
    pub(super) output: u64,
    /// Of the input: read from a cache.
    pub(super) cached: Option<u64>,
    /// Of the input: written to a cache.
    pub(super) cache_written: Option<u64>,
    /// Of the output: thoughts.
    pub(super) thoughts: Option<u64>,
}

impl Usage {
    /// For the meter.
    pub(super) fn tokens(self) -> Tokens {
        Tokens { input: self.input, output: self.output }
    }

    pub(super) fn total(self) -> u64 {
        self.tokens().total()
    }

    /// A count that an object tells.
    pub(super) fn counted(fields: &Fields<'_>, name: &str) -> Option<u64> {
        fields.raw(name).map(|raw| count(Some(raw)))
    }

    /// A count inside an object that an object tells.
    pub(super) fn detail(fields: &Fields<'_>, object: &str, name: &str) -> Option<u64> {
        fields.object(object).ok().flatten().and_then(|details| Self::counted(&details, name))
    }

    /// What Responses and DashScope both write: three counts.
    pub(super) fn plain(self) -> Object<'static> {
        Object::new()
            .with("input_tokens", self.input)
            .with("output_tokens", self.output)
            .with("total_tokens", self.total())
    }
}
