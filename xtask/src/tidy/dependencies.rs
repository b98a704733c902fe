//! Which crate may know which: the arrows of ARCHITECTURE.md, read from the manifests.

use std::fs;

use anyhow::Context as _;

use super::Problem;
use crate::workspace::{Dependency, DependencyKind, Package, Workspace};

/// A crate and the crates of ours that it may depend on.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("bailey-policy", &[]),
    ("bailey-acs", &[]),
    ("bailey-edge", &[]),
    ("bailey-domain", &["bailey-policy"]),
    ("bailey-store", &["bailey-policy", "bailey-domain"]),
    ("bailey-control", &["bailey-policy", "bailey-domain", "bailey-store"]),
    ("bailey-gateway", &["bailey-policy", "bailey-domain", "bailey-edge"]),
    ("bailey-api", &["bailey-policy", "bailey-domain", "bailey-control", "bailey-acs", "bailey-edge"]),
    ("bailey-console", &["bailey-policy", "bailey-domain", "bailey-control", "bailey-edge"]),
    ("bailey", SHIPPED),
    ("bailey-testkit", &[]),
    ("bailey-benches", EVERYTHING),
    ("xtask", &["bailey-testkit"]),
];

const SHIPPED: &[&str] = &[
    "bailey-policy",
    "bailey-acs",
    "bailey-edge",
    "bailey-domain",
    "bailey-store",
    "bailey-control",
    "bailey-gateway",
    "bailey-api",
    "bailey-console",
];
const EVERYTHING: &[&str] = &[
    "bailey",
    "bailey-policy",
    "bailey-acs",
    "bailey-edge",
    "bailey-domain",
    "bailey-store",
    "bailey-control",
    "bailey-gateway",
    "bailey-api",
    "bailey-console",
    "bailey-testkit",
];

/// Test code of every crate may use it; shipped code may not.
const TESTKIT: &str = "bailey-testkit";

/// Crates of others that would break what a crate promises, and the promise.
const MUST_NOT_USE: &[(&str, &[&str], &str)] = &[
    (
        "bailey-policy",
        &["tokio", "hyper", "http", "sqlx", "rand", "getrandom"],
        "it decides without I/O, time or chance",
    ),
    (
        "bailey-domain",
        &["tokio", "hyper", "http", "sqlx", "rand", "getrandom"],
        "it decides without I/O, time or chance",
    ),
    ("bailey-acs", &["tokio", "hyper", "sqlx"], "it turns bytes into values and back, no more"),
    ("bailey-store", &["hyper", "http"], "it does not know HTTP"),
    ("bailey-control", &["hyper", "http", "sqlx"], "it knows neither HTTP nor SQL"),
    ("bailey-api", &["sqlx"], "it does not touch the store"),
    ("bailey-gateway", &["sqlx"], "it does not touch the store"),
    ("bailey-console", &["sqlx"], "it does not touch the store"),
];

/// Who may use errors without a type; libraries have their own.
const UNTYPED_ERRORS: &[&str] = &["bailey", "bailey-testkit", "bailey-benches", "xtask"];

pub(super) fn check(workspace: &Workspace) -> anyhow::Result<Vec<Problem>> {
    let mut problems = Vec::new();
    for package in &workspace.packages {
        let path =
            package.manifest.strip_prefix(&workspace.root).unwrap_or(&package.manifest).display().to_string();
        let manifest =
            fs::read_to_string(&package.manifest).with_context(|| format!("cannot read `{path}`"))?;
        let complaints = complaints_about(package).into_iter().chain(complaint_about_manifest(&manifest));
        problems.extend(complaints.map(|message| Problem::new(&path, None, message)));
    }
    Ok(problems)
}

fn complaints_about(package: &Package) -> Vec<String> {
    let name = package.name.as_str();
    let Some((_, allowed)) = MAY_KNOW.iter().find(|(known, _)| *known == name) else {
        return vec![format!(
            "`{name}` has no place in the table of crates; give it one in xtask/src/tidy/dependencies.rs"
        )];
    };
    package.dependencies.iter().filter_map(|dependency| complaint_about(name, allowed, dependency)).collect()
}

