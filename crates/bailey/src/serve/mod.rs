//! `bailey serve`: three listeners over one directory.

mod admin;
mod probe;
mod records;
mod settings;
mod surroundings;
mod upstreams;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use bailey_api::Api;
use bailey_control::{Control, DemoKey, Due};
use bailey_domain::Clock;
use bailey_edge::{Server, briefly_here, on_runtime};
use bailey_gateway::{Gateway, Parts};
use bailey_store::Store;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use crate::init::{self, Opened};
use crate::system::{self, say};
pub(crate) use settings::{REFERENCE, Settings};

/// `bailey serve`
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The data directory: database, master key and lock. Made when it is not there.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// A PostgreSQL URL instead of the SQLite file in the data directory.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Where model calls are answered [default: 127.0.0.1:8080]; port 0 picks one.
    #[arg(long, value_name = "ADDR")]
    gateway: Option<SocketAddr>,
    /// Where the control API is answered [default: 127.0.0.1:8081].
    #[arg(long, value_name = "ADDR")]
    control: Option<SocketAddr>,
    /// Where health and metrics are answered [default: 127.0.0.1:8082].
    #[arg(long, value_name = "ADDR")]
    admin: Option<SocketAddr>,
    /// A configuration file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Write the bound addresses to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    addr_file: Option<PathBuf>,
    /// Fill a new account with the demo provider, models, users and two sub-workspaces.
    #[arg(long)]
    demo: bool,
}

/// Records that wait to be written. A burst of refusals may overflow it; what is lost is counted and shown.
const RECORDS: usize = 65_536;

/// Serves until a signal says to stop.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let settings = Settings::read(arguments)?;
    // Before anything happens: a broken file must not leave a founded account behind.
    let surroundings = surroundings::read(&settings)?;
    let level = std::env::var("RUST_LOG").unwrap_or_else(|_| settings.log.clone());
    tracing_subscriber::fmt().with_env_filter(level).with_writer(std::io::stderr).with_ansi(false).init();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    // The lock is held until the process ends.
    let Opened { control, store, flushes, lock: _lock } = runtime.block_on(init::open(&settings.place()))?;
    runtime.block_on(store.claim()).context("another bailey serves this database")?;
    let demo = runtime.block_on(found_if_empty(&control, arguments.demo))?;
    let (records, receiver) = mpsc::channel(RECORDS);
    let gateway = Gateway::new(Parts {
        directory: Arc::clone(store.directory()),
        hasher: store.sealer().key_hasher(),
        sealer: Arc::clone(store.sealer()),
        clock: Arc::clone(control.clock()),
        entropy: Arc::clone(control.entropy()),
        limits: settings.limits(),
        domain: settings.gateway_domain.clone(),
        records,
        authorities: Vec::new(),
    });
    let following = runtime.spawn(follow(store.clone()));
    let ending = runtime.spawn(cut_expired(store.clone(), Arc::clone(control.clock())));
    let keeping = runtime.spawn(keep_last_uses(control.clone()));
    let writing = records::write(store.clone(), control.clone(), receiver, flushes, gateway.losses());
    let writer = runtime.spawn(writing);
    let outside = Arc::new(probe::Probe::new(Arc::clone(&gateway), settings.private_issuers));
    let api = Api::new(control.clone(), outside.clone(), outside, surroundings);
    listen(&runtime, &settings, arguments, &control, &gateway, api, demo.as_ref())?;
    drop(gateway);
    keeping.abort();
    ending.abort();
    runtime.block_on(async {
        // Every listener is gone, so the channel is closed and the writer ends when it is empty. It notes uses to the last.
        let _ = writer.await;
        if let Err(error) = control.write_last_uses(Due::All).await {
            tracing::warn!(%error, "when keys were last used could not be written");
        }
        drop(control);
        following.abort();
        store.close().await;
    });
    Ok(0)
}

/// How often the feed is looked at.
const FOLLOW: Duration = Duration::from_secs(1);

/// Brings in what was committed without this process having heard of it: a commit whose answer was lost on the way
/// from the database has happened all the same.
async fn follow(store: Store) {
    let mut ticks = tokio::time::interval(FOLLOW);
    loop {
        ticks.tick().await;
        if let Err(error) = store.catch_up().await {
            tracing::warn!(%error, "the change feed cannot be read");
        }
    }
}

