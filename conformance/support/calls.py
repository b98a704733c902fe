"""Remembers what each official client was answered, by action, so that `test_documented.py` can ask at the end whether anything is missing."""

from dataclasses import dataclass, field
from typing import Any, TypeVar

from alibabacloud_tea_openapi.client import Client
from alibabacloud_tea_openapi.exceptions import ClientException

SomeClient = TypeVar("SomeClient", bound=Client)


@dataclass(frozen=True)
class Refused:
    """One refusal."""

    client: str
    action: str
    status: int
    code: str
    message: str


@dataclass
class Calls:
    """What was done, by client and action, and what was refused."""

    done: set[tuple[str, str]] = field(default_factory=set)
    refused: set[Refused] = field(default_factory=set)

    def done_by(self, client: str) -> set[str]:
        """The actions that a client was not refused."""
        return {action for one, action in self.done if one == client}


CALLS = Calls()
"""The one record of a test run."""


def noted(name: str, client: SomeClient) -> SomeClient:
    """The client, whose calls are remembered from now on."""
    send = client.call_api

    def call(params: Any, request: Any, runtime: Any) -> Any:
        try:
            answer = send(params, request, runtime)
        except ClientException as error:
            message = error.data.get("Message") or error.data.get("message") or ""
            CALLS.refused.add(Refused(name, params.action, error.status_code, error.code, message))
            raise
        CALLS.done.add((name, params.action))
        return answer

    client.call_api = call
    return client
