//! Answers: their headers, and refusals with what a caller may learn of them.

use std::borrow::Cow;

use bailey_domain::Reason;
use bailey_domain::directory::{Denied, Throttled};
use bailey_domain::limit::Standing;
use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use serde::Serialize;

use crate::envelope::Invalid;
use crate::named_workspace::Named;
use crate::surface::{Code, Fault, Reply, Surface, fault_of};
use crate::worker::Body;

/// The request's id, on every answer.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const ANTHROPIC_REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
const REASON: HeaderName = HeaderName::from_static("x-bailey-reason");

/// An answer with a whole body.
pub(crate) fn whole(
    reply: Reply,
    status: StatusCode,
    content_type: HeaderValue,
    body: Bytes,
) -> Response<Body> {
    let mut response = Response::new(Body::whole(body));
    *response.status_mut() = status;
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(REQUEST_ID, reply.id.header());
    if reply.surface == Surface::Anthropic {
        // Where Anthropic's SDKs look for it.
        headers.insert(ANTHROPIC_REQUEST_ID, reply.id.header());
    }
    *response.headers_mut() = headers;
    response
}

/// An answer that is a value.
pub(crate) fn json(reply: Reply, value: &impl Serialize) -> Response<Body> {
    let body = serde_json::to_vec(value).expect("our own answers have no key that is not a text");
    whole(reply, StatusCode::OK, HeaderValue::from_static("application/json"), body.into())
}

/// The answer that an error is.
pub(crate) fn answer(reply: Reply, fault: &Fault<'_>) -> Response<Body> {
    whole(
        reply,
        fault.status,
        HeaderValue::from_static("application/json"),
        fault.body(reply.surface, reply.id.as_str()).into(),
    )
}

/// A body that cannot be taken.
pub(crate) fn invalid(reply: Reply, invalid: Invalid) -> Response<Body> {
    let Invalid { param, message } = invalid;
    answer(
        reply,
        &Fault { status: StatusCode::BAD_REQUEST, code: Code::INVALID, message: message.into(), param },
    )
}

/// An error without a field.
pub(crate) fn fault<'a>(
    reply: Reply,
    status: StatusCode,
    code: Code,
    message: impl Into<Cow<'a, str>>,
) -> Response<Body> {
    answer(reply, &Fault { status, code, message: message.into(), param: None })
}

/// The path is there, the method is not.
pub(crate) fn wrong_method(reply: Reply, allowed: &'static str) -> Response<Body> {
    let message = format!("this path takes {allowed} only");
    let mut response = fault(reply, StatusCode::METHOD_NOT_ALLOWED, Code::METHOD, message);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

/// The answer to a refused call. Whoever has no valid key learns that and nothing else.
pub(crate) fn refusal(
    reply: Reply,
    denied: &Denied,
    named: &Named<'_>,
    model: Option<&str>,
) -> Response<Body> {
    let mut fault = fault_of(reply.surface, denied.reason);
    match (denied.reason, &denied.known) {
        (Reason::ModelUnknown, _) => {
            let model = shown(model.unwrap_or_default());
            fault.message =
                format!("The model `{model}` does not exist or you do not have access to it.").into();
        }
        (Reason::WorkspaceMismatch, Some((_, workspace, _))) => {
            if let Some((code, message, named)) = named.mismatch(denied) {
                let named = shown(named);
                fault.code = Code::alike(code);
                fault.message = format!(
                    "{message} This key is of the workspace `{workspace}`; the request names `{named}`."
                )
                .into();
            }
        }
        (reason, _) if fault.status == StatusCode::FORBIDDEN => {
            fault.message = format!("{} {}", fault.message, reason.meaning().trim()).into();
        }
        _ => {}
    }
    respond(reply, &fault, denied.reason, denied.throttled)
}

/// The answer to a call that is refused for a reason alone.
pub(crate) fn refusal_for(reply: Reply, reason: Reason) -> Response<Body> {
    respond(reply, &fault_of(reply.surface, reason), reason, None)
}

/// What a caller sent, short enough to be said back.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 64;
    match text.char_indices().nth(LONGEST) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]).into(),
    }
}

fn respond(reply: Reply, fault: &Fault<'_>, reason: Reason, throttled: Option<Throttled>) -> Response<Body> {
    let mut response = answer(reply, fault);
    let headers = response.headers_mut();
    if fault.status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return response;
    }
    headers.insert(REASON, HeaderValue::from_static(reason.name()));
    if let Some(throttled) = throttled {
        limits(headers, throttled);
    }
    response
}

