//! What the gateway costs beside nginx as a plain reverse proxy in front of the same upstream.
//!
//! `BAILEY_BENCH_SECONDS` sets how long one run takes, 5 unless told otherwise.

use std::thread::available_parallelism;

use bailey_benches::gateway::{Gateway, seconds};
use bailey_benches::measure::middle;
use bailey_benches::nginx::{self, Buffering};
use bailey_benches::sides::{self, Call, Side};
use tempfile::TempDir;

const ROUNDS: usize = 5;

fn main() -> anyhow::Result<()> {
    let seconds = seconds();
    let directory = TempDir::new()?;
    let at = directory.path();
    let upstream = nginx::model(at)?;
    let cores = available_parallelism()?.get();
    let one_proxy = nginx::proxy(at, 1, upstream.address, Buffering::On)?;
    let proxy_per_core = nginx::proxy(at, cores, upstream.address, Buffering::On)?;
    let one = Gateway::start(&at.join("one"), 1, upstream.address)?;
    let per_core = Gateway::start(&at.join("per-core"), cores, upstream.address)?;
    let sides = [
        Side::nginx("direct", at, &upstream)?,
        Side::nginx("nginx, one worker", at, &one_proxy)?,
        Side::nginx("nginx, one per core", at, &proxy_per_core)?,
        Side::bailey("bailey, one worker", at, &one)?,
        Side::bailey("bailey, one per core", at, &per_core)?,
    ];
    sides::warm(&sides)?;
    for connections in [64, 1] {
        let calls = sides::compare(&sides, connections, ROUNDS, seconds)?;
        let [direct, nginx_one, nginx_per_core, bailey_one, bailey_per_core] = &calls[..] else {
            unreachable!("as many runs as sides")
        };
        for (name, bailey, nginx) in
            [("one worker", bailey_one, nginx_one), ("one per core", bailey_per_core, nginx_per_core)]
        {
            print_ratios(name, bailey, nginx, direct);
        }
    }
    Ok(())
}

fn print_ratios(name: &str, bailey: &[Call], nginx: &[Call], direct: &[Call]) {
    let p50 = |calls: &[Call]| middle(calls, |call| call.load.p50_us);
    let (own, others) = (p50(bailey) - p50(direct), p50(nginx) - p50(direct));
    println!(
        "{name} each: {:.2}x nginx's requests per second; p99 {:.2}x nginx's; processor time {:.2}x nginx's; added p50 {own:.0} us, nginx {others:.0} us: {:.1}x",
        middle(bailey, |call| call.load.rate) / middle(nginx, |call| call.load.rate),
        middle(bailey, |call| call.load.p99_us) / middle(nginx, |call| call.load.p99_us),
        middle(bailey, |call| call.processor_us) / middle(nginx, |call| call.processor_us),
        own / others
    );
}
