//! The `demo` provider: deterministic answers without a network, so that everything else can be tried.
//!
//! A chat answers with what the last user message said. A message that contains `[slow]` is answered for 60 seconds, one
//! word every 200 ms, so that people can watch a revocation cut it.

mod chat;
mod embeddings;

use std::time::Duration;

use bailey_domain::model::Capability;
use bytes::Bytes;
use http::header::HeaderValue;
use http::{Response, StatusCode};

pub(crate) use chat::Script;

use crate::answer::{invalid, whole};
use crate::envelope::{Envelope, Invalid};
use crate::meter::Meter;
use crate::pass::{Lost, lost, streamed};
use crate::stream::Source;
use crate::tokens::Tokens;
use crate::watch::{Interrupted, watched};
use crate::worker::Body;

/// The demo's way to count: a word is a token for every four characters that it begins.
fn count(text: &str) -> u64 {
    text.split_whitespace().map(|word| word.chars().count().div_ceil(4) as u64).sum()
}

/// Answers a call.
pub(crate) async fn serve(
    mut meter: Meter,
    envelope: &Envelope<'_>,
    body: &Bytes,
    does: Capability,
) -> Response<Body> {
    let arrival = meter.arrival();
    let answered = match does {
        Capability::Chat => match chat::Chat::read(body, &envelope.model, arrival) {
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
        Capability::Embedding => embeddings::answer(body, &envelope.model),
    };
    finish(&mut meter, answered)
}

fn finish(meter: &mut Meter, answered: Result<(Vec<u8>, Tokens), Invalid>) -> Response<Body> {
    let id = meter.arrival().id;
    match answered {
        Ok((body, tokens)) => {
            meter.answers(StatusCode::OK.as_u16());
            meter.used(tokens);
            whole(id, StatusCode::OK, HeaderValue::from_static("application/json"), body.into())
        }
        Err(wrong) => {
            meter.answers(StatusCode::BAD_REQUEST.as_u16());
            invalid(id, wrong)
        }
    }
}
