//! What a good client of the gateway notices of 5,000 others that are slow on purpose: a third drips its headers, a third its
//! body, a third asks and does not read.
//!
//! `BAILEY_BENCH_SECONDS` sets how long one run takes, 5 unless told otherwise.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use bailey_benches::database;
use bailey_benches::gateway::{PATH, script, seconds, text};
use bailey_benches::measure::middle;
use bailey_benches::peer::{Control, Load, wrk};
use bailey_testkit::{Launch, Server};
use serde_json::json;
use tempfile::TempDir;

const ROUNDS: usize = 5;
/// How many clients are slow.
const SLOW: usize = 5_000;
/// How many connections the good client has.
const GOOD: usize = 16;
/// How often each slow client sends a byte, or comes again where it was cut.
const DRIP: Duration = Duration::from_secs(1);
/// How long the good client calls before it is measured.
const SETTLING_SECONDS: u64 = 3;

fn main() -> anyhow::Result<()> {
    let seconds = seconds();
    let directory = TempDir::new()?;
    let (server, key) = start_bailey(&directory.path().join("data"))?;
    let (to, script) = (server.addresses().gateway, script(directory.path(), "good", &key)?);
    let url = format!("http://{to}{PATH}");
    wrk(&url, &script, GOOD, 1)?;
    let (mut alone, mut among) = (Vec::new(), Vec::new());
    // In turns, so that a slow moment of the machine meets both.
    for _ in 0..ROUNDS {
        // That they come and go all at once is no slowness: what it costs to take them in, and to let them go, is not measured.
        wrk(&url, &script, GOOD, SETTLING_SECONDS)?;
        alone.push(wrk(&url, &script, GOOD, seconds)?);
        let crowd = Crowd::gathered(to, &key)?;
        wrk(&url, &script, GOOD, SETTLING_SECONDS)?;
        among.push(wrk(&url, &script, GOOD, seconds)?);
        crowd.gone()?;
    }
    println!("\n{GOOD} connections, middle of {ROUNDS} runs of {seconds} s in turns");
    for (name, loads) in [("alone", &alone), ("among slow ones", &among)] {
        println!(
            "{name:>20}: {:8.0}/s, p50 {:6.0} us, p99 {:6.0} us",
            middle(loads, |load| load.rate),
            middle(loads, |load| load.p50_us),
            middle(loads, |load| load.p99_us)
        );
    }
    let p99 = |loads: &[Load]| middle(loads, |load| load.p99_us);
    println!("p99 among {SLOW} slow clients: {:.2}x of that alone", p99(&among) / p99(&alone));
    Ok(())
}

/// Slow clients, kept at it by a thread.
struct Crowd {
    goes: Arc<AtomicBool>,
    keeper: JoinHandle<anyhow::Result<()>>,
}

impl Crowd {
    /// Returns when all of them are there.
    fn gathered(to: SocketAddr, key: &str) -> anyhow::Result<Self> {
        let openings = openings(key);
        let mut clients = (0..SLOW)
            .map(|number| slow(to, &openings[number % openings.len()]))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let goes = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&goes);
        let keeper = std::thread::spawn(move || {
            let step = DRIP / 20;
            for turn in (0..20).cycle() {
                if told.load(Ordering::Relaxed) {
                    return Ok(());
                }
                for (number, client) in
                    clients.iter_mut().enumerate().filter(|(number, _)| number % 20 == turn)
                {
                    let opening = &openings[number % openings.len()];
                    // Who does not read has asked already, and says nothing more.
                    let reads = opening.ends_with('}');
                    if !reads && client.write_all(b"x").is_err() {
                        *client = slow(to, opening)?;
                    }
                }
                std::thread::sleep(step);
            }
            Ok(())
        });
        Ok(Self { goes, keeper })
    }

    fn gone(self) -> anyhow::Result<()> {
        self.goes.store(true, Ordering::Relaxed);
        self.keeper.join().map_err(|_| anyhow::anyhow!("the slow clients' thread panicked"))?
    }
}

/// What each kind of slow client says first.
fn openings(key: &str) -> [String; 3] {
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nauthorization: Bearer {key}\r\n"
    );
    let body = json!({"model": "bench-model", "messages": [{"role": "user", "content": "x".repeat(4_000)}]})
        .to_string();
    let length = body.len();
    [
        format!("{head}x-slow: "),
        format!("{head}content-length: 50000\r\n\r\n{{"),
        format!("{head}content-length: {length}\r\n\r\n{body}"),
    ]
}

fn slow(to: SocketAddr, opening: &str) -> anyhow::Result<TcpStream> {
    let mut client = TcpStream::connect(to)
        .context("a slow client cannot connect: are there enough files (`ulimit -n`)?")?;
    client.set_nonblocking(true)?;
    client.write_all(opening.as_bytes())?;
    Ok(client)
}

/// With the provider that answers by itself, so that nothing but the gateway is measured.
fn start_bailey(data: &Path) -> anyhow::Result<(Server, String)> {
    let binary = database::binary()?;
    let made = database::init(&binary, data)?;
    let server = Launch::serve(&binary, data)
        .environment("RUST_LOG", "warn")
        .environment("BAILEY__GATEWAY_WORKERS", "1")
        .start()?;
    let control = Control::new(
        server.addresses().control,
        text(&made, "/accessKeyId")?,
        text(&made, "/accessKeySecret")?,
    );
    control.call("POST", "/modelstudio/providers", &json!({"name": "demo", "dialect": "demo"}))?;
    let route = json!([{"provider": "demo", "upstreamModel": "demo", "priority": 0, "weight": 1}]);
    let model = json!({"name": "Bench", "capabilities": ["chat"], "routes": route});
    control.call("PUT", "/modelstudio/models/bench-model", &model)?;
    let key = control.call("POST", "/modelstudio/apikeys?description=bench", &json!({}))?;
    Ok((server, text(&key, "/apiKey/apiKeyValue")?.to_owned()))
}
