//! What the gateway takes to memory: idle, with streams open that do not end, and after they went.
//!
//! Each stream needs two open files of bailey, and two of this program, which plays both the clients and the model server. Where the
//! machine does not give that many, as many streams are opened as fit, and it is said how many.

use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use bailey_benches::gateway::Gateway;
use bailey_benches::memory::resident;
use bailey_benches::streams::{Kind, hold, upstream};
use tempfile::TempDir;

const STREAMS: usize = 10_000;
/// Open files for everything but streams.
const OTHER_FILES: usize = 200;
/// After that nothing is left to do for the server.
const SETTLED: Duration = Duration::from_secs(3);

fn main() -> anyhow::Result<()> {
    let (soft, hard) = open_files()?;
    let wanted = hard.min(2 * STREAMS + OTHER_FILES);
    if soft < wanted {
        // Starts over with the higher limit, which its children inherit; a success does not return.
        let mut again = Command::new("prlimit");
        again.arg(format!("--nofile={wanted}:{hard}")).arg(std::env::current_exe()?);
        return Err(again.exec()).context("prlimit, from util-linux");
    }
    let streams = STREAMS.min((soft - OTHER_FILES) / 2);
    if streams < STREAMS {
        println!("{soft} open files are allowed on this machine: {streams} streams instead of {STREAMS}");
    }
    let directory = TempDir::new()?;
    let gateway = Gateway::start(&directory.path().join("data"), 0, upstream(Kind::Held)?)?;
    let process = gateway.server.process_id().to_string();
    let settled = || {
        std::thread::sleep(SETTLED);
        resident(&process)
    };
    let (idle, _) = settled()?;
    println!("idle: {idle:.1} MiB");
    // What is kept for the next streams stops growing; what is lost grows each time.
    for time in ["first", "second", "third", "fourth"] {
        let open = hold(gateway.address(), &gateway.key, streams)?;
        let (held, peak) = settled()?;
        println!(
            "{streams} open streams, {time} time: {held:.1} MiB, {peak:.1} at most, {:.1} KiB for each stream",
            (held - idle) * 1024.0 / streams as f64
        );
        drop(open);
        let (after, _) = settled()?;
        let files = std::fs::read_dir(format!("/proc/{process}/fd"))?.count();
        println!("after they went: {after:.1} MiB, {files} files open");
    }
    Ok(())
}

/// How many files this process may have open, as it is and at most.
fn open_files() -> anyhow::Result<(usize, usize)> {
    let limits = std::fs::read_to_string("/proc/self/limits")?;
    let line =
        limits.lines().find_map(|line| line.strip_prefix("Max open files")).context("no such limit")?;
    let mut numbers = line
        .split_whitespace()
        .map(|number| if number == "unlimited" { Ok(usize::MAX) } else { number.parse() });
    let mut next = || numbers.next().context("two numbers").and_then(|number| Ok(number?));
    Ok((next()?, next()?))
}
