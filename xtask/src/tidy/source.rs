//! A text file of the repository and which of its lines are tests.

use std::fs;

use crate::workspace::Workspace;

/// A text file.
#[derive(Debug)]
pub(super) struct Source {
    /// Relative to the root, with `/`.
    pub(super) path: String,
    pub(super) text: String,
}

impl Source {
    /// All files that are UTF-8 text; others (pictures, dumps) have no rules.
    pub(super) fn read_all(workspace: &Workspace) -> anyhow::Result<Vec<Self>> {
        let mut sources = Vec::new();
        for file in workspace.files()? {
            if let Ok(text) = String::from_utf8(fs::read(workspace.root.join(&file))?) {
                sources.push(Self { path: file.to_string_lossy().into_owned(), text });
            }
        }
        Ok(sources)
    }

    /// The part after the last dot of the name, or nothing.
    pub(super) fn extension(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    pub(super) fn is_rust(&self) -> bool {
        self.extension() == "rs"
    }

    /// Whether the whole file is test code.
    pub(super) fn is_test(&self) -> bool {
        let path = format!("/{}", self.path);
        ["/tests/", "/benches/", "/conformance/", "/fuzz/"].iter().any(|folder| path.contains(folder))
            || path.ends_with("/tests.rs")
            || path.ends_with("_tests.rs")
    }

    /// Lines with their numbers from 1.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// The lines before the file's own test module; none in a test file.
    pub(super) fn shipped_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines: Vec<&str> = self.text.lines().collect();
        let is_start = |pair: &[&str]| {
            pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{')
        };
        let end = lines.windows(2).position(is_start).unwrap_or(lines.len());
        let end = if self.is_test() { 0 } else { end };
        self.lines().take(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_file_is_known_by_its_path() {
        assert!(source("crates/a/src/b.rs", "").is_rust());
        assert_eq!(source(".gitignore", "").extension(), "gitignore");
        assert_eq!(source("a.b/run", "").extension(), "");
        for path in [
            "crates/a/tests/it/main.rs",
            "conformance/conftest.py",
            "crates/a/src/tests.rs",
            "crates/a/src/b_tests.rs",
        ] {
            assert!(source(path, "").is_test(), "{path}");
        }
        assert!(!source("crates/testkit/src/contests.rs", "").is_test());
    }

    #[test]
    fn the_test_module_is_not_shipped() {
        let text = "a\n#[cfg(test)]\nmod apart;\nb\n#[cfg(test)]\nmod tests {\nc\n}\n";
        let lines: Vec<_> = source("src/a.rs", text)
            .shipped_lines()
            .map(|(number, line)| (number, line.to_owned()))
            .collect();
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[3], (4, "b".to_owned()));
        assert_eq!(source("tests/a.rs", text).shipped_lines().count(), 0);
    }
}
