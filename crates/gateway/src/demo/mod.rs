//! The `demo` provider: deterministic answers without a network, so that everything else can be tried.
//!
//! A chat answers with what the last user message said. A message that contains `[slow]` is answered for 60 seconds, one
//! word every 200 ms, so that people can watch a revocation cut it.

mod chat;
mod embeddings;

use std::time::Duration;

use http::header::HeaderValue;
use http::{Response, StatusCode};

pub(crate) use chat::Script;

use crate::answer::{invalid, whole};
use crate::call::Ask;
use crate::envelope::Invalid;
use crate::meter::Meter;
use crate::pass::{Lost, lost, streamed};
use crate::paths::Operation;
use crate::stream::Source;
use crate::tokens::Tokens;
use crate::watch::{Interrupted, watched};
use crate::worker::Body;

/// The demo's way to count: a word is a token for every four characters that it begins.
fn count(text: &str) -> u64 {
    text.split_whitespace().map(|word| word.chars().count().div_ceil(4) as u64).sum()
}

/// Answers a call.
pub(crate) async fn serve(mut meter: Meter, ask: &Ask<'_>) -> Response<Body> {
    let arrival = meter.arrival();
    let (envelope, body) = (&ask.envelope, ask.body);
    let answered = match ask.operation {
        Operation::Embedding => embeddings::answer(body, &envelope.model),
        _ => match chat::Chat::read(body, &envelope.model, arrival) {
            Ok(chat) if envelope.stream => {
                let source = Source::Demo(chat.script(envelope.wants_usage));
                // The demo is never idle for longer than it says.
                return streamed(
                    meter,
                    StatusCode::OK,
                    HeaderValue::from_static("text/event-stream"),
                    source,
                    Duration::MAX,
                );
            }
            Ok(chat) => {
                if let Some(takes) = chat.takes()
                    && let Err(Interrupted::Cut(reason)) =
                        watched(std::future::pending::<()>(), meter.flight(), takes).await
                {
                    return lost(meter, Lost::Right(reason));
                }
                Ok(chat.whole())
            }
            Err(wrong) => Err(wrong),
        },
    };
    finish(&mut meter, answered)
}

fn finish(meter: &mut Meter, answered: Result<(Vec<u8>, Tokens), Invalid>) -> Response<Body> {
    let reply = meter.arrival().reply;
    match answered {
        Ok((body, tokens)) => {
            meter.answers(StatusCode::OK.as_u16());
            meter.used(tokens);
            whole(reply, StatusCode::OK, HeaderValue::from_static("application/json"), body.into())
        }
        Err(wrong) => {
            meter.answers(StatusCode::BAD_REQUEST.as_u16());
            invalid(reply, wrong)
        }
    }
}
