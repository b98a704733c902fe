//! nginx and wrk as child processes, and a client that is just enough to set bailey up.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use serde_json::Value;

/// An address that nobody listens on.
pub fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// A program by its name, also where Debian keeps those of administrators.
fn program(name: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join(name))
        .find(|file| file.is_file());
    found.with_context(|| format!("`{name}` is not installed: run scripts/install-bench-tools.sh"))
}

/// A running nginx of one process. Dropping it ends it.
#[derive(Debug)]
pub struct Nginx(Child);

impl Nginx {
    /// Starts it with one `server` and returns when it takes connections.
    pub fn start(directory: &Path, address: SocketAddr, http: &str) -> anyhow::Result<Self> {
        let name = format!("nginx-{}", address.port());
        let configuration = directory.join(format!("{name}.conf"));
        let place = directory.display();
        std::fs::write(
            &configuration,
            format!(
                "daemon off; master_process off; worker_processes 1; pid {place}/{name}.pid; error_log stderr warn;\n\
                 events {{ worker_connections 4096; }}\n\
                 http {{\n  access_log off; keepalive_requests 1000000000; tcp_nodelay on;\n  client_body_temp_path {place}/{name}-body; proxy_temp_path {place}/{name}-proxy;\n  \
                 fastcgi_temp_path {place}/{name}-f; uwsgi_temp_path {place}/{name}-u; scgi_temp_path {place}/{name}-s;\n{http}\n}}\n"
            ),
        )?;
        let child = Command::new(program("nginx")?)
            .arg("-p")
            .arg(directory)
            .arg("-c")
            .arg(&configuration)
            .stdin(Stdio::null())
            .spawn()?;
        let running = Self(child);
        let started = Instant::now();
        while TcpStream::connect(address).is_err() {
            ensure!(started.elapsed() < Duration::from_secs(10), "nginx does not listen on {address}");
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(running)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // It may have ended by itself; nothing is left to do then.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

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

/// bailey's control API with root's access key.
#[derive(Debug)]
pub struct Control {
    address: SocketAddr,
    credential: String,
}

impl Control {
    /// With HTTP Basic.
    pub fn new(address: SocketAddr, id: &str, secret: &str) -> Self {
        Self {
            address,
            credential: base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}")),
        }
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
