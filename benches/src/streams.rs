//! Streams of chat completions over plain HTTP/1.1: an upstream that sends them, and clients that take them.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::gateway;
use crate::measure::Sample;

/// Chunks of text in each whole stream.
pub const CHUNKS: usize = 50;
/// How a stream ends that nobody cut.
const END: &[u8] = b"data: [DONE]\n\n\r\n0\r\n\r\n";
/// How long a client may still wait after its time.
const GRACE: Duration = Duration::from_secs(10);

/// What the upstream sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// All chunks back to back, each written by itself, then usage and the end.
    Whole,
    /// The same in one write, so that the upstream is not what takes longest.
    AtOnce,
    /// One chunk, and then nothing until the other side goes.
    Held,
}

/// Starts an upstream on a thread of its own. It lives as long as this program.
pub fn upstream(kind: Kind) -> anyhow::Result<SocketAddr> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let pieces: Arc<[Vec<u8>]> = pieces(kind).into();
    std::thread::spawn(move || {
        runtime.block_on(async {
            loop {
                match listener.accept().await {
                    // What ends with the other side's connection is no error here.
                    Ok((stream, _)) => drop(tokio::spawn(serve(stream, Arc::clone(&pieces), kind))),
                    Err(error) => eprintln!("the upstream takes no connection: {error}"),
                }
            }
        });
    });
    Ok(address)
}

fn pieces(kind: Kind) -> Vec<Vec<u8>> {
    let event = |delta: serde_json::Value, usage: serde_json::Value| {
        let choices = if usage.is_null() {
            json!([{"index": 0, "delta": delta, "finish_reason": null}])
        } else {
            json!([])
        };
        let event = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_795_478_400, "model": "upstream-model", "choices": choices, "usage": usage});
        format!("data: {event}\n\n")
    };
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len()).into_bytes();
    let text = || chunk(&event(json!({"content": " word"}), json!(null)));
    let head =
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let mut pieces = vec![[head, text()].concat()];
    if kind != Kind::Held {
        pieces.extend((1..CHUNKS).map(|_| text()));
        let usage = json!({"prompt_tokens": 19, "completion_tokens": CHUNKS, "total_tokens": 19 + CHUNKS});
        pieces.push(
            [chunk(&event(json!(null), usage)), chunk("data: [DONE]\n\n"), b"0\r\n\r\n".to_vec()].concat(),
        );
    }
    if kind == Kind::AtOnce { vec![pieces.concat()] } else { pieces }
}

async fn serve(mut stream: TcpStream, pieces: Arc<[Vec<u8>]>, kind: Kind) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut asked = Vec::with_capacity(4096);
    loop {
        while !is_whole(&asked) {
            if stream.read_buf(&mut asked).await? == 0 {
                return Ok(());
            }
        }
        asked.clear();
        for piece in &*pieces {
            stream.write_all(piece).await?;
        }
        if kind == Kind::Held {
            while stream.read_buf(&mut asked).await? > 0 {
                asked.clear();
            }
            return Ok(());
        }
    }
}

/// Whether a request is there with its body.
fn is_whole(request: &[u8]) -> bool {
    let Some(end) = place(request, b"\r\n\r\n") else { return false };
    let length = String::from_utf8_lossy(&request[..end])
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, length)| length.trim().parse::<usize>().ok());
    request.len() >= end + 4 + length.unwrap_or(0)
}

