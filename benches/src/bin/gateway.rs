//! What the gateway costs beside nginx as a plain reverse proxy in front of the same upstream.
//!
//! `BAILEY_BENCH_SECONDS` sets how long one run takes, 5 unless told otherwise.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context as _;
use bailey_benches::database;
use bailey_benches::measure::Sample;
use bailey_benches::peer::{Control, Load, wrk};
use bailey_testkit::{Launch, Nginx, Server, free_address};
use serde_json::{Value, json};
use tempfile::TempDir;

const ROUNDS: usize = 5;
const PATH: &str = "/v1/chat/completions";
/// What every upstream answer is: as long as a short real one.
const ANSWER: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1795478400,"model":"upstream-model","choices":[{"index":0,"message":{"role":"assistant","content":"The capital of France is Paris. It lies on the Seine, and about two million people live there."},"finish_reason":"stop"}],"usage":{"prompt_tokens":19,"completion_tokens":23,"total_tokens":42}}"#;

fn main() -> anyhow::Result<()> {
    let seconds = std::env::var("BAILEY_BENCH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    let directory = TempDir::new()?;
    let (upstream, proxy) = (free_address()?, free_address()?);
    let _upstream = Nginx::start(
        directory.path(),
        upstream,
        &format!(
            "  server {{ listen {upstream}; location / {{ default_type application/json; return 200 '{ANSWER}'; }} }}"
        ),
    )?;
    let _proxy = Nginx::start(
        directory.path(),
        proxy,
        &format!(
            "  upstream model {{ server {upstream}; keepalive 128; keepalive_requests 1000000000; }}\n  \
             server {{ listen {proxy}; location / {{ proxy_pass http://model; proxy_http_version 1.1; proxy_set_header Connection \"\"; }} }}"
        ),
    )?;
    let plain = script(directory.path(), "plain", "none")?;
    let mut sides = vec![("direct", upstream, plain.clone()), ("nginx", proxy, plain)];
    let mut servers = Vec::new();
    for (name, workers) in [("bailey, one worker", "1"), ("bailey, one per core", "0")] {
        let (server, key) = start_bailey(&directory.path().join(workers), workers, upstream)?;
        sides.push((name, server.addresses().gateway, script(directory.path(), workers, &key)?));
        servers.push(server);
    }
    for (_, address, script) in &sides {
        wrk(&format!("http://{address}{PATH}"), script, 64, 1)?;
    }
    for connections in [64, 1] {
        let mut loads: Vec<Vec<Load>> = vec![Vec::new(); sides.len()];
        // In turns, so that a slow moment of the machine meets all of them.
        for _ in 0..ROUNDS {
            for ((_, address, script), loads) in sides.iter().zip(&mut loads) {
                loads.push(wrk(&format!("http://{address}{PATH}"), script, connections, seconds)?);
            }
        }
        println!("\n{connections} connections, middle of {ROUNDS} runs of {seconds} s in turns");
        let middle =
            |loads: &[Load], value: fn(&Load) -> f64| Sample::new(loads.iter().map(value).collect()).p50();
        for ((name, ..), loads) in sides.iter().zip(&loads) {
            println!(
                "{name:>20}: {:8.0}/s, p50 {:6.0} us, p99 {:6.0} us",
                middle(loads, |load| load.rate),
                middle(loads, |load| load.p50_us),
                middle(loads, |load| load.p99_us)
            );
        }
        let rate = |loads: &[Load]| middle(loads, |load| load.rate);
        let p50 = |loads: &[Load]| middle(loads, |load| load.p50_us);
        let [direct, nginx, ours @ ..] = &loads[..] else { unreachable!("two others were put in first") };
        for ((name, ..), bailey) in sides.iter().skip(2).zip(ours) {
            let (own, others) = (p50(bailey) - p50(direct), p50(nginx) - p50(direct));
            println!(
                "{name}: {:.2}x nginx's requests per second; added p50 {own:.0} us, nginx {others:.0} us: {:.1}x",
                rate(bailey) / rate(nginx),
                own / others
            );
        }
    }
    Ok(())
}

/// With everything on: a sub-workspace with a grant, limits of requests and tokens, metering.
fn start_bailey(data: &Path, workers: &str, upstream: SocketAddr) -> anyhow::Result<(Server, String)> {
    let binary = database::binary()?;
    let made = database::init(&binary, data)?;
    let server = Launch::serve(&binary, data)
        .environment("RUST_LOG", "warn")
        .environment("BAILEY__GATEWAY_WORKERS", workers)
        .start()?;
    let control = Control::new(
        server.addresses().control,
        text(&made, "/accessKeyId")?,
        text(&made, "/accessKeySecret")?,
    );
    let provider = json!({"name": "upstream", "dialect": "openai", "baseUrl": format!("http://{upstream}/v1"), "apiKey": "sk-upstream", "allowPrivate": true});
    control.call("POST", "/modelstudio/providers", &provider)?;
    let model = json!({"name": "Bench", "capabilities": ["chat"], "routes": [{"provider": "upstream", "upstreamModel": "upstream-model", "priority": 0, "weight": 1}]});
    control.call("PUT", "/modelstudio/models/bench-model", &model)?;
    let workspace = control.call("POST", "/modelstudio/workspaces?workspaceName=bench", &json!({}))?;
    let workspace = text(&workspace, "/workspace/workspaceId")?.to_owned();
    let grant = json!({"workspaceId": workspace, "accessAllEntities": "KEEP", "models": [{"model": "bench-model", "inference": true}]});
    control.call("POST", "/modelstudio/models/permissions", &grant)?;
    // Never reached, but counted on every call.
    let most = json!({
        "model": "bench-model", "operationType": "OVERLAY", "requestLimit": 1_000_000_000, "requestLimitPeriod": 60,
        "usageLimit": 1_000_000_000_000_u64, "usageLimitField": "total_tokens", "usageLimitPeriod": 60
    });
    control.call(
        "POST",
        "/modelstudio/models/limits",
        &json!({"workspaceId": workspace, "workspaceLimits": [most]}),
    )?;
    let key = control.call(
        "POST",
        &format!("/modelstudio/apikeys?description=bench&workspaceId={workspace}"),
        &json!({}),
    )?;
    let key = text(&key, "/apiKey/apiKeyValue")?.to_owned();
    Ok((server, key))
}

fn text<'a>(value: &'a Value, path: &str) -> anyhow::Result<&'a str> {
    value.pointer(path).and_then(Value::as_str).with_context(|| format!("no {path} in {value}"))
}

/// What wrk sends.
fn script(directory: &Path, name: &str, key: &str) -> anyhow::Result<std::path::PathBuf> {
    let file = directory.join(format!("{name}.lua"));
    let body = json!({"model": "bench-model", "messages": [{"role": "system", "content": "You are a helpful assistant."}, {"role": "user", "content": "What is the capital of France?"}]});
    std::fs::write(
        &file,
        format!(
            "wrk.method = \"POST\"\nwrk.headers[\"content-type\"] = \"application/json\"\nwrk.headers[\"authorization\"] = \"Bearer {key}\"\nwrk.body = [[{body}]]\n"
        ),
    )?;
    Ok(file)
}
