//! `cargo xtask docs`: the reference pages come from the code, through `bailey docs DIRECTORY`; a stale page fails the build.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail, ensure};
use bailey_testkit::TemporaryDirectory;

use crate::{
    run::{self, say},
    suite::{self, Profile},
    workspace::Workspace,
};

/// Where the pages live.
const FOLDER: &str = "docs/reference";

/// The files of a folder by relative path.
type Pages = BTreeMap<PathBuf, Vec<u8>>;

/// Brings the folder to what the code says.
pub(crate) fn write(workspace: &Workspace) -> anyhow::Result<()> {
    let folder = workspace.root.join(FOLDER);
    let (generated, current) = (generate(workspace)?, read(&folder)?);
    for page in stale(&generated, &current) {
        let path = folder.join(&page);
        match generated.get(&page) {
            Some(text) => {
                fs::create_dir_all(path.parent().unwrap_or(&folder))?;
                fs::write(&path, text)?;
                say(&format!("wrote {FOLDER}/{}", page.display()));
            }
            None => {
                fs::remove_file(&path)?;
                say(&format!("removed {FOLDER}/{}", page.display()));
            }
        }
    }
    Ok(())
}

/// Fails with the names of the pages that differ from what the code says.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let stale = stale(&generate(workspace)?, &read(&workspace.root.join(FOLDER))?);
    if stale.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = stale.iter().map(|page| format!("{FOLDER}/{}", page.display())).collect();
    bail!("stale: {}; hint: run `cargo xtask docs` and commit the result", names.join(", "))
}

fn generate(workspace: &Workspace) -> anyhow::Result<Pages> {
    let binary = suite::build_binary(workspace, Profile::Development)?;
    let directory = TemporaryDirectory::new("reference")?;
    let mut command = Command::new(binary);
    command.arg("docs").arg(directory.path());
    run::quietly(command)?;
    let pages = read(directory.path())?;
    ensure!(!pages.is_empty(), "`bailey docs` wrote no page");
    Ok(pages)
}

fn read(folder: &Path) -> anyhow::Result<Pages> {
    let mut pages = Pages::new();
    let mut open = vec![folder.to_owned()];
    while let Some(directory) = open.pop() {
        if !directory.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&directory)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).context("an entry lies in its folder")?.to_owned();
            pages.insert(name, fs::read(&path)?);
        }
    }
    Ok(pages)
}

/// Pages that are missing, changed, or no longer generated.
fn stale(generated: &Pages, current: &Pages) -> Vec<PathBuf> {
    let mut names: Vec<_> = generated.keys().chain(current.keys()).collect();
    names.sort();
    names.dedup();
    names.into_iter().filter(|name| generated.get(*name) != current.get(*name)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_changed_and_left_over_pages_are_stale() {
        let directory = TemporaryDirectory::new("pages").unwrap();
        fs::create_dir(directory.join("deep")).unwrap();
        for (name, text) in [("same.md", "a"), ("changed.md", "old"), ("deep/left.md", "x")] {
            fs::write(directory.join(name), text).unwrap();
        }
        let page = |name: &str, text: &str| (PathBuf::from(name), text.as_bytes().to_vec());
        let generated =
            Pages::from([page("same.md", "a"), page("changed.md", "new"), page("missing.md", "b")]);
        let current = read(directory.path()).unwrap();
        assert_eq!(
            stale(&generated, &current),
            ["changed.md", "deep/left.md", "missing.md"].map(PathBuf::from)
        );
        assert!(stale(&current, &current).is_empty());
        assert!(read(&directory.join("nowhere")).unwrap().is_empty());
    }
}
