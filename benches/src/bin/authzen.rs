//! What a decision costs an enforcement point over HTTP, beside the least that a server of the same library could do: a
//! hello that is sent the same bytes, reads the body and answers as many, and in one row a bare `GET`.
//!
//! Each side is a process of its own with one connection that stays open. One request after the other, in turns with the
//! other sides: the time from the first byte sent to the last one received.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use bailey_benches::connection::{Connection, post};
use bailey_benches::database;
use bailey_benches::measure::Sample;
use bailey_benches::peer::{Control, basic};
use bailey_testkit::{Launch, Server};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tempfile::TempDir;

const ROUNDS: usize = 200;
const PER_ROUND: usize = 100;

/// Tells the hello how many bytes to answer; without it, it answers the shortest yes.
const ANSWER_LENGTH: &str = "x-answer-length";

fn main() -> anyhow::Result<()> {
    if std::env::args().nth(1).as_deref() == Some(HELLO) {
        return serve_hello();
    }
    let directory = TempDir::new()?;
    let (server, credential, questions) = start_bailey(directory.path())?;
    let (control, hello) = (server.addresses().control, Hello::start()?);
    let get = format!("GET / HTTP/1.1\r\nhost: {}\r\n\r\n", hello.address);
    let mut sides = vec![Side::new("hello to a bare GET", hello.address, get.into_bytes())?];
    for (name, path, body) in &questions {
        let request = |host, extra: &str| post(host, path, &credential, extra, body);
        let ours = Side::new(name, control, request(control, ""))?;
        let length = format!("{ANSWER_LENGTH}: {}\r\n", ours.connection.body()?.len());
        sides.push(Side::new("hello to the same", hello.address, request(hello.address, &length))?);
        sides.push(ours);
    }
    for _ in 0..ROUNDS {
        for side in &mut sides {
            side.round()?;
        }
    }
    println!("one connection, {ROUNDS} rounds of {PER_ROUND} in turns");
    let samples: Vec<_> = sides.iter().map(|side| Sample::new(side.measured.clone())).collect();
    for (place, (side, sample)) in sides.iter().zip(&samples).enumerate() {
        let times = format!("p50 {:6.1} us, p99 {:6.1} us", sample.p50() / 1000.0, sample.p99() / 1000.0);
        // After the bare one, each hello stands before the question that it goes with.
        let ratios = match place {
            place if place > 0 && place % 2 == 0 => format!(
                ", {:.2}x hello to the same, {:.2}x hello to a bare GET",
                sample.p50() / samples[place - 1].p50(),
                sample.p50() / samples[0].p50()
            ),
            _ => String::new(),
        };
        println!("{:>28}: {times}{ratios}", side.name);
    }
    Ok(())
}

/// A question, its path and its body.
type Question = (&'static str, &'static str, String);

/// bailey with an account, one model, one key; its credential and questions that are all answered with yes.
fn start_bailey(data: &Path) -> anyhow::Result<(Server, String, Vec<Question>)> {
    let binary = database::binary()?;
    let account = database::init(&binary, data)?;
    let text = |value: &Value, path: &str| {
        value
            .pointer(path)
            .and_then(Value::as_str)
            .map(str::to_owned)
            .with_context(|| format!("no {path} in {value}"))
    };
    let (id, secret) = (text(&account, "/accessKeyId")?, text(&account, "/accessKeySecret")?);
    let server = Launch::serve(binary, data).start()?;
    let control = Control::new(server.addresses().control, &id, &secret);
    control.call("POST", "/modelstudio/providers", &json!({ "name": "demo", "dialect": "demo" }))?;
    let model = json!({ "capabilities": ["chat"], "routes": [{ "provider": "demo" }] });
    control.call("PUT", "/modelstudio/models/bench-model", &model)?;
    let workspace = text(&account, "/defaultWorkspaceId")?;
    let key = control.call("POST", &format!("/modelstudio/apikeys?workspaceId={workspace}"), &json!({}))?;
    let question = |subject: Value, action: &str, resource: Value| json!({ "subject": subject, "action": { "name": action }, "resource": resource });
    let of_key = question(
        json!({ "type": "api_key", "id": text(&key, "/apiKey/apiKeyId")? }),
        "model:call",
        json!({ "type": "model", "id": "bench-model" }),
    );
    let of_root = question(
        json!({ "type": "user", "id": "root" }),
        "sfm:CreateIndex",
        json!({ "type": "workspace", "id": workspace }),
    );
    let batch = json!({ "evaluations": vec![of_key.clone(); 20] });
    let credential = basic(&id, &secret);
    let questions = vec![
        ("evaluation, key and model", "/access/v1/evaluation", of_key.to_string()),
        ("evaluation, action", "/access/v1/evaluation", of_root.to_string()),
        ("evaluations, 20 at once", "/access/v1/evaluations", batch.to_string()),
    ];
    Ok((server, credential, questions))
}

/// The same HTTP library with nothing behind it, in a process of its own.
struct Hello {
    address: SocketAddr,
    process: Child,
}

/// The argument that makes this program the hello.
const HELLO: &str = "hello";

impl Hello {
    fn start() -> anyhow::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?).arg(HELLO).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let output = process.stdout.take().context("a piped output")?;
        BufReader::new(output).read_line(&mut line)?;
        Ok(Self { address: line.trim().parse().context("the hello prints its address")?, process })
    }
}

impl Drop for Hello {
    fn drop(&mut self) {
        // It holds nothing that could be lost, and may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn serve_hello() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let service = service_fn(hello);
            tokio::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
            );
        }
    })
}

async fn hello(request: Request<Incoming>) -> hyper::Result<hyper::Response<Full<Bytes>>> {
    static YES: [u8; 4096] = yes();
    let wanted = request.headers().get(ANSWER_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    request.into_body().collect().await?;
    let length = wanted.unwrap_or(SHORTEST.len()).min(YES.len());
    Ok(hyper::Response::new(Full::new(Bytes::from_static(&YES[..length]))))
}

const SHORTEST: &[u8] = br#"{"decision":true}"#;

/// The shortest yes, and blanks.
const fn yes() -> [u8; 4096] {
    let mut bytes = [b' '; 4096];
    let (head, _) = bytes.split_at_mut(SHORTEST.len());
    head.copy_from_slice(SHORTEST);
    bytes
}

/// One side: a connection, and what is sent on it.
struct Side {
    name: String,
    connection: Connection,
    request: Vec<u8>,
    measured: Vec<f64>,
}

impl Side {
    fn new(name: &str, to: SocketAddr, request: Vec<u8>) -> anyhow::Result<Self> {
        let connection = Connection::open(to)?;
        let mut side = Self { name: name.to_owned(), connection, request, measured: Vec::new() };
        // Warm, and surely a yes.
        side.round()?;
        side.measured.clear();
        let body = side.connection.body()?;
        ensure!(body.contains(r#""decision":true"#), "{name}: {body}");
        Ok(side)
    }

    fn round(&mut self) -> anyhow::Result<()> {
        for _ in 0..PER_ROUND {
            let started = Instant::now();
            self.connection.ask(&self.request)?;
            self.measured.push(started.elapsed().as_nanos() as f64);
        }
        Ok(())
    }
}
