//! Directories that vanish with their owner: databases, sockets, logs of a test.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// Longest socket path that Linux takes is 107 bytes (`sun_path` in unix(7)); the rest is left for the file name.
const LONGEST_SOCKET_DIRECTORY: usize = 80;

/// A directory below the system's temporary one, removed with all it holds when dropped.
#[derive(Debug)]
pub struct TemporaryDirectory {
    directory: tempfile::TempDir,
}

impl TemporaryDirectory {
    /// Makes one. `purpose` becomes part of its name, so that a leftover tells whose it is.
    ///
    /// # Errors
    /// When the system's temporary directory cannot be written.
    pub fn new(purpose: &str) -> anyhow::Result<Self> {
        Self::below(&std::env::temp_dir(), purpose)
    }

    /// Like [`TemporaryDirectory::new`], but short enough to hold a Unix socket wherever `TMPDIR` points.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn for_socket(purpose: &str) -> anyhow::Result<Self> {
        let preferred = std::env::temp_dir();
        let parent = if preferred.as_os_str().len() + purpose.len() > LONGEST_SOCKET_DIRECTORY {
            PathBuf::from("/tmp")
        } else {
            preferred
        };
        Self::below(&parent, purpose)
    }

    fn below(parent: &Path, purpose: &str) -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix(&format!("bailey-{purpose}-"))
            .tempdir_in(parent)
            .with_context(|| format!("cannot make a temporary directory in `{}`", parent.display()))?;
        Ok(Self { directory })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The path of `name` inside it; nothing is created.
    #[must_use]
    pub fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_goes_with_its_owner() -> anyhow::Result<()> {
        let directory = TemporaryDirectory::new("temporary-test")?;
        std::fs::write(directory.join("file"), "x")?;
        let path = directory.path().to_owned();
        assert!(path.join("file").is_file());
        drop(directory);
        assert!(!path.exists());
        Ok(())
    }

    #[test]
    fn a_directory_for_sockets_is_short() -> anyhow::Result<()> {
        let directory = TemporaryDirectory::for_socket("pg")?;
        assert!(directory.path().as_os_str().len() <= LONGEST_SOCKET_DIRECTORY + "bailey--123456".len());
        Ok(())
    }
}
