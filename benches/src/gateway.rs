//! bailey's gateway with everything on, and what to ask it: one model of one provider, a sub-workspace with a grant, limits of
//! requests and tokens, metering.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use bailey_testkit::{Launch, Server};
use serde_json::{Value, json};

use crate::database;
use crate::peer::Control;

/// Where chat completions are asked for, of bailey and of what it is compared with.
pub const PATH: &str = "/v1/chat/completions";
/// The model that is asked for.
pub const MODEL: &str = "bench-model";
/// How many keys the sub-workspace has. One of them is used.
pub const KEYS: usize = 10;

/// A running gateway and a key for it.
#[derive(Debug)]
pub struct Gateway {
    /// The process.
    pub server: Server,
    /// A key of a sub-workspace, which may use the model.
    pub key: String,
}

impl Gateway {
    /// Makes a data directory and starts bailey on it, with this many workers (0 is one per core), in front of an upstream.
    pub fn start(data: &Path, workers: usize, upstream: SocketAddr) -> anyhow::Result<Self> {
        let binary = database::binary()?;
        let made = database::init(&binary, data)?;
        let server = serve(&binary, data, workers)?;
        let control = Control::new(
            server.addresses().control,
            text(&made, "/accessKeyId")?,
            text(&made, "/accessKeySecret")?,
        );
        let key = furnish(&control, upstream)?;
        Ok(Self { server, key })
    }

    /// Ends it, and starts it again on the same data after something was done to them.
    pub fn restarted(
        self,
        data: &Path,
        workers: usize,
        between: impl FnOnce(&Path) -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        let Self { mut server, key } = self;
        server.terminate(Duration::from_secs(30))?;
        between(&database::find(data)?)?;
        Ok(Self { server: serve(&database::binary()?, data, workers)?, key })
    }

    /// Where it takes model calls.
    pub fn address(&self) -> SocketAddr {
        self.server.addresses().gateway
    }
}

fn serve(binary: &Path, data: &Path, workers: usize) -> anyhow::Result<Server> {
    Launch::serve(binary, data)
        .environment("RUST_LOG", "warn")
        .environment("BAILEY__GATEWAY_WORKERS", workers.to_string())
        .start()
}

/// Makes provider, model, workspace, grant and limits. Gives one of its keys.
fn furnish(control: &Control, upstream: SocketAddr) -> anyhow::Result<String> {
    let provider = json!({"name": "upstream", "dialect": "openai", "baseUrl": format!("http://{upstream}/v1"), "apiKey": "sk-upstream", "allowPrivate": true});
    control.call("POST", "/modelstudio/providers", &provider)?;
    let model = json!({"name": "Bench", "capabilities": ["chat"], "routes": [{"provider": "upstream", "upstreamModel": "upstream-model", "priority": 0, "weight": 1}]});
    control.call("PUT", &format!("/modelstudio/models/{MODEL}"), &model)?;
    let workspace = control.call("POST", "/modelstudio/workspaces?workspaceName=bench", &json!({}))?;
    let workspace = text(&workspace, "/workspace/workspaceId")?.to_owned();
    let grant = json!({"workspaceId": workspace, "accessAllEntities": "KEEP", "models": [{"model": MODEL, "inference": true}]});
    control.call("POST", "/modelstudio/models/permissions", &grant)?;
    // Never reached, but counted on every call.
    let most = json!({
        "model": MODEL, "operationType": "OVERLAY", "requestLimit": 1_000_000_000, "requestLimitPeriod": 60,
        "usageLimit": 1_000_000_000_000_u64, "usageLimitField": "total_tokens", "usageLimitPeriod": 60
    });
    control.call(
        "POST",
        "/modelstudio/models/limits",
        &json!({"workspaceId": workspace, "workspaceLimits": [most]}),
    )?;
    let path = format!("/modelstudio/apikeys?description=bench&workspaceId={workspace}");
    let mut key = Value::Null;
    for _ in 0..KEYS {
        key = control.call("POST", &path, &json!({}))?;
    }
    Ok(text(&key, "/apiKey/apiKeyValue")?.to_owned())
}

/// The text at a JSON pointer.
pub fn text<'a>(value: &'a Value, path: &str) -> anyhow::Result<&'a str> {
    value.pointer(path).and_then(Value::as_str).with_context(|| format!("no {path} in {value}"))
}

/// What is asked.
pub fn question() -> Value {
    json!({"model": MODEL, "messages": [{"role": "system", "content": "You are a helpful assistant."}, {"role": "user", "content": "What is the capital of France?"}]})
}

/// Writes a script for wrk that asks the question.
pub fn script(directory: &Path, name: &str, key: &str) -> anyhow::Result<PathBuf> {
    let file = directory.join(format!("{name}.lua"));
    std::fs::write(
        &file,
        format!(
            "wrk.method = \"POST\"\nwrk.headers[\"content-type\"] = \"application/json\"\nwrk.headers[\"authorization\"] = \"Bearer {key}\"\nwrk.body = [[{}]]\n",
            question()
        ),
    )?;
    Ok(file)
}

/// How long one run takes: `BAILEY_BENCH_SECONDS`, 5 unless told otherwise.
pub fn seconds() -> u64 {
    std::env::var("BAILEY_BENCH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(5)
}
