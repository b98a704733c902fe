"""Remembers every secret the tests used and every error body they got, so that `test_secrets.py` can search for the one in the other."""

import base64
from dataclasses import dataclass, field


@dataclass
class Ledger:
    """Secrets by what they are, and error bodies by where they came from."""

    secrets: dict[str, str] = field(default_factory=dict)
    error_bodies: list[tuple[str, str]] = field(default_factory=list)

    def secret(self, what: str, value: str) -> str:
        """Remembers a secret and hands it back. Two secrets of one name are both kept."""
        if value in self.secrets.values():
            return value
        name, number = what, 1
        while name in self.secrets:
            number += 1
            name = f"{what} ({number})"
        self.secrets[name] = value
        return value

    def access_key(self, owner: str, key_id: str, secret: str) -> None:
        """Remembers an access key secret, and the form in which HTTP Basic carries it."""
        self._pair("access key secret", owner, key_id, secret)

    def service_credential(self, owner: str, credential_id: str, secret: str) -> None:
        """Remembers a service credential's secret, and the form in which HTTP Basic carries it."""
        self._pair("service credential secret", owner, credential_id, secret)

    def session(self, whose: str, secret: str, token: str) -> None:
        """Remembers what the session of a role is known by."""
        self.secret(f"role session secret of {whose}", secret)
        self.secret(f"security token of {whose}", token)

    def error(self, where: str, body: object) -> None:
        """Remembers the body of a refusal."""
        self.error_bodies.append((where, str(body)))

    def _pair(self, what: str, owner: str, name: str, secret: str) -> None:
        self.secret(f"{what} of {owner}", secret)
        self.secret(f"Basic credential of {owner}", base64.b64encode(f"{name}:{secret}".encode()).decode())


LEDGER = Ledger()
"""The one ledger of a test run."""
