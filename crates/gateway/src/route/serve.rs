//! Trying routes until one begins to answer.

use std::rc::Rc;

use bailey_domain::Reason;
use bailey_domain::directory::{ModelEntry, RouteEntry};
use bailey_domain::model::Dialect;
use bailey_domain::upstream::Fault;
use http::{Response, StatusCode};

use super::attempt::Attempt;
use super::retry_after::retry_after_ms;
use crate::answer::{self, come_back};
use crate::call::Ask;
use crate::demo;
use crate::dialect::Outgoing;
use crate::gateway::Gateway;
use crate::meter::Meter;
use crate::outbound::{Errand, Failure, Head};
use crate::pass::{Lost, lost, pass};
use crate::translation::Translation;
use crate::worker::{Body, Inner};

/// Serves an admitted call from the routes of its model. What decides that another one is tried lies before the first
/// byte of an answer: later, the client has it.
pub(crate) async fn serve(mut meter: Meter, worker: &Rc<Inner>, ask: &Ask<'_>) -> Response<Body> {
    let gateway = &worker.gateway;
    let reply = meter.arrival().reply;
    let began_ms = gateway.clock.now_ms();
    let mut now_ms = began_ms;
    let mut choice = worker.turns.next();
    let mut tries = 0;
    let mut cannot_say = None;
    while let Some(place) = choice.next(&meter.admitted().model.routes) {
        let route = &meter.admitted().model.routes[place];
        let dialect = route.provider.provider.dialect;
        let translation = Translation::between(ask, meter.arrival(), dialect);
        if translation.as_ref().is_some_and(|translation| !translation.is_possible()) {
            continue;
        }
        let upstream_model = route.upstream_model.as_str();
        let max_output_tokens = meter.admitted().model.model.max_output_tokens;
        let outgoing = match &translation {
            None => Outgoing {
                body: ask.envelope.body_for(ask.body, upstream_model),
                operation: ask.operation,
                is_stream: ask.envelope.stream,
            },
            Some(translation) => {
                match translation.request(ask.body, upstream_model, max_output_tokens) {
                    Ok(outgoing) => outgoing,
                    // Another route may speak a dialect that can say it.
                    Err(invalid) => {
                        cannot_say.get_or_insert(invalid);
                        continue;
                    }
                }
            }
        };
        if dialect == Dialect::Demo {
            return Box::pin(demo::serve(meter, ask, &outgoing.body, translation)).await;
        }
        let Some(target) = worker.targets.of(&route.provider, gateway) else { continue };
        if !target.serves(outgoing.operation) {
            continue;
        }
        let took = u128::try_from(now_ms - began_ms).unwrap_or(0);
        if tries > 0 && (tries >= gateway.limits.tries || took >= gateway.limits.tries_within.as_millis()) {
            break;
        }
        let Some(mut attempt) = Attempt::begin(route, &target, now_ms, gateway.limits.breaker) else {
            continue;
        };
        tries += 1;
        let errand = Errand {
            operation: outgoing.operation,
            body: &outgoing.body,
            stream: outgoing.is_stream,
            client_headers: translation.is_none().then_some(ask.headers),
        };
        let sent = target.send(&errand, meter.flight()).await;
        now_ms = gateway.clock.now_ms();
        match sent {
            Ok((head, _)) if passes_over(head.status) => {
                tracing::warn!(provider = ?target, status = head.status.as_u16(), "an upstream did not serve a call");
                passed_over(gateway, route, &mut attempt, &head, now_ms);
            }
            Ok((head, answering)) => {
                attempt.answered(now_ms);
                meter.serves(attempt);
                return pass(meter, &ask.envelope, translation, head, answering, target.idle_timeout()).await;
            }
            Err(Failure::Unavailable) => attempt.failed(Fault::Unreachable, now_ms),
            Err(Failure::TimedOut) => {
                attempt.failed(Fault::Silent, now_ms);
                return lost(meter, Lost::Upstream(Reason::UpstreamTimeout));
            }
            Err(Failure::Cut(reason)) => return lost(meter, Lost::Right(reason)),
        }
    }
    if let Some(invalid) = cannot_say.filter(|_| tries == 0) {
        meter.answers(StatusCode::BAD_REQUEST.as_u16());
        return answer::invalid(reply, invalid);
    }
    let model = &meter.admitted().model;
    let wait = wait_ms(model, gateway.clock.now_ms());
    if tries > 0 {
        tracing::warn!(request.id = ?reply.id, model = %model.name, tries, "no route of a model serves");
    }
    let mut response = lost(meter, Lost::Upstream(Reason::UpstreamUnavailable));
    if let Some(ms) = wait {
        come_back(response.headers_mut(), ms);
    }
    response
}

/// Notes why a route did not serve.
fn passed_over(gateway: &Gateway, route: &RouteEntry, attempt: &mut Attempt, head: &Head, now_ms: i64) {
    let after = retry_after_ms(head.retry_after_ms.as_ref(), head.retry_after.as_ref(), now_ms);
    if let Some(after) = after {
        route.rest.rest(after, now_ms, &gateway.limits.breaker);
    }
    match (head.status.as_u16(), after) {
        (429, Some(_)) => attempt.declined(Fault::Throttled, now_ms),
        (429, None) => attempt.failed(Fault::Throttled, now_ms),
        // What a caller asks for may be what is forbidden, and nobody closes an upstream to others by asking for that.
        (403, _) => attempt.declined(Fault::Refused, now_ms),
        (401 | 407, _) => attempt.failed(Fault::Refused, now_ms),
        _ => attempt.failed(Fault::Status, now_ms),
    }
}

/// How long until the first of a model's routes is tried again; `None` when that may be at once, or there is none.
fn wait_ms(model: &ModelEntry, now_ms: i64) -> Option<u64> {
    let wait = |route: &RouteEntry| {
        let provider = &route.provider;
        let health = provider.health.wait_ms(provider.provider.bounds.max_concurrency, now_ms);
        route.rest.wait_ms(now_ms).max(health)
    };
    let shortest = model.routes.iter().map(wait).min()?;
    u64::try_from(shortest).ok().filter(|ms| *ms > 0)
}

/// Whether another route may do better: the upstream is down, busy, elsewhere, or does not know our credential, none of which
/// is the caller's doing.
fn passes_over(status: StatusCode) -> bool {
    match status.as_u16() {
        401 | 403 | 407 | 429 => true,
        status => !(200..300).contains(&status) && !(400..500).contains(&status),
    }
}
