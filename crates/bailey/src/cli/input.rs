//! Reads what a command is given in a file or on standard input.

use std::io::{BufRead as _, IsTerminal as _, Read as _};

use crate::client::Failure;

/// Far above any policy, batch or key.
const LARGEST: u64 = 2 << 20;

/// The text of a file; `-` is standard input.
pub(crate) fn read(path: &str) -> Result<String, Failure> {
    let wrong = |why: String| Failure::usage(format!("reading `{path}`: {why}"));
    let mut text = String::new();
    let source: Box<dyn std::io::Read> = match path {
        "-" => Box::new(std::io::stdin()),
        _ => Box::new(std::fs::File::open(path).map_err(|error| wrong(error.to_string()))?),
    };
    let length =
        source.take(LARGEST + 1).read_to_string(&mut text).map_err(|error| wrong(error.to_string()))?;
    if length as u64 > LARGEST {
        return Err(wrong("it is larger than 2 MiB".to_owned()));
    }
    Ok(text)
}

/// A secret from a file or standard input, without the line end that editors add.
pub(crate) fn read_secret(path: &str) -> Result<String, Failure> {
    Ok(read(path)?.trim_end_matches(['\r', '\n']).to_owned())
}

/// A secret from a file, or asked for.
pub(crate) fn secret(file: Option<&str>, what: &str) -> Result<String, Failure> {
    file.map_or_else(|| ask(what), read_secret)
}

/// A secret without an echo on a terminal, else the next line of standard input.
pub(crate) fn ask(what: &str) -> Result<String, Failure> {
    if std::io::stdin().is_terminal() {
        return Ok(rpassword::prompt_password(format!("{what}: "))?);
    }
    line()
}

/// The same on a terminal only; nothing where standard input was used for something else, or is none.
pub(crate) fn ask_if_terminal(what: &str, used: bool) -> Result<String, Failure> {
    if used || !std::io::stdin().is_terminal() { Ok(String::new()) } else { ask(what) }
}

/// The next line of standard input.
pub(crate) fn line() -> Result<String, Failure> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Exit;

    #[test]
    fn files_are_read_within_bounds() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("secret");
        let path = file.display().to_string();
        std::fs::write(&file, "s1 \r\n").unwrap();
        assert_eq!(read_secret(&path).unwrap(), "s1 ");
        std::fs::write(&file, vec![b'x'; 3 << 20]).unwrap();
        assert!(read(&path).unwrap_err().message.contains("larger than 2 MiB"));
        assert_eq!(read("/nonexistent/file").unwrap_err().exit, Exit::Usage);
    }
}
