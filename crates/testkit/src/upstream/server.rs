//! The listener, the script and the counters.

use std::{
    collections::VecDeque,
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot, watch},
    time::sleep,
};

use super::{
    answer::{Answer, HeldStream},
    body::{self, Body, Piece},
    openai,
    recorded::Recorded,
};

/// So many of the newest requests are kept; a load test must not fill the memory.
const REQUESTS_KEPT: usize = 10_000;

/// A running fake. It stops when dropped; open connections are cut.
#[derive(Debug)]
pub struct Upstream {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

#[derive(Debug)]
enum Script {
    Plain(Answer),
    Held(mpsc::UnboundedReceiver<Piece>),
}

#[derive(Debug)]
struct Shared {
    next: Mutex<VecDeque<Script>>,
    otherwise: Mutex<Answer>,
    requests: Mutex<VecDeque<Recorded>>,
    request_count: watch::Sender<usize>,
    connections: AtomicUsize,
    open_connections: AtomicUsize,
    flooded: Arc<AtomicU64>,
}

/// The data behind a lock stays usable after a panic elsewhere: each change is one call.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Upstream {
    /// Starts one on a port that the system picks.
    ///
    /// # Errors
    /// When the machine gives no port or thread.
    pub fn start() -> anyhow::Result<Self> {
        let listener =
            std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot listen on 127.0.0.1")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            next: Mutex::default(),
            otherwise: Mutex::new(Answer::Normal),
            requests: Mutex::default(),
            request_count: watch::channel(0).0,
            connections: AtomicUsize::new(0),
            open_connections: AtomicUsize::new(0),
            flooded: Arc::default(),
        });
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let served = Arc::clone(&shared);
        let thread = thread::Builder::new().name("fake-upstream".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener, served) => {}
                    _ = stopped => {}
                }
            });
        })?;
        Ok(Self { address, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL as a provider's setting takes it: ends in `/v1`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Answers the next request that finds no earlier one-time answer like this.
    pub fn answer_next(&self, answer: Answer) {
        locked(&self.shared.next).push_back(Script::Plain(answer));
    }

    /// Answers every request like this that has no one-time answer.
    pub fn answer_always(&self, answer: Answer) {
        *locked(&self.shared.otherwise) = answer;
    }

    /// Answers the next request (in the order of the calls) with a stream that the returned handle feeds.
    #[must_use]
    pub fn hold_next(&self) -> HeldStream {
        let (stream, pieces) = HeldStream::new();
        locked(&self.shared.next).push_back(Script::Held(pieces));
        stream
    }

    /// The requests so far, oldest first; at most the newest 10,000.
    #[must_use]
    pub fn requests(&self) -> Vec<Recorded> {
        locked(&self.shared.requests).iter().cloned().collect()
    }

    /// How many requests have arrived whole.
    #[must_use]
    pub fn request_count(&self) -> usize {
        *self.shared.request_count.borrow()
    }

    /// Waits until so many requests have arrived in all. Callers set the time limit.
    pub async fn requests_reach(&self, count: usize) {
        let mut seen = self.shared.request_count.subscribe();
        // The sender lives in `self`, so the wait cannot fail.
        drop(seen.wait_for(|seen| *seen >= count).await);
    }

    /// How many connections were ever opened.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// How many connections are open now.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.shared.open_connections.load(Ordering::SeqCst)
    }

    /// How many bytes of [`Answer::Flood`] were written so far.
    #[must_use]
    pub fn flooded(&self) -> u64 {
        self.shared.flooded.load(Ordering::SeqCst)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        // The accepting task ends when the sender goes.
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

async fn accept(listener: std::net::TcpListener, shared: Arc<Shared>) {
    let listener =
        TcpListener::from_std(listener).expect("a listener that is set to non-blocking can be registered");
    loop {
        let Ok((connection, _)) = listener.accept().await else { continue };
        // Small events go out at once; a failure here only makes them late.
        drop(connection.set_nodelay(true));
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            shared.connections.fetch_add(1, Ordering::SeqCst);
            shared.open_connections.fetch_add(1, Ordering::SeqCst);
            let answering = Arc::clone(&shared);
            let service = service_fn(move |request| answer(Arc::clone(&answering), request));
            // An error here is a client that left or a stream cut on purpose.
            drop(http1::Builder::new().serve_connection(TokioIo::new(connection), service).await);
            shared.open_connections.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let (parts, incoming) = request.into_parts();
    let Ok(collected) = incoming.collect().await else {
        return Ok(json_response(400, &json!({"error": "the body broke off"})));
    };
    let recorded = Recorded::new(&parts, collected.to_bytes());
    {
        let mut requests = locked(&shared.requests);
        if requests.len() == REQUESTS_KEPT {
            requests.pop_front();
        }
        requests.push_back(recorded.clone());
    }
    let next = locked(&shared.next).pop_front();
    shared.request_count.send_modify(|count| *count += 1);
    let script = next.unwrap_or_else(|| Script::Plain(locked(&shared.otherwise).clone()));
    Ok(match script {
        Script::Held(pieces) => stream_response(body::fed(pieces)),
        Script::Plain(answer) => respond(answer, &recorded, &shared.flooded).await,
    })
}

async fn respond(answer: Answer, request: &Recorded, flooded: &Arc<AtomicU64>) -> Response<Body> {
    match answer {
        Answer::Normal => normal(request),
        Answer::Status { status, headers, body } => {
            let mut response = json_response(status, &body);
            for (name, value) in headers {
                let name =
                    hyper::header::HeaderName::try_from(name).expect("a test scripts valid header names");
                let value =
                    hyper::header::HeaderValue::try_from(value).expect("a test scripts valid header values");
                response.headers_mut().append(name, value);
            }
            response
        }
        Answer::Slow(time) => {
            sleep(time).await;
            normal(request)
        }
        Answer::Stream { chunks, every } => {
            paced(Some(chunks), every, vec![Ok(openai::closing_events(1, chunks))])
        }
        Answer::Cut { chunks } => paced(Some(chunks), Duration::ZERO, vec![Err(body::cut())]),
        Answer::CutWithin { chunks } => {
            let event = openai::content_event("never whole");
            let half = event.slice(..event.len() / 2);
            paced(Some(chunks), Duration::ZERO, vec![Ok(half), Err(body::cut())])
        }
        Answer::CutBody => {
            let whole = completion_of(request);
            let announced = whole.len();
            let mut response = in_pieces(&whole, 2, Duration::ZERO, Some(1));
            response.headers_mut().insert(hyper::header::CONTENT_LENGTH, announced.into());
            response
        }
        Answer::Trickle { pieces, every } => in_pieces(&completion_of(request), pieces, every, None),
        Answer::Stall { chunks } => {
            let (feed, pieces) = mpsc::unbounded_channel();
            for index in 0..chunks {
                drop(feed.send(Ok(openai::content_event(&format!("{index} ")))));
            }
            tokio::spawn(async move { feed.closed().await });
            stream_response(body::fed(pieces))
        }
        Answer::Flood { bytes } => flood(request, bytes, Arc::clone(flooded)),
        Answer::Endless { every } => paced(None, every, Vec::new()),
        Answer::Malformed if openai::wants_stream(request) => {
            stream_response(body::whole("data: {\"choices\":[{\n\n"))
        }
        Answer::Malformed => response(200, "application/json", body::whole("{\"choices\":[{\"message\":")),
        Answer::Giant { bytes } => {
            let text = "g".repeat(bytes);
            if openai::wants_stream(request) {
                let events = [openai::content_event(&text), openai::closing_events(1, 1)];
                stream_response(body::whole(Bytes::from(events.concat())))
            } else {
                json_response(200, &openai::completion(request, &text))
            }
        }
        Answer::Silent => std::future::pending().await,
    }
}

fn normal(request: &Recorded) -> Response<Body> {
    let path = request.path();
    if path.ends_with("/chat/completions") {
        let text = openai::reply_to(request);
        if openai::wants_stream(request) {
            return stream_response(body::whole(Bytes::from(openai::stream_of(request, &text).concat())));
        }
        return json_response(200, &openai::completion(request, &text));
    }
    if path.ends_with("/embeddings") {
        return json_response(200, &openai::embeddings(request));
    }
    if path.ends_with("/models") {
        return json_response(200, &openai::models());
    }
    json_response(
        404,
        &json!({"error": {"message": format!("no such path: {path}"), "type": "invalid_request_error", "param": null, "code": null}}),
    )
}

/// Chunks `0`, `1`, … with a pause before each, then `last`; without a count, until the client leaves.
fn paced(chunks: Option<usize>, every: Duration, last: Vec<Piece>) -> Response<Body> {
    let (feed, pieces) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        for index in (0..).take_while(|index| chunks.is_none_or(|chunks| *index < chunks)) {
            // Yields even when the pause is zero, so that an endless stream is written while it is made.
            sleep(every.max(Duration::from_micros(1))).await;
            if feed.send(Ok(openai::content_event(&format!("{index} ")))).is_err() {
                return;
            }
        }
        for last in last {
            // What was sent before goes out while this waits; an error would throw it away with the connection.
            sleep(Duration::from_millis(1)).await;
            drop(feed.send(last));
        }
    });
    stream_response(body::fed(pieces))
}

/// A completion that repeats the last message, as text.
fn completion_of(request: &Recorded) -> Bytes {
    openai::completion(request, &openai::reply_to(request)).to_string().into()
}

/// JSON in so many pieces with a pause before each; cut after `through` of them when that is given.
fn in_pieces(whole: &Bytes, pieces: usize, every: Duration, through: Option<usize>) -> Response<Body> {
    let length = whole.len().div_ceil(pieces.max(1));
    let parts: Vec<_> = whole.chunks(length).map(|part| whole.slice_ref(part)).collect();
    let (feed, pieces) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        for (place, part) in parts.into_iter().enumerate() {
            if through == Some(place) {
                sleep(Duration::from_millis(1)).await;
                drop(feed.send(Err(body::cut())));
                return;
            }
            sleep(every.max(Duration::from_micros(1))).await;
            if feed.send(Ok(part)).is_err() {
                return;
            }
        }
    });
    response(200, "application/json", body::fed(pieces))
}

