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
        self.secret(f"access key secret of {owner}", secret)
        self.secret(f"Basic credential of {owner}", base64.b64encode(f"{key_id}:{secret}".encode()).decode())

    def error(self, where: str, body: object) -> None:
        """Remembers the body of a refusal."""
        self.error_bodies.append((where, str(body)))


LEDGER = Ledger()
"""The one ledger of a test run."""
