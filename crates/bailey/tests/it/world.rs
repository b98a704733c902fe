//! What every test starts from: an installation, its server, its accounts, and clients for both listeners.

mod client;
mod control;
mod credential;
mod totp;

use std::process::Command;
use std::time::{Duration, Instant};

use bailey_testkit::{Launch, PostgresCluster, Server, TemporaryDirectory};
use serde_json::Value;

pub(crate) use client::{Answer, Call, Client, LONG, Streamed};
pub(crate) use control::{Control, id_of, trust};
pub(crate) use credential::Credential;
pub(crate) use totp::codes;

/// What the data is kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
}

/// An account as `bailey init` shows it, with root's credential.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) default_workspace: String,
    pub(crate) root: Credential,
}

/// A data directory, perhaps with a database beside it, and the server on it.
#[derive(Debug)]
pub(crate) struct Installation {
    data: TemporaryDirectory,
    database: Option<String>,
    server: Option<Server>,
}

impl Installation {
    /// An empty one.
    pub(crate) fn new(database: Database) -> Self {
        let database = match database {
            Database::Sqlite => None,
            Database::Postgres => Some(PostgresCluster::shared().unwrap().fresh_database().unwrap()),
        };
        Self { data: TemporaryDirectory::new("it").unwrap(), database, server: None }
    }

    /// One with its first account, served.
    pub(crate) fn started(database: Database) -> (Self, Account) {
        let mut installation = Self::new(database);
        let account = installation.found(&[]);
        installation.start();
        (installation, account)
    }

    /// One with two accounts, served.
    pub(crate) fn shared(database: Database) -> (Self, Account, Account) {
        let mut installation = Self::new(database);
        let (first, second) = (installation.found(&[]), installation.found(&["--additional"]));
        installation.start();
        (installation, first, second)
    }

    /// Makes an account with `bailey init`; the server must be stopped.
    pub(crate) fn found(&self, further: &[&str]) -> Account {
        assert!(self.server.is_none(), "`bailey init` needs the data directory for itself");
        let mut init = Command::new(Launch::built_binary().unwrap());
        init.args(["init", "--json", "--data"]).arg(self.data.path()).args(further);
        init.args(self.database.iter().flat_map(|url| ["--database", url]));
        let output = init.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
        let text = |name: &str| shown[name].as_str().unwrap().to_owned();
        Account {
            id: text("accountId"),
            default_workspace: text("defaultWorkspaceId"),
            root: Credential::basic(&text("accessKeyId"), &text("accessKeySecret")),
        }
    }

    /// Starts the server.
    pub(crate) fn start(&mut self) {
        self.start_with(&[]);
    }

    /// Starts the server with settings of the environment.
    pub(crate) fn start_with(&mut self, settings: &[(&str, &str)]) {
        let mut launch = Launch::serve(Launch::built_binary().unwrap(), self.data.path());
        for (name, value) in settings {
            launch = launch.environment(name, value);
        }
        if let Some(url) = &self.database {
            launch = launch.argument("--database").argument(url);
        }
        self.server = Some(launch.start().unwrap());
    }

    /// SIGTERM, and the end of what is under way.
    pub(crate) fn stop(&mut self) {
        assert!(self.server.take().unwrap().terminate(LONG).unwrap().success());
    }

    /// SIGKILL.
    pub(crate) fn kill_hard(&mut self) {
        self.server.take().unwrap().kill_hard();
    }

    /// The running server.
    pub(crate) fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    /// A client of the control API.
    pub(crate) fn control(&self) -> Control {
        Control::new(self.server().addresses().control)
    }

    /// A client of the gateway.
    pub(crate) fn gateway(&self) -> Client {
        Client::new(self.server().addresses().gateway)
    }

    /// The revision that decisions are made from, as the metrics show it.
    pub(crate) async fn revision(&self) -> u64 {
        let metrics = Client::new(self.server().addresses().admin).send(&Call::get("/metrics")).await;
        let text = String::from_utf8(metrics.body.to_vec()).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("bailey_directory_revision "));
        line.unwrap().parse().unwrap()
    }
}

/// Runs a test's asynchronous part. What blocks (starting servers) stays outside of it.
pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(test)
}

/// Polls until it is so; panics when it takes [`LONG`].
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !is_so().await {
        assert!(Instant::now() < deadline, "it never came about that {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
