//! What cargo knows about this workspace: where it is, its packages and their dependencies.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::run;

/// The workspace as `cargo metadata --no-deps` tells it.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The folder of the root manifest.
    pub(crate) root: PathBuf,
    /// Where cargo builds.
    pub(crate) target_directory: PathBuf,
    /// The members.
    pub(crate) packages: Vec<Package>,
}

/// One member.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) manifest: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
}

/// One line of a member's dependencies.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) kind: DependencyKind,
}

/// Which of a manifest's tables a dependency stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DependencyKind {
    Normal,
    Development,
    Build,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn find() -> anyhow::Result<Self> {
        // Not `env!`: two clones that share a target directory may also share this binary.
        let own = std::env::var_os("CARGO_MANIFEST_DIR")
            .context("start this as `cargo xtask`, which says where it is")?;
        let own = fs::canonicalize(own).context("cannot find xtask's own folder")?;
        let root = own.parent().context("xtask has no parent folder")?.to_owned();
        let output = run::cargo(&root).args(["metadata", "--no-deps", "--format-version", "1"]).output()?;
        ensure!(
            output.status.success(),
            "cargo metadata: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
        let metadata: Value = serde_json::from_slice(&output.stdout)?;
        let packages =
            list(&metadata, "packages").iter().map(Package::parse).collect::<anyhow::Result<_>>()?;
        Ok(Self { root, target_directory: text(&metadata, "target_directory")?.into(), packages })
    }

    /// Where a program of the given profile's folder (`debug` or `release`) is built.
    pub(crate) fn program(&self, folder: &str, name: &str) -> PathBuf {
        self.target_directory.join(folder).join(name)
    }

    /// Every file that git tracks or would track, relative to the root, sorted.
    pub(crate) fn files(&self) -> anyhow::Result<Vec<PathBuf>> {
        let output = std::process::Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(&self.root)
            .output()
            .context("cannot run git")?;
        ensure!(output.status.success(), "git ls-files: {}", String::from_utf8_lossy(&output.stderr).trim());
        let names = String::from_utf8(output.stdout).context("a file's name is not UTF-8")?;
        let mut files: Vec<PathBuf> = names.split_terminator('\0').map(PathBuf::from).collect();
        // A file deleted but not yet committed is still listed.
        files.retain(|file| self.root.join(file).is_file());
        files.sort();
        files.dedup();
        Ok(files)
    }
}

impl Package {
    fn parse(value: &Value) -> anyhow::Result<Self> {
        let dependencies = list(value, "dependencies").iter().map(|dependency| {
            let kind = match dependency["kind"].as_str() {
                Some("dev") => DependencyKind::Development,
                Some("build") => DependencyKind::Build,
                _ => DependencyKind::Normal,
            };
            Ok(Dependency { name: text(dependency, "name")?.to_owned(), kind })
        });
        Ok(Self {
            name: text(value, "name")?.to_owned(),
            manifest: Path::new(text(value, "manifest_path")?).to_owned(),
            dependencies: dependencies.collect::<anyhow::Result<_>>()?,
        })
    }
}

fn text<'a>(value: &'a Value, name: &str) -> anyhow::Result<&'a str> {
    value[name].as_str().with_context(|| format!("cargo metadata lacks `{name}`"))
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_read_from_metadata() {
        let value = serde_json::json!({
            "name": "bailey-store", "manifest_path": "/x/Cargo.toml",
            "dependencies": [{"name": "sqlx", "kind": null}, {"name": "bailey-testkit", "kind": "dev"}, {"name": "cc", "kind": "build"}],
        });
        let package = Package::parse(&value).unwrap();
        let kinds: Vec<_> = package.dependencies.iter().map(|dependency| dependency.kind).collect();
        assert_eq!(kinds, [DependencyKind::Normal, DependencyKind::Development, DependencyKind::Build]);
        assert_eq!(package.name, "bailey-store");
        assert!(Package::parse(&serde_json::json!({"name": "x"})).is_err());
    }

    #[test]
    fn this_workspace_is_found() {
        let workspace = Workspace::find().unwrap();
        assert!(workspace.packages.iter().any(|package| package.name == "xtask"));
        assert!(workspace.files().unwrap().contains(&PathBuf::from("xtask/src/workspace.rs")));
    }
}