/// How much of a flood goes out at once.
const FLOOD_PIECE: usize = 64 * 1024;

fn flood(request: &Recorded, bytes: u64, gone: Arc<AtomicU64>) -> Response<Body> {
    let text = "g".repeat(FLOOD_PIECE);
    if openai::wants_stream(request) {
        let (piece, last) = (openai::content_event(&text), openai::closing_events(1, 1));
        return stream_response(body::flood(Bytes::new(), piece, bytes, last, gone));
    }
    let whole = openai::completion(request, "FLOOD").to_string();
    let (first, last) = whole.split_once("FLOOD").expect("the text is in the completion");
    let (first, last) = (Bytes::from(first.to_owned()), Bytes::from(last.to_owned()));
    response(200, "application/json", body::flood(first, text.into(), bytes, last, gone))
}

fn stream_response(body: Body) -> Response<Body> {
    response(200, "text/event-stream", body)
}

fn json_response(status: u16, value: &serde_json::Value) -> Response<Body> {
    response(status, "application/json", body::whole(value.to_string()))
}

fn response(status: u16, content_type: &'static str, body: Body) -> Response<Body> {
    Response::builder()
        .status(status)
        .header(hyper::header::CONTENT_TYPE, content_type)
        .header("x-request-id", "fake-upstream")
        .body(body)
        .expect("a test scripts a valid status")
}
