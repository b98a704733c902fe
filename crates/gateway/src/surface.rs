//! The three wire formats that clients speak, and how each says that something is wrong. One shape per surface, whoever
//! made the error.

use std::borrow::Cow;

use bailey_domain::Reason;
use bailey_domain::model::Dialect;
use http::StatusCode;
use serde::Serialize;

use crate::request_ids::RequestIdText;

/// What a client speaks, which its path tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Surface {
    /// OpenAI's.
    OpenAi,
    /// Model Studio's own.
    DashScope,
    /// Anthropic's.
    Anthropic,
}

impl Surface {
    /// The dialect of upstreams that speak the same.
    pub(crate) fn dialect(self) -> Dialect {
        match self {
            Self::OpenAi => Dialect::OpenAi,
            Self::DashScope => Dialect::DashScope,
            Self::Anthropic => Dialect::Anthropic,
        }
    }
}

/// To whom an answer goes: on every one stands the request's id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reply {
    pub(crate) id: RequestIdText,
    pub(crate) surface: Surface,
}

/// What kind of error it is, as each surface calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code {
    openai: &'static str,
    native: &'static str,
    /// Where Anthropic's type is not the one of the status.
    anthropic: Option<&'static str>,
}

impl Code {
    /// Something in the request cannot be taken.
    pub(crate) const INVALID: Self = Self::new("invalid_request_error", "InvalidParameter");
    /// Nothing is at this path.
    pub(crate) const NOT_FOUND: Self = Self::new("not_found", "NotFound");
    /// The real API has it, this release has not.
    pub(crate) const NOT_SUPPORTED: Self = Self::new("not_supported", "NotSupported");
    /// The call is not allowed, whoever makes it.
    pub(crate) const ACCESS_DENIED: Self = Self::new("access_denied", "AccessDenied");
    /// The path takes another method.
    pub(crate) const METHOD: Self = Self::new("method_not_allowed", "MethodNotAllowed");
    /// The body's type or coding is not taken.
    pub(crate) const MEDIA_TYPE: Self = Self::new("unsupported_media_type", "UnsupportedMediaType");
    /// The body is too long.
    pub(crate) const TOO_LARGE: Self = Self::new("request_too_large", "BadRequest.TooLarge");
    /// The body did not come in time.
    pub(crate) const TIMEOUT: Self = Self::new("request_timeout", "RequestTimeOut");
    /// No such model, in the list of models.
    pub(crate) const MODEL_NOT_FOUND: Self = Self::new("model_not_found", "ModelNotFound");
    /// The upstream refused, in words that cannot be shown.
    pub(crate) const UPSTREAM: Self = Self::new("upstream_error", "UpstreamError");

    /// As OpenAI's clients know it.
    pub(crate) fn openai(self) -> &'static str {
        self.openai
    }

    /// What both call the same.
    pub(crate) fn alike(code: &'static str) -> Self {
        Self::new(code, code)
    }

    /// As Anthropic's clients know it, with that status.
    fn anthropic(self, status: StatusCode) -> &'static str {
        self.anthropic.unwrap_or_else(|| anthropic_type(status))
    }

    /// Whether, with that status, one of the surfaces calls it so.
    pub(crate) fn is_called(self, status: StatusCode, name: &str) -> bool {
        [self.openai, self.native, self.anthropic(status)].contains(&name)
    }

    pub(crate) const fn new(openai: &'static str, native: &'static str) -> Self {
        Self { openai, native, anthropic: None }
    }

    pub(crate) const fn with_anthropic(self, anthropic: &'static str) -> Self {
        Self { anthropic: Some(anthropic), ..self }
    }
}

/// An error before it has its shape.
#[derive(Debug)]
pub(crate) struct Fault<'a> {
    pub(crate) status: StatusCode,
    pub(crate) code: Code,
    pub(crate) message: Cow<'a, str>,
    pub(crate) param: Option<&'a str>,
}

#[derive(Serialize)]
struct OpenAiError<'a> {
    error: OpenAiFields<'a>,
    request_id: &'a str,
}

#[derive(Serialize)]
struct OpenAiFields<'a> {
    message: &'a str,
    r#type: &'a str,
    param: Option<&'a str>,
    code: &'a str,
}

#[derive(Serialize)]
struct NativeError<'a> {
    code: &'a str,
    message: &'a str,
    request_id: &'a str,
}

#[derive(Serialize)]
struct AnthropicError<'a> {
    r#type: &'a str,
    error: AnthropicFields<'a>,
    request_id: &'a str,
}

#[derive(Serialize)]
struct AnthropicFields<'a> {
    r#type: &'a str,
    message: &'a str,
}

/// Anthropic names errors by their status (its API reference, "Errors"); the SDKs choose their exception by the status.
fn anthropic_type(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 => "overloaded_error",
        504 => "timeout_error",
        status if status >= 500 => "api_error",
        _ => "invalid_request_error",
    }
}

