"""Model calls through the official `openai` client for Node.js. The calls are in `typescript/models.cjs`."""

from typing import Any

import pytest

from support import gateway, node
from support.clients import CASES, CHAT, EMBEDDING, KEY_MISSING, NARROW_KEY, PARAMETERS, PICTURE, WORKSPACE_MISMATCH, Case, Clients
from support.ledger import LEDGER
from support.talker import ARGUMENTS, INPUT_TOKENS, OUTPUT_TOKENS, TOOL, TOOL_ID, VECTOR, said_back, told

EXCEPTIONS = {
    401: "AuthenticationError", 403: "PermissionDeniedError", 404: "NotFoundError", 429: "RateLimitError", 503: "InternalServerError",
}
REFUSED = [*CASES, WORKSPACE_MISMATCH, KEY_MISSING]
PIECES = ["You", " asked:", " hello", " there"]


@pytest.fixture(scope="module")
def printed(clients: Clients) -> dict[str, Any]:
    """Everything that the script printed."""
    headers = {
        WORKSPACE_MISMATCH.reason: {"X-DashScope-WorkSpace": clients.world.default}, KEY_MISSING.reason: {"Authorization": None},
    }
    refused = [
        {
            "name": f"{case.reason} {stream}", "key": clients.key(case.key), "model": case.model, "stream": stream,
            "headers": headers.get(case.reason, {}),
        }
        for case in REFUSED for stream in (False, True)
    ]
    return node.run("models.cjs", given={
        "baseUrl": clients.base_url(gateway.COMPATIBLE), "key": clients.key(), "narrowKey": clients.key(NARROW_KEY),
        "temporaryKey": clients.temporary(), "chat": CHAT, "embedding": EMBEDDING, "picture": f"data:image/png;base64,{PICTURE}",
        "tool": TOOL, "parameters": PARAMETERS, "refused": refused,
    })


@pytest.fixture(scope="module")
def answers(printed: dict[str, Any]) -> dict[str, Any]:
    """What each call answered."""
    return printed["answers"]


@pytest.mark.parametrize("name", ["whole", "temporary"])
def test_a_chat_as_a_whole(answers: dict[str, Any], name: str) -> None:
    (choice,) = answers[name]["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == (said_back("hello there"), "stop")
    usage = answers[name]["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (INPUT_TOKENS, OUTPUT_TOKENS)


def test_a_chat_as_a_stream(answers: dict[str, Any]) -> None:
    chunks = answers["streamed"]
    assert [text for chunk in chunks for choice in chunk["choices"] if (text := choice["delta"].get("content"))] == PIECES
    assert chunks[-1]["usage"]["total_tokens"] == INPUT_TOKENS + OUTPUT_TOKENS


@pytest.mark.parametrize(("name", "finish"), [
    ("tool", "tool_calls"), ("streamedTool", "tool_calls"), ("responseTool", "completed"), ("streamedResponseTool", "completed"),
])
def test_a_tool_is_called_and_its_result_answered(answers: dict[str, Any], name: str, finish: str) -> None:
    assert answers[name] == {"finish": finish, "id": TOOL_ID, "name": TOOL, "arguments": "".join(ARGUMENTS), "after": told("sunny")}


def test_a_picture_is_seen(answers: dict[str, Any]) -> None:
    assert answers["picture"]["choices"][0]["message"]["content"] == said_back("look", 1)
    assert answers["responsePicture"]["output_text"] == said_back("look", 1)


def test_a_response_as_a_whole(answers: dict[str, Any]) -> None:
    answer = answers["response"]
    assert (answer["output_text"], answer["status"]) == (said_back("hello there"), "completed")
    assert (answer["usage"]["input_tokens"], answer["usage"]["output_tokens"]) == (INPUT_TOKENS, OUTPUT_TOKENS)


def test_a_response_as_a_stream(answers: dict[str, Any]) -> None:
    events = answers["streamedResponse"]
    assert [event["delta"] for event in events if event["type"] == "response.output_text.delta"] == PIECES
    assert (events[0]["type"], events[-1]["type"]) == ("response.created", "response.completed")
    assert events[-1]["response"]["usage"]["total_tokens"] == INPUT_TOKENS + OUTPUT_TOKENS


def test_embeddings_come_as_numbers(answers: dict[str, Any]) -> None:
    assert [row["embedding"] for row in answers["embeddings"]["data"]] == [VECTOR, VECTOR]
    assert [row["embedding"] for row in answers["floats"]["data"]] == [VECTOR]


def test_the_list_holds_what_the_key_may_call(answers: dict[str, Any]) -> None:
    assert {model["id"] for model in answers["models"]} == {CHAT, EMBEDDING}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.reason)
def test_refusals(printed: dict[str, Any], case: Case, stream: bool) -> None:
    found = printed["refusals"][f"{case.reason} {stream}"]
    LEDGER.error("gateway, Node.js", found)
    assert (found["exception"], found["status"], found["code"]) == (EXCEPTIONS[case.status], case.status, case.openai), found
    assert found["body"]["message"].startswith(case.message), found
    assert found["requestId"] == found["headers"]["x-request-id"]
    assert found["headers"].get("x-bailey-reason") == case.told
    case.check_retry_after(found["headers"])