fn place(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

/// A request for a stream.
pub fn request(to: SocketAddr, key: &str) -> Vec<u8> {
    let mut body = gateway::question();
    body["stream"] = json!(true);
    body["stream_options"] = json!({"include_usage": true});
    let body = body.to_string();
    format!(
        "POST {} HTTP/1.1\r\nhost: {to}\r\ncontent-type: application/json\r\nauthorization: Bearer {key}\r\ncontent-length: {}\r\n\r\n{body}",
        gateway::PATH,
        body.len()
    )
    .into_bytes()
}

/// What clients measured.
#[derive(Clone, Copy, Debug)]
pub struct Streams {
    /// Whole streams per second.
    pub rate: f64,
    /// The middle of the times from the request to the first event, in microseconds.
    pub first_p50_us: f64,
    /// What one in a hundred exceeds.
    pub first_p99_us: f64,
}

/// Takes whole streams on kept connections, one after the other on each, for a time. Any stream that is cut is an error.
pub fn load(to: SocketAddr, key: &str, connections: usize, seconds: u64) -> anyhow::Result<Streams> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let request: Arc<[u8]> = request(to, key).into();
    let time = Duration::from_secs(seconds);
    runtime.block_on(async {
        let started = Instant::now();
        let clients: Vec<_> = (0..connections)
            .map(|_| {
                let client = client(to, Arc::clone(&request), started + time);
                tokio::spawn(tokio::time::timeout(time + GRACE, client))
            })
            .collect();
        let mut first = Vec::new();
        for client in clients {
            first.extend(client.await?.context("a stream neither goes on nor ends")??);
        }
        let rate = first.len() as f64 / started.elapsed().as_secs_f64();
        let first = Sample::new(first);
        Ok(Streams { rate, first_p50_us: first.p50(), first_p99_us: first.p99() })
    })
}

/// Gives the times to the first events.
async fn client(to: SocketAddr, request: Arc<[u8]>, until: Instant) -> anyhow::Result<Vec<f64>> {
    let least: usize = pieces(Kind::Whole).iter().map(Vec::len).sum::<usize>() * 9 / 10;
    let mut stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    let (mut answer, mut times) = (Vec::with_capacity(32 * 1024), Vec::new());
    while Instant::now() < until {
        answer.clear();
        let asked = Instant::now();
        stream.write_all(&request).await?;
        let mut first = None;
        while !answer.ends_with(END) {
            ensure!(stream.read_buf(&mut answer).await? > 0, "cut: {}", String::from_utf8_lossy(&answer));
            if first.is_none() && place(&answer, b"data: ").is_some() {
                first = Some(asked.elapsed());
            }
        }
        let good = answer.starts_with(b"HTTP/1.1 200") && answer.len() >= least;
        ensure!(good, "no whole stream: {}", String::from_utf8_lossy(&answer));
        times.push(first.context("no event")?.as_secs_f64() * 1_000_000.0);
    }
    Ok(times)
}

/// Opens streams that do not end. Each has had its first event.
pub fn hold(to: SocketAddr, key: &str, count: usize) -> anyhow::Result<Vec<std::net::TcpStream>> {
    let request = request(to, key);
    let open = |number| {
        let mut stream = std::net::TcpStream::connect(to).with_context(|| format!("stream {number}"))?;
        stream.set_read_timeout(Some(GRACE))?;
        stream.write_all(&request)?;
        let (mut answer, mut piece) = (Vec::new(), [0; 4096]);
        while place(&answer, b"data: ").is_none() {
            let read = stream.read(&mut piece).with_context(|| format!("stream {number}"))?;
            answer.extend_from_slice(&piece[..read]);
            let good = read > 0 && answer.starts_with(b"HTTP/1.1 200");
            ensure!(good, "stream {number}: {}", String::from_utf8_lossy(&answer));
        }
        Ok(stream)
    };
    (0..count).map(open).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_streams_are_counted_and_held_ones_stay_open() -> anyhow::Result<()> {
        for kind in [Kind::Whole, Kind::AtOnce] {
            let seen = load(upstream(kind)?, "none", 2, 1)?;
            assert!(seen.rate > 2.0 && seen.first_p50_us > 0.0, "{kind:?}: {seen:?}");
        }
        let mut held = hold(upstream(Kind::Held)?, "none", 3)?;
        held[2].set_read_timeout(Some(Duration::from_millis(50)))?;
        assert!(held[2].read(&mut [0]).is_err(), "neither ended nor went on");
        Ok(())
    }

    #[test]
    fn a_request_is_whole_with_its_body() {
        let whole = request(SocketAddr::from(([127, 0, 0, 1], 1)), "none");
        assert!(is_whole(&whole));
        assert!(!is_whole(&whole[..whole.len() - 1]));
        assert!(!is_whole(b"POST / HTTP/1.1\r\n"));
    }
}