impl Fault<'_> {
    /// The body, in the shape of the surface that was called.
    pub(crate) fn body(&self, surface: Surface, request_id: &str) -> Vec<u8> {
        let message = &*self.message;
        let body = match surface {
            Surface::OpenAi => {
                // The real service: 401 and what is wrong with a request share one type, every other type is its code.
                let r#type = match self.status.as_u16() {
                    400 | 401 | 404 | 405 | 408 | 413 | 415 => "invalid_request_error",
                    _ => self.code.openai,
                };
                let error = OpenAiFields { message, r#type, param: self.param, code: self.code.openai };
                serde_json::to_vec(&OpenAiError { error, request_id })
            }
            Surface::DashScope => {
                serde_json::to_vec(&NativeError { code: self.code.native, message, request_id })
            }
            Surface::Anthropic => {
                let error = AnthropicFields { r#type: self.code.anthropic(self.status), message };
                serde_json::to_vec(&AnthropicError { r#type: "error", error, request_id })
            }
        };
        body.expect("a struct of texts becomes JSON")
    }

    /// The event that ends a stream. `is_inside`: the event before was not finished.
    pub(crate) fn event(&self, surface: Surface, request_id: &str, is_inside: bool) -> Vec<u8> {
        let mut frame = Vec::with_capacity(320);
        frame.extend_from_slice(if is_inside { b"\n\n" } else { b"" });
        match surface {
            Surface::OpenAi => {}
            // One version of the `dashscope` SDK reads the status from a field, another from a comment.
            Surface::DashScope => {
                let status = self.status.as_u16();
                let head = format!("event:error\nstatus:{status}\n:HTTP_STATUS/{status}\n");
                frame.extend_from_slice(head.as_bytes());
            }
            Surface::Anthropic => frame.extend_from_slice(b"event: error\n"),
        }
        frame.extend_from_slice(if surface == Surface::DashScope { b"data:" } else { b"data: " });
        frame.extend_from_slice(&self.body(surface, request_id));
        frame.extend_from_slice(b"\n\n");
        frame
    }
}

/// How a reason looks. Reasons of the control API have no face here and none of them comes here.
pub(crate) fn fault_of(surface: Surface, reason: Reason) -> Fault<'static> {
    let face = reason.face().or(Reason::NotConfirmed.face()).expect("a gateway reason has a face");
    // The two surfaces of the real service say it in different words.
    let message = if surface == Surface::DashScope && face.message == "Incorrect API key provided." {
        "Invalid API-key provided."
    } else {
        face.message
    };
    Fault {
        status: StatusCode::from_u16(face.status).expect("the table holds HTTP statuses"),
        code: Code::new(face.openai_code, face.native_code),
        message: message.into(),
        param: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ID: &str = "the-id";

    fn body(surface: Surface, fault: &Fault<'_>) -> Value {
        serde_json::from_slice(&fault.body(surface, ID)).unwrap()
    }

    #[test]
    fn every_surface_has_one_shape() {
        for &reason in Reason::ALL.iter().filter(|reason| reason.face().is_some()) {
            let face = reason.face().unwrap();
            let openai = body(Surface::OpenAi, &fault_of(Surface::OpenAi, reason));
            let r#type =
                if matches!(face.status, 401 | 404) { "invalid_request_error" } else { face.openai_code };
            assert_eq!(
                openai["error"],
                json!({"message": face.message, "type": r#type, "param": null, "code": face.openai_code})
            );
            assert_eq!(openai["request_id"], ID);
            let native = body(Surface::DashScope, &fault_of(Surface::DashScope, reason));
            assert_eq!(native["code"], face.native_code);
            assert_eq!(native["request_id"], ID);
            assert_eq!(native.as_object().unwrap().len(), 3);
            let anthropic = body(Surface::Anthropic, &fault_of(Surface::Anthropic, reason));
            assert_eq!(anthropic["type"], "error");
            assert_eq!(anthropic["error"]["message"], face.message);
            assert_eq!(anthropic["request_id"], ID);
        }
    }

    #[test]
    fn an_invalid_key_is_said_as_the_real_service_says_it() {
        let message = |surface, reason| fault_of(surface, reason).message.into_owned();
        assert_eq!(message(Surface::DashScope, Reason::KeyUnknown), "Invalid API-key provided.");
        assert_eq!(message(Surface::DashScope, Reason::KeyMissing), "No API-key provided.");
        assert_eq!(message(Surface::OpenAi, Reason::KeyUnknown), "Incorrect API key provided.");
    }

    #[test]
    fn the_event_that_ends_a_stream_is_one_that_the_clients_know() {
        let event = |surface, is_inside| {
            let fault = fault_of(surface, Reason::KeyDisabled);
            String::from_utf8(fault.event(surface, ID, is_inside)).unwrap()
        };
        assert!(event(Surface::OpenAi, false).starts_with("data: {\"error\":{"));
        assert!(event(Surface::OpenAi, true).starts_with("\n\ndata: {"));
        assert!(
            event(Surface::DashScope, false)
                .starts_with("event:error\nstatus:401\n:HTTP_STATUS/401\ndata:{\"code\":\"InvalidApiKey\"")
        );
        assert!(event(Surface::Anthropic, true).starts_with(
            "\n\nevent: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"authentication_error\""
        ));
        for surface in [Surface::OpenAi, Surface::DashScope, Surface::Anthropic] {
            assert!(event(surface, false).ends_with("}\n\n"));
        }
    }
}
