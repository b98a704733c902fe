//! The project's own commands, so that a developer and the build machine run the same: `cargo xtask ci`, `tidy`, `docs`, `bench`, `nightly`.

mod bench;
mod ci;
mod count;
mod fuzz;
mod nightly;
mod reference;
mod run;
mod suite;
mod tidy;
mod workspace;

use std::process::ExitCode;

use anyhow::bail;
use run::say;
use workspace::Workspace;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  ci [STEP...]      what `make test` runs: every step, or only the named ones
  tidy              the rules that no compiler knows: dependency directions, file sizes, sources
  docs [--check]    writes docs/reference from the code; with --check only says what is stale
  bench [NAME...]   the programs of benches/, all or the named ones, in release mode
  nightly           the tests in release mode with longer sets
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match perform(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("failed: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn perform(arguments: &[&str]) -> anyhow::Result<()> {
    match arguments {
        [] | ["help" | "--help" | "-h"] => {
            say(USAGE.trim_end());
            Ok(())
        }
        ["ci", steps @ ..] => ci::run(&Workspace::find()?, steps),
        ["tidy"] => tidy::run(&Workspace::find()?),
        ["docs"] => reference::write(&Workspace::find()?),
        ["docs", "--check"] => reference::check(&Workspace::find()?),
        ["bench", names @ ..] => bench::run(&Workspace::find()?, names),
        ["nightly"] => nightly::run(&Workspace::find()?),
        _ => bail!("no such command: `{}`\n{}", arguments.join(" "), USAGE.trim_end()),
    }
}
