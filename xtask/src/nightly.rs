//! `cargo xtask nightly`: the same tests, optimised and with longer sets, then the fuzz targets.

use crate::{
    fuzz,
    run::say,
    suite::{self, Profile},
    workspace::Workspace,
};

/// Runs them. Tests read `BAILEY_NIGHTLY`; proptest reads its own variable.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    // A fresh process of itself, because a process cannot change its own environment safely.
    if std::env::var_os("BAILEY_NIGHTLY").is_none() {
        let mut again = std::process::Command::new(std::env::current_exe()?);
        again.arg("nightly").env("BAILEY_NIGHTLY", "1").env("PROPTEST_CASES", "4096");
        return crate::run::quietly(again);
    }
    let mut count = suite::rust(workspace, Profile::Release)?;
    count += suite::documentation(workspace, Profile::Release)?;
    count += suite::conformance(workspace, Profile::Release)?;
    fuzz::run(workspace)?;
    say(&format!("{} passed, {} failed", count.passed, count.failed));
    Ok(())
}
