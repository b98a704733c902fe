//! nginx as the model server that answers at once, and as the plain proxy to compare with.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use bailey_testkit::{Nginx, free_address};

/// What every upstream answer is: as long as a short real one.
const ANSWER: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1795478400,"model":"upstream-model","choices":[{"index":0,"message":{"role":"assistant","content":"The capital of France is Paris. It lies on the Seine, and about two million people live there."},"finish_reason":"stop"}],"usage":{"prompt_tokens":19,"completion_tokens":23,"total_tokens":42}}"#;

/// Processes of nginx that share one address. Dropping them ends them.
#[derive(Debug)]
pub struct Shared {
    /// Where they listen.
    pub address: SocketAddr,
    places: Vec<PathBuf>,
    _running: Vec<Nginx>,
}

impl Shared {
    /// The numbers of the processes.
    pub fn processes(&self) -> anyhow::Result<Vec<u32>> {
        let number = |place: &PathBuf| {
            let file = place.join(format!("nginx-{}.pid", self.address.port()));
            let text =
                std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            Ok(text.trim().parse()?)
        };
        self.places.iter().map(number).collect()
    }
}

/// A model server of one process.
pub fn model(directory: &Path) -> anyhow::Result<Shared> {
    let location = format!("default_type application/json; return 200 '{ANSWER}';");
    start(directory, 1, "", &location)
}

/// Whether what the upstream sends may wait in nginx.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buffering {
    /// As nginx does unless told otherwise: fewer and larger writes.
    On,
    /// As streams need it.
    Off,
}

/// A plain proxy with kept connections. Its workers are processes of their own, which share their port as nginx's workers do with
/// `reuseport`: so none is left behind when this program is ended.
pub fn proxy(
    directory: &Path,
    workers: usize,
    upstream: SocketAddr,
    buffering: Buffering,
) -> anyhow::Result<Shared> {
    let pool =
        format!("upstream model {{ server {upstream}; keepalive 128; keepalive_requests 1000000000; }}");
    let buffering = if buffering == Buffering::On { "on" } else { "off" };
    let location = format!(
        "proxy_pass http://model; proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_buffering {buffering};"
    );
    start(directory, workers, &pool, &location)
}

fn start(directory: &Path, workers: usize, before: &str, location: &str) -> anyhow::Result<Shared> {
    let address = free_address()?;
    let http = format!("  {before}\n  server {{ listen {address} reuseport; location / {{ {location} }} }}");
    let place = |number| directory.join(format!("nginx-{}-{number}", address.port()));
    let places: Vec<PathBuf> = (0..workers).map(place).collect();
    let start = |place: &PathBuf| {
        std::fs::create_dir_all(place)?;
        Nginx::start(place, address, &http)
    };
    let running = places.iter().map(start).collect::<anyhow::Result<_>>()?;
    Ok(Shared { address, places, _running: running })
}
