//! An installation with its server, and a shell in which `bailey` is run against it.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use bailey_testkit::{Launch, Server, TemporaryDirectory};
use serde_json::Value;

/// One installation, its server, and a home for the profiles.
pub(super) struct Shell {
    directory: TemporaryDirectory,
    server: Server,
    /// What `bailey init` printed.
    pub(super) account: Value,
}

/// How a command ended.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) exit: Option<i32>,
    pub(super) output: String,
    pub(super) errors: String,
}

impl Done {
    /// The output, after checking the exit code.
    pub(super) fn ending(self, exit: i32) -> Self {
        assert_eq!(self.exit, Some(exit), "{self:?}");
        // Whatever fails says why, on the error stream, and how to find the request again is said once.
        if !matches!(exit, 0 | 8) && self.output.is_empty() {
            assert!(self.errors.starts_with("error: "), "{self:?}");
        }
        self
    }

    /// The request id that a refusal shows.
    pub(super) fn request_id(&self) -> String {
        let line = self.errors.lines().find_map(|line| line.strip_prefix("request id: "));
        line.unwrap_or_else(|| panic!("no request id: {self:?}")).to_owned()
    }
}

impl Shell {
    /// A fresh installation, nobody signed in.
    pub(super) fn new() -> Self {
        let directory = TemporaryDirectory::new("cli").unwrap();
        let data = directory.join("data");
        let mut init = Command::new(Launch::built_binary().unwrap());
        let printed = init.args(["init", "--json", "--data"]).arg(&data).output().unwrap();
        assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
        let account: Value = serde_json::from_slice(&printed.stdout).unwrap();
        let server = Launch::serve(Launch::built_binary().unwrap(), &data).start().unwrap();
        Self { directory, server, account }
    }

    /// The same with root signed in.
    pub(super) fn root() -> Self {
        let shell = Self::new();
        let (id, secret) = (shell.own("accessKeyId"), shell.own("accessKeySecret"));
        shell.with_input(&format!("login --access-key-id {id}"), &secret).ending(0);
        shell
    }

    /// A field of what `bailey init` printed.
    pub(super) fn own(&self, name: &str) -> String {
        self.account[name].as_str().unwrap().to_owned()
    }

    pub(super) fn server(&mut self) -> &mut Server {
        &mut self.server
    }

    /// Starts the server again, on other ports.
    pub(super) fn restart(&mut self) {
        self.server =
            Launch::serve(Launch::built_binary().unwrap(), &self.directory.join("data")).start().unwrap();
    }

    /// A path in the shell's directory.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Writes a file and gives its path.
    pub(super) fn file(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// `bailey` with the words of a line, not started yet.
    pub(super) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(Launch::built_binary().unwrap());
        command.args(line.split_whitespace());
        for name in ["BAILEY_ACCESS_KEY_ID", "BAILEY_ACCESS_KEY_SECRET", "BAILEY_PROFILE"] {
            command.env_remove(name);
        }
        command
            .env("BAILEY_CONFIG_HOME", self.path("config"))
            .env("BAILEY_ENDPOINT", self.server.control_url());
        command
    }

    /// Runs a line.
    pub(super) fn run(&self, line: &str) -> Done {
        self.with_input(line, "")
    }

    /// Runs a line with a text on standard input.
    pub(super) fn with_input(&self, line: &str, input: &str) -> Done {
        finish(self.command(line), input)
    }

    /// Runs a line that must succeed and gives the server's answer.
    pub(super) fn json(&self, line: &str) -> Value {
        let done = self.run(&format!("{line} --output json")).ending(0);
        serde_json::from_str(&done.output).unwrap_or_else(|error| panic!("{line}: {error}: {done:?}"))
    }

    /// Creates a RAM user with an access key in a profile of its name.
    pub(super) fn hire(&self, name: &str) {
        self.run(&format!("ram-user create {name}")).ending(0);
        let key = &self.json(&format!("access-key create --user {name}"))["AccessKey"];
        let (id, secret) = (key["AccessKeyId"].as_str().unwrap(), key["AccessKeySecret"].as_str().unwrap());
        self.with_input(&format!("login --profile {name} --access-key-id {id}"), secret).ending(0);
    }

    /// Creates a workspace and gives its id.
    pub(super) fn workspace(&self, name: &str) -> String {
        self.json(&format!("workspace create {name}"))["workspace"]["workspaceId"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

/// Runs a command to its end.
pub(super) fn finish(mut command: Command, input: &str) -> Done {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that reads no input may be gone before it is written.
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    let ended = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Done { exit: ended.status.code(), output: text(ended.stdout), errors: text(ended.stderr) }
}
