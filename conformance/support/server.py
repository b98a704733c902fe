"""Starts and stops a bailey server on a data directory of its own, and keeps what it prints."""

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from support.ledger import LEDGER

PUBLIC_URL = "https://pdp.example.com"
START_SECONDS = 30
STOP_SECONDS = 15


@dataclass(frozen=True)
class Account:
    """What `bailey init` prints, once."""

    account_id: str
    default_workspace_id: str
    access_key_id: str
    access_key_secret: str


class Server:
    """One bailey process. Everything it writes stays under `directory`."""

    def __init__(self, binary: Path, directory: Path):
        self.binary = binary
        self.data = directory / "data"
        self.logs = directory / "logs"
        self.logs.mkdir(parents=True)
        self.log_path = self.logs / "serve.log"
        self._addresses_path = directory / "addresses.json"
        self._process: subprocess.Popen[bytes] | None = None
        self.gateway = self.control = self.admin = ""

    def initialise(self) -> Account:
        """Makes the account. The answer holds root's first access key."""
        done = subprocess.run(
            [self.binary, "init", "--data", self.data, "--json"],
            capture_output=True, text=True, timeout=START_SECONDS, check=False, env=_environment(),
        )
        (self.logs / "init.log").write_text(done.stderr)
        assert done.returncode == 0, f"bailey init failed with {done.returncode}: {done.stderr}"
        printed = json.loads(done.stdout)
        assert set(printed) >= {"accountId", "defaultWorkspaceId", "accessKeyId", "accessKeySecret", "setupUrl"}, sorted(printed)
        LEDGER.access_key("root", printed["accessKeyId"], printed["accessKeySecret"])
        return Account(
            account_id=printed["accountId"],
            default_workspace_id=printed["defaultWorkspaceId"],
            access_key_id=printed["accessKeyId"],
            access_key_secret=printed["accessKeySecret"],
        )

    def start(self) -> None:
        """Serves on free ports and waits until the server says that it is ready."""
        command = [self.binary, "serve", "--data", self.data, "--addr-file", self._addresses_path]
        for listener in ("gateway", "control", "admin"):
            command += [f"--{listener}", "127.0.0.1:0"]
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=_environment())
        deadline = time.monotonic() + START_SECONDS
        while not self._ready():
            if self._process.poll() is not None:
                raise AssertionError(f"bailey serve ended with {self._process.returncode}:\n{self.log_tail()}")
            if time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"bailey serve was not ready after {START_SECONDS} s:\n{self.log_tail()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Asks the server to drain and end; ends it by force when it does not, which is a failure."""
        if self._process is None:
            return
        process, self._process = self._process, None
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"bailey serve did not end within {STOP_SECONDS} s of SIGTERM:\n{self.log_tail()}") from None
        assert status == 0, f"bailey serve ended with {status} after SIGTERM:\n{self.log_tail()}"

    def log_tail(self, lines: int = 40) -> str:
        """The last lines of what the server printed."""
        if not self.log_path.exists():
            return "(no log)"
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def metric(self, name: str) -> int:
        """One of bailey's own metrics."""
        with urllib.request.urlopen(f"http://{self.admin}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        (value,) = [line.split(" ")[1] for line in lines if line.startswith(f"bailey_{name} ")]
        return int(value)

    def files(self) -> list[Path]:
        """Every file that the server wrote: database, write-ahead log, keys, logs."""
        return sorted(path for folder in (self.data, self.logs) for path in folder.rglob("*") if path.is_file())

    def _ready(self) -> bool:
        """Whether the addresses are known and `/readyz` answers 200."""
        try:
            addresses = json.loads(self._addresses_path.read_text())
            self.gateway, self.control, self.admin = (addresses[name] for name in ("gateway", "control", "admin"))
            with urllib.request.urlopen(f"http://{self.admin}/readyz", timeout=2) as answer:
                return answer.status == 200
        except (FileNotFoundError, json.JSONDecodeError, urllib.error.URLError, ConnectionError, TimeoutError):
            return False


def _environment() -> dict[str, str]:
    """The environment of the server: verbose logs, so that the search for secrets has something to search in; an address for
    the world, the decision points of foreign suites, and issuers of tokens on this machine."""
    return {
        "RUST_LOG": "debug", **os.environ,
        "BAILEY__PUBLIC_URL": PUBLIC_URL,
        "BAILEY__PRIVATE_ISSUERS": "true",
        "BAILEY__AUTHZEN_FIXTURES": str(Path(__file__).parent.parent / "authzen" / "fixtures"),
    }
