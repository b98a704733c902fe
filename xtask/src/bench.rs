//! `cargo xtask bench`: builds and runs the programs of `benches/`, one after the other, each with the machine to itself.

use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::{
    run::{self, say},
    workspace::Workspace,
};

const PACKAGE: &str = "bailey-benches";

/// Runs all programs, or those named.
pub(crate) fn run(workspace: &Workspace, names: &[&str]) -> anyhow::Result<()> {
    let package =
        workspace.package(PACKAGE).with_context(|| format!("the workspace has no package `{PACKAGE}`"))?;
    for name in names {
        let known = &package.programs;
        ensure!(
            known.iter().any(|program| program == name),
            "no such benchmark: `{name}`; there are {}",
            known.join(", ")
        );
    }
    let mut build = run::cargo(&workspace.root);
    build.args(["build", "--release", "--bins", "--package", PACKAGE, "--package", "bailey"]);
    run::quietly(build)?;
    for name in
        package.programs.iter().filter(|program| names.is_empty() || names.contains(&program.as_str()))
    {
        say(&format!("==> {name}"));
        let mut program = Command::new(workspace.program("release", name));
        program.current_dir(&workspace.root).env("BAILEY_BINARY", workspace.program("release", "bailey"));
        run::quietly(program)?;
    }
    Ok(())
}
