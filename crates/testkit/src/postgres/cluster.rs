//! Starts, finds and stops the cluster, and makes databases in it.

use std::{
    fs::{self, File},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};

use super::programs::{self, Account};
use crate::TemporaryDirectory;

/// Names the URL of a running cluster that a test process should use instead of starting its own.
pub const SHARED_CLUSTER_VARIABLE: &str = "BAILEY_TEST_POSTGRES";

/// PostgreSQL's superuser inside the cluster, whoever runs the server.
const SUPERUSER: &str = "postgres";
/// Databases left by test processes that have ended are dropped when so many have gathered, not one by one: a drop costs a checkpoint.
const STALE_DATABASES_KEPT: usize = 12;
/// A loaded machine may take long; a broken one is noticed earlier, because the server then exits.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// Runs the server (`"$@"`), and when standard input closes stops it at once and removes the directory.
///
/// SIGQUIT is PostgreSQL's immediate shutdown: it frees shared memory, which SIGKILL would not.
const SUPERVISOR: &str = r#"
directory=$1; shift
trap '' HUP INT TERM
exec 3<&0
"$@" 3<&- &
server=$!
( cat <&3 >/dev/null; : >"$directory/closing"; kill -QUIT "$server" ) 2>/dev/null &
reader=$!
wait "$server"
if [ -e "$directory/closing" ]; then rm -rf -- "$directory"; else kill "$reader"; fi
"#;

/// What the server does before it says that a commit is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Nothing reaches the disk by force: fast, for tests that never pull the plug.
    Fast,
    /// PostgreSQL's own defaults (`fsync`, `synchronous_commit`, `full_page_writes`), for tests of crashes and for measuring.
    Real,
}

/// A running cluster; one that this handle started stops when it is dropped.
#[derive(Debug)]
pub struct PostgresCluster {
    programs: PathBuf,
    socket_directory: PathBuf,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    supervisor: Child,
    /// Also removed by the supervisor, which outlives a killed process; whoever comes second finds nothing to do.
    _directory: TemporaryDirectory,
}

impl PostgresCluster {
    /// Starts a cluster with [`Durability::Fast`]: about a second.
    ///
    /// # Errors
    /// When the server is not installed (the message holds the apt line) or does not come up (the message holds its log).
    pub fn start() -> anyhow::Result<Self> {
        Self::start_with(Durability::Fast)
    }

    /// Starts a cluster.
    ///
    /// # Errors
    /// As [`PostgresCluster::start`].
    pub fn start_with(durability: Durability) -> anyhow::Result<Self> {
        let programs = programs::directory()?;
        let account = Account::when_root()?;
        let directory = TemporaryDirectory::for_socket("pg")?;
        if let Some(account) = account {
            account.own(directory.path())?;
        }
        make_cluster(&programs, account, directory.path())?;
        let supervisor = supervise(&programs, account, directory.path(), durability)?;
        let socket_directory = directory.path().to_owned();
        let running = Running { supervisor, _directory: directory };
        let mut cluster = Self { programs, socket_directory, running: Some(running) };
        cluster.wait_until_ready()?;
        Ok(cluster)
    }

