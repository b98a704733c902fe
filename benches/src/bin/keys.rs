//! Whether the gateway is slower with 1,000,000 keys than with ten: the same calls, in turns.
//!
//! `BAILEY_BENCH_SECONDS` sets how long one run takes, 5 unless told otherwise.

use bailey_benches::gateway::{Gateway, KEYS, seconds};
use bailey_benches::measure::middle;
use bailey_benches::sides::{self, Side};
use bailey_benches::{database, nginx};
use tempfile::TempDir;

const ROUNDS: usize = 7;
const CONNECTIONS: usize = 64;
const MANY: i64 = 1_000_000;

fn main() -> anyhow::Result<()> {
    let seconds = seconds();
    let directory = TempDir::new()?;
    let at = directory.path();
    let upstream = nginx::model(at)?;
    let few = Gateway::start(&at.join("few"), 1, upstream.address)?;
    let data = at.join("many");
    let many = Gateway::start(&data, 1, upstream.address)?.restarted(&data, 1, |file| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(database::fill(file, MANY))
    })?;
    let sides = [
        Side::bailey(&format!("{KEYS} keys"), at, &few)?,
        Side::bailey(&format!("{MANY} keys more"), at, &many)?,
    ];
    sides::warm(&sides)?;
    let calls = sides::compare(&sides, CONNECTIONS, ROUNDS, seconds)?;
    // Each round by itself, so that a slow moment does not count for one side only.
    let shares: Vec<f64> =
        calls[0].iter().zip(&calls[1]).map(|(few, many)| many.load.rate / few.load.rate).collect();
    println!("requests per second with many keys: {:.2}x those with few", middle(&shares, |share| *share));
    Ok(())
}
