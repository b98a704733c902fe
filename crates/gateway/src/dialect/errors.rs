//! What an upstream says when it refuses or gives up, in the words of the client's dialect.

use std::borrow::Cow;

use bailey_domain::model::Dialect;

use http::StatusCode;

use super::Client;
use super::json::{Fields, Json, Object};
use crate::surface::{Code, Fault};

/// More of an upstream's words helps nobody.
const LONGEST: usize = 2000;

/// Each kind of error with its status. Of several that fit, the first is taken. OpenAI's column is what the vendor's compatible API
/// answers.
const KINDS: [(u16, Code); 17] = [
    (400, Code::INVALID),
    (400, Code::new("data_inspection_failed", "DataInspectionFailed")),
    (400, Code::new("content_filter", "DataInspectionFailed")),
    (400, Code::new("Arrearage", "Arrearage").with_anthropic("billing_error")),
    (401, Code::new("invalid_api_key", "InvalidApiKey")),
    (403, Code::ACCESS_DENIED),
    (403, Code::new("Model.AccessDenied", "Model.AccessDenied")),
    (404, Code::MODEL_NOT_FOUND),
    (408, Code::TIMEOUT.with_anthropic("timeout_error")),
    (409, Code::new("conflict", "Conflict").with_anthropic("conflict_error")),
    (413, Code::TOO_LARGE),
    (429, Code::new("limit_requests", "Throttling.RateQuota")),
    (429, Code::new("limit_burst_rate", "Throttling.BurstRate")),
    (429, Code::new("insufficient_quota", "Throttling.AllocationQuota")),
    (500, Code::new("internal_error", "InternalError")),
    (503, Code::new("model_overloaded", "ModelServingError")),
    (504, Code::new("upstream_timeout", "RequestTimeOut")),
];

/// What an upstream said. A stream tells no status, so its code decides.
pub(super) fn said(status: Option<u16>, code: Option<&str>, message: &str) -> Fault<'static> {
    let kinds = || KINDS.into_iter().map(|(status, code)| (http_status(status), code));
    let is_named =
        |(status, kind): &(StatusCode, Code)| code.is_some_and(|code| kind.is_called(*status, code));
    // A code is believed where it agrees with the status.
    let status = status.filter(|status| (400..600).contains(status)).map(http_status);
    let named = kinds().filter(is_named).find(|(known, _)| status.is_none_or(|status| status == *known));
    let status = status.or(named.map(|(status, _)| status)).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let like = if status.is_server_error() { 500 } else { 400 };
    let kind = named.or_else(|| kinds().find(|(known, _)| *known == status));
    let kind = kind.or_else(|| kinds().find(|(known, _)| *known == like));
    let (_, code) = kind.expect("the table has 400 and 500");
    let message = match message.char_indices().nth(LONGEST) {
        _ if message.trim().is_empty() => format!(
            "the model's upstream answered with status {} and no error that can be shown",
            status.as_u16()
        ),
        None => message.to_owned(),
        Some((end, _)) => format!("{}…", &message[..end]),
    };
    Fault { status, code, message: message.into(), param: None }
}

fn http_status(status: u16) -> StatusCode {
    StatusCode::from_u16(status).expect("a status between 100 and 999")
}

/// Reads the body of an upstream's error.
pub(super) fn read(from: Dialect, status: u16, body: &[u8]) -> Fault<'static> {
    let fields = str::from_utf8(body).ok().and_then(Fields::read);
    let inner = fields.as_ref().and_then(|fields| fields.object("error").ok().flatten());
    let told = |name: &str| -> Option<Cow<'_, str>> {
        // The vendor's compatible API answers flat when an outer layer refuses.
        let nested = inner.as_ref().and_then(|inner| inner.text(name).ok().flatten());
        nested.or_else(|| fields.as_ref().and_then(|fields| fields.text(name).ok().flatten()))
    };
    let code = match from {
        Dialect::Anthropic => inner.as_ref().and_then(|inner| inner.text("type").ok().flatten()),
        Dialect::OpenAi | Dialect::DashScope | Dialect::Demo => told("code").or_else(|| told("type")),
    };
    said(Some(status), code.as_deref(), &told("message").unwrap_or_default())
}

/// The event that ends a stream in which so many were written before. OpenAI's responses have a shape of their own there, and
/// number their events.
pub(super) fn event(fault: &Fault<'_>, client: &Client, request_id: &str, written: u64) -> Vec<u8> {
    if !matches!(client, Client::Responses(_)) {
        return fault.event(client.surface(), request_id, false);
    }
    let event = Object::new()
        .with("type", "error")
        .with("code", fault.code.openai())
        .with("message", &*fault.message)
        .with("param", Json::Null)
        .with("sequence_number", written);
    let mut out = Vec::new();
    super::stream::named("error", &event, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(client: &Client, fault: &Fault<'_>) -> String {
        String::from_utf8(fault.body(client.surface(), "r")).unwrap()
    }

    #[test]
    fn an_error_is_said_in_the_clients_words() {
        let dashscope =
            br#"{"code":"Throttling.AllocationQuota","message":"Allocated quota exceeded","request_id":"u"}"#;
        let fault = read(Dialect::DashScope, 429, dashscope);
        assert_eq!(
            body(&Client::OpenAi, &fault),
            r#"{"error":{"message":"Allocated quota exceeded","type":"insufficient_quota","param":null,"code":"insufficient_quota"},"request_id":"r"}"#
        );
        assert_eq!(
            body(&Client::Anthropic, &fault),
            r#"{"type":"error","error":{"type":"rate_limit_error","message":"Allocated quota exceeded"},"request_id":"r"}"#
        );
        let anthropic = br#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
        let overloaded = read(Dialect::Anthropic, 529, anthropic);
        assert_eq!(
            (overloaded.status.as_u16(), overloaded.code.openai(), &*overloaded.message),
            (529, "internal_error", "Overloaded")
        );
        let openai = br#"{"error":{"message":"too long","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#;
        let fault = read(Dialect::OpenAi, 400, openai);
        let shape = super::super::dashscope::Shape {
            is_text: true,
            is_incremental: true,
            is_multimodal: false,
            is_stream: false,
        };
        assert_eq!(
            body(&Client::DashScope(shape), &fault),
            r#"{"code":"InvalidParameter","message":"too long","request_id":"r"}"#
        );
    }

    #[test]
    fn an_error_that_cannot_be_read_still_has_its_status() {
        for bytes in
            [&b""[..], b"<html>", b"[]", b"{\"error\":7}", b"\xff", b"{\"error\":{\"message\":\"\"}}"]
        {
            for from in [Dialect::OpenAi, Dialect::DashScope, Dialect::Anthropic] {
                let fault = read(from, 404, bytes);
                assert_eq!((fault.status.as_u16(), fault.code.openai()), (404, "model_not_found"));
                assert!(fault.message.contains("404"), "{}", fault.message);
            }
        }
        assert_eq!(said(Some(404), Some("rate_limit_error"), "x").code.openai(), "model_not_found");
        assert_eq!(said(None, Some("rate_limit_error"), "x").status, 429);
        assert_eq!(said(Some(200), None, "x").status, 500);
        assert_eq!(said(None, None, &"é".repeat(3000)).message, format!("{}…", "é".repeat(2000)));
    }
}
