//! What the gateway costs beside nginx as a plain reverse proxy in front of the same upstream.
//!
//! `BAILEY_BENCH_SECONDS` sets how long one run takes, 5 unless told otherwise.

use std::thread::available_parallelism;

use bailey_benches::gateway::{Gateway, PATH, script, seconds};
use bailey_benches::measure::{in_rounds, machine_load, middle};
use bailey_benches::nginx::{self, Buffering};
use bailey_benches::peer::{Load, wrk};
use tempfile::TempDir;

const ROUNDS: usize = 5;

fn main() -> anyhow::Result<()> {
    let seconds = seconds();
    let directory = TempDir::new()?;
    let at = directory.path();
    let upstream = nginx::model(at)?;
    let plain = script(at, "plain", "none")?;
    let cores = available_parallelism()?.get();
    let proxies = [1, cores].map(|workers| nginx::proxy(at, workers, upstream.address, Buffering::On));
    let [one_proxy, proxy_per_core] = proxies;
    let (one_proxy, proxy_per_core) = (one_proxy?, proxy_per_core?);
    let one = Gateway::start(&at.join("one"), 1, upstream.address)?;
    let per_core = Gateway::start(&at.join("per-core"), cores, upstream.address)?;
    let sides = [
        ("direct", upstream.address, plain.clone()),
        ("nginx, one worker", one_proxy.address, plain.clone()),
        ("nginx, one per core", proxy_per_core.address, plain),
        ("bailey, one worker", one.address(), script(at, "one", &one.key)?),
        ("bailey, one per core", per_core.address(), script(at, "per-core", &per_core.key)?),
    ];
    for (_, address, script) in &sides {
        wrk(&format!("http://{address}{PATH}"), script, 64, 1)?;
    }
    for connections in [64, 1] {
        let before = machine_load();
        let loads = in_rounds(ROUNDS, &sides, |(_, address, script)| {
            wrk(&format!("http://{address}{PATH}"), script, connections, seconds)
        })?;
        println!(
            "\n{connections} connections, middle of {ROUNDS} runs of {seconds} s in turns, load average {before} before"
        );
        for ((name, ..), loads) in sides.iter().zip(&loads) {
            println!(
                "{name:>20}: {:8.0}/s, p50 {:6.0} us, p99 {:6.0} us",
                middle(loads, |load| load.rate),
                middle(loads, |load| load.p50_us),
                middle(loads, |load| load.p99_us)
            );
        }
        let [direct, nginx_one, nginx_per_core, bailey_one, bailey_per_core] = &loads[..] else {
            unreachable!("as many runs as sides")
        };
        for (name, bailey, nginx) in
            [("one worker", bailey_one, nginx_one), ("one per core", bailey_per_core, nginx_per_core)]
        {
            compare(name, bailey, nginx, direct);
        }
    }
    Ok(())
}

fn compare(name: &str, bailey: &[Load], nginx: &[Load], direct: &[Load]) {
    let p50 = |loads: &[Load]| middle(loads, |load| load.p50_us);
    let (own, others) = (p50(bailey) - p50(direct), p50(nginx) - p50(direct));
    println!(
        "{name} each: {:.2}x nginx's requests per second; p99 {:.2}x nginx's; added p50 {own:.0} us, nginx {others:.0} us: {:.1}x",
        middle(bailey, |load| load.rate) / middle(nginx, |load| load.rate),
        middle(bailey, |load| load.p99_us) / middle(nginx, |load| load.p99_us),
        own / others
    );
}
