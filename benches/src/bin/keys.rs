//! Whether the gateway is slower with 1,000,000 keys than with ten: the same calls, in turns.
//!
//! `BAILEY_BENCH_SECONDS` sets how long one run takes, 5 unless told otherwise.

use bailey_benches::gateway::{Gateway, KEYS, PATH, script, seconds};
use bailey_benches::measure::{in_rounds, machine_load, middle};
use bailey_benches::peer::wrk;
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
        (format!("{KEYS} keys"), few.address(), script(at, "few", &few.key)?),
        (format!("{MANY} keys more"), many.address(), script(at, "many", &many.key)?),
    ];
    for (_, address, script) in &sides {
        wrk(&format!("http://{address}{PATH}"), script, CONNECTIONS, 1)?;
    }
    let before = machine_load();
    let loads = in_rounds(ROUNDS, &sides, |(_, address, script)| {
        wrk(&format!("http://{address}{PATH}"), script, CONNECTIONS, seconds)
    })?;
    println!(
        "\n{CONNECTIONS} connections, one worker, middle of {ROUNDS} runs of {seconds} s in turns, load average {before} before"
    );
    for ((name, ..), loads) in sides.iter().zip(&loads) {
        println!(
            "{name:>20}: {:8.0}/s, p50 {:6.0} us, p99 {:6.0} us",
            middle(loads, |load| load.rate),
            middle(loads, |load| load.p50_us),
            middle(loads, |load| load.p99_us)
        );
    }
    // Each round by itself, so that a slow moment does not count for one side only.
    let shares: Vec<f64> = loads[0].iter().zip(&loads[1]).map(|(few, many)| many.rate / few.rate).collect();
    println!("requests per second with many keys: {:.2}x those with few", middle(&shares, |share| *share));
    Ok(())
}
