//! What a decision costs an enforcement point over HTTP, beside the least that a server of the same library could do.
//!
//! One connection, one question after the other, in turns with the other side: the time from the first byte sent to the
//! last one received.

use std::convert::Infallible;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use bailey_benches::database;
use bailey_benches::measure::Sample;
use bailey_benches::peer::Control;
use bailey_testkit::{Launch, Server};
use base64::Engine as _;
use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tempfile::TempDir;

const ROUNDS: usize = 200;
const PER_ROUND: usize = 100;

fn main() -> anyhow::Result<()> {
    let directory = TempDir::new()?;
    let (server, credential, questions) = start_bailey(directory.path())?;
    let hello = start_hello()?;
    let mut sides = vec![Side::new("hyper hello", hello, "GET", "/", "", "")?];
    for (name, path, body) in &questions {
        sides.push(Side::new(name, server.addresses().control, "POST", path, &credential, body)?);
    }
    for _ in 0..ROUNDS {
        for side in &mut sides {
            side.round()?;
        }
    }
    let floor = Sample::new(sides[0].measured.clone()).p50();
    println!("one connection, {ROUNDS} rounds of {PER_ROUND} in turns");
    for side in sides {
        let sample = Sample::new(side.measured);
        println!(
            "{:>28}: p50 {:6.1} us, p99 {:6.1} us, {:.2}x hyper hello",
            side.name,
            sample.p50() / 1000.0,
            sample.p99() / 1000.0,
            sample.p50() / floor
        );
    }
    Ok(())
}

/// A question, its path and its body.
type Question = (&'static str, &'static str, String);

/// bailey with an account, one model, one key; its credential and questions that are all answered with yes.
fn start_bailey(data: &Path) -> anyhow::Result<(Server, String, Vec<Question>)> {
    let binary = database::binary()?;
    let output = Command::new(&binary).args(["init", "--json", "--data"]).arg(data).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let account: Value = serde_json::from_slice(&output.stdout)?;
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
    let credential = base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}"));
    let questions = vec![
        ("evaluation, key and model", "/access/v1/evaluation", of_key.to_string()),
        ("evaluation, action", "/access/v1/evaluation", of_root.to_string()),
        ("evaluations, 20 at once", "/access/v1/evaluations", batch.to_string()),
    ];
    Ok((server, credential, questions))
}

/// The same HTTP library with nothing behind it, on a thread of its own.
fn start_hello() -> anyhow::Result<SocketAddr> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            loop {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(
                    TokioIo::new(stream),
                    service_fn(|_| async {
                        let body = Full::new(Bytes::from_static(br#"{"decision":true}"#));
                        Ok::<_, Infallible>(hyper::Response::new(body))
                    }),
                ));
            }
        })
    });
    Ok(address)
}

/// One side: a connection, and what is sent on it.
struct Side {
    name: String,
    stream: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
    measured: Vec<f64>,
}

impl Side {
    fn new(
        name: &str,
        to: SocketAddr,
        method: &str,
        path: &str,
        credential: &str,
        body: &str,
    ) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(to)?;
        stream.set_nodelay(true)?;
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {to}\r\n");
        if !credential.is_empty() {
            request += &format!(
                "authorization: Basic {credential}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
                body.len()
            );
        }
        let request = format!("{request}\r\n{body}").into_bytes();
        let mut side =
            Self { name: name.to_owned(), stream, request, answer: Vec::new(), measured: Vec::new() };
        // Warm, and surely a yes.
        for _ in 0..PER_ROUND {
            side.ask()?;
        }
        let answer = String::from_utf8_lossy(&side.answer).into_owned();
        ensure!(
            answer.starts_with("HTTP/1.1 200") && answer.contains(r#""decision":true"#),
            "{name}: {answer}"
        );
        Ok(side)
    }

    fn round(&mut self) -> anyhow::Result<()> {
        for _ in 0..PER_ROUND {
            let started = Instant::now();
            self.ask()?;
            self.measured.push(started.elapsed().as_nanos() as f64);
        }
        Ok(())
    }

    fn ask(&mut self) -> anyhow::Result<()> {
        self.stream.write_all(&self.request)?;
        self.answer.clear();
        let mut piece = [0; 16 * 1024];
        loop {
            let count = self.stream.read(&mut piece)?;
            ensure!(count > 0, "{} closed the connection", self.name);
            self.answer.extend_from_slice(&piece[..count]);
            if let Some(head) = self.answer.windows(4).position(|end| end == b"\r\n\r\n") {
                let text = std::str::from_utf8(&self.answer[..head])?;
                let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
                let length: usize = length.context("no content-length")?.parse()?;
                if self.answer.len() >= head + 4 + length {
                    return Ok(());
                }
            }
        }
    }
}
