//! `cargo xtask tidy`: the rules of STYLE.md and ARCHITECTURE.md that no compiler checks.

mod dependencies;
mod sizes;
mod source;
mod sources;

use std::fmt;

use anyhow::bail;
use source::Source;

use crate::{run::say, workspace::Workspace};

/// One broken rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Problem {
    path: String,
    /// From 1; `None` when the whole file is meant.
    line: Option<usize>,
    message: String,
}

impl Problem {
    fn new(path: impl Into<String>, line: Option<usize>, message: impl Into<String>) -> Self {
        Self { path: path.into(), line, message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(to, "{}:{line}: {}", self.path, self.message),
            None => write!(to, "{}: {}", self.path, self.message),
        }
    }
}

/// Checks everything and names each place that breaks a rule.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let files = Source::read_all(workspace)?;
    let mut problems = dependencies::check(workspace)?;
    problems.extend(sizes::check(&files));
    problems.extend(sources::check(&files));
    say(&sizes::report(&files));
    problems.sort();
    for problem in &problems {
        say(&problem.to_string());
    }
    match problems.len() {
        0 => Ok(()),
        count => bail!("{count} broken rule{}", if count == 1 { "" } else { "s" }),
    }
}
