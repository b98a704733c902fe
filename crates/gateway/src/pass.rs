//! Passing an upstream's answer on: collected when it is short, piece by piece when it is a stream or long.

use std::collections::HashMap;
use std::future::poll_fn;
use std::time::Duration;

use bailey_domain::Reason;
use bytes::{Bytes, BytesMut};
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::answer::{REQUEST_ID, fault, refusal_for, whole};
use crate::envelope::Envelope;
use crate::events::Events;
use crate::meter::Meter;
use crate::outbound::{Answering, Head};
use crate::stream::{Source, Stream, Tail};
use crate::surface::{Code, Surface};
use crate::tokens::last_usage;
use crate::translation::Translation;
use crate::watch::{Interrupted, watched};
use crate::worker::Body;

/// An answer that is not streamed is collected up to this length, so that it can still be refused when its right ends; a
/// longer one passes piece by piece.
const COLLECTED: usize = 1024 * 1024;

/// One that is converted is collected up to this length: many vectors are long.
const TRANSLATED: usize = 32 * 1024 * 1024;

/// Why there is nothing to pass on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lost {
    /// No upstream serves the call.
    Upstream(Reason),
    /// The call's right ended before its answer began.
    Right(Reason),
}

/// The answer to a call that is lost.
pub(crate) fn lost(mut meter: Meter, lost: Lost) -> Response<Body> {
    let reply = meter.arrival().reply;
    match lost {
        Lost::Upstream(reason) => {
            meter.failed(reason);
            refusal_for(reply, reason)
        }
        Lost::Right(reason) => {
            let response = refusal_for(reply, reason);
            meter.answers(response.status().as_u16());
            meter.cut(reason);
            response
        }
    }
}

