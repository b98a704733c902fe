//! A model call: body, admission, and on to the routes.

use std::rc::Rc;

use bailey_edge::{BodyError, read_body};
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName};
use http::{Response, StatusCode};

use crate::answer::{fault, invalid, shown};
use crate::envelope::Envelope;
use crate::meter::Meter;
use crate::paths::Operation;
use crate::route::serve;
use crate::surface::{Code, Surface};
use crate::worker::{Asker, Body, Inner};

/// A longer body is read only for a key that is known to be good.
const READ_FOR_ANYBODY: u64 = 64 * 1024;

/// A call whose body could be read.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) operation: Operation,
    pub(crate) envelope: Envelope<'a>,
    pub(crate) body: &'a Bytes,
    pub(crate) headers: &'a HeaderMap,
}

/// Serves one call.
pub(crate) async fn call<B>(
    worker: &Rc<Inner>,
    asker: &Asker<'_>,
    headers: &HeaderMap,
    body: B,
    operation: Operation,
) -> Response<Body>
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    let (gateway, reply) = (&worker.gateway, asker.arrival.reply);
    let is_long = body.size_hint().upper().is_none_or(|upper| upper > READ_FOR_ANYBODY);
    if (is_long || !asker.has_key())
        && let Err(denied) = gateway.directory.recognise(&asker.call())
    {
        return worker.refuse(asker, &denied, None);
    }
    if let Err(message) = takes(headers) {
        return worker.unless_refused(asker, || {
            fault(reply, StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::MEDIA_TYPE, message)
        });
    }
    if asks_for_a_task(headers) {
        // The real service's own sentence for a model that has no tasks.
        let message = "Current user api does not support asynchronous calls.";
        return worker
            .unless_refused(asker, || fault(reply, StatusCode::FORBIDDEN, Code::ACCESS_DENIED, message));
    }
    let body = match read_body(body, gateway.limits.body_bytes, gateway.limits.body_timeout).await {
        Ok(body) => body,
        Err(error) => return worker.unless_refused(asker, || unread(asker, error)),
    };
    let asks_for_events = reply.surface == Surface::DashScope && asks_for_events(headers);
    let envelope = match Envelope::read(&body, reply.surface, operation, asks_for_events) {
        Ok(envelope) => envelope,
        Err(wrong) => return worker.unless_refused(asker, || invalid(reply, wrong)),
    };
    match gateway.directory.admit(&asker.call(), &envelope.model, operation.needs(), envelope.expected) {
        Ok(admitted) => {
            let meter = Meter::new(admitted, Rc::clone(worker), asker.arrival);
            serve(meter, worker, &Ask { operation, envelope, body: &body, headers }).await
        }
        Err(denied) => worker.refuse(asker, &denied, Some(&envelope.model)),
    }
}

/// Native clients ask for a stream in a header.
fn asks_for_events(headers: &HeaderMap) -> bool {
    let says = |name: &str, wanted: &str| {
        headers.get(name).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(wanted.as_bytes()))
    };
    says("x-dashscope-sse", "enable") || says("accept", "text/event-stream")
}

/// Native clients ask for a task to be done later in a header.
fn asks_for_a_task(headers: &HeaderMap) -> bool {
    headers.get("x-dashscope-async").is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"enable"))
}

/// Whether the body is what this path takes.
fn takes(headers: &HeaderMap) -> Result<(), String> {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(coding) = text(CONTENT_ENCODING).filter(|coding| !coding.eq_ignore_ascii_case("identity")) {
        return Err(format!("the content-encoding `{}` is not taken; send the body as it is", shown(coding)));
    }
    let Some(given) = text(CONTENT_TYPE) else { return Ok(()) };
    let kind = given.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(format!("the content-type `{}` is not taken; send `application/json`", shown(kind)))
}

fn unread(asker: &Asker<'_>, error: BodyError) -> Response<Body> {
    let code = match error {
        BodyError::TooLarge { .. } => Code::TOO_LARGE,
        BodyError::TimedOut { .. } => Code::TIMEOUT,
        BodyError::Broken => Code::INVALID,
    };
    fault(asker.arrival.reply, error.status(), code, error.to_string())
}
