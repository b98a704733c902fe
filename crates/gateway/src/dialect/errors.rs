//! What an upstream says when it refuses or gives up, in the words of the client's dialect.

use std::borrow::Cow;

use bailey_domain::model::Dialect;

use super::json::{Fields, Json, Object};
use super::{Client, Facts};

/// More of an upstream's words helps nobody.
const LONGEST: usize = 2000;

/// One kind of error, as each dialect calls it. Of several rows that fit, the first is taken.
struct Row {
    status: u16,
    openai: &'static str,
    dashscope: &'static str,
    anthropic: &'static str,
}

const fn row(status: u16, openai: &'static str, dashscope: &'static str, anthropic: &'static str) -> Row {
    Row { status, openai, dashscope, anthropic }
}

/// OpenAI's column is what the vendor's compatible API answers.
const ROWS: [Row; 17] = [
    row(400, "invalid_request_error", "InvalidParameter", "invalid_request_error"),
    row(400, "data_inspection_failed", "DataInspectionFailed", "invalid_request_error"),
    row(400, "content_filter", "DataInspectionFailed", "invalid_request_error"),
    row(400, "Arrearage", "Arrearage", "billing_error"),
    row(401, "invalid_api_key", "InvalidApiKey", "authentication_error"),
    row(403, "access_denied", "AccessDenied", "permission_error"),
    row(403, "Model.AccessDenied", "Model.AccessDenied", "permission_error"),
    row(404, "model_not_found", "ModelNotFound", "not_found_error"),
    row(408, "request_timeout", "RequestTimeOut", "timeout_error"),
    row(409, "conflict", "Conflict", "conflict_error"),
    row(413, "request_too_large", "BadRequest.TooLarge", "request_too_large"),
    row(429, "limit_requests", "Throttling.RateQuota", "rate_limit_error"),
    row(429, "limit_burst_rate", "Throttling.BurstRate", "rate_limit_error"),
    row(429, "insufficient_quota", "Throttling.AllocationQuota", "rate_limit_error"),
    row(500, "internal_error", "InternalError", "api_error"),
    row(503, "model_overloaded", "ModelServingError", "overloaded_error"),
    row(504, "upstream_timeout", "RequestTimeOut", "timeout_error"),
];

/// An error on its way to the client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// For the answer's head.
    pub(crate) status: u16,
    /// In OpenAI's words, which every client is written from.
    pub(crate) code: &'static str,
    /// What people read.
    pub(crate) message: String,
}

impl Failure {
    /// What an upstream said. A stream tells no status, so its code decides.
    pub(super) fn of(status: Option<u16>, code: Option<&str>, message: &str) -> Self {
        let named =
            |row: &&Row| code.is_some_and(|code| [row.openai, row.dashscope, row.anthropic].contains(&code));
        // A code is believed where it agrees with the status.
        let status = status.filter(|status| (400..600).contains(status));
        let by_code = ROWS.iter().filter(named).find(|row| status.is_none_or(|status| status == row.status));
        let by_code = by_code.or_else(|| ROWS.iter().find(named).filter(|_| status.is_none()));
        let status = status.or(by_code.map(|row| row.status)).unwrap_or(500);
        let row = by_code.unwrap_or_else(|| row_of(status));
        let message = match message.char_indices().nth(LONGEST) {
            _ if message.trim().is_empty() => {
                format!("the model's upstream answered with status {status} and no error that can be shown")
            }
            None => message.to_owned(),
            Some((end, _)) => format!("{}…", &message[..end]),
        };
        Self { status, code: row.openai, message }
    }

    /// Reads the body of an upstream's error.
    pub(super) fn read(from: Dialect, status: u16, body: &[u8]) -> Self {
        let fields = str::from_utf8(body).ok().and_then(Fields::read);
        let inner = fields.as_ref().and_then(|fields| fields.object("error").ok().flatten());
        let said = |name: &str| -> Option<Cow<'_, str>> {
            // The vendor's compatible API answers flat when an outer layer refuses.
            let nested = inner.as_ref().and_then(|inner| inner.text(name).ok().flatten());
            nested.or_else(|| fields.as_ref().and_then(|fields| fields.text(name).ok().flatten()))
        };
        let code = match from {
            Dialect::Anthropic => inner.as_ref().and_then(|inner| inner.text("type").ok().flatten()),
            Dialect::OpenAi | Dialect::DashScope | Dialect::Demo => said("code").or_else(|| said("type")),
        };
        Self::of(Some(status), code.as_deref(), &said("message").unwrap_or_default())
    }

    /// The body of the answer.
    pub(crate) fn body(&self, client: &Client, request_id: &str) -> Vec<u8> {
        self.object(client, request_id).bytes()
    }

    fn object<'a>(&'a self, client: &Client, request_id: &'a str) -> Object<'a> {
        let row = ROWS.iter().find(|row| row.openai == self.code).unwrap_or_else(|| row_of(self.status));
        match client {
            Client::OpenAi | Client::Responses(_) => {
                // As everywhere in this gateway: what is wrong with a request shares one type.
                let kind = match self.status {
                    400 | 401 | 404 | 405 | 408 | 413 | 415 => "invalid_request_error",
                    _ => self.code,
                };
                let error = Object::new()
                    .with("message", &self.message)
                    .with("type", kind)
                    .with("param", Json::Null)
                    .with("code", self.code);
                Object::new().with("error", error).with("request_id", request_id)
            }
            Client::DashScope(_) => Object::new()
                .with("code", row.dashscope)
                .with("message", &self.message)
                .with("request_id", request_id),
            Client::Anthropic => {
                let error = Object::new().with("type", row.anthropic).with("message", &self.message);
                Object::new().with("type", "error").with("error", error).with("request_id", request_id)
            }
        }
    }
}