/// An answer whose body comes piece by piece.
pub(crate) fn streamed(
    meter: Meter,
    status: StatusCode,
    content_type: HeaderValue,
    source: Source,
    idle: Duration,
) -> Response<Body> {
    let mut meter = meter;
    meter.answers(status.as_u16());
    let id = meter.arrival().reply.id.header();
    let mut response = Response::new(Body::Stream(Stream::new(source, meter, idle)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(REQUEST_ID, id);
    // A proxy in front must neither keep it nor wait for its end.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

/// Passes an answer on.
pub(crate) async fn pass(
    meter: Meter,
    envelope: &Envelope<'_>,
    translation: Option<Translation>,
    head: Head,
    mut answering: Answering,
    idle: Duration,
) -> Response<Body> {
    let content_type = head.content_type.unwrap_or(HeaderValue::from_static("application/json"));
    if let Some(translation) = translation {
        let is_events = content_type.as_bytes().starts_with(b"text/event-stream");
        return Box::pin(translated(meter, envelope, translation, head.status, is_events, answering, idle))
            .await;
    }
    let mut response = if head.status.is_success()
        && content_type.as_bytes().starts_with(b"text/event-stream")
    {
        let events = Events::new(envelope.stream && !envelope.wants_usage);
        streamed(meter, head.status, content_type, Source::Events(answering, events), idle)
    } else {
        match collect(&mut answering, &meter, idle, COLLECTED).await {
            Err(why) => return lost(meter, why),
            Ok(Collected::Whole(body)) => {
                answering.keep();
                if !head.status.is_success() {
                    return upstream_error(meter, head.status, body);
                }
                collected(meter, head.status, content_type, body)
            }
            Ok(Collected::Part(_)) if !head.status.is_success() => {
                return upstream_error(meter, head.status, Bytes::new());
            }
            Ok(Collected::Part(first)) => {
                streamed(meter, head.status, content_type, Source::Json(answering, Tail::new(first)), idle)
            }
        }
    };
    // Nobody asked for a coding, but what has one cannot be read without its name.
    if let Some(coding) = head.content_encoding {
        response.headers_mut().insert(CONTENT_ENCODING, coding);
    }
    response
}

/// Passes an answer on in another dialect.
async fn translated(
    mut meter: Meter,
    envelope: &Envelope<'_>,
    translation: Translation,
    status: StatusCode,
    is_events: bool,
    mut answering: Answering,
    idle: Duration,
) -> Response<Body> {
    if status.is_success() && is_events && envelope.stream {
        let source = Source::Converted(answering, translation.stream());
        return streamed(meter, status, HeaderValue::from_static("text/event-stream"), source, idle);
    }
    let body = match collect(&mut answering, &meter, idle, TRANSLATED).await {
        Err(why) => return lost(meter, why),
        Ok(Collected::Whole(body)) => {
            answering.keep();
            body
        }
        Ok(Collected::Part(_)) => Bytes::new(),
    };
    let reply = meter.arrival().reply;
    let json = HeaderValue::from_static("application/json");
    if !status.is_success() {
        meter.answers(status.as_u16());
        return whole(reply, status, json, translation.error(status, &body).into());
    }
    match translation.answer(&body) {
        Ok((answer, tokens)) => {
            meter.answers(status.as_u16());
            meter.used(tokens);
            meter.passed(answer.len());
            whole(reply, status, json, answer)
        }
        Err(why) => {
            tracing::warn!(%why, "an upstream's answer cannot be read");
            lost(meter, Lost::Upstream(Reason::UpstreamUnavailable))
        }
    }
}

enum Collected {
    Whole(Bytes),
    Part(Bytes),
}

async fn collect(
    answering: &mut Answering,
    meter: &Meter,
    idle: Duration,
    most: usize,
) -> Result<Collected, Lost> {
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    loop {
        let piece = match watched(poll_fn(|context| answering.poll_data(context)), meter.flight(), idle).await
        {
            Ok(Some(Ok(piece))) => piece,
            Ok(None) => return Ok(Collected::Whole(if all.is_empty() { first } else { all.freeze() })),
            Ok(Some(Err(error))) => {
                tracing::warn!(%error, "an upstream's answer broke off");
                return Err(Lost::Upstream(Reason::UpstreamUnavailable));
            }
            Err(Interrupted::TimedOut) => return Err(Lost::Upstream(Reason::UpstreamTimeout)),
            Err(Interrupted::Cut(reason)) => return Err(Lost::Right(reason)),
        };
        // Most answers come in one piece, which is then handed on without a copy.
        if first.is_empty() && all.is_empty() {
            first = piece;
        } else {
            all.extend_from_slice(&std::mem::take(&mut first));
            all.extend_from_slice(&piece);
        }
        if first.len().max(all.len()) > most {
            return Ok(Collected::Part(if all.is_empty() { first } else { all.freeze() }));
        }
    }
}

fn collected(mut meter: Meter, status: StatusCode, content_type: HeaderValue, body: Bytes) -> Response<Body> {
    meter.answers(status.as_u16());
    meter.used(last_usage(&body).unwrap_or_default());
    meter.passed(body.len());
    whole(meter.arrival().reply, status, content_type, body)
}

/// An error as OpenAI and Anthropic say it, or flat as the native interface does.
#[derive(Deserialize)]
struct ErrorShape {
    error: Option<HashMap<String, IgnoredAny>>,
    code: Option<String>,
    message: Option<String>,
}

impl ErrorShape {
    fn is_of(&self, surface: Surface) -> bool {
        match surface {
            Surface::OpenAi | Surface::Anthropic => self.error.is_some(),
            Surface::DashScope => self.code.is_some() && self.message.is_some(),
        }
    }
}

/// An upstream says that the request is wrong. Its words pass when they have the shape that every error here has.
fn upstream_error(mut meter: Meter, status: StatusCode, body: Bytes) -> Response<Body> {
    meter.answers(status.as_u16());
    let reply = meter.arrival().reply;
    if serde_json::from_slice::<ErrorShape>(&body).is_ok_and(|shape| shape.is_of(reply.surface)) {
        return whole(reply, status, HeaderValue::from_static("application/json"), body);
    }
    let message = format!(
        "the model's upstream refused the request with status {} and no error that can be shown",
        status.as_u16()
    );
    fault(reply, status, Code::UPSTREAM, message)
}
