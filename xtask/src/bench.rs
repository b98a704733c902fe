//! `cargo xtask bench`: builds and runs the programs of `benches/`, one after the other, each with the machine to itself.
//!
//! `benches/` is a workspace of its own, so that the engines it compares with are compiled here only.

use std::fs;

use anyhow::{Context as _, ensure};

use crate::{
    run::{self, say},
    workspace::Workspace,
};

/// Runs all programs, or those named.
pub(crate) fn run(workspace: &Workspace, names: &[&str]) -> anyhow::Result<()> {
    let known = programs(workspace)?;
    for name in names {
        ensure!(
            known.iter().any(|program| program == name),
            "no such benchmark: `{name}`; there are {}",
            known.join(", ")
        );
    }
    let mut build = run::cargo(&workspace.root);
    build.args(["build", "--release", "--package", "bailey"]);
    run::quietly(build)?;
    for name in known.iter().filter(|program| names.is_empty() || names.contains(&program.as_str())) {
        say(&format!("==> {name}"));
        let mut program = run::cargo(&workspace.root);
        program
            .args(["run", "--release", "--locked", "--manifest-path", "benches/Cargo.toml", "--bin", name])
            .arg("--target-dir")
            .arg(workspace.target_directory.join("benches"))
            .env("BAILEY_BINARY", workspace.program("release", "bailey"));
        run::quietly(program)?;
    }
    Ok(())
}

/// The names of the programs, sorted.
fn programs(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let folder = workspace.root.join("benches/src/bin");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if let (Some(name), Some("rs")) =
            (path.file_stem().and_then(|stem| stem.to_str()), path.extension().and_then(|end| end.to_str()))
        {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_is_found() {
        let found = programs(&Workspace::find().unwrap()).unwrap();
        for name in ["decision", "gateway", "load"] {
            assert!(found.iter().any(|program| program == name), "{found:?}");
        }
    }
}
