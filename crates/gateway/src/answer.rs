//! Answers in OpenAI's shape: one shape for every error, whoever made it.

use std::borrow::Cow;

use bailey_domain::Reason;
use bailey_domain::directory::Denied;
use bailey_domain::limit::Standing;
use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use serde::Serialize;

use crate::envelope::Invalid;
use crate::request_ids::RequestIdText;
use crate::worker::Body;

/// The request's id, on every answer.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const REASON: HeaderName = HeaderName::from_static("x-bailey-reason");

/// An answer with a whole body.
pub(crate) fn whole(
    id: RequestIdText,
    status: StatusCode,
    content_type: HeaderValue,
    body: Bytes,
) -> Response<Body> {
    let mut response = Response::new(Body::whole(body));
    *response.status_mut() = status;
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(REQUEST_ID, id.header());
    *response.headers_mut() = headers;
    response
}

/// An answer that is a value.
pub(crate) fn json(id: RequestIdText, value: &impl Serialize) -> Response<Body> {
    let body = serde_json::to_vec(value).expect("our own answers have no key that is not a text");
    whole(id, StatusCode::OK, HeaderValue::from_static("application/json"), body.into())
}

/// An error before it has its shape.
#[derive(Debug)]
pub(crate) struct Fault<'a> {
    pub(crate) status: StatusCode,
    pub(crate) code: &'a str,
    pub(crate) message: Cow<'a, str>,
    pub(crate) param: Option<&'a str>,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    error: ErrorFields<'a>,
    request_id: &'a str,
}

#[derive(Serialize)]
struct ErrorFields<'a> {
    message: &'a str,
    r#type: &'a str,
    param: Option<&'a str>,
    code: &'a str,
}

impl Fault<'_> {
    /// The body in OpenAI's shape.
    pub(crate) fn body(&self, id: RequestIdText) -> Vec<u8> {
        // The real service: 401 and what is wrong with a request share one type, every other type is its code.
        let r#type = match self.status.as_u16() {
            400 | 401 | 404 | 405 | 408 | 413 | 415 => "invalid_request_error",
            _ => self.code,
        };
        let error = ErrorFields { message: &self.message, r#type, param: self.param, code: self.code };
        serde_json::to_vec(&ErrorBody { error, request_id: id.as_str() })
            .expect("a struct of texts becomes JSON")
    }

    /// The answer.
    pub(crate) fn respond(&self, id: RequestIdText) -> Response<Body> {
        whole(id, self.status, HeaderValue::from_static("application/json"), self.body(id).into())
    }
}

/// A body that cannot be taken.
pub(crate) fn invalid(id: RequestIdText, invalid: Invalid) -> Response<Body> {
    let Invalid { param, message } = invalid;
    Fault { status: StatusCode::BAD_REQUEST, code: "invalid_request_error", message: message.into(), param }
        .respond(id)
}

/// An error without a field.
pub(crate) fn fault<'a>(
    id: RequestIdText,
    status: StatusCode,
    code: &'a str,
    message: impl Into<Cow<'a, str>>,
) -> Response<Body> {
    Fault { status, code, message: message.into(), param: None }.respond(id)
}

/// The path is there, the method is not.
pub(crate) fn wrong_method(id: RequestIdText, allowed: &'static str) -> Response<Body> {
    let message = format!("this path takes {allowed} only");
    let mut response = fault(id, StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

/// How a reason looks. Reasons of the control API have no face here and none of them comes here.
pub(crate) fn fault_of(reason: Reason) -> Fault<'static> {
    let face = reason.face().or(Reason::NotConfirmed.face()).expect("a gateway reason has a face");
    Fault {
        status: StatusCode::from_u16(face.status).expect("the table holds HTTP statuses"),
        code: face.openai_code,
        message: face.message.into(),
        param: None,
    }
}

/// The answer to a refused call. Whoever has no valid key learns that and nothing else.
pub(crate) fn refusal(
    id: RequestIdText,
    denied: &Denied,
    named_workspace: Option<&str>,
    model: Option<&str>,
) -> Response<Body> {
    let mut fault = fault_of(denied.reason);
    match (denied.reason, &denied.known) {
        (Reason::ModelUnknown, _) => {
            let model = shown(model.unwrap_or_default());
            fault.message =
                format!("The model `{model}` does not exist or you do not have access to it.").into();
        }
        (Reason::WorkspaceMismatch, Some((_, workspace, _))) => {
            let named = shown(named_workspace.unwrap_or_default());
            fault.message = format!(
                "{} This key is of the workspace `{workspace}`; the request names `{named}`.",
                fault.message
            )
            .into();
        }
        (reason, _) if fault.status == StatusCode::FORBIDDEN => {
            fault.message = format!("{} {}", fault.message, reason.meaning().trim()).into();
        }
        _ => {}
    }
    respond(id, &fault, denied.reason, denied.standing)
}

/// The answer to a call that is refused for a reason alone.
pub(crate) fn refusal_for(id: RequestIdText, reason: Reason) -> Response<Body> {
    respond(id, &fault_of(reason), reason, None)
}

/// What a caller sent, short enough to be said back.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 64;
    match text.char_indices().nth(LONGEST) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]).into(),
    }
}

