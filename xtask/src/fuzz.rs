//! The fuzz targets, a minute each.

use std::{fs, process::Command};

use anyhow::Context as _;

use crate::{
    run::{self, say},
    workspace::Workspace,
};

/// How long each target runs.
const SECONDS: u32 = 60;

/// Runs every target.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let targets = targets(workspace)?;
    for target in targets {
        say(&format!("==> fuzz {target} for {SECONDS} s"));
        // What is found goes to the first folder, and git looks at the second only.
        let (found, seeds) = (format!("fuzz/corpus/{target}"), format!("fuzz/seeds/{target}"));
        fs::create_dir_all(workspace.root.join(&found)).with_context(|| format!("cannot make {found}"))?;
        let time = format!("-max_total_time={SECONDS}");
        let mut command = fuzzing_cargo(workspace);
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

/// The fuzzer needs flags of the compiler that are not stable. The compiler of everybody else takes them when told so, which
/// saves a second one; nothing that is fuzzed uses them itself.
fn fuzzing_cargo(workspace: &Workspace) -> Command {
    let mut command = run::cargo(&workspace.root);
    command.env("RUSTC_BOOTSTRAP", "1").env_remove("CARGO_TARGET_DIR");
    command
}
