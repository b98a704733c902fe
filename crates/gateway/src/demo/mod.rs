//! The `demo` provider: deterministic answers without a network, so that everything else can be tried.
//!
//! A chat answers with what the last user message said. A message that contains `[slow]` is answered for 60 seconds, one
//! word every 200 ms, so that people can watch a revocation cut it.

mod chat;
mod embeddings;

use std::time::Duration;

use bailey_domain::Reason;
use bytes::Bytes;
use http::header::HeaderValue;
use http::{Response, StatusCode};

pub(crate) use chat::Script;

use crate::answer::{invalid, refusal_for, whole};
use crate::call::Ask;
use crate::envelope::Invalid;
use crate::meter::Meter;
use crate::pass::{Lost, lost, streamed};
use crate::paths::Operation;
use crate::stream::Source;
use crate::tokens::Tokens;
use crate::translation::Translation;
use crate::watch::{Interrupted, watched};
use crate::worker::Body;

/// The demo's way to count: a word is a token for every four characters that it begins.
fn count(text: &str) -> u64 {
    text.split_whitespace().map(|word| word.chars().count().div_ceil(4) as u64).sum()
}

/// Answers a call. `body` is its request in OpenAI's dialect; `translation` turns the answer into the client's.
pub(crate) async fn serve(
    mut meter: Meter,
    ask: &Ask<'_>,
    body: &Bytes,
    translation: Option<Translation>,
) -> Response<Body> {
    let arrival = meter.arrival();
    let envelope = &ask.envelope;
    let answered = match ask.operation {
        Operation::Embedding => embeddings::answer(body, &envelope.model),
        _ => match chat::Chat::read(body, &envelope.model, arrival) {
            Ok(chat) if envelope.stream => {
                let tells_usage = envelope.wants_usage || translation.is_some();
                let conversion = translation.map(Translation::stream);
                let source = Source::Demo(chat.script(tells_usage), conversion);
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
    finish(&mut meter, answered, translation)
}

fn finish(
    meter: &mut Meter,
    answered: Result<(Vec<u8>, Tokens), Invalid>,
    translation: Option<Translation>,
) -> Response<Body> {
    let reply = meter.arrival().reply;
    match answered {
        Ok((body, tokens)) => {
            meter.answers(StatusCode::OK.as_u16());
            meter.used(tokens);
            let body = match translation.map(|translation| translation.answer(&body)) {
                None => Bytes::from(body),
                Some(Ok((answer, _))) => answer,
                Some(Err(why)) => {
                    tracing::error!(%why, "the demo's answer cannot be converted");
                    return refusal_for(reply, Reason::UpstreamUnavailable);
                }
            };
            meter.passed(body.len());
            whole(reply, StatusCode::OK, HeaderValue::from_static("application/json"), body)
        }
        Err(wrong) => {
            meter.answers(StatusCode::BAD_REQUEST.as_u16());
            invalid(reply, wrong)
        }
    }
}
