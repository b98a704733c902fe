//! What the control API is told of the configuration, its files read.

use std::path::Path;

use anyhow::Context;
use bailey_api::Surroundings;
use bailey_api::authzen::fixture::Fixture;

use super::Settings;

pub(super) fn read(settings: &Settings) -> anyhow::Result<Surroundings> {
    Ok(Surroundings {
        public_url: settings.public_url.clone(),
        trusted_proxies: settings.trusted_proxies.clone(),
        https_proxies: settings.https_proxies.clone(),
        fixtures: settings.authzen_fixtures.as_deref().map(fixtures).transpose()?.unwrap_or_default(),
    })
}

/// Every `NAME.json` of a directory. One that does not read stops the start: a suite must not run against half of them.
fn fixtures(directory: &Path) -> anyhow::Result<Vec<Fixture>> {
    let listed = std::fs::read_dir(directory).with_context(|| format!("reading {}", directory.display()))?;
    let mut fixtures = Vec::new();
    for entry in listed {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let fixture = Fixture::parse(name, &text)
            .with_context(|| format!("{} is no fixture of AuthZEN", path.display()))?;
        fixtures.push(fixture);
    }
    Ok(fixtures)
}
