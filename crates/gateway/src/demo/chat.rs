//! Chat completions of the demo provider.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::Sleep;

use super::count;
use crate::envelope::Invalid;
use crate::meter::Arrival;
use crate::tokens::Tokens;

/// So much of a message is said back.
const SAID_BACK: usize = 2000;
/// The pace of a slow answer, and how many words it has: 60 seconds.
const PACE: Duration = Duration::from_millis(200);
const SLOW_WORDS: u32 = 300;

#[derive(Deserialize)]
struct Wire {
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    #[serde(default)]
    content: Value,
}

impl Message {
    /// The text of a content, or of its parts that are texts.
    fn text(&self) -> Result<String, Invalid> {
        match &self.content {
            Value::Null => Ok(String::new()),
            Value::String(text) => Ok(text.clone()),
            Value::Array(parts) => {
                Ok(parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join(" "))
            }
            _ => Err(Invalid::field(
                "messages",
                "holds a `content` that is neither a text nor an array of parts",
            )),
        }
    }
}

/// A chat to be answered.
#[derive(Debug)]
pub(super) struct Chat {
    head: Head,
    words: VecDeque<String>,
    is_slow: bool,
    input: u64,
}

/// What every object of an answer says.
#[derive(Debug)]
struct Head {
    id: String,
    created: i64,
    model: String,
}

impl Head {
    fn object(&self, object: &str, choices: &Value) -> Value {
        json!({"id": self.id, "object": object, "created": self.created, "model": self.model, "choices": choices})
    }
}

#[derive(Serialize)]
struct WireUsage {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
}

impl From<Tokens> for WireUsage {
    fn from(tokens: Tokens) -> Self {
        Self { prompt_tokens: tokens.input, completion_tokens: tokens.output, total_tokens: tokens.total() }
    }
}

impl Chat {
    /// Reads the messages.
    pub(super) fn read(body: &[u8], model: &str, arrival: Arrival) -> Result<Self, Invalid> {
        let wire: Wire = serde_json::from_slice(body)
            .map_err(|error| Invalid::field("messages", format_args!("cannot be read: {error}")))?;
        let texts = wire.messages.iter().map(Message::text).collect::<Result<Vec<_>, _>>()?;
        let last_user = wire.messages.iter().rposition(|message| message.role == "user");
        let said = &texts[last_user.unwrap_or(texts.len().saturating_sub(1))];
        let is_slow = said.contains("[slow]");
        let reply: String = if is_slow {
            (1..=SLOW_WORDS).map(|word| format!("word-{word} ")).collect()
        } else {
            let said: String = said.chars().take(SAID_BACK).collect();
            format!("You said: {said} (This is the demo provider, no model was called.)")
        };
        let head = Head {
            id: format!("chatcmpl-{}", arrival.reply.id.as_str()),
            created: arrival.at_ms / 1000,
            model: model.to_owned(),
        };
        let words = reply.split_inclusive(' ').map(str::to_owned).collect();
        Ok(Self { head, words, is_slow, input: texts.iter().map(|text| count(text)).sum() })
    }

    /// How long the whole answer takes, if it takes any time.
    pub(super) fn takes(&self) -> Option<Duration> {
        self.is_slow.then_some(PACE * SLOW_WORDS)
    }

    /// The whole answer.
    pub(super) fn whole(self) -> (Vec<u8>, Tokens) {
        let text: String = self.words.into_iter().collect();
        let text = text.trim_end();
        let tokens = Tokens { input: self.input, output: count(text) };
        let message = json!({"role": "assistant", "content": text});
        let choices = json!([{"index": 0, "message": message, "logprobs": null, "finish_reason": "stop"}]);
        let mut answer = self.head.object("chat.completion", &choices);
        answer["usage"] = json!(WireUsage::from(tokens));
        (answer.to_string().into_bytes(), tokens)
    }

    /// The answer as a stream.
    pub(super) fn script(self, wants_usage: bool) -> Script {
        let pace = self.is_slow.then(|| Box::pin(tokio::time::sleep(Duration::ZERO)));
        Script {
            tokens: Tokens { input: self.input, output: 0 },
            chat: self,
            next: Part::Role,
            wants_usage,
            pace,
        }
    }
}

/// A streamed answer under way.
#[derive(Debug)]
pub(crate) struct Script {
    chat: Chat,
    next: Part,
    wants_usage: bool,
    tokens: Tokens,
    pace: Option<Pin<Box<Sleep>>>,
}

#[derive(Clone, Copy, Debug)]
enum Part {
    Role,
    Words,
    Usage,
    Done,
    Nothing,
}

impl Script {
    /// What was used so far.
    pub(crate) fn tokens(&self) -> Tokens {
        self.tokens
    }

    /// The next event, when its time has come.
    pub(crate) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let (Part::Words, Some(pace)) = (self.next, &mut self.pace) {
            std::task::ready!(pace.as_mut().poll(context));
            let due = pace.deadline() + PACE;
            pace.as_mut().reset(due);
        }
        Poll::Ready(self.next())
    }

    fn next(&mut self) -> Option<Bytes> {
        let event = match self.next {
            Part::Role => {
                self.next = Part::Words;
                self.chunk(&json!({"role": "assistant", "content": ""}), None)
            }
            Part::Words => match self.chat.words.pop_front() {
                Some(word) => {
                    self.tokens.output += count(&word);
                    self.chunk(&json!({"content": word}), None)
                }
                None => {
                    self.next = if self.wants_usage { Part::Usage } else { Part::Done };
                    self.chunk(&json!({}), Some("stop"))
                }
            },
            Part::Usage => {
                self.next = Part::Done;
                let mut chunk = self.chat.head.object("chat.completion.chunk", &json!([]));
                chunk["usage"] = json!(WireUsage::from(self.tokens));
                event(&chunk)
            }
            Part::Done => {
                self.next = Part::Nothing;
                Bytes::from_static(b"data: [DONE]\n\n")
            }
            Part::Nothing => return None,
        };
        Some(event)
    }

    fn chunk(&self, delta: &Value, finish: Option<&str>) -> Bytes {
        let choices = json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]);
        event(&self.chat.head.object("chat.completion.chunk", &choices))
    }
}

fn event(chunk: &Value) -> Bytes {
    format!("data: {chunk}\n\n").into()
}
