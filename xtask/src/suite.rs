//! Runs the tests: Rust's through nextest (or cargo test), the documentation's, and the conformance story on the binary that they built.

use std::process::Command;

use anyhow::{Context as _, ensure};
use bailey_testkit::{PostgresCluster, SHARED_CLUSTER_VARIABLE};

use crate::{
    count::Count,
    run::{self, say},
    workspace::Workspace,
};

/// How to build what is tested. All steps of one run share one, so that nothing is built twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    Development,
    Release,
}

impl Profile {
    fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Development => &[],
            Self::Release => &["--release"],
        }
    }

    /// The profile's folder below cargo's target directory.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Development => "debug",
            Self::Release => "release",
        }
    }
}

/// Every test of every crate; they share one PostgreSQL cluster.
pub(crate) fn rust(workspace: &Workspace, profile: Profile) -> anyhow::Result<Count> {
    let cluster = PostgresCluster::start().context("the store's tests need PostgreSQL")?;
    let mut command = run::cargo(&workspace.root);
    if run::has_cargo_command(&workspace.root, "nextest") {
        // Every failure at once: a second run costs more than the rest of this one.
        command.args(["nextest", "run", "--workspace", "--no-fail-fast"]);
    } else {
        say("cargo-nextest is not installed; using cargo test");
        command.args(["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"]);
    }
    command.args(profile.flags()).env(SHARED_CLUSTER_VARIABLE, cluster.url());
    at_least_one(run::counted(command)?)
}

/// The examples in documentation comments, which nextest does not run.
pub(crate) fn documentation(workspace: &Workspace, profile: Profile) -> anyhow::Result<Count> {
    let mut command = run::cargo(&workspace.root);
    command.args(["test", "--workspace", "--doc"]).args(profile.flags());
    run::counted(command)
}

/// The official clients against the built binary.
pub(crate) fn conformance(workspace: &Workspace, profile: Profile) -> anyhow::Result<Count> {
    let script = workspace.root.join("conformance/run");
    ensure!(script.is_file(), "`conformance/run` is missing");
    let binary = build_binary(workspace, profile)?;
    let mut command = Command::new(script);
    command.arg(binary).current_dir(&workspace.root);
    at_least_one(run::counted(command)?)
}

/// Builds `bailey` and returns its path. Asked for with the tests, so that cargo picks the same features as for them and has nothing left to do.
pub(crate) fn build_binary(workspace: &Workspace, profile: Profile) -> anyhow::Result<std::path::PathBuf> {
    let mut command = run::cargo(&workspace.root);
    command.args(["build", "--workspace", "--bins", "--tests"]).args(profile.flags());
    run::quietly(command)?;
    let binary = workspace.program(profile.folder(), "bailey");
    ensure!(binary.is_file(), "cargo built no `{}`", binary.display());
    Ok(binary)
}

/// A run of nothing proves nothing.
fn at_least_one(count: Count) -> anyhow::Result<Count> {
    ensure!(count.passed > 0, "no test ran");
    Ok(count)
}