fn complaint_about(name: &str, allowed: &[&str], dependency: &Dependency) -> Option<String> {
    let on = dependency.name.as_str();
    let is_development = dependency.kind == DependencyKind::Development;
    if MAY_KNOW.iter().any(|(ours, _)| *ours == on) {
        // A crate may depend on itself in its tests, to switch features on.
        let fine = allowed.contains(&on) || (is_development && (on == TESTKIT || on == name));
        return (!fine).then(|| match on {
            TESTKIT => format!("`{name}` may use `{TESTKIT}` in its tests only (dev-dependencies)"),
            _ => format!("`{name}` may not depend on `{on}`; the arrows point the other way, or past it"),
        });
    }
    if is_development {
        return None;
    }
    if on == "anyhow" && !UNTYPED_ERRORS.contains(&name) {
        return Some(format!(
            "`{name}` is a library and has typed errors; `anyhow` is for {}",
            UNTYPED_ERRORS.join(", ")
        ));
    }
    let broken = MUST_NOT_USE.iter().find(|(known, others, _)| *known == name && others.contains(&on));
    broken.map(|(_, _, promise)| format!("`{name}` may not use `{on}`: {promise}"))
}

/// Lints and edition are set once, for all.
fn complaint_about_manifest(manifest: &str) -> Option<String> {
    let inherits =
        |key: &str| manifest.lines().any(|line| line.replace(' ', "") == format!("{key}.workspace=true"));
    let has_lints = manifest.replace(' ', "").contains("[lints]\nworkspace=true") || inherits("lints");
    let missing: Vec<_> = ["version", "edition", "license", "rust-version", "publish"]
        .into_iter()
        .filter(|key| !inherits(key))
        .collect();
    if !missing.is_empty() {
        return Some(format!("does not take from the workspace: {}", missing.join(", ")));
    }
    (!has_lints).then(|| "lacks `[lints] workspace = true`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(name: &str, dependencies: &[(&str, DependencyKind)]) -> Vec<String> {
        let dependencies =
            dependencies.iter().map(|(on, kind)| Dependency { name: (*on).to_owned(), kind: *kind });
        complaints_about(&Package {
            name: name.to_owned(),
            manifest: "Cargo.toml".into(),
            dependencies: dependencies.collect(),
        })
    }

    #[test]
    fn arrows_point_one_way() {
        use DependencyKind::{Build, Development, Normal};
        assert!(complaints("bailey-store", &[("bailey-domain", Normal), ("sqlx", Normal)]).is_empty());
        assert_eq!(complaints("bailey-domain", &[("bailey-store", Normal)]).len(), 1);
        assert_eq!(
            complaints("bailey-domain", &[("bailey-store", Development), ("bailey-api", Build)]).len(),
            2
        );
        assert!(
            complaints("bailey-api", &[("bailey-store", Normal)])[0]
                .contains("may not depend on `bailey-store`")
        );
        assert!(complaints("bailey-unknown", &[])[0].contains("no place"));
    }

    #[test]
    fn the_testkit_does_not_ship() {
        use DependencyKind::{Development, Normal};
        assert!(complaints("bailey-store", &[("bailey-testkit", Development)]).is_empty());
        assert!(complaints("bailey", &[("bailey-testkit", Normal)])[0].contains("in its tests only"));
        assert!(complaints("xtask", &[("bailey-testkit", Normal)]).is_empty());
    }

    #[test]
    fn promises_are_kept_in_shipped_code() {
        use DependencyKind::{Development, Normal};
        assert!(complaints("bailey-domain", &[("tokio", Normal)])[0].contains("without I/O"));
        assert!(complaints("bailey-domain", &[("tokio", Development)]).is_empty());
        assert!(complaints("bailey-control", &[("sqlx", Normal)])[0].contains("neither HTTP nor SQL"));
        assert!(complaints("bailey-gateway", &[("anyhow", Normal)])[0].contains("typed errors"));
        assert!(complaints("bailey", &[("anyhow", Normal)]).is_empty());
    }

    #[test]
    fn a_manifest_takes_all_from_the_workspace() {
        let keys = ["version", "edition", "license", "rust-version", "publish"];
        let whole: String = keys.iter().map(|key| format!("{key}.workspace = true\n")).collect();
        assert_eq!(complaint_about_manifest(&format!("{whole}[lints]\nworkspace = true\n")), None);
        assert!(complaint_about_manifest(&whole).unwrap().contains("lints"));
        assert!(
            complaint_about_manifest("[lints]\nworkspace = true\n").unwrap().contains("version, edition")
        );
    }
}
