//! Upstreams below HTTP: they read a request and write bytes, whatever those are.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// A small answer.
const OK: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{\"ok\":true}";

/// What is done with a connection.
#[derive(Clone, Debug)]
pub(crate) enum Does {
    /// Answers one request with these bytes and closes, whatever it promised.
    SaysOnce(String),
    /// Answers the first request of each connection, reads the second and closes without a word.
    SwallowsTheSecond,
    /// Announces four mebibytes of JSON, sends two and no more.
    StopsHalfway,
    /// Reads a request and closes without a word when the test says so.
    ClosesWhenTold,
}

#[derive(Debug)]
pub(crate) struct Crude {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
    told: Arc<Notify>,
}

impl Crude {
    pub(crate) async fn start(does: Does) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let crude =
            Self { address, requests: Arc::default(), connections: Arc::default(), told: Arc::default() };
        let told = Arc::clone(&crude.told);
        let (requests, connections) = (Arc::clone(&crude.requests), Arc::clone(&crude.connections));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (requests, does, told) = (Arc::clone(&requests), does.clone(), Arc::clone(&told));
                tokio::spawn(async move {
                    let half;
                    let answers = match &does {
                        Does::SaysOnce(bytes) => vec![bytes.as_str()],
                        Does::SwallowsTheSecond => vec![OK, ""],
                        Does::ClosesWhenTold => vec![""],
                        Does::StopsHalfway => {
                            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 4194304\r\n\r\n";
                            half = format!("{head}{{\"x\":\"{}", "y".repeat(2 * 1024 * 1024));
                            vec![half.as_str()]
                        }
                    };
                    for answer in answers {
                        if !read_request(&mut stream).await {
                            return;
                        }
                        requests.fetch_add(1, Ordering::SeqCst);
                        let _ = stream.write_all(answer.as_bytes()).await;
                    }
                    if matches!(does, Does::ClosesWhenTold) {
                        told.notified().await;
                    }
                    if matches!(does, Does::StopsHalfway) {
                        // Returns when the other end closes.
                        let _ = stream.read(&mut [0; 1]).await;
                        requests.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
        });
        crude
    }

    pub(crate) async fn says(bytes: &str) -> Self {
        Self::start(Does::SaysOnce(bytes.to_owned())).await
    }

    pub(crate) async fn closes_after_one() -> Self {
        Self::says(OK).await
    }

    /// Closes a connection that waits for that.
    pub(crate) fn close(&self) {
        self.told.notify_one();
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Requests and connections so far.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.requests.load(Ordering::SeqCst), self.connections.load(Ordering::SeqCst))
    }
}

/// Reads until the body of a request ends, which is JSON.
async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> bool {
    let mut seen = Vec::new();
    let mut piece = [0; 4096];
    while !seen.ends_with(b"}") {
        match stream.read(&mut piece).await {
            Ok(count) if count > 0 => seen.extend_from_slice(&piece[..count]),
            _ => return false,
        }
    }
    true
}

/// Reads one request and answers it.
pub(crate) async fn answer_once(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    if read_request(stream).await {
        let _ = stream.write_all(OK.as_bytes()).await;
        let _ = stream.shutdown().await;
    }
}