/// How often it is looked whether the time is over of what calls in flight were made with: a call ends within this of it.
const EXPIRE: Duration = Duration::from_millis(100);

/// Cuts the calls whose keys have expired.
async fn cut_expired(store: Store, clock: Arc<dyn Clock>) {
    let mut ticks = tokio::time::interval(EXPIRE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        store.directory().cut_expired(clock.now_ms());
    }
}

/// How often it is looked whether a last use is to be written; each key's is written once a minute at most.
const KEEP: Duration = Duration::from_secs(10);

/// Writes when access keys and API keys were last used.
async fn keep_last_uses(control: Control) {
    let mut ticks = tokio::time::interval(KEEP);
    loop {
        ticks.tick().await;
        if let Err(error) = control.write_last_uses(Due::Rested).await {
            tracing::warn!(%error, "when keys were last used could not be written");
        }
    }
}

/// The first start makes an account, and with `--demo` fills it.
async fn found_if_empty(control: &Control, demo: bool) -> anyhow::Result<Option<DemoKey>> {
    if !control.accounts().await?.is_empty() {
        return Ok(None);
    }
    let founded = control.found_account("default").await?;
    init::show(&founded);
    if !demo {
        return Ok(None);
    }
    control.fill_with_demo(founded.account).await.context("filling the account with the demo").map(Some)
}

fn listen(
    runtime: &Runtime,
    settings: &Settings,
    arguments: &Arguments,
    control: &Control,
    gateway: &Arc<Gateway>,
    api: Api,
    demo: Option<&DemoKey>,
) -> anyhow::Result<()> {
    let limits = bailey_edge::Limits::default();
    let bind = |name: &str, address: SocketAddr| {
        Server::bind(address, limits.clone())
            .with_context(|| format!("the {name} listener cannot use {address}"))
    };
    let (data_plane, control_plane, admin) = (
        bind("gateway", settings.gateway)?,
        bind("control", settings.control)?,
        bind("admin", settings.admin)?,
    );
    let addresses = [
        ("gateway", data_plane.local_addr()),
        ("control", control_plane.local_addr()),
        ("admin", admin.local_addr()),
    ];
    let (trigger, shutdown) = bailey_edge::shutdown();
    let workers = settings.workers();

    let shared = Arc::clone(gateway);
    let data_plane = data_plane.serve(workers, shutdown.clone(), move |_| {
        let worker = shared.worker();
        move |request, peer: bailey_edge::Peer| {
            let worker = worker.clone();
            async move { worker.handle(request, peer.addr.ip()).await }
        }
    })?;
    let handle = runtime.handle().clone();
    let control_plane =
        control_plane.serve(1, shutdown.clone(), move |_| briefly_here(handle.clone(), api.clone()))?;
    let health = admin::Admin::new(control.clone(), Arc::clone(gateway));
    let handle = runtime.handle().clone();
    let admin = admin.serve(1, shutdown, move |_| {
        let health = health.clone();
        on_runtime(handle.clone(), move |request, _| health.clone().handle(request), admin::fault)
    })?;

    announce(&addresses, arguments.addr_file.as_deref())?;
    if let Some(key) = demo {
        init::show_demo(key, addresses[0].1);
    }
    runtime.block_on(system::stop_signal());
    say("stopping: finishing what is under way");
    trigger.begin();
    runtime.block_on(async {
        data_plane.finished().await;
        control_plane.finished().await;
        admin.finished().await;
    });
    Ok(())
}

fn announce(addresses: &[(&str, SocketAddr)], file: Option<&Path>) -> anyhow::Result<()> {
    for (name, address) in addresses {
        say(&format!("{name:8} http://{address}"));
    }
    if let Some(file) = file {
        let addresses: serde_json::Map<_, _> = addresses
            .iter()
            .map(|(name, address)| ((*name).to_owned(), address.to_string().into()))
            .collect();
        // Whoever waits for the file must not read half of it.
        let part = file.with_extension("part");
        std::fs::write(&part, serde_json::to_vec(&addresses)?)
            .with_context(|| format!("writing {}", part.display()))?;
        std::fs::rename(&part, file).with_context(|| format!("writing {}", file.display()))?;
    }
    Ok(())
}
