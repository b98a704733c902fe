//! What the gateway costs a stream, beside nginx as a plain proxy that does not buffer: whole streams of 50 chunks back to back, and
//! the time to the first of them.
//!
//! `BAILEY_BENCH_SECONDS` sets how long one run takes, 5 unless told otherwise.

use std::thread::available_parallelism;

use bailey_benches::gateway::{Gateway, seconds};
use bailey_benches::measure::{in_rounds, machine_load, middle};
use bailey_benches::nginx::{Buffering, proxy};
use bailey_benches::streams::{CHUNKS, Kind, Streams, load, upstream};
use tempfile::TempDir;

const ROUNDS: usize = 5;

fn main() -> anyhow::Result<()> {
    let seconds = seconds();
    let directory = TempDir::new()?;
    let at = directory.path();
    let model = upstream(Kind::Whole)?;
    let cores = available_parallelism()?.get();
    let one_proxy = proxy(at, 1, model, Buffering::Off)?;
    let proxy_per_core = proxy(at, cores, model, Buffering::Off)?;
    let one = Gateway::start(&at.join("one"), 1, model)?;
    let per_core = Gateway::start(&at.join("per-core"), cores, model)?;
    let sides = [
        ("direct", model, "none"),
        ("nginx, one worker", one_proxy.address, "none"),
        ("nginx, one per core", proxy_per_core.address, "none"),
        ("bailey, one worker", one.address(), &*one.key),
        ("bailey, one per core", per_core.address(), &*per_core.key),
    ];
    for (_, address, key) in sides {
        load(address, key, 16, 1)?;
    }
    for connections in [16, 1] {
        let before = machine_load();
        let runs = in_rounds(ROUNDS, &sides, |(_, address, key)| load(*address, key, connections, seconds))?;
        println!(
            "\n{connections} connections, streams of {CHUNKS} chunks, middle of {ROUNDS} runs of {seconds} s in turns, load average {before} before"
        );
        let first = |runs: &[Streams]| middle(runs, |run| run.first_p50_us);
        let rate = |runs: &[Streams]| middle(runs, |run| run.rate);
        let [direct, nginx_one, nginx_per_core, bailey_one, bailey_per_core] = &runs[..] else {
            unreachable!("as many runs as sides")
        };
        for ((name, ..), runs) in sides.iter().zip(&runs) {
            println!(
                "{name:>20}: {:7.0} streams/s, first event p50 {:6.0} us, p99 {:6.0} us, added p50 {:5.0} us",
                rate(runs),
                first(runs),
                middle(runs, |run| run.first_p99_us),
                first(runs) - first(direct)
            );
        }
        for (name, bailey, nginx) in
            [("one worker", bailey_one, nginx_one), ("one per core", bailey_per_core, nginx_per_core)]
        {
            println!("{name} each: {:.2}x nginx's streams per second", rate(bailey) / rate(nginx));
        }
    }
    Ok(())
}
