//! What a process takes, as Linux tells it.

use anyhow::Context as _;

/// Resident and peak memory of a process (`self` for one's own) in MiB.
pub fn resident(process: &str) -> anyhow::Result<(f64, f64)> {
    let path = format!("/proc/{process}/status");
    let status = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let field = |name: &str| {
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .with_context(|| format!("{path} has no {name}"))?;
        let kibibytes: f64 =
            line.trim().trim_end_matches(" kB").parse().with_context(|| format!("{name} in {path}"))?;
        Ok::<_, anyhow::Error>(kibibytes / 1024.0)
    };
    Ok((field("VmRSS:")?, field("VmHWM:")?))
}

/// The processor time that a process has taken so far, in seconds, in steps of 10 ms.
pub fn processor_seconds(process: u32) -> anyhow::Result<f64> {
    /// `USER_HZ`, which Linux promises to programs on all machines that bailey runs on.
    const TICKS_PER_SECOND: f64 = 100.0;
    let path = format!("/proc/{process}/stat");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    // The name before may hold anything; user and system time are the 12th and 13th field after it.
    let (_, fields) = text.rsplit_once(')').with_context(|| format!("no name in {path}"))?;
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: Vec<f64> = ticks.map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() / TICKS_PER_SECOND)
}