/// When to come back, and how full the limits are that there are.
fn limits(headers: &mut HeaderMap, throttled: Throttled) {
    const REQUESTS: [HeaderName; 3] = [
        HeaderName::from_static("x-ratelimit-limit-requests"),
        HeaderName::from_static("x-ratelimit-remaining-requests"),
        HeaderName::from_static("x-ratelimit-reset-requests"),
    ];
    const TOKENS: [HeaderName; 3] = [
        HeaderName::from_static("x-ratelimit-limit-tokens"),
        HeaderName::from_static("x-ratelimit-remaining-tokens"),
        HeaderName::from_static("x-ratelimit-reset-tokens"),
    ];
    for (names, standing) in [(REQUESTS, throttled.requests), (TOKENS, throttled.tokens)] {
        let Some(Standing { limit, remaining, reset_ms }) = standing else { continue };
        for (name, value) in names.into_iter().zip([limit.into(), remaining.into(), duration(reset_ms)]) {
            headers.insert(name, value);
        }
    }
    come_back(headers, throttled.retry_ms);
}

/// Says in how many milliseconds to come back.
pub(crate) fn come_back(headers: &mut HeaderMap, ms: u64) {
    headers.insert(RETRY_AFTER, ms.div_ceil(1000).into());
    headers.insert(HeaderName::from_static("retry-after-ms"), ms.into());
}

/// As OpenAI writes durations in these headers: `120ms`, `8.64s`.
fn duration(ms: u64) -> HeaderValue {
    let text = if ms < 1000 { format!("{ms}ms") } else { format!("{}.{:03}s", ms / 1000, ms % 1000) };
    HeaderValue::try_from(text).expect("digits and letters only")
}

#[cfg(test)]
mod tests {
    use bailey_domain::clock::Fixed;

    use super::*;
    use crate::request_ids::RequestIds;

    fn reply(surface: Surface) -> Reply {
        Reply { id: RequestIds::new(&Fixed::seeded(1)).next(), surface }
    }

    #[test]
    fn every_reason_of_the_gateway_has_its_status_and_headers() {
        for surface in [Surface::OpenAi, Surface::DashScope, Surface::Anthropic] {
            let reply = reply(surface);
            for &reason in Reason::ALL.iter().filter(|reason| reason.face().is_some()) {
                let face = reason.face().unwrap();
                let response = refusal_for(reply, reason);
                assert_eq!(response.status().as_u16(), face.status);
                assert_eq!(response.headers()[REQUEST_ID], reply.id.as_str());
                let as_anthropic = response.headers().get(ANTHROPIC_REQUEST_ID).is_some();
                assert_eq!(as_anthropic, surface == Surface::Anthropic);
                let told = response.headers().get(REASON).map(|value| value.to_str().unwrap());
                assert_eq!(told, (face.status != 401).then_some(reason.name()));
                assert_eq!(response.headers().contains_key(WWW_AUTHENTICATE), face.status == 401);
            }
        }
    }

    #[test]
    fn a_limit_says_when_to_come_back() {
        let standing = Standing { limit: 5, remaining: 0, reset_ms: 1201 };
        let tokens = Standing { limit: 90, remaining: 7, reset_ms: 0 };
        let answer = |throttled| {
            let reply = reply(Surface::OpenAi);
            respond(reply, &fault_of(reply.surface, Reason::RateKey), Reason::RateKey, Some(throttled))
        };
        let response = answer(Throttled { retry_ms: 1201, requests: Some(standing), tokens: Some(tokens) });
        for (name, value) in [
            ("retry-after", "2"),
            ("retry-after-ms", "1201"),
            ("x-ratelimit-limit-requests", "5"),
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-reset-requests", "1.201s"),
            ("x-ratelimit-limit-tokens", "90"),
            ("x-ratelimit-remaining-tokens", "7"),
            ("x-ratelimit-reset-tokens", "0ms"),
        ] {
            assert_eq!(response.headers()[name], value, "{name}");
        }
        let response = answer(Throttled { retry_ms: 1000, requests: None, tokens: Some(tokens) });
        assert!(response.headers().contains_key("x-ratelimit-reset-tokens"));
        assert!(!response.headers().contains_key("x-ratelimit-reset-requests"));
    }

    #[test]
    fn what_is_said_back_is_short() {
        assert_eq!(shown("é"), "é");
        assert_eq!(shown(&"é".repeat(65)), format!("{}…", "é".repeat(64)));
    }
}
