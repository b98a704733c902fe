"""The older SDKs' client, which signs with HMAC-SHA1 in parameters; and the same signature by hand, for requests that no SDK sends."""

import base64
import hashlib
import hmac
import importlib
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import RpcRequest

from support.calls import CALLS, Refused
from support.cloud import Cloud
from support.ledger import LEDGER
from support.refusals import Refusal

CLIENT = "old ram"


class OldCloud:
    """One caller of RAM: an access key, and the older client that signs with it."""

    def __init__(self, cloud: Cloud, secret: str | None = None):
        self._host, _, port = cloud.control.partition(":")
        self._client = AcsClient(
            cloud.access_key_id, secret or cloud.access_key_secret, region_id="local", port=int(port), auto_retry=False,
        )

    def act(self, action: str, **parameters: object) -> dict[str, Any]:
        """Calls an action with the SDK's request of this name."""
        name = f"{action}Request"
        request = getattr(importlib.import_module(f"aliyunsdkram.request.v20150501.{name}"), name)()
        for parameter, value in parameters.items():
            getattr(request, f"set_{parameter}")(value)
        return self._call(request)

    def _call(self, request: RpcRequest) -> dict[str, Any]:
        """Sends a request of `aliyunsdkram` and answers its body."""
        request.set_endpoint(self._host)
        request.set_protocol_type("http")
        action = request.get_action_name()
        try:
            answer = json.loads(self._client.do_action_with_exception(request))
        except ServerException as error:
            CALLS.refused.add(Refused(CLIENT, action, error.get_http_status(), error.get_error_code(), error.get_error_msg()))
            raise
        assert answer["RequestId"], answer
        CALLS.done.add((CLIENT, action))
        return answer


@contextmanager
def old_refused(status: int, code: str) -> Iterator[Refusal]:
    """Expects what happens inside to be refused, as the older client tells it."""
    refusal = Refusal()
    with pytest.raises(ServerException) as caught:
        yield refusal
    error = caught.value
    refusal.status, refusal.code, refusal.message = error.get_http_status(), error.get_error_code(), error.get_error_msg()
    refusal.request_id = error.get_request_id()
    assert (refusal.status, refusal.code) == (status, code), error
    assert refusal.request_id, error
    # What a client says of its own signature repeats what it sent, which is its alone.
    if code != "SignatureDoesNotMatch":
        LEDGER.error("control, older client", refusal.message)


def _encode(text: str) -> str:
    return quote(text, safe="-_.~")


def encoded(parameters: dict[str, str]) -> str:
    """A query or form."""
    return "&".join(f"{_encode(name)}={_encode(value)}" for name, value in parameters.items())


def signed(cloud: Cloud, method: str, parameters: dict[str, str], secret: str | None = None) -> dict[str, str]:
    """The parameters of a call with all that a signature adds, `Signature` last."""
    signed = {
        "Version": "2015-05-01", "AccessKeyId": cloud.access_key_id, "SignatureMethod": "HMAC-SHA1", "SignatureVersion": "1.0",
        "SignatureType": "", "SignatureNonce": uuid.uuid4().hex,
        "Timestamp": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
    } | parameters
    text = f"{method}&%2F&{_encode(encoded(dict(sorted(signed.items()))))}"
    key = f"{secret or cloud.access_key_secret}&".encode()
    return signed | {"Signature": base64.b64encode(hmac.new(key, text.encode(), hashlib.sha1).digest()).decode()}