fn row_of(status: u16) -> &'static Row {
    let same = ROWS.iter().find(|row| row.status == status);
    same.unwrap_or_else(|| {
        let like = if status < 500 { 400 } else { 500 };
        ROWS.iter().find(|row| row.status == like).expect("the table has both")
    })
}

/// An error within a stream. `events` have been written before.
pub(super) fn frame(failure: &Failure, client: &Client, facts: &Facts<'_>, events: u64, out: &mut Vec<u8>) {
    let body = failure.object(client, facts.request_id);
    match client {
        Client::OpenAi => super::stream::data(&body, out),
        Client::Anthropic => super::stream::named("error", &body, out),
        Client::DashScope(_) => {
            let (number, status) = (events + 1, failure.status);
            let head = format!("id:{number}\nevent:error\nstatus:{status}\n:HTTP_STATUS/{status}\ndata:");
            out.extend_from_slice(head.as_bytes());
            body.write_line(out);
            out.extend_from_slice(b"\n\n");
        }
        Client::Responses(_) => numbered(failure.code, &failure.message, events, out),
    }
}

/// An error within a stream of OpenAI's responses, whose events are numbered.
pub(super) fn numbered(code: &str, message: &str, number: u64, out: &mut Vec<u8>) {
    let event = Object::new()
        .with("type", "error")
        .with("code", code)
        .with("message", message)
        .with("param", Json::Null)
        .with("sequence_number", number);
    super::stream::named("error", &event, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(client: &Client, failure: &Failure) -> String {
        String::from_utf8(failure.body(client, "r")).unwrap()
    }

    #[test]
    fn an_error_is_said_in_the_clients_words() {
        let dashscope =
            br#"{"code":"Throttling.AllocationQuota","message":"Allocated quota exceeded","request_id":"u"}"#;
        let failure = Failure::read(Dialect::DashScope, 429, dashscope);
        assert_eq!(
            body(&Client::OpenAi, &failure),
            r#"{"error":{"message":"Allocated quota exceeded","type":"insufficient_quota","param":null,"code":"insufficient_quota"},"request_id":"r"}"#
        );
        assert_eq!(
            body(&Client::Anthropic, &failure),
            r#"{"type":"error","error":{"type":"rate_limit_error","message":"Allocated quota exceeded"},"request_id":"r"}"#
        );
        let anthropic = br#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
        assert_eq!(
            Failure::read(Dialect::Anthropic, 529, anthropic),
            Failure { status: 529, code: "internal_error", message: "Overloaded".to_owned() }
        );
        let openai = br#"{"error":{"message":"too long","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#;
        let failure = Failure::read(Dialect::OpenAi, 400, openai);
        let shape = super::super::dashscope::Shape {
            is_text: true,
            is_incremental: true,
            is_multimodal: false,
            is_stream: false,
        };
        assert_eq!(
            body(&Client::DashScope(shape), &failure),
            r#"{"code":"InvalidParameter","message":"too long","request_id":"r"}"#
        );
    }

    #[test]
    fn an_error_that_cannot_be_read_still_has_its_status() {
        for bytes in
            [&b""[..], b"<html>", b"[]", b"{\"error\":7}", b"\xff", b"{\"error\":{\"message\":\"\"}}"]
        {
            for from in [Dialect::OpenAi, Dialect::DashScope, Dialect::Anthropic] {
                let failure = Failure::read(from, 404, bytes);
                assert_eq!((failure.status, failure.code), (404, "model_not_found"));
                assert!(failure.message.contains("404"), "{}", failure.message);
            }
        }
        assert_eq!(Failure::of(Some(404), Some("rate_limit_error"), "x").code, "model_not_found");
        assert_eq!(Failure::of(None, Some("rate_limit_error"), "x").status, 429);
        assert_eq!(Failure::of(Some(200), None, "x").status, 500);
        assert_eq!(Failure::of(None, None, &"é".repeat(3000)).message, format!("{}…", "é".repeat(2000)));
    }
}
