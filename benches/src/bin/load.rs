//! How long loading takes, and how much memory: 1,000,000 keys by the library, 10,000 keys by the whole program.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bailey_benches::measure::Sample;
use bailey_benches::{database, memory};
use bailey_domain::clock::Fixed;
use bailey_store::{Location, MasterKey, Store};
use bailey_testkit::Launch;
use tempfile::TempDir;

/// Starts and loads that are measured.
const ROUNDS: usize = 5;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    if let Some(file) = arguments.next() {
        return open(Path::new(&file));
    }
    many_keys(1_000_000)?;
    whole_program(10_000)
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

fn master() -> anyhow::Result<MasterKey> {
    Ok(MasterKey::parse(&"5a".repeat(32))?)
}

/// Loads in processes of their own, so that nothing but loading is in their memory.
fn many_keys(keys: i64) -> anyhow::Result<()> {
    let directory = TempDir::new()?;
    let file = directory.path().join("bailey.db");
    runtime()?.block_on(async {
        Store::open(&Location::File(file.clone()), &master()?, &Fixed::seeded(1)).await?.close().await;
        database::fill(&file, keys).await
    })?;
    println!("{keys} keys, {:.0} MiB of SQLite", file.metadata()?.len() as f64 / 1024.0 / 1024.0);
    for _ in 0..ROUNDS {
        let status = Command::new(std::env::current_exe()?).arg(&file).status()?;
        ensure!(status.success(), "loading ended with {status}");
    }
    Ok(())
}

/// What a process of its own does: opens the database, and says what that took.
fn open(file: &Path) -> anyhow::Result<()> {
    let started = Instant::now();
    let runtime = runtime()?;
    let store =
        runtime.block_on(Store::open(&Location::File(file.to_owned()), &master()?, &Fixed::seeded(2)))?;
    let took = started.elapsed();
    let (resident, peak) = memory::resident("self")?;
    println!(
        "loaded in {:.2} s, {resident:.0} MiB resident, {peak:.0} MiB at most; {:?}",
        took.as_secs_f64(),
        store.directory().census()
    );
    Ok(())
}

/// Starts the program on an existing database, several times.
fn whole_program(keys: i64) -> anyhow::Result<()> {
    let binary = database::binary()?;
    let directory = TempDir::new()?;
    let data = directory.path().join("data");
    database::init(&binary, &data)?;
    runtime()?.block_on(database::fill(&database::find(&data)?, keys))?;
    let (mut ready, mut idle) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let server = Launch::serve(&binary, &data).start().context("bailey serve")?;
        ready.push(server.ready_after().as_secs_f64() * 1000.0);
        // What starting leaves behind has been given back by then.
        std::thread::sleep(Duration::from_secs(2));
        idle.push(memory::resident(&server.process_id().to_string())?.0);
    }
    let (ready, idle) = (Sample::new(ready), Sample::new(idle));
    println!(
        "{keys} keys: ready after {:.0} ms (slowest {:.0}), idle {:.1} MiB (most {:.1})",
        ready.p50(),
        ready.max(),
        idle.p50(),
        idle.max()
    );
    Ok(())
}
