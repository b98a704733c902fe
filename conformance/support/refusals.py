"""Expects refusals, and checks on each the shape that its surface promises: one shape per surface, always with a request id."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import openai
import pytest
from alibabacloud_tea_openapi.exceptions import ClientException

from support.ledger import LEDGER

NO_PERMISSION = "NoPermission"
NOT_AUTHORIZED = "You are not authorized to perform this action."
OUTSIDE = "Workspace.AccessDenied"
OUTSIDE_MESSAGE = "You do not have access permissions to this workspace, or the workspace does not exist"

RPC_FIELDS = {"RequestId", "Code", "Message"}
ROA_FIELDS = {"requestId", "code", "message", "httpStatusCode", "success"}


@dataclass
class Refusal:
    """What a refused call was told. Empty until the `with` block that expects it has ended."""

    status: int = 0
    code: str = ""
    message: str = ""
    request_id: str = ""
    body: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def but_for(self, asked_for: str) -> tuple[int, str]:
        """Status and body, without what may differ between a foreign and an absent thing: the request id and the id asked for."""
        return self.status, str(self.body).replace(self.request_id, "REQUEST").replace(asked_for, "ASKED-FOR")

    @property
    def detail(self) -> dict[str, str]:
        """The `AccessDeniedDetail` of a control refusal; a missing one is a failure."""
        return self.body["AccessDeniedDetail"] if "AccessDeniedDetail" in self.body else self.body["accessDeniedDetail"]


@contextmanager
def refused_somehow() -> Iterator[Refusal]:
    """Expects the control API to refuse what happens inside, in the shape of its surface, whatever the reason."""
    refusal = Refusal()
    with pytest.raises(ClientException) as caught:
        yield refusal
    error = caught.value
    body = {name: value for name, value in error.data.items() if name != "statusCode"}  # the SDK adds that one
    LEDGER.error("control", body)
    refusal.status, refusal.code, refusal.body = error.status_code, error.code, body
    _check_control_shape(refusal)


@contextmanager
def refused(status: int, code: str) -> Iterator[Refusal]:
    """Expects the control API to refuse what happens inside, with this status and code."""
    with refused_somehow() as refusal:
        yield refusal
    assert (refusal.status, refusal.code) == (status, code), refusal.body


@contextmanager
def invalid(field: str) -> Iterator[Refusal]:
    """Expects the control API to say that this field is wrong."""
    with refused_somehow() as refusal:
        yield refusal
    assert refusal.status == 400, refusal.body
    assert refusal.code.startswith("InvalidParameter"), refusal.body
    assert field in refusal.message, refusal.body


@contextmanager
def absent() -> Iterator[Refusal]:
    """Expects the control API to say that a thing does not exist, to a caller who may know."""
    with refused_somehow() as refusal:
        yield refusal
    assert refusal.status == 404, refusal.body
    assert refusal.code.startswith("EntityNotExist."), refusal.body


@contextmanager
def taken() -> Iterator[Refusal]:
    """Expects the control API to say that a thing exists already."""
    with refused_somehow() as refusal:
        yield refusal
    assert refusal.status == 409, refusal.body
    assert refusal.code.startswith("EntityAlreadyExists."), refusal.body


@contextmanager
def outside_workspace() -> Iterator[Refusal]:
    """Expects the one answer that a caller outside a workspace gets, whether the workspace exists or not."""
    with refused(403, OUTSIDE) as refusal:
        yield refusal
    assert refusal.message == OUTSIDE_MESSAGE


@contextmanager
def not_permitted(action: str, kind: str = "ImplicitDeny") -> Iterator[Refusal]:
    """Expects the `NoPermission` body for this RAM action."""
    with refused(403, NO_PERMISSION) as refusal:
        yield refusal
    assert refusal.message == NOT_AUTHORIZED
    assert refusal.detail["AuthAction"] == action
    assert refusal.detail["NoPermissionType"] == kind


def _check_control_shape(refusal: Refusal) -> None:
    """RPC products answer with capital letters, ROA products with small ones; neither mixes."""
    body = refusal.body
    if "Code" in body:
        assert set(body) >= RPC_FIELDS, body
        refusal.message, refusal.request_id = body["Message"], body["RequestId"]
    else:
        assert set(body) >= ROA_FIELDS, body
        assert body["httpStatusCode"] == refusal.status, body
        assert body["success"] is False, body
        refusal.message, refusal.request_id = body["message"], body["requestId"]
    assert refusal.request_id, body
    assert refusal.message, body


@contextmanager
def call_refused(error: type[openai.APIStatusError], code: str, reason: str | None) -> Iterator[Refusal]:
    """Expects the gateway to refuse what happens inside. `reason` is the failed check, or None where the caller may not know it."""
    refusal = Refusal()
    with pytest.raises(error) as caught:
        yield refusal
    response = caught.value.response
    LEDGER.error("gateway", response.text)
    body = response.json()
    assert set(body) == {"error", "request_id"}, body
    assert set(body["error"]) == {"message", "type", "param", "code"}, body
    assert body["error"]["message"], body
    assert body["error"]["code"] == code, body
    assert body["request_id"] == response.headers["x-request-id"], body
    assert response.headers.get("x-bailey-reason") == reason, dict(response.headers)
    refusal.status, refusal.code, refusal.message = response.status_code, code, body["error"]["message"]
    refusal.request_id, refusal.body, refusal.headers = body["request_id"], body, dict(response.headers)


@contextmanager
def key_refused() -> Iterator[Refusal]:
    """Expects the gateway to take this for no valid key, and not to say why."""
    with call_refused(openai.AuthenticationError, "invalid_api_key", None) as refusal:
        yield refusal
