//! Finds PostgreSQL's programs and the account that may run them.

use std::{
    ffi::OsStr,
    fs,
    os::unix::fs::{MetadataExt as _, chown},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail};

/// Where Debian's packages put the server, one folder per major version.
const DEBIAN_FOLDER: &str = "/usr/lib/postgresql";
/// The oldest major version that bailey supports.
const OLDEST: u32 = 15;

/// The directory with `initdb`, `postgres` and `psql`: the newest version that Debian's packages installed, else the one on `PATH`.
pub(super) fn directory() -> anyhow::Result<PathBuf> {
    let packaged = fs::read_dir(DEBIAN_FOLDER).into_iter().flatten().filter_map(|entry| {
        let entry = entry.ok()?;
        let version = entry.file_name().to_str()?.parse::<u32>().ok()?;
        Some((version, entry.path().join("bin")))
    });
    let newest = packaged.filter(|(version, path)| *version >= OLDEST && is_complete(path)).max();
    if let Some((_, path)) = newest {
        return Ok(path);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let Some(found) = std::env::split_paths(&path).find(|directory| is_complete(directory)) else {
        bail!(
            "no PostgreSQL server on this machine: neither `{DEBIAN_FOLDER}/*/bin` (version {OLDEST} or newer) nor PATH holds `initdb`, `postgres` and \
             `psql`, and the tests need them; install it with: apt-get install -y postgresql"
        );
    };
    Ok(found)
}

fn is_complete(directory: &Path) -> bool {
    ["initdb", "postgres", "psql"].iter().all(|program| directory.join(program).is_file())
}

/// An account of the machine that is not root; PostgreSQL refuses to run as root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account {
    user: u32,
    group: u32,
}

impl Account {
    /// The account to run the server as, or `None` when this process is not root and can run it itself.
    pub(super) fn when_root() -> anyhow::Result<Option<Self>> {
        let own =
            fs::metadata("/proc/self").context("cannot read /proc/self to learn who this process is")?;
        if own.uid() != 0 {
            return Ok(None);
        }
        let accounts = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
        ["postgres", "nobody"].iter().find_map(|name| Self::named(&accounts, name)).map(Some).context(
            "this process is root, PostgreSQL does not run as root, and /etc/passwd has neither `postgres` nor `nobody`",
        )
    }

    fn named(accounts: &str, name: &str) -> Option<Self> {
        let mut fields = accounts.lines().map(|line| line.split(':')).find_map(|mut fields| {
            let found = fields.next() == Some(name);
            found.then_some(fields)
        })?;
        let user = fields.nth(1)?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        Some(Self { user, group })
    }

    /// Hands `path` to this account.
    pub(super) fn own(self, path: &Path) -> anyhow::Result<()> {
        chown(path, Some(self.user), Some(self.group))
            .with_context(|| format!("cannot hand `{}` to user {}", path.display(), self.user))
    }
}

/// The words that run `program` as `account` (or as this process' own user).
pub(super) fn words_as(account: Option<Account>, program: &Path) -> Vec<String> {
    let mut words = Vec::new();
    if let Some(Account { user, group }) = account {
        words.push("setpriv".to_owned());
        words.extend([format!("--reuid={user}"), format!("--regid={group}"), "--clear-groups".to_owned()]);
        words.push("--".to_owned());
    }
    words.push(program.display().to_string());
    words
}

/// A command that no PostgreSQL variable of the machine can redirect.
pub(super) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"PG") {
            command.env_remove(name);
        }
    }
    command.env("LC_ALL", "C");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNTS: &str = "root:x:0:0:root:/root:/bin/sh\npostgresql:x:7:7::/:/bin/sh\npostgres:x:101:104:PostgreSQL:/var/lib/postgresql:/bin/bash\nbroken:x\n";

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        assert_eq!(Account::named(ACCOUNTS, "postgres"), Some(Account { user: 101, group: 104 }));
        assert_eq!(Account::named(ACCOUNTS, "nobody"), None);
        assert_eq!(Account::named(ACCOUNTS, "broken"), None);
    }

    #[test]
    fn a_program_runs_as_the_account() {
        let account = Some(Account { user: 101, group: 104 });
        let words = words_as(account, Path::new("/bin/initdb"));
        assert_eq!(words, ["setpriv", "--reuid=101", "--regid=104", "--clear-groups", "--", "/bin/initdb"]);
        assert_eq!(words_as(None, Path::new("/bin/initdb")), ["/bin/initdb"]);
    }
}
