//! A small blocking client of the control API. Call it outside of any runtime: it has one of its own.

mod failure;
mod sign;
mod transport;
mod wire;

use bailey_domain::{Clock as _, Entropy as _};
use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use serde_json::{Map, Value};
use tokio::runtime::{Builder, Runtime};

pub(crate) use failure::{Exit, Failure};
pub(crate) use sign::{AccessKey, Credential};
pub(crate) use transport::{Address, Received};
pub(crate) use wire::{plain, route_of};

use crate::system::{SystemClock, SystemEntropy};

/// Calls one server with one credential.
#[derive(Debug)]
pub(crate) struct Client {
    address: Address,
    credential: Credential,
    runtime: Runtime,
}

impl Client {
    pub(crate) fn new(endpoint: &str, credential: Credential) -> Result<Self, Failure> {
        Ok(Self { address: Address::parse(endpoint)?, credential, runtime: runtime()? })
    }

    /// Calls an operation and gives its answer.
    pub(crate) fn call(&self, operation: &str, parameters: &Map<String, Value>) -> Result<Value, Failure> {
        let wire = wire::build(operation, parameters)?;
        let mut nonce = [0; 16];
        SystemEntropy::new().fill(&mut nonce);
        let target =
            if wire.query.is_empty() { wire.path.clone() } else { format!("{}?{}", wire.path, wire.query) };
        let mut request = Request::builder().method(wire.method.clone()).uri(target);
        let now_ms = SystemClock.now_ms();
        for (name, value) in self.credential.headers(&wire, &self.address.authority, now_ms, &nonce) {
            request = request.header(name, value);
        }
        let request = request.header("accept", "application/json").header("user-agent", AGENT);
        let request = request.body(Full::new(Bytes::from(wire.body))).map_err(|_| not_a_header())?;
        let received = exchange(&self.runtime, &self.address, request)?;
        // What is no JSON comes from something between, and is told by its status.
        let body = serde_json::from_slice(&received.body).unwrap_or(Value::Null);
        if received.status == 200 && body.is_object() {
            return Ok(body);
        }
        Err(Failure::refused(received.status, received.header("retry-after"), &body))
    }
}

const AGENT: &str = concat!("bailey-cli/", env!("CARGO_PKG_VERSION"));

/// Everything else in the headers comes from tables or is hexadecimal.
fn not_a_header() -> Failure {
    Failure::new(Exit::NotSignedIn, "the credential holds characters that no header can carry")
        .hint("`bailey login` stores a good one")
}

fn runtime() -> Result<Runtime, Failure> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

/// A plain GET without credentials, whatever it answers.
pub(crate) fn probe(address: &Address, path: &str) -> Result<Received, Failure> {
    let request = Request::builder()
        .method(Method::GET)
        .uri(path)
        .header("host", &address.authority)
        .header("user-agent", AGENT);
    let request = request.body(Full::default()).map_err(|error| Failure::failed(error.to_string()))?;
    exchange(&runtime()?, address, request)
}

fn exchange(
    runtime: &Runtime,
    address: &Address,
    request: Request<Full<Bytes>>,
) -> Result<Received, Failure> {
    runtime.block_on(async {
        tokio::select! {
            // First, so that it listens before anything is on its way.
            biased;
            _ = tokio::signal::ctrl_c() => {
                Err(Failure::new(Exit::Interrupted, "interrupted; the call may have been carried out"))
            }
            received = transport::exchange(address, request) => received.map_err(|error| {
                Failure::failed(format!("{}: {error:#}", address.authority))
                    .hint("`bailey doctor` checks the way there; `--endpoint URL` names another server")
            }),
        }
    })
}
