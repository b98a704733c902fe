//! wrk as a child process, and a client that is just enough to set bailey up.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bailey_testkit::program;
use base64::Engine as _;
use serde_json::Value;

/// What wrk measured.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Answers per second.
    pub rate: f64,
    /// The middle of the times to an answer, in microseconds.
    pub p50_us: f64,
    /// What one in a hundred exceeds, in microseconds.
    pub p99_us: f64,
}

/// Runs wrk with a script that says what to send. Any answer but 2xx is an error.
pub fn wrk(url: &str, script: &Path, connections: usize, seconds: u64) -> anyhow::Result<Load> {
    let output = Command::new(program("wrk")?)
        .args(["--threads", "1", "--latency", "--timeout", "10s"])
        .args(["--connections", &connections.to_string(), "--duration", &format!("{seconds}s")])
        .arg("--script")
        .arg(script)
        .arg(url)
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "wrk: {text}{}", String::from_utf8_lossy(&output.stderr));
    ensure!(
        !text.contains("Non-2xx") && !text.contains("Socket errors"),
        "{url} did not answer every request well:\n{text}"
    );
    let after = |name: &str| {
        let line = text
            .lines()
            .find_map(|line| line.trim().strip_prefix(name))
            .with_context(|| format!("wrk printed no `{name}`:\n{text}"))?;
        Ok::<_, anyhow::Error>(line.trim())
    };
    Ok(Load {
        rate: after("Requests/sec:")?.parse()?,
        p50_us: microseconds(after("50%")?)?,
        p99_us: microseconds(after("99%")?)?,
    })
}

/// Reads wrk's times, such as `1.25ms`.
fn microseconds(text: &str) -> anyhow::Result<f64> {
    let units = [("us", 1.0), ("ms", 1000.0), ("s", 1_000_000.0)];
    let (number, factor) = units
        .iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))
        .with_context(|| format!("no time: {text}"))?;
    Ok(number.parse::<f64>()? * factor)
}

/// An access key as HTTP Basic takes it.
pub fn basic(id: &str, secret: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}"))
}

/// bailey's control API with root's access key.
#[derive(Debug)]
pub struct Control {
    address: SocketAddr,
    credential: String,
}

impl Control {
    /// With HTTP Basic.
    pub fn new(address: SocketAddr, id: &str, secret: &str) -> Self {
        Self { address, credential: basic(id, secret) }
    }

    /// One call; any answer but 2xx is an error.
    pub fn call(&self, method: &str, path: &str, body: &Value) -> anyhow::Result<Value> {
        let body = body.to_string();
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Basic {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            self.address,
            self.credential,
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").context("an answer without an end of its head")?;
        ensure!(head.starts_with("HTTP/1.1 2"), "{method} {path}: {answer}");
        // A chunked body holds its JSON in one piece here.
        let json = body.find('{').zip(body.rfind('}')).map(|(from, to)| &body[from..=to]).unwrap_or("null");
        serde_json::from_str(json).with_context(|| format!("{method} {path}: {body}"))
    }
}