fn respond(
    id: RequestIdText,
    fault: &Fault<'_>,
    reason: Reason,
    standing: Option<Standing>,
) -> Response<Body> {
    let mut response = fault.respond(id);
    let headers = response.headers_mut();
    if fault.status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return response;
    }
    headers.insert(REASON, HeaderValue::from_static(reason.name()));
    if let Some(standing) = standing {
        let tokens = matches!(reason, Reason::TokensAccount | Reason::TokensWorkspace | Reason::TokensKey);
        limits(headers, standing, tokens);
    }
    response
}

fn limits(headers: &mut HeaderMap, standing: Standing, tokens: bool) {
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
    let [limit, remaining, reset] = if tokens { TOKENS } else { REQUESTS };
    headers.insert(limit, standing.limit.into());
    headers.insert(remaining, standing.remaining.into());
    headers.insert(reset, duration(standing.reset_ms));
    headers.insert(RETRY_AFTER, standing.reset_ms.div_ceil(1000).into());
    headers.insert(HeaderName::from_static("retry-after-ms"), standing.reset_ms.into());
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

    fn id() -> RequestIdText {
        RequestIds::new(&Fixed::seeded(1)).next()
    }

    #[test]
    fn every_reason_of_the_gateway_has_its_status_code_and_headers() {
        for &reason in Reason::ALL.iter().filter(|reason| reason.face().is_some()) {
            let face = reason.face().unwrap();
            let response = refusal_for(id(), reason);
            assert_eq!(response.status().as_u16(), face.status);
            assert_eq!(response.headers()[REQUEST_ID], id().as_str());
            let told = response.headers().get(REASON).map(|value| value.to_str().unwrap());
            assert_eq!(told, (face.status != 401).then_some(reason.name()));
            assert_eq!(response.headers().contains_key(WWW_AUTHENTICATE), face.status == 401);
            let body: serde_json::Value = serde_json::from_slice(&fault_of(reason).body(id())).unwrap();
            assert_eq!(body["error"]["code"], face.openai_code);
            let r#type =
                if matches!(face.status, 401 | 404) { "invalid_request_error" } else { face.openai_code };
            assert_eq!(body["error"]["type"], r#type);
            assert!(body["error"].as_object().unwrap().contains_key("param"));
            assert_eq!(body["request_id"], id().as_str());
        }
    }

    #[test]
    fn a_limit_says_when_to_come_back() {
        let standing = Standing { limit: 5, remaining: 0, reset_ms: 1201 };
        let response = respond(id(), &fault_of(Reason::RateKey), Reason::RateKey, Some(standing));
        let header =
            |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(header("retry-after").as_deref(), Some("2"));
        assert_eq!(header("retry-after-ms").as_deref(), Some("1201"));
        assert_eq!(header("x-ratelimit-limit-requests").as_deref(), Some("5"));
        assert_eq!(header("x-ratelimit-remaining-requests").as_deref(), Some("0"));
        assert_eq!(header("x-ratelimit-reset-requests").as_deref(), Some("1.201s"));
        let response = respond(id(), &fault_of(Reason::TokensKey), Reason::TokensKey, Some(standing));
        assert!(response.headers().contains_key("x-ratelimit-reset-tokens"));
        assert!(!response.headers().contains_key("x-ratelimit-reset-requests"));
    }

    #[test]
    fn what_is_said_back_is_short() {
        assert_eq!(shown("é"), "é");
        assert_eq!(shown(&"é".repeat(65)), format!("{}…", "é".repeat(64)));
    }
}
