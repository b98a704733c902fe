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
