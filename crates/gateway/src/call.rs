//! A model call: body, admission, the routes one after the other, the answer.

use std::rc::Rc;

use bailey_domain::Reason;
use bailey_domain::model::{Capability, Dialect};
use bailey_edge::{BodyError, read_body};
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName};
use http::{Response, StatusCode};

use crate::answer::{fault, invalid, shown};
use crate::demo;
use crate::envelope::Envelope;
use crate::meter::Meter;
use crate::outbound::Failure;
use crate::pass::{Lost, lost, pass};
use crate::worker::{Asker, Body, Inner};

/// A longer body is read only for a key that is known to be good.
const READ_FOR_ANYBODY: u64 = 64 * 1024;

/// Serves one call.
pub(crate) async fn call<B>(
    worker: &Rc<Inner>,
    asker: &Asker<'_>,
    headers: &HeaderMap,
    body: B,
    does: Capability,
) -> Response<Body>
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    let (gateway, id) = (&worker.gateway, asker.arrival.id);
    let is_long = body.size_hint().upper().is_none_or(|upper| upper > READ_FOR_ANYBODY);
    if (is_long || !asker.has_key())
        && let Err(denied) = gateway.directory.recognise(&asker.call())
    {
        return worker.refuse(asker, &denied, None);
    }
    if let Err(message) = takes(headers) {
        return worker.unless_refused(asker, || {
            fault(id, StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message)
        });
    }
    let body = match read_body(body, gateway.limits.body_bytes, gateway.limits.body_timeout).await {
        Ok(body) => body,
        Err(error) => return worker.unless_refused(asker, || unread(asker, error)),
    };
    let envelope = match Envelope::read(&body, does) {
        Ok(envelope) => envelope,
        Err(wrong) => return worker.unless_refused(asker, || invalid(id, wrong)),
    };
    match gateway.directory.admit(&asker.call(), &envelope.model, does) {
        Ok(admitted) => {
            serve(Meter::new(admitted, Rc::clone(worker), asker.arrival), worker, &envelope, &body, does)
                .await
        }
        Err(denied) => worker.refuse(asker, &denied, Some(&envelope.model)),
    }
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
        BodyError::TooLarge { .. } => "request_too_large",
        BodyError::TimedOut { .. } => "request_timeout",
        BodyError::Broken => "invalid_request_error",
    };
    fault(asker.arrival.id, error.status(), code, error.to_string())
}

/// Tries the routes in their order.
async fn serve(
    meter: Meter,
    worker: &Rc<Inner>,
    envelope: &Envelope<'_>,
    body: &Bytes,
    does: Capability,
) -> Response<Body> {
    let id = meter.arrival().id;
    for place in 0..meter.admitted().model.routes.len() {
        let route = &meter.admitted().model.routes[place];
        let target = match route.provider.provider.dialect {
            Dialect::Demo => return demo::serve(meter, envelope, body, does).await,
            Dialect::OpenAi => worker.targets.of(&route.provider, &worker.gateway),
        };
        let Some(target) = target else { continue };
        let upstream_body = envelope.body_for(body, route.upstream_model.as_str());
        match target.send(does, &upstream_body, meter.flight()).await {
            Ok((head, _)) if passes_over(head.status) => {
                tracing::warn!(provider = ?target, status = head.status.as_u16(), "an upstream did not serve a call");
            }
            Ok((head, answering)) => {
                return pass(meter, envelope, head, answering, worker.gateway.limits.idle_timeout).await;
            }
            Err(Failure::Unavailable) => {}
            Err(Failure::TimedOut) => return lost(meter, Lost::Upstream(Reason::UpstreamTimeout)),
            Err(Failure::Cut(reason)) => return lost(meter, Lost::Right(reason)),
        }
    }
    tracing::warn!(request.id = ?id, model = %meter.admitted().model.name, "no route of a model serves");
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
