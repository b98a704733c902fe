"""Signing in with a password, and calling with the session: no official SDK does either against this listener."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from support import raw
from support.ledger import LEDGER
from support.raw import Answer

RAM = "2015-05-01"


@dataclass(frozen=True)
class Session:
    """One session, by its token."""

    control: str
    token: str

    def ram(self, action: str, version: str = RAM, **parameters: str) -> Answer:
        """A call of RAM or STS with the session."""
        query = urlencode({"Action": action, "Version": version, **parameters})
        return raw.send(self.control, "POST", f"/?{query}", headers=raw.bearer(self.token))

    def who(self) -> Answer:
        """GetCallerIdentity with the session."""
        return self.ram("GetCallerIdentity", "2015-04-01")

    def ours(self, method: str, path: str, **body: Any) -> Answer:
        """A call of one of bailey's own operations with the session."""
        headers = raw.bearer(self.token)
        content = None
        if body:
            headers, content = headers | {"content-type": raw.JSON_TYPE}, json.dumps(body).encode()
        return raw.send(self.control, method, path, headers=headers, body=content)

    def ended(self) -> bool:
        """Whether the token stands for nobody any more."""
        answer = self.who()
        if answer.status == 200:
            return False
        error = raw.check_rpc_error(answer)
        assert (answer.status, error["Code"]) == (401, "InvalidSecurityToken"), answer
        return True


def try_to_sign_in(control: str, user: str, password: str, code: str | None = None) -> Answer:
    """Asks for a session, and gives the raw answer."""
    LEDGER.secret(f"password of {user}", password)
    body = {"userName": user, "password": password} | ({"mfaCode": code} if code is not None else {})
    return raw.send(
        control, "POST", "/modelstudio/sessions", headers={"content-type": raw.JSON_TYPE}, body=json.dumps(body).encode(),
    )


def sign_in(control: str, user: str, password: str, code: str | None = None) -> Session:
    """Signs in."""
    answer = try_to_sign_in(control, user, password, code)
    assert answer.status == 200, answer
    body = answer.json()
    assert body["token"].startswith("bs-")
    assert body["expiresAt"].endswith("Z")
    LEDGER.secret(f"session of {user}", body["token"])
    return Session(control, body["token"])


def not_signed_in(answer: Answer) -> dict[str, Any]:
    """Checks the one answer that every failed sign-in gets, and gives it without the request id."""
    error = raw.check_roa_error(answer)
    assert (answer.status, error["code"]) == (401, "SignInFailed"), answer
    return {name: value for name, value in error.items() if name != "requestId"}
