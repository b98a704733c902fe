//! `cargo xtask ci`: the steps a change must pass, in the order of what fails fastest.

use std::time::Instant;

use anyhow::{Context as _, ensure};

use crate::{
    count::Count,
    reference,
    run::{self, say},
    suite::{self, Profile},
    tidy,
    workspace::Workspace,
};

struct Step {
    name: &'static str,
    run: fn(&Workspace) -> anyhow::Result<Count>,
}

const STEPS: &[Step] = &[
    Step { name: "fmt", run: fmt },
    Step { name: "tidy", run: |workspace| uncounted(tidy::run(workspace)) },
    Step { name: "clippy", run: clippy },
    Step { name: "tests", run: |workspace| suite::rust(workspace, Profile::Development) },
    Step { name: "doctests", run: |workspace| suite::documentation(workspace, Profile::Development) },
    Step { name: "conformance", run: |workspace| suite::conformance(workspace, Profile::Development) },
    Step { name: "docs", run: docs },
    Step { name: "reference", run: |workspace| uncounted(reference::check(workspace)) },
    Step { name: "deny", run: deny },
];

/// Runs all steps, or those named, and stops at the first that fails.
pub(crate) fn run(workspace: &Workspace, names: &[&str]) -> anyhow::Result<()> {
    for name in names {
        let known: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        ensure!(known.contains(name), "no such step: `{name}`; there are {}", known.join(", "));
    }
    let started = Instant::now();
    let mut count = Count::default();
    let mut durations = Vec::new();
    for step in STEPS.iter().filter(|step| names.is_empty() || names.contains(&step.name)) {
        say(&format!("==> {}", step.name));
        let step_started = Instant::now();
        let counted = (step.run)(workspace);
        let seconds = step_started.elapsed().as_secs_f64();
        count += counted.with_context(|| format!("step `{}` after {seconds:.1} s", step.name))?;
        durations.push(format!("{} {seconds:.1} s", step.name));
        say(&format!("<== {}: ok in {seconds:.1} s", step.name));
    }
    say(&format!("all steps passed in {:.1} s ({})", started.elapsed().as_secs_f64(), durations.join(", ")));
    if count.passed > 0 {
        // True: each step that counts has refused a failed or skipped test.
        say(&format!("{} passed, {} failed", count.passed, count.failed));
    }
    Ok(())
}

fn uncounted(result: anyhow::Result<()>) -> anyhow::Result<Count> {
    result.map(|()| Count::default())
}

fn fmt(workspace: &Workspace) -> anyhow::Result<Count> {
    let mut command = run::cargo(&workspace.root);
    command.args(["fmt", "--all", "--check"]);
    uncounted(run::quietly(command)).context("hint: run `cargo fmt --all`")
}

fn clippy(workspace: &Workspace) -> anyhow::Result<Count> {
    let mut command = run::cargo(&workspace.root);
    command.args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]);
    uncounted(run::quietly(command))
}

fn docs(workspace: &Workspace) -> anyhow::Result<Count> {
    let mut command = run::cargo(&workspace.root);
    command.args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
    uncounted(run::quietly(command))
}

fn deny(workspace: &Workspace) -> anyhow::Result<Count> {
    if !run::has_cargo_command(&workspace.root, "deny") {
        say(
            "cargo-deny is not installed, so licences and advisories are not checked here; install it with: cargo install --locked cargo-deny",
        );
        return Ok(Count::default());
    }
    let mut command = run::cargo(&workspace.root);
    command.args(["deny", "--all-features", "check"]);
    uncounted(run::quietly(command))
}
