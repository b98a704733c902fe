//! Runs programs: their output goes on to ours line by line while their closing lines are counted.

use std::{
    io::{BufRead as _, BufReader, Read, Write},
    path::Path,
    process::{Command, Stdio},
    thread,
};

use anyhow::{Context as _, ensure};

use crate::count::Count;

/// Prints a line for people. A closed terminal is no reason to stop.
pub(crate) fn say(line: &str) {
    drop(writeln!(std::io::stdout().lock(), "{line}"));
}

/// Cargo, as if it were called from a shell in `root`.
///
/// `cargo run` sets variables about xtask's own package; build scripts that watch them (ring's does) would rebuild, and everything above them,
/// at every change between `cargo build` by hand and `cargo xtask`.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new("cargo");
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        let of_package = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
        if of_package.iter().any(|prefix| name_text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    command.current_dir(root);
    command
}

/// Whether `cargo NAME` is installed.
pub(crate) fn has_cargo_command(root: &Path, name: &str) -> bool {
    let asked = cargo(root).args([name, "--version"]).stdin(Stdio::null()).output();
    asked.is_ok_and(|output| output.status.success())
}

/// Runs to the end with our own output; an exit code other than 0 is an error.
pub(crate) fn quietly(mut command: Command) -> anyhow::Result<()> {
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("cannot run {}", described(&command)))?;
    ensure!(status.success(), "{} ended with {status}", described(&command));
    Ok(())
}

/// Like [`quietly`], and counts the tests that the program says it ran.
pub(crate) fn counted(command: Command) -> anyhow::Result<Count> {
    counted_to(command, &mut std::io::stdout(), &mut std::io::stderr())
}

fn counted_to(
    mut command: Command,
    output: &mut impl Write,
    errors: &mut (impl Write + Send),
) -> anyhow::Result<Count> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot run {}", described(&command)))?;
    let (told, complained) = (child.stdout.take(), child.stderr.take());
    let count = thread::scope(|scope| {
        let errors = scope.spawn(|| complained.map(|stream| forward(stream, errors)).unwrap_or_default());
        let mut count = told.map(|stream| forward(stream, output)).unwrap_or_default();
        count += errors.join().expect("forwarding ignores errors and does not panic");
        count
    });
    let status = child.wait()?;
    let program = described(&command);
    ensure!(status.success(), "{program} ended with {status}");
    ensure!(count.failed == 0, "{program} ended well but reported {} failed tests", count.failed);
    ensure!(
        count.skipped == 0,
        "{program} left out {} tests; each test runs, or it does not exist",
        count.skipped
    );
    Ok(count)
}

fn forward(stream: impl Read, to: &mut impl Write) -> Count {
    let mut count = Count::default();
    let mut lines = BufReader::new(stream);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        // A reader that went away must not stop the tests.
        drop(to.write_all(&line));
        count += Count::of_line(String::from_utf8_lossy(&line).trim_end());
        line.clear();
    }
    count
}

fn described(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy().into_owned()).collect();
    format!("`{}`", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    /// The lines stay here: on our own output an outer run would count them.
    fn counted_shell(script: &str) -> anyhow::Result<(Count, String)> {
        let (mut output, mut errors) = (Vec::new(), Vec::new());
        let count = counted_to(shell(script), &mut output, &mut errors)?;
        output.extend(errors);
        Ok((count, String::from_utf8(output)?))
    }

    #[test]
    fn both_outputs_are_forwarded_and_counted() {
        let script =
            "echo 'test result: ok. 2 passed; 0 failed; 0 ignored'; echo '==== 3 passed in 0.1s ====' >&2";
        let (count, text) = counted_shell(script).unwrap();
        assert_eq!(count, Count { passed: 5, failed: 0, skipped: 0 });
        assert_eq!(text, "test result: ok. 2 passed; 0 failed; 0 ignored\n==== 3 passed in 0.1s ====\n");
    }

    #[test]
    fn a_failure_of_any_kind_is_an_error() {
        assert!(quietly(shell("exit 3")).unwrap_err().to_string().contains("exit status: 3"));
        assert!(counted_shell("exit 3").is_err());
        assert!(counted_shell("echo 'test result: FAILED. 2 passed; 1 failed; 0 ignored'").is_err());
        assert!(counted_shell("echo '==== 1 passed, 1 skipped in 0.1s ===='").is_err());
        assert!(
            quietly(Command::new("/nowhere/program")).unwrap_err().to_string().contains("/nowhere/program")
        );
    }

    #[test]
    fn cargo_is_called_as_from_a_shell() {
        let command = cargo(Path::new("/"));
        let kept: Vec<_> = command.get_envs().filter(|(_, value)| value.is_some()).collect();
        assert!(kept.is_empty());
        assert!(
            command.get_envs().any(|(name, _)| name == "CARGO_MANIFEST_DIR"),
            "cargo sets it for tests, so it must be removed"
        );
    }
}
