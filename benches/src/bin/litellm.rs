//! The gateway beside LiteLLM's proxy, from PyPI, in front of the same upstream.
//!
//! LiteLLM has a master key only, which it compares with: its virtual keys need PostgreSQL and a client that Prisma downloads, and
//! cost it more. bailey has everything on. `scripts/install-bench-tools.sh` installs it; without it this says so and measures nothing.
//!
//! `BAILEY_BENCH_SECONDS` sets how long one run takes, 5 unless told otherwise.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bailey_benches::connection::{Connection, post};
use bailey_benches::gateway::{Gateway, MODEL, PATH, question, seconds};
use bailey_benches::measure::middle;
use bailey_benches::nginx;
use bailey_benches::sides::{self, Side};
use bailey_testkit::free_address;
use serde_json::json;
use tempfile::TempDir;

const ROUNDS: usize = 3;
const MASTER_KEY: &str = "sk-bench-1234567890";
const STARTS_WITHIN: Duration = Duration::from_secs(120);

fn main() -> anyhow::Result<()> {
    let Some(program) = installed() else {
        println!("LiteLLM is not installed (scripts/install-bench-tools.sh does that): nothing is measured");
        return Ok(());
    };
    let seconds = seconds();
    let directory = TempDir::new()?;
    let at = directory.path();
    let upstream = nginx::model(at)?;
    let other = LiteLlm::start(&program, at, upstream.address)?;
    let gateway = Gateway::start(&at.join("data"), 1, upstream.address)?;
    let sides = [
        Side::new("LiteLLM, one worker", at, other.address, MASTER_KEY, vec![other.child.id()])?,
        Side::bailey("bailey, one worker", at, &gateway)?,
    ];
    sides::warm(&sides)?;
    for connections in [64, 1] {
        let calls = sides::compare(&sides, connections, ROUNDS, seconds)?;
        let (others, own) =
            (middle(&calls[0], |call| call.load.rate), middle(&calls[1], |call| call.load.rate));
        println!("bailey: {:.0}x LiteLLM's requests per second", own / others);
    }
    Ok(())
}

/// Where the install script puts it, or what `BAILEY_LITELLM` names.
fn installed() -> Option<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    let program =
        std::env::var_os("BAILEY_LITELLM").map_or_else(|| target.join("litellm/bin/litellm"), PathBuf::from);
    program.is_file().then_some(program)
}

/// LiteLLM's proxy as a child process. Dropping it ends it.
struct LiteLlm {
    child: Child,
    address: SocketAddr,
}

impl LiteLlm {
    fn start(program: &Path, directory: &Path, upstream: SocketAddr) -> anyhow::Result<Self> {
        let address = free_address()?;
        let configuration = directory.join("litellm.yaml");
        // JSON is YAML.
        let text = json!({
            "model_list": [{"model_name": MODEL, "litellm_params": {
                "model": "openai/upstream-model", "api_base": format!("http://{upstream}/v1"), "api_key": "sk-upstream"
            }}],
            "litellm_settings": {"telemetry": false, "set_verbose": false},
            "general_settings": {"master_key": MASTER_KEY}
        });
        std::fs::write(&configuration, text.to_string())?;
        let log = directory.join("litellm.log");
        // Ends with this program, however that ends.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(program).arg("--config").arg(&configuration);
        command.args(["--host", "127.0.0.1", "--port", &address.port().to_string(), "--num_workers", "1"]);
        command.env("LITELLM_LOG", "ERROR").env("LITELLM_MODE", "PRODUCTION");
        command.env("LITELLM_LOCAL_MODEL_COST_MAP", "True").stdin(Stdio::null());
        command.stdout(File::create(&log)?).stderr(File::create(directory.join("litellm-errors.log"))?);
        let mut running = Self { child: command.spawn().context("cannot start LiteLLM")?, address };
        let started = Instant::now();
        while let Err(error) = running.answers() {
            let said = || std::fs::read_to_string(directory.join("litellm-errors.log")).unwrap_or_default();
            ensure!(running.child.try_wait()?.is_none(), "LiteLLM ended: {}", said());
            ensure!(started.elapsed() < STARTS_WITHIN, "LiteLLM does not answer: {error:#}\n{}", said());
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(running)
    }

    fn answers(&self) -> anyhow::Result<()> {
        let mut connection = Connection::open(self.address)?;
        let body = question().to_string();
        let request = post(self.address, PATH, "", "", &body);
        let with_key = String::from_utf8(request)?.replace("Basic ", &format!("Bearer {MASTER_KEY}"));
        connection.ask(with_key.as_bytes())?;
        connection.body().map(drop)
    }
}

impl Drop for LiteLlm {
    fn drop(&mut self) {
        // It may have ended by itself; nothing is left to do then.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
