//! The fuzz targets, a minute each, where `cargo fuzz` and a nightly compiler are installed.

use std::{fs, process::Command};

use anyhow::Context as _;

use crate::{
    run::{self, say},
    workspace::Workspace,
};

/// How long each target runs.
const SECONDS: u32 = 60;

/// Runs every target; a machine without the tools is told so, since the tests run the same entries in short.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let targets = targets(workspace)?;
    if !run::has_cargo_command(&workspace.root, "fuzz") || !has_nightly(workspace) {
        say(&format!(
            "NOT FUZZED: {} did not run, because cargo-fuzz or a nightly compiler is missing; install them with: \
             rustup toolchain install nightly && cargo install --locked cargo-fuzz",
            targets.join(", ")
        ));
        return Ok(());
    }
    for target in targets {
        say(&format!("==> fuzz {target} for {SECONDS} s"));
        // What is found goes to the first folder, and git looks at the second only.
        let (found, seeds) = (format!("fuzz/corpus/{target}"), format!("fuzz/seeds/{target}"));
        fs::create_dir_all(workspace.root.join(&found)).with_context(|| format!("cannot make {found}"))?;
        let time = format!("-max_total_time={SECONDS}");
        let mut command = cargo_nightly(workspace);
        command.args(["fuzz", "run", &target, &found, &seeds, "--", &time]);
        run::quietly(command)?;
    }
    Ok(())
}

/// The targets, by the names of their files.
fn targets(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let folder = workspace.root.join("fuzz/fuzz_targets");
    let mut names = Vec::new();
    for file in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

fn has_nightly(workspace: &Workspace) -> bool {
    let asked = cargo_nightly(workspace).arg("--version").output();
    asked.is_ok_and(|output| output.status.success())
}

/// Cargo of the nightly toolchain: the variables of the running one would win over `+nightly`.
fn cargo_nightly(workspace: &Workspace) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", "cargo"]).current_dir(&workspace.root);
    for name in ["RUSTUP_TOOLCHAIN", "CARGO", "RUSTC", "RUSTDOC", "CARGO_TARGET_DIR"] {
        command.env_remove(name);
    }
    command
}
