//! nginx as a child process: the reverse proxy that others have in front.

use std::ffi::OsStr;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use crate::spawn;

/// How long it may take until it listens.
const LISTENS_WITHIN: Duration = Duration::from_secs(10);

/// An address that nobody listens on.
///
/// # Errors
/// When the system gives none.
pub fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// A program by its name, also where Debian keeps those of administrators.
///
/// # Errors
/// When it is not installed.
pub fn program(name: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join(name))
        .find(|file| file.is_file());
    found.with_context(|| format!("`{name}` is not installed: run scripts/install-test-tools.sh, for benches scripts/install-bench-tools.sh"))
}

/// A running nginx of one process. Dropping it ends it.
#[derive(Debug)]
pub struct Nginx(Child);

impl Nginx {
    /// Starts it with the inside of an `http` block and returns when it takes connections at `address`. Its files stay in
    /// `directory`.
    ///
    /// # Errors
    /// When it is not installed, or does not listen in time.
    pub fn start(directory: &Path, address: SocketAddr, http: &str) -> anyhow::Result<Self> {
        let name = format!("nginx-{}", address.port());
        let configuration = directory.join(format!("{name}.conf"));
        let place = directory.display();
        std::fs::write(
            &configuration,
            format!(
                "daemon off; master_process off; worker_processes 1; pid {place}/{name}.pid; error_log stderr warn;\n\
                 events {{ worker_connections 4096; }}\n\
                 http {{\n  access_log off; keepalive_requests 1000000000; tcp_nodelay on;\n  client_body_temp_path {place}/{name}-body; proxy_temp_path {place}/{name}-proxy;\n  \
                 fastcgi_temp_path {place}/{name}-f; uwsgi_temp_path {place}/{name}-u; scgi_temp_path {place}/{name}-s;\n{http}\n}}\n"
            ),
        )?;
        let mut command = spawn::tied(program("nginx")?.as_os_str());
        command.args([OsStr::new("-p"), directory.as_os_str(), OsStr::new("-c"), configuration.as_os_str()]);
        command.stdin(Stdio::null());
        let running = Self(spawn::spawn(command).context("cannot start nginx")?);
        let started = Instant::now();
        while TcpStream::connect(address).is_err() {
            ensure!(started.elapsed() < LISTENS_WITHIN, "nginx does not listen on {address}");
            thread::sleep(Duration::from_millis(10));
        }
        Ok(running)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // It may have ended by itself; nothing is left to do then.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
