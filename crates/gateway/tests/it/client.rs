//! A client: one connection per call.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// No test waits longer for anything.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// A call to be made.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: Bytes,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The status, `error.code` and `x-bailey-reason`, after checking what every error has.
    pub(crate) fn error(&self) -> (u16, String, Option<&str>) {
        let body = self.json();
        let fields: Vec<&str> = body["error"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(fields.len(), 4, "{body}");
        assert!(body["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
        assert!(body["error"]["type"].is_string() && body["error"]["param"] != Value::Bool(true), "{body}");
        assert_eq!(body["request_id"].as_str(), self.header("x-request-id"));
        assert_eq!(self.status == 401, self.header("www-authenticate").is_some());
        (
            self.status.as_u16(),
            body["error"]["code"].as_str().unwrap().to_owned(),
            self.header("x-bailey-reason"),
        )
    }
}

/// An answer that is read piece by piece.
#[derive(Debug)]
pub(crate) struct Streamed {
    pub(crate) headers: HeaderMap,
    body: Incoming,
}

impl Streamed {
    /// The next piece; `None` at the end; an error when the connection broke.
    pub(crate) async fn next(&mut self) -> Option<Result<String, hyper::Error>> {
        let frame = timeout(LONG, self.body.frame()).await.expect("a piece comes")?;
        Some(frame.map(|frame| String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap()))
    }

    /// All that is left.
    pub(crate) async fn rest(&mut self) -> String {
        let mut all = String::new();
        while let Some(piece) = self.next().await {
            all.push_str(&piece.unwrap());
        }
        all
    }
}

impl Call {
    pub(crate) fn get(path: &str) -> Self {
        Self { method: "GET", path: path.to_owned(), headers: Vec::new(), body: Bytes::new() }
    }

    pub(crate) fn post(path: &str, body: impl Into<Bytes>) -> Self {
        let call = Self { method: "POST", body: body.into(), ..Self::get(path) };
        call.with("content-type", "application/json")
    }

    pub(crate) fn method(mut self, method: &'static str) -> Self {
        self.method = method;
        self
    }

    /// Sets a header.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.with("authorization", &format!("Bearer {key}"))
    }

    pub(crate) async fn stream(self, to: SocketAddr) -> Streamed {
        let response = self.start(to).await;
        assert_eq!(response.status(), 200);
        let (head, body) = response.into_parts();
        Streamed { headers: head.headers, body }
    }

    pub(crate) async fn send(self, to: SocketAddr) -> Answer {
        let (head, body) = self.start(to).await.into_parts();
        let body = timeout(LONG, body.collect()).await.expect("the body ends").unwrap().to_bytes();
        let answer = Answer { status: head.status, headers: head.headers, body };
        assert_eq!(answer.header("x-request-id").map(str::len), Some(36));
        answer
    }

    async fn start(self, to: SocketAddr) -> http::Response<Incoming> {
        let stream = TcpStream::connect(to).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut request = Request::builder().method(self.method).uri(self.path);
        if !self.headers.iter().any(|(name, _)| name == "host") {
            request = request.header("host", "gateway");
        }
        for (name, value) in &self.headers {
            request = request.header(name, value.as_bytes());
        }
        let response = sender.send_request(request.body(Full::new(self.body)).unwrap());
        timeout(LONG, response).await.expect("an answer comes").unwrap()
    }
}
