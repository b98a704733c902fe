//! Answers in their shapes: RPC with capital first letters, also as XML, ROA with small ones, and decisions with nothing
//! around them.

use bailey_acs::answer::ErrorAnswer;
use bailey_acs::xml;
use bailey_domain::RequestId;
use bailey_edge::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use crate::failure::Told;

const JSON: &str = "application/json; charset=utf-8";

/// The shape of a surface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// RAM and STS.
    Rpc(Format),
    /// ModelStudio and our own operations.
    Roa,
    /// AuthZEN: what is answered is the whole body, and the request id is a header. What is refused looks as in ROA.
    Decision,
}

/// How an RPC answer is written: what the parameter `Format` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    /// JSON, also where the parameter is absent. No client relies on another default.
    #[default]
    Json,
    /// XML.
    Xml,
}

impl Format {
    /// Reads the parameter; its case does not matter.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [("JSON", Self::Json), ("XML", Self::Xml)]
            .into_iter()
            .find_map(|(name, format)| name.eq_ignore_ascii_case(text).then_some(format))
    }
}

/// A successful answer: the operation's fields and the request id.
pub(crate) fn success(shape: Shape, request: RequestId, operation: &str, fields: Value) -> Response<Body> {
    let mut body = if fields.is_object() { fields } else { json!({}) };
    match shape {
        Shape::Rpc(_) => body["RequestId"] = json!(request),
        Shape::Roa => {
            body["requestId"] = json!(request);
            body["httpStatusCode"] = json!(200);
            body["success"] = json!(true);
            body["code"] = json!("Success");
        }
        Shape::Decision => {}
    }
    respond(shape, StatusCode::OK, request, &format!("{operation}Response"), &body)
}

/// A failed one.
pub(crate) fn failed(shape: Shape, request: RequestId, host: &str, told: &Told) -> Response<Body> {
    let id = request.to_string();
    let answer = ErrorAnswer {
        code: &told.code,
        message: &told.message,
        status: told.status,
        request_id: &id,
        host_id: host,
        recommend: &told.next_step,
        access_denied_detail: told.detail.as_ref(),
    };
    let body = match shape {
        Shape::Rpc(_) => answer.rpc(),
        Shape::Roa | Shape::Decision => {
            let mut body = answer.roa();
            if !told.next_step.is_empty() {
                body["recommend"] = json!(told.next_step);
            }
            body
        }
    };
    respond(shape, told.status, request, "Error", &body)
}

/// The answer when a handler panicked. Nothing is known of the call any more, not even its shape; clients read both.
pub(crate) fn fault() -> Response<Body> {
    let body = json!({
        "code": "InternalError", "Code": "InternalError", "httpStatusCode": 500, "success": false,
        "message": "The request processing has failed due to some unknown error.",
        "Message": "The request processing has failed due to some unknown error.",
    });
    let mut response = Response::new(Body::whole(Bytes::from(body.to_string())));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    response
}

/// `root` is the name of the outermost element, where the answer has one.
fn respond(shape: Shape, status: StatusCode, request: RequestId, root: &str, body: &Value) -> Response<Body> {
    let (content_type, text) = match shape {
        Shape::Rpc(Format::Xml) => (xml::CONTENT_TYPE, xml::document(root, body)),
        Shape::Rpc(Format::Json) | Shape::Roa | Shape::Decision => (JSON, body.to_string()),
    };
    let mut response = Response::new(Body::whole(Bytes::from(text)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    mark(headers, request);
    response
}

/// Says which credentials there are, beside a 401.
pub(crate) fn challenge(headers: &mut HeaderMap) {
    for value in [r#"Basic realm="bailey", charset="UTF-8""#, r#"Bearer realm="bailey""#] {
        headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static(value));
    }
}

/// What every answer says of itself.
pub(crate) fn mark(headers: &mut HeaderMap, request: RequestId) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::SERVER, HeaderValue::from_static(concat!("bailey/", env!("CARGO_PKG_VERSION"))));
    if let Ok(id) = HeaderValue::from_str(&request.to_string()) {
        headers.insert("x-acs-request-id", id);
    }
}