    /// The cluster of this test process: the one that [`SHARED_CLUSTER_VARIABLE`] names, else one started at the first call.
    ///
    /// # Errors
    /// As [`PostgresCluster::start`], or when the variable holds something else than a URL made by [`PostgresCluster::url`].
    pub fn shared() -> anyhow::Result<&'static Self> {
        static SHARED: OnceLock<Result<PostgresCluster, String>> = OnceLock::new();
        let shared = SHARED.get_or_init(|| {
            let cluster = match std::env::var(SHARED_CLUSTER_VARIABLE) {
                Ok(url) => Self::attach(&url).with_context(|| format!("{SHARED_CLUSTER_VARIABLE}=`{url}`")),
                Err(_) => Self::start(),
            };
            cluster.map_err(|error| format!("{error:#}"))
        });
        shared.as_ref().map_err(|message| anyhow::anyhow!("{message}"))
    }

    /// A handle on a cluster that somebody else started; dropping it stops nothing.
    fn attach(url: &str) -> anyhow::Result<Self> {
        let (_, directory) =
            url.split_once("?host=").context("the URL lacks `?host=` with the socket's directory")?;
        let socket_directory = PathBuf::from(directory);
        ensure!(socket_directory.is_absolute(), "`host` is not an absolute directory");
        Ok(Self { programs: programs::directory()?, socket_directory, running: None })
    }

    /// The URL of the maintenance database, in the form that sqlx and libpq both take.
    #[must_use]
    pub fn url(&self) -> String {
        self.database_url("postgres")
    }

    /// The directory that holds the socket.
    #[must_use]
    pub fn socket_directory(&self) -> &Path {
        &self.socket_directory
    }

    /// Makes an empty database with a name of its own and returns its URL. It goes with the cluster, or soon after this process has ended.
    ///
    /// # Errors
    /// When the server refuses; the message holds its words.
    pub fn fresh_database(&self) -> anyhow::Result<String> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("bailey_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        // A process number is used again after a while, so its name may still be taken.
        let answer = self.psql(&[
            &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
            &format!("CREATE DATABASE {name}"),
            "SELECT datname FROM pg_database WHERE datname LIKE 'bailey\\_test\\_%'",
        ])?;
        self.drop_stale(answer.lines().filter(|line| belongs_to_the_dead(line)));
        Ok(self.database_url(&name))
    }

    fn database_url(&self, name: &str) -> String {
        format!("postgres://{SUPERUSER}@localhost/{name}?host={}", self.socket_directory.display())
    }

    fn drop_stale<'a>(&self, stale: impl Iterator<Item = &'a str>) {
        let drops: Vec<String> =
            stale.map(|name| format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).collect();
        if drops.len() > STALE_DATABASES_KEPT {
            // Another process may be dropping the same ones: it does not matter who wins, nor who fails.
            drop(self.psql(&drops.iter().map(String::as_str).collect::<Vec<_>>()));
        }
    }

    /// Runs statements in the maintenance database, each on its own, and returns what they print.
    fn psql(&self, statements: &[&str]) -> anyhow::Result<String> {
        let mut command = programs::command(self.programs.join("psql"));
        command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
        command.arg(self.url());
        for statement in statements {
            command.args(["--command", statement]);
        }
        let output = command.stdin(Stdio::null()).output().context("cannot run `psql`")?;
        ensure!(output.status.success(), "psql failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        String::from_utf8(output.stdout).context("psql printed something that is not UTF-8")
    }

    fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + READY_WITHIN;
        while let Err(error) = self.psql(&["SELECT 1"]) {
            let exited = match &mut self.running {
                Some(running) => running.supervisor.try_wait()?.is_some(),
                None => false,
            };
            if exited || Instant::now() > deadline {
                let log = fs::read_to_string(self.socket_directory.join("log")).unwrap_or_default();
                bail!("the PostgreSQL server did not come up: {error:#}; its log:\n{log}");
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for PostgresCluster {
    fn drop(&mut self) {
        if let Some(running) = &mut self.running {
            drop(running.supervisor.stdin.take());
            drop(running.supervisor.wait());
        }
    }
}

fn make_cluster(programs: &Path, account: Option<Account>, directory: &Path) -> anyhow::Result<()> {
    let words = programs::words_as(account, &programs.join("initdb"));
    let output = programs::command(&words[0])
        .args(&words[1..])
        .arg(format!("--pgdata={}", directory.join("data").display()))
        .args(["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"])
        .arg(format!("--username={SUPERUSER}"))
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .context("cannot run `initdb` (as root this needs `setpriv` from util-linux)")?;
    ensure!(output.status.success(), "initdb failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

fn supervise(
    programs: &Path,
    account: Option<Account>,
    directory: &Path,
    durability: Durability,
) -> anyhow::Result<Child> {
    let log = File::create(directory.join("log"))?;
    let mut command = programs::command("/bin/sh");
    command.args(["-c", SUPERVISOR, "bailey-test-postgres"]).arg(directory);
    command.args(programs::words_as(account, &programs.join("postgres")));
    command.arg("-D").arg(directory.join("data")).arg("-k").arg(directory);
    for setting in
        ["listen_addresses=", "max_connections=300", "shared_buffers=64MB", "unix_socket_permissions=0700"]
    {
        command.args(["-c", setting]);
    }
    if durability == Durability::Fast {
        for setting in ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off"] {
            command.args(["-c", setting]);
        }
    }
    // A group of its own, so that Ctrl-C and a test runner's kill reach only the test process; the closing pipe does the rest.
    command.process_group(0).current_dir(directory);
    command.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log);
    command.spawn().context("cannot start the PostgreSQL server")
}

/// Whether `database` was made by a process that is no more.
fn belongs_to_the_dead(database: &str) -> bool {
    let mut parts = database.strip_prefix("bailey_test_").into_iter().flat_map(|rest| rest.split('_'));
    parts.next().is_some_and(|process| !Path::new("/proc").join(process).exists())
}
