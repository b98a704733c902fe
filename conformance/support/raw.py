"""HTTP without any SDK between: for requests that no official client would send, and for the exact bytes of the answer."""

import base64
import http.client
import json
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from support.cloud import Cloud
from support.ledger import LEDGER
from support.refusals import ROA_FIELDS, RPC_FIELDS

JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"
XML_TYPE = "text/xml;charset=utf-8"


@dataclass(frozen=True)
class Answer:
    """Status, headers with small names, and the raw body."""

    status: int
    headers: dict[str, str]
    text: str

    def json(self) -> dict[str, Any]:
        """The body; every answer of bailey is one JSON object, errors too."""
        assert self.headers.get("content-type", "").startswith(JSON_TYPE), self
        body = json.loads(self.text)
        assert isinstance(body, dict), self
        return body

    def xml(self, root: str) -> ElementTree.Element:
        """The body as XML, whose outermost element is `root`."""
        assert self.headers.get("content-type") == XML_TYPE, self
        element = ElementTree.fromstring(self.text.encode())
        assert element.tag == root, self
        return element


def basic(cloud: Cloud) -> dict[str, str]:
    """The header of HTTP Basic with an access key, as `curl -u` sends it."""
    credential = base64.b64encode(f"{cloud.access_key_id}:{cloud.access_key_secret}".encode()).decode()
    return {"authorization": f"Basic {credential}"}


def bearer(api_key: str) -> dict[str, str]:
    """The header that carries an API key."""
    return {"authorization": f"Bearer {api_key}"}


def send(
    address: str, method: str, target: str, *,
    headers: dict[str, str] | None = None, body: bytes | None = None, announced: int | None = None, remembered: bool = True,
) -> Answer:
    """Sends one request on a connection of its own. `announced` is a content-length that differs from the body's.

    A refusal is remembered for the search for secrets, unless it may repeat those that were sent.
    """
    connection = http.client.HTTPConnection(address, timeout=20)
    try:
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        length = announced if announced is not None else len(body or b"")
        if length or method in {"POST", "PUT"}:
            connection.putheader("content-length", str(length))
        connection.endheaders(body)
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        answer = Answer(response.status, found, response.read().decode())
    finally:
        connection.close()
    if answer.status >= 400 and remembered:
        LEDGER.error(f"{method} {target}", answer.text)
    return answer


def check_rpc_error(answer: Answer) -> dict[str, Any]:
    """The shape of RAM and STS errors."""
    body = answer.json()
    assert 400 <= answer.status < 500, answer
    assert set(body) >= RPC_FIELDS, answer
    assert all(isinstance(body[name], str) and body[name] for name in RPC_FIELDS), answer
    return body


def check_rpc_xml_error(answer: Answer) -> dict[str, str]:
    """The same as XML. Answers the texts of its elements."""
    error = answer.xml("Error")
    assert 400 <= answer.status < 500, answer
    texts = {field.tag: field.text or "" for field in error}
    assert len(texts) == len(error), answer
    assert set(texts) >= RPC_FIELDS | {"HostId", "Recommend"}, answer
    assert all(texts[name] for name in RPC_FIELDS), answer
    return texts


def check_roa_error(answer: Answer) -> dict[str, Any]:
    """The shape of ModelStudio errors."""
    body = answer.json()
    assert 400 <= answer.status < 500, answer
    assert set(body) >= ROA_FIELDS, answer
    assert body["httpStatusCode"] == answer.status, answer
    assert body["success"] is False, answer
    assert all(isinstance(body[name], str) and body[name] for name in ("requestId", "code", "message")), answer
    return body


def check_gateway_error(answer: Answer) -> dict[str, Any]:
    """The shape of OpenAI errors; the header and the body name one request id. Answers the `error` object."""
    body = answer.json()
    assert 400 <= answer.status < 500, answer
    assert set(body) == {"error", "request_id"}, answer
    error = body["error"]
    assert set(error) == {"message", "type", "param", "code"}, answer
    assert all(isinstance(error[name], str) and error[name] for name in ("message", "type", "code")), answer
    assert body["request_id"], answer
    assert body["request_id"] == answer.headers["x-request-id"], answer
    return error
