//! A flood of requests that are broken in every part, on the wire: answers below 500 or a clean end, no panic, memory flat.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bailey_domain::clock::{Entropy as _, Fixed};
use bailey_gateway::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::client::LONG;
use super::world::{World, chat, until};

const KEY: &str = "sk-malformed";
/// How many clients send at once.
const CLIENTS: u64 = 64;
/// How long a client waits for an answer before it says that nothing more comes.
const PATIENCE: Duration = Duration::from_millis(20);
/// What memory may grow by after the first tenth: other tests run in the same process, and allocators keep what they have had.
/// A leak of a hundred bytes for each request shows in the longer set.
const SLACK_BYTES: usize = 64 * 1024 * 1024;

/// Requests in all: a million in the longer set.
fn requests() -> usize {
    if std::env::var_os("BAILEY_NIGHTLY").is_some() { 1_000_000 } else { 10_000 }
}

/// Panics of the threads that serve.
static PANICS: AtomicUsize = AtomicUsize::new(0);

fn count_panics() {
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let thread = std::thread::current();
        if thread.name().is_some_and(|name| name.starts_with("edge")) {
            PANICS.fetch_add(1, Ordering::SeqCst);
        }
        previous(panic);
    }));
}

/// Resident memory of this process.
fn resident_bytes() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

/// Whole requests of every kind of path, good before they are broken.
fn whole() -> Vec<Vec<u8>> {
    let body = chat("demo-chat", "hello \u{e9}").to_string();
    let embeddings = r#"{"model":"demo-embedding","input":["a","b"]}"#;
    let post = |target: &str, lines: &str, body: &str| {
        format!(
            "POST {target} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\ncontent-type: application/json\r\n{lines}\r\n{body}"
        )
    };
    let sized = |body: &str| format!("content-length: {}\r\n", body.len());
    let streamed = body.replacen('{', r#"{"stream":true,"stream_options":{"include_usage":true},"#, 1);
    let chunks = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    [
        post("/v1/chat/completions", &sized(&body), &body),
        post("/compatible-mode/v1/chat/completions", &sized(&streamed), &streamed),
        post("/v1/chat/completions", "transfer-encoding: chunked\r\n", &chunks),
        post("/v1/embeddings", &sized(embeddings), embeddings),
        post("/api/v1/tokens?expire_in_seconds=60", "content-length: 0\r\n", ""),
        post("/v1/chat/completions", &format!("expect: 100-continue\r\n{}", sized(&body)), &body),
        format!("GET /v1/models HTTP/1.1\r\nhost: llm-x.gw.example.com\r\nx-api-key: {KEY}\r\nx-dashscope-workspace: \r\n\r\n"),
        format!("GET /v1/models/demo-chat HTTP/1.1\r\nhost: x\r\napi-key: {KEY}\r\n\r\n"),
    ]
    .map(String::into_bytes)
    .into()
}

/// Breaks a request in one to six places: bytes changed, taken out, put in, repeated, or the rest cut off.
fn broken(whole: &[Vec<u8>], entropy: &Fixed) -> Vec<u8> {
    let below = |bound: usize| usize::try_from(entropy.number() % bound as u64).unwrap();
    let telling = b"\r\n\0 \t:;,={}[]\"\\/?&%+-.0159aZ\x7f\xc3\xff";
    let mut request = whole[below(whole.len())].clone();
    for _ in 0..=below(6) {
        if request.is_empty() {
            break;
        }
        let place = below(request.len());
        match below(8) {
            0 => request[place] = u8::try_from(below(256)).unwrap(),
            1 | 2 => request[place] = telling[below(telling.len())],
            3 => drop(request.remove(place)),
            4 | 5 => request.insert(place, telling[below(telling.len())]),
            6 => {
                let end = (place + 1 + below(40)).min(request.len());
                let again = request[place..end].repeat(1 + below(30));
                request.splice(place..place, again);
            }
            _ => request.truncate(place + 1),
        }
    }
    request
}

/// Sends bytes, and gives the beginning of what comes back.
async fn sent(to: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = loop {
        match TcpStream::connect(to).await {
            Ok(stream) => break stream,
            // The system ran out of ports for a moment: it takes back those of closed connections within a second.
            Err(error) if error.kind() == ErrorKind::AddrNotAvailable => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Err(error) => panic!("{error}"),
        }
    };
    // The gateway may have answered and closed before all is sent.
    let _ = stream.write_all(request).await;
    let mut came = vec![0; 64];
    // Whoever hangs up gets no answer, so that is left to those whose request has no end.
    let read = match timeout(PATIENCE, stream.read(&mut came)).await {
        Ok(read) => read,
        Err(_) => {
            let _ = stream.shutdown().await;
            timeout(LONG, stream.read(&mut came)).await.expect("the connection ends")
        }
    };
    // A reset is an end, too.
    came.truncate(read.unwrap_or(0));
    came
}

/// What the clients have seen together.
#[derive(Default)]
struct Counts {
    done: AtomicUsize,
    answered: AtomicUsize,
    /// Memory after the first tenth.
    settled: AtomicUsize,
}

/// One client: as many requests as its part is.
async fn flood(to: SocketAddr, whole: Arc<Vec<Vec<u8>>>, counts: Arc<Counts>, entropy: Fixed) {
    let all = requests();
    while counts.done.fetch_add(1, Ordering::Relaxed) < all {
        let request = broken(&whole, &entropy);
        let came = sent(to, &request).await;
        let shown = [&request[..], &came].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        assert!(came.is_empty() || came.starts_with(b"HTTP/1."), "{shown:?}");
        assert!(came.get(9) != Some(&b'5'), "{shown:?}");
        counts.answered.fetch_add(usize::from(!came.is_empty()), Ordering::Relaxed);
        if counts.done.load(Ordering::Relaxed) >= all / 10 && counts.settled.load(Ordering::Relaxed) == 0 {
            counts.settled.store(resident_bytes(), Ordering::Relaxed);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_requests_do_no_harm() {
    count_panics();
    let world = World::with(Limits::default(), 100);
    world.key(KEY);
    let (to, whole) = (world.address, whole());
    for request in &whole[..4] {
        let came = sent(to, request).await;
        assert!(came.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&came));
    }
    let (whole, counts) = (Arc::new(whole), Arc::new(Counts::default()));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|seed| tokio::spawn(flood(to, Arc::clone(&whole), Arc::clone(&counts), Fixed::seeded(seed))))
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    let grown = resident_bytes().saturating_sub(counts.settled.load(Ordering::Relaxed));
    assert!(grown < SLACK_BYTES, "memory grew by {grown} bytes");
    let answered = counts.answered.load(Ordering::Relaxed);
    assert!(answered > requests() / 2, "only {answered} were answered, so little was asked of the gateway");
    assert_eq!(PANICS.load(Ordering::SeqCst), 0);
    until("nothing is in flight", || world.directory.census().flights == 0).await;
    assert_eq!(world.chat(KEY, "demo-chat", "hello").send(to).await.status, 200);
}
