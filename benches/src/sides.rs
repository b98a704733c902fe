//! What is measured beside each other with the same calls: where it listens, the key it takes, the processes that it consists of.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::gateway::{Gateway, PATH, script};
use crate::measure::{in_rounds, machine_load, middle};
use crate::memory::processor_seconds;
use crate::nginx::Shared;
use crate::peer::{Load, wrk};

/// One of them.
#[derive(Debug)]
pub struct Side {
    /// What it is called in tables.
    pub name: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// The key it takes.
    pub key: String,
    processes: Vec<u32>,
    script: PathBuf,
}

impl Side {
    /// Anything that listens. The script for wrk is put into the directory.
    pub fn new(
        name: &str,
        directory: &Path,
        address: SocketAddr,
        key: &str,
        processes: Vec<u32>,
    ) -> anyhow::Result<Self> {
        let script = script(directory, &name.replace([' ', ','], "-"), key)?;
        Ok(Self { name: name.to_owned(), address, key: key.to_owned(), processes, script })
    }

    /// nginx, which asks for no key.
    pub fn nginx(name: &str, directory: &Path, shared: &Shared) -> anyhow::Result<Self> {
        Self::new(name, directory, shared.address, "none", shared.processes()?)
    }

    /// bailey.
    pub fn bailey(name: &str, directory: &Path, gateway: &Gateway) -> anyhow::Result<Self> {
        Self::new(name, directory, gateway.address(), &gateway.key, vec![gateway.server.process_id()])
    }

    /// Runs something with it. Gives that, and the processor time in microseconds that the side took meanwhile.
    pub fn timed<T>(&self, run: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<(T, f64)> {
        let spent =
            || self.processes.iter().map(|process| processor_seconds(*process)).sum::<anyhow::Result<f64>>();
        let before = spent()?;
        let result = run()?;
        Ok((result, (spent()? - before) * 1_000_000.0))
    }

    /// Asks it with wrk.
    fn called(&self, connections: usize, seconds: u64) -> anyhow::Result<Call> {
        let url = format!("http://{}{PATH}", self.address);
        let (load, spent_us) = self.timed(|| wrk(&url, &self.script, connections, seconds))?;
        Ok(Call { load, processor_us: spent_us / (load.rate * seconds as f64) })
    }
}

/// What one run of calls showed.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// What wrk measured.
    pub load: Load,
    /// Processor time that the side took for each call.
    pub processor_us: f64,
}

/// Calls each side for a time and forgets it: first calls are slower than others.
pub fn warm(sides: &[Side]) -> anyhow::Result<()> {
    sides.iter().try_for_each(|side| side.called(64, 2).map(drop))
}

/// Calls all sides in turns, prints what was seen, and gives it.
pub fn compare(
    sides: &[Side],
    connections: usize,
    rounds: usize,
    seconds: u64,
) -> anyhow::Result<Vec<Vec<Call>>> {
    let before = machine_load();
    let calls = in_rounds(rounds, sides, |side| side.called(connections, seconds))?;
    println!(
        "\n{connections} connections, middle of {rounds} runs of {seconds} s in turns, load average {before} before"
    );
    for (side, calls) in sides.iter().zip(&calls) {
        println!(
            "{:>20}: {:8.0}/s, p50 {:6.0} us, p99 {:6.0} us, {:6.1} us of processor time each",
            side.name,
            middle(calls, |call| call.load.rate),
            middle(calls, |call| call.load.p50_us),
            middle(calls, |call| call.load.p99_us),
            middle(calls, |call| call.processor_us)
        );
    }
    Ok(calls)
}
