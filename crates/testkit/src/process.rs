//! The `bailey` binary as a child process: started with `--addr-file`, waited for until `/readyz` says 200, killed with its owner.
//!
//! Everything here blocks for at most the stated time; async tests call it before they need their runtime, or through `spawn_blocking`.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};

use crate::{TemporaryDirectory, spawn};

/// How often a starting or stopping process is looked at. Short, because tests time starts with it.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// How long a probe of `/readyz` may take.
const PROBE_WITHIN: Duration = Duration::from_secs(2);

/// How to start the binary; can be started again and again, for tests of crashes.
#[derive(Debug, Clone)]
pub struct Launch {
    binary: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    ready_within: Duration,
}

/// Where the server listens: its three listeners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// Model calls.
    pub gateway: SocketAddr,
    /// The control API and the console.
    pub control: SocketAddr,
    /// Health and metrics.
    pub admin: SocketAddr,
}

/// A running server. Dropping it kills it.
#[derive(Debug)]
pub struct Server {
    child: Child,
    addresses: Addresses,
    ready_after: Duration,
    directory: TemporaryDirectory,
}

impl Launch {
    /// `binary` with no arguments; `--addr-file` is added at the start.
    #[must_use]
    pub fn new(binary: impl Into<PathBuf>) -> Self {
        let binary = binary.into();
        Self { binary, arguments: Vec::new(), environment: Vec::new(), ready_within: Duration::from_secs(30) }
    }

    /// `bailey serve` on `data` with ports that the system picks. Options of `serve` are added with [`Launch::argument`].
    #[must_use]
    pub fn serve(binary: impl Into<PathBuf>, data: &Path) -> Self {
        let mut launch = Self::new(binary).argument("serve").argument("--data").argument(data);
        for listener in ["--gateway", "--control", "--admin"] {
            launch = launch.argument(listener).argument("127.0.0.1:0");
        }
        launch
    }

    /// The binary that cargo built for an integration test of package `bailey`, else the one that `BAILEY_BINARY` names.
    ///
    /// # Errors
    /// When neither variable is set.
    pub fn built_binary() -> anyhow::Result<PathBuf> {
        ["CARGO_BIN_EXE_bailey", "BAILEY_BINARY"]
            .iter()
            .find_map(std::env::var_os)
            .map(PathBuf::from)
            .context("no binary to start: neither CARGO_BIN_EXE_bailey nor BAILEY_BINARY is set; run `cargo xtask ci tests`")
    }

