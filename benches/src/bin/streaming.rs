//! What the gateway costs a stream, beside nginx as a plain proxy that does not buffer: whole streams of 50 chunks back to back, and
//! the time to the first of them.
//!
//! `BAILEY_BENCH_SECONDS` sets how long one run takes, 5 unless told otherwise.

use std::path::Path;
use std::thread::available_parallelism;

use bailey_benches::gateway::{Gateway, seconds};
use bailey_benches::measure::{in_rounds, machine_load, middle};
use bailey_benches::nginx::{Buffering, proxy};
use bailey_benches::sides::Side;
use bailey_benches::streams::{CHUNKS, Kind, Streams, load, upstream};
use tempfile::TempDir;

const ROUNDS: usize = 5;

fn main() -> anyhow::Result<()> {
    let directory = TempDir::new()?;
    for (kind, how) in [(Kind::Whole, "each written by itself"), (Kind::AtOnce, "written at once")] {
        let place = directory.path().join(format!("{kind:?}"));
        std::fs::create_dir(&place)?;
        measure(&place, kind, how)?;
    }
    Ok(())
}

fn measure(at: &Path, kind: Kind, how: &str) -> anyhow::Result<()> {
    let seconds = seconds();
    let model = upstream(kind)?;
    let cores = available_parallelism()?.get();
    let one_proxy = proxy(at, 1, model, Buffering::Off)?;
    let proxy_per_core = proxy(at, cores, model, Buffering::Off)?;
    let one = Gateway::start(&at.join("one"), 1, model)?;
    let per_core = Gateway::start(&at.join("per-core"), cores, model)?;
    let sides = [
        Side::new("direct", at, model, "none", Vec::new())?,
        Side::nginx("nginx, one worker", at, &one_proxy)?,
        Side::nginx("nginx, one per core", at, &proxy_per_core)?,
        Side::bailey("bailey, one worker", at, &one)?,
        Side::bailey("bailey, one per core", at, &per_core)?,
    ];
    for side in &sides {
        load(side.address, &side.key, 16, 1)?;
    }
    for connections in [16, 1] {
        let before = machine_load();
        let runs = in_rounds(ROUNDS, &sides, |side| {
            let (streams, spent_us) = side.timed(|| load(side.address, &side.key, connections, seconds))?;
            Ok((streams, spent_us / (streams.rate * seconds as f64)))
        })?;
        println!(
            "\n{connections} connections, streams of {CHUNKS} chunks {how}, middle of {ROUNDS} runs of {seconds} s in turns, load average {before} before"
        );
        let rate = |runs: &[(Streams, f64)]| middle(runs, |run| run.0.rate);
        let first = |runs: &[(Streams, f64)]| middle(runs, |run| run.0.first_p50_us);
        let spent = |runs: &[(Streams, f64)]| middle(runs, |run| run.1);
        let [direct, nginx_one, nginx_per_core, bailey_one, bailey_per_core] = &runs[..] else {
            unreachable!("as many runs as sides")
        };
        for (side, runs) in sides.iter().zip(&runs) {
            println!(
                "{:>20}: {:7.0} streams/s, {:5.0} us of processor time each; first event p50 {:6.0} us, p99 {:6.0} us, added p50 {:5.0} us",
                side.name,
                rate(runs),
                spent(runs),
                first(runs),
                middle(runs, |run| run.0.first_p99_us),
                first(runs) - first(direct)
            );
        }
        for (name, bailey, nginx) in
            [("one worker", bailey_one, nginx_one), ("one per core", bailey_per_core, nginx_per_core)]
        {
            println!(
                "{name} each: {:.2}x nginx's streams per second, {:.2}x its processor time",
                rate(bailey) / rate(nginx),
                spent(bailey) / spent(nginx)
            );
        }
    }
    Ok(())
}
