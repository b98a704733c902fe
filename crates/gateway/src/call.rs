//! A model call: body, admission, the routes one after the other, the answer.

use std::rc::Rc;

use bailey_domain::Reason;
use bailey_domain::model::Dialect;
use bailey_edge::{BodyError, read_body};
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName};
use http::{Response, StatusCode};

use crate::answer::{fault, invalid, shown};
use crate::demo;
use crate::envelope::Envelope;
use crate::meter::Meter;
use crate::outbound::{Errand, Failure};
use crate::pass::{Lost, lost, pass};
use crate::paths::Operation;
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
    let envelope = match Envelope::read(&body, reply.surface, operation, asks_for_events(headers)) {
        Ok(envelope) => envelope,
        Err(wrong) => return worker.unless_refused(asker, || invalid(reply, wrong)),
    };
    match gateway.directory.admit(&asker.call(), &envelope.model, operation.needs()) {
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

/// Tries the routes in their order.
async fn serve(meter: Meter, worker: &Rc<Inner>, ask: &Ask<'_>) -> Response<Body> {
    let reply = meter.arrival().reply;
    for place in 0..meter.admitted().model.routes.len() {
        let route = &meter.admitted().model.routes[place];
        let dialect = route.provider.provider.dialect;
        if dialect == Dialect::Demo && reply.surface == Surface::OpenAi {
            return demo::serve(meter, ask).await;
        }
        if dialect != reply.surface.dialect() {
            continue;
        }
        let Some(target) = worker.targets.of(&route.provider, &worker.gateway) else { continue };
        if !target.serves(ask.operation) {
            continue;
        }
        let upstream_body = ask.envelope.body_for(ask.body, route.upstream_model.as_str());
        let errand = Errand {
            operation: ask.operation,
            body: &upstream_body,
            stream: ask.envelope.stream,
            client_headers: Some(ask.headers),
        };
        match target.send(&errand, meter.flight()).await {
            Ok((head, _)) if passes_over(head.status) => {
                tracing::warn!(provider = ?target, status = head.status.as_u16(), "an upstream did not serve a call");
            }
            Ok((head, answering)) => {
                return pass(meter, &ask.envelope, head, answering, worker.gateway.limits.idle_timeout).await;
            }
            Err(Failure::Unavailable) => {}
            Err(Failure::TimedOut) => return lost(meter, Lost::Upstream(Reason::UpstreamTimeout)),
            Err(Failure::Cut(reason)) => return lost(meter, Lost::Right(reason)),
        }
    }
    tracing::warn!(request.id = ?reply.id, model = %meter.admitted().model.name, "no route of a model serves");
    lost(meter, Lost::Upstream(Reason::UpstreamUnavailable))
}

/// Whether another route may do better: the upstream is down, busy, elsewhere, or does not know our credential, none of which
/// is the caller's doing.
fn passes_over(status: StatusCode) -> bool {
    match status.as_u16() {
        401 | 403 | 407 | 429 => true,
        status => !(200..300).contains(&status) && !(400..500).contains(&status),
    }
}