    /// Adds an argument.
    #[must_use]
    pub fn argument(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn environment(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// How long the start may take; 30 seconds unless told otherwise.
    #[must_use]
    pub fn ready_within(mut self, time: Duration) -> Self {
        self.ready_within = time;
        self
    }

    /// Starts the server and returns when `/readyz` on its admin listener answers 200.
    ///
    /// # Errors
    /// When it exits or is not ready in time; the message holds what it wrote to standard error.
    pub fn start(&self) -> anyhow::Result<Server> {
        let directory = TemporaryDirectory::new("server")?;
        let started = Instant::now();
        let mut child = self.spawn(&directory)?;
        let ready = self.wait_until_ready(&mut child, &directory, started);
        let addresses = ready.inspect_err(|_| kill(&mut child)).with_context(|| {
            let said = fs::read_to_string(directory.join("stderr")).unwrap_or_default();
            format!("`{}` did not start; standard error:\n{said}", self.binary.display())
        })?;
        Ok(Server { child, addresses, ready_after: started.elapsed(), directory })
    }

    fn spawn(&self, directory: &TemporaryDirectory) -> anyhow::Result<Child> {
        ensure!(self.binary.is_file(), "there is no binary `{}`", self.binary.display());
        let mut command = spawn::tied(self.binary.as_os_str());
        command.args(&self.arguments).arg("--addr-file").arg(directory.join("addresses"));
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null());
        command
            .stdout(File::create(directory.join("stdout"))?)
            .stderr(File::create(directory.join("stderr"))?);
        spawn::spawn(command).context("cannot start the server (this needs `setpriv` from util-linux)")
    }

    fn wait_until_ready(
        &self,
        child: &mut Child,
        directory: &TemporaryDirectory,
        started: Instant,
    ) -> anyhow::Result<Addresses> {
        let file = directory.join("addresses");
        loop {
            // The file may be read half written; then it is no valid JSON yet.
            let known = fs::read_to_string(&file).ok().and_then(|text| Addresses::parse(&text));
            if let Some(addresses) = known
                && status_of(addresses.admin, "/readyz").is_ok_and(|status| status == 200)
            {
                return Ok(addresses);
            }
            if let Some(status) = child.try_wait()? {
                bail!("it exited with {status}");
            }
            ensure!(started.elapsed() < self.ready_within, "it was not ready within {:?}", self.ready_within);
            thread::sleep(LOOK_EVERY);
        }
    }
}

impl Addresses {
    fn parse(text: &str) -> Option<Self> {
        let value: serde_json::Value = serde_json::from_str(text).ok()?;
        let address = |name: &str| value.get(name)?.as_str()?.parse().ok();
        Some(Self { gateway: address("gateway")?, control: address("control")?, admin: address("admin")? })
    }
}

impl Server {
    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// `http://` and the gateway's address.
    #[must_use]
    pub fn gateway_url(&self) -> String {
        format!("http://{}", self.addresses.gateway)
    }

    /// `http://` and the control listener's address.
    #[must_use]
    pub fn control_url(&self) -> String {
        format!("http://{}", self.addresses.control)
    }

    /// The process' number.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// The time from the start of the process to its first 200 on `/readyz`, up to 2 ms too long.
    #[must_use]
    pub fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// What it has written to standard output so far.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn standard_output(&self) -> anyhow::Result<String> {
        self.captured("stdout")
    }

    /// What it has written to standard error so far.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn standard_error(&self) -> anyhow::Result<String> {
        self.captured("stderr")
    }

    fn captured(&self, stream: &str) -> anyhow::Result<String> {
        let bytes = fs::read(self.directory.join(stream))
            .with_context(|| format!("cannot read the server's {stream}"))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// SIGKILL, as `kill -9`: the server gets no chance to finish anything. Returns when it is gone.
    pub fn kill_hard(&mut self) {
        kill(&mut self.child);
    }

    /// SIGTERM, then waits for the server to drain and exit.
    ///
    /// # Errors
    /// When it has not exited `within` that time; it is then still running.
    pub fn terminate(&mut self, within: Duration) -> anyhow::Result<ExitStatus> {
        // The shell's own `kill`: std has no signals but SIGKILL, and Debian's /bin/kill is not always installed.
        let mut tell = Command::new("/bin/sh");
        tell.args(["-c", "kill -TERM \"$0\""]).arg(self.child.id().to_string()).stderr(Stdio::null());
        let told = tell.status()?;
        ensure!(told.success(), "the server with process number {} is gone already", self.child.id());
        let told_at = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            ensure!(told_at.elapsed() < within, "the server has not exited {within:?} after SIGTERM");
            thread::sleep(LOOK_EVERY);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        kill(&mut self.child);
    }
}

/// Both calls fail only for a child that is gone already.
fn kill(child: &mut Child) {
    drop(child.kill());
    drop(child.wait());
}

/// The status of a plain GET.
fn status_of(address: SocketAddr, path: &str) -> anyhow::Result<u16> {
    let mut connection = TcpStream::connect_timeout(&address, PROBE_WITHIN)?;
    connection.set_read_timeout(Some(PROBE_WITHIN))?;
    write!(connection, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer)?;
    let head = String::from_utf8_lossy(&answer);
    Ok(head.split(' ').nth(1).context("no status line")?.parse()?)
}
