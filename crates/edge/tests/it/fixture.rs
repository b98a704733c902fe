//! A listener on a free port, and a client that speaks bytes.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use bailey_edge::{Body, BodyError, Drained, Limits, Peer, Server, Serving, Trigger, read_body, shutdown};
use hyper::body::Incoming;
use hyper::{Request, Response};

/// The largest body the echo handler reads.
pub(crate) const BODY_LIMIT: usize = 1000;

/// Time-outs that a test can wait for, and one that it never reaches.
pub(crate) const SHORT: Duration = Duration::from_millis(60);
pub(crate) const NEVER: Duration = Duration::from_secs(60);

pub(crate) struct Edge {
    pub(crate) addr: SocketAddr,
    pub(crate) trigger: Trigger,
    serving: Serving,
}

/// Limits that no test reaches by accident.
pub(crate) fn limits() -> Limits {
    Limits {
        header_timeout: NEVER,
        idle_timeout: NEVER,
        write_timeout: NEVER,
        drain: Duration::from_secs(10),
        ..Limits::default()
    }
}

impl Edge {
    pub(crate) fn start<M, H, F>(limits: Limits, workers: usize, make_handler: M) -> Self
    where
        M: Fn(usize) -> H + Send + Sync + 'static,
        H: Fn(Request<Incoming>, Peer) -> F + 'static,
        F: Future<Output = Response<Body>> + 'static,
    {
        let (trigger, hears) = shutdown();
        let bound = Server::bind("127.0.0.1:0".parse().unwrap(), limits).unwrap();
        let addr = bound.local_addr();
        Self { addr, trigger, serving: bound.serve(workers, hears, make_handler).unwrap() }
    }

    /// A listener whose handler answers with method, path and body.
    pub(crate) fn echo(limits: Limits) -> Self {
        Self::start(limits, 1, |_| |request, _| echo(request))
    }

    pub(crate) fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.addr).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Client { stream, unread: Vec::new() }
    }

    /// Waits for the end of a shutdown that has begun.
    pub(crate) fn finished(self) -> Drained {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(self.serving.finished())
    }

    pub(crate) fn stop(self) -> Drained {
        self.trigger.begin();
        self.finished()
    }
}

pub(crate) async fn echo(request: Request<Incoming>) -> Response<Body> {
    let line = format!("{} {} ", request.method(), request.uri());
    match read_body(request.into_body(), BODY_LIMIT, SHORT).await {
        Ok(body) => Response::new(Body::whole([line.as_bytes(), &body].concat())),
        Err(error) => refusal(error),
    }
}

fn refusal(error: BodyError) -> Response<Body> {
    let mut response = Response::new(Body::whole(error.to_string()));
    *response.status_mut() = error.status();
    response
}

pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    unread: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Client {
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n"));
        self.answer()
    }

    /// Reads one answer with a declared length.
    pub(crate) fn answer(&mut self) -> Answer {
        let head_end = loop {
            if let Some(at) = self.unread.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            assert!(self.read_more(), "closed within the head: {:?}", String::from_utf8_lossy(&self.unread));
        };
        let head = String::from_utf8(self.unread.drain(..head_end).collect()).unwrap().to_ascii_lowercase();
        let length: usize = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |digits| digits.parse().unwrap());
        while self.unread.len() < length {
            assert!(self.read_more(), "closed within the body");
        }
        let body = String::from_utf8(self.unread.drain(..length).collect()).unwrap();
        Answer { status: head[9..12].parse().unwrap(), head, body }
    }

    fn read_more(&mut self) -> bool {
        let mut buffer = [0; 4096];
        let read = self.stream.read(&mut buffer).unwrap();
        self.unread.extend_from_slice(&buffer[..read]);
        read > 0
    }

    /// Reads to the close; what came before it. A reset is a close too.
    pub(crate) fn rest(&mut self) -> String {
        let mut bytes = std::mem::take(&mut self.unread);
        match self.stream.read_to_end(&mut bytes) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) => panic!("not closed: {error}"),
        }
        String::from_utf8(bytes).unwrap()
    }
}
