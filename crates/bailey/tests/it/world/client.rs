//! A small HTTP client: one connection, kept while it can be, or a new one whenever the test says so.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// No test waits longer for anything.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// A call to be made.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// A connection, or the intention to make one.
#[derive(Debug)]
pub(crate) struct Client {
    to: SocketAddr,
    open: Option<SendRequest<Full<Bytes>>>,
}

/// An answer that is read piece by piece.
#[derive(Debug)]
pub(crate) struct Streamed {
    body: Incoming,
}

impl Call {
    pub(crate) fn get(target: &str) -> Self {
        Self { method: Method::GET, target: target.to_owned(), headers: Vec::new(), body: Bytes::new() }
    }

    pub(crate) fn post(target: &str, body: &Value) -> Self {
        let call = Self { method: Method::POST, body: Bytes::from(body.to_string()), ..Self::get(target) };
        call.with("content-type", "application/json")
    }

    /// A chat with a model, by API key.
    pub(crate) fn chat(key: &str, model: &str, said: &str) -> Self {
        let messages = json!([{ "role": "user", "content": said }]);
        Self::post("/v1/chat/completions", &json!({ "model": model, "messages": messages })).key(key)
    }

    /// The same, streamed.
    pub(crate) fn stream(key: &str, model: &str, said: &str) -> Self {
        let messages = json!([{ "role": "user", "content": said }]);
        let body = json!({ "model": model, "messages": messages, "stream": true });
        Self::post("/v1/chat/completions", &body).key(key)
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.with("authorization", &format!("Bearer {key}"))
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn to_http(&self, host: SocketAddr) -> Request<Full<Bytes>> {
        let mut request = Request::builder().method(&self.method).uri(&self.target);
        if !self.headers.iter().any(|(name, _)| name == "host") {
            request = request.header("host", host.to_string());
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(Full::new(self.body.clone())).unwrap()
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// A field of the control API's answers, whose name begins with a capital in the RPC shape.
    pub(crate) fn field(&self, name: &str) -> Value {
        let body = self.json();
        let capital = name[..1].to_uppercase() + &name[1..];
        body.get(name).or_else(|| body.get(&capital)).cloned().unwrap_or_default()
    }

    /// The error code on the control API.
    pub(crate) fn code(&self) -> String {
        self.field("code").as_str().unwrap_or_default().to_owned()
    }
}

impl Client {
    pub(crate) fn new(to: SocketAddr) -> Self {
        Self { to, open: None }
    }

    /// The address that it calls.
    pub(crate) fn to(&self) -> SocketAddr {
        self.to
    }

    /// Drops the connection, so that the next call makes a new one.
    pub(crate) fn hang_up(&mut self) {
        self.open = None;
    }

    /// Calls, and reads the whole answer.
    pub(crate) async fn send(&mut self, call: &Call) -> Answer {
        self.try_send(call).await.unwrap_or_else(|error| panic!("{}: {error}", call.target))
    }

    /// The same, for a server that may go away.
    pub(crate) async fn try_send(&mut self, call: &Call) -> Result<Answer, String> {
        let (sender, response) = self.begin(call).await?;
        let (head, body) = response.into_parts();
        let body = timeout(LONG, body.collect()).await.map_err(|_| "the body never ended")?;
        let body = body.map_err(|error| error.to_string())?.to_bytes();
        self.open = Some(sender);
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
    }

    /// Calls, and reads the answer as it comes.
    pub(crate) async fn stream(&mut self, call: &Call) -> Streamed {
        let (_, response) = self.begin(call).await.unwrap();
        assert_eq!(response.status(), 200);
        Streamed { body: response.into_body() }
    }

    async fn begin(
        &mut self,
        call: &Call,
    ) -> Result<(SendRequest<Full<Bytes>>, http::Response<Incoming>), String> {
        let mut sender = self.connection().await?;
        let response = timeout(LONG, sender.send_request(call.to_http(self.to))).await;
        let response = response.map_err(|_| "no answer came")?.map_err(|error| error.to_string())?;
        Ok((sender, response))
    }

    async fn connection(&mut self) -> Result<SendRequest<Full<Bytes>>, String> {
        if let Some(mut open) = self.open.take()
            && open.ready().await.is_ok()
        {
            return Ok(open);
        }
        let stream = TcpStream::connect(self.to).await.map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let (sender, connection) =
            handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
        tokio::spawn(connection);
        Ok(sender)
    }
}

impl Streamed {
    /// The next piece; `None` when the answer has ended, properly or not.
    pub(crate) async fn next(&mut self) -> Option<String> {
        let frame = timeout(LONG, self.body.frame()).await.expect("a piece comes")?.ok()?;
        Some(String::from_utf8(frame.into_data().unwrap_or_default().to_vec()).unwrap())
    }

    /// Reads until this has come.
    pub(crate) async fn until(&mut self, wanted: &str) {
        let mut seen = String::new();
        while !seen.contains(wanted) {
            seen += &self.next().await.unwrap_or_else(|| panic!("`{wanted}` does not come after `{seen}`"));
        }
    }

    /// All that is left.
    pub(crate) async fn rest(&mut self) -> String {
        let mut all = String::new();
        while let Some(piece) = self.next().await {
            all += &piece;
        }
        all
    }
}
