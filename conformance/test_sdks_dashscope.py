"""Model calls through the official `dashscope` client: generation, multimodal conversation, embeddings, models, and every refusal."""

import asyncio
import itertools
from typing import Any

import dashscope
import pytest
from dashscope.api_entities.aio_session import close_shared_aio_session

from support.clients import (
    CASES, CHAT, EMBEDDING, GOOD_KEY, KEY_MISSING, NARROW_KEY, PARAMETERS, PICTURE, SLOWLY, WORKSPACE_MISMATCH, Case, Clients,
)
from support.ledger import LEDGER
from support.talker import ARGUMENTS, INPUT_TOKENS, OUTPUT_TOKENS, TOOL, TOOL_ID, VECTOR, said_back, told
from support.world import QWEN_PLUS

HELLO = [{"role": "user", "content": "hello there"}]
TOOLS = [{"type": "function", "function": {"name": TOOL, "parameters": PARAMETERS}}]
PIECES = ["You", " asked:", " hello", " there"]
SUMS = ["You", "You asked:", "You asked: hello", "You asked: hello there"]


@pytest.fixture(autouse=True)
def _base(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client has one base URL and one default key for the whole process."""
    monkeypatch.setattr(dashscope, "base_http_api_url", clients.base_url("/api/v1"))
    monkeypatch.setattr(dashscope, "api_key", clients.key(GOOD_KEY))


def good(answer: Any) -> Any:
    """An answer that is no refusal."""
    assert answer.status_code == 200, answer
    assert answer.request_id, answer
    return answer


def generate(model: str = CHAT, messages: Any = HELLO, **more: Any) -> Any:
    """One generation."""
    return dashscope.Generation.call(model=model, messages=messages, **more)


def check_usage(answer: Any) -> None:
    """The talker's numbers."""
    usage = answer.usage
    assert (usage["input_tokens"], usage["output_tokens"]) == (INPUT_TOKENS, OUTPUT_TOKENS), usage
    assert usage["total_tokens"] == INPUT_TOKENS + OUTPUT_TOKENS, usage


def test_a_generation_as_a_message() -> None:
    answer = good(generate(result_format="message"))
    (choice,) = answer.output.choices
    assert (choice.message.role, choice.message.content, choice.finish_reason) == ("assistant", said_back("hello there"), "stop")
    check_usage(answer)


@pytest.mark.parametrize("format", ["text", None])
def test_a_generation_as_a_text(format: str | None) -> None:
    """A text is also what comes when nothing is said."""
    answer = good(generate(result_format=format))
    assert (answer.output.text, answer.output.finish_reason) == (said_back("hello there"), "stop")
    assert not answer.output.choices
    check_usage(answer)


def test_a_prompt() -> None:
    answer = good(dashscope.Generation.call(model=CHAT, prompt="hello there", history=[{"user": "one", "bot": "two"}]))
    assert answer.output.text == said_back("hello there")


@pytest.mark.parametrize("format", ["message", "text"])
@pytest.mark.parametrize(("incremental", "expected"), [(True, PIECES), (False, SUMS)])
def test_a_generation_as_a_stream(format: str, incremental: bool, expected: list[str]) -> None:
    """The client asks for pieces even where it is to show sums, and adds up itself."""
    parts = [good(part) for part in generate(result_format=format, stream=True, incremental_output=incremental)]
    texts = [part.output.text if format == "text" else part.output.choices[0].message.content for part in parts]
    if incremental:
        assert [piece for piece in texts if piece] == expected
    else:
        assert list(dict.fromkeys(texts)) in (expected, ["", *expected])
    ends = [part.output.finish_reason if format == "text" else part.output.choices[0].finish_reason for part in parts]
    assert (set(ends[:-1]), ends[-1]) == ({"null"}, "stop")
    check_usage(parts[-1])


@pytest.mark.parametrize("format", ["message", "text"])
def test_a_stream_adds_up_when_nothing_is_said(format: str) -> None:
    """Sums are the service's default, so this time the gateway adds up: one sum for all pieces that came together."""
    parts = [good(part) for part in generate(result_format=format, stream=True)]
    texts = [part.output.text if format == "text" else part.output.choices[0].message.content for part in parts]
    assert texts[-1] == said_back("hello there")
    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(texts)), texts
    check_usage(parts[-1])


@pytest.mark.parametrize("how", [{}, {"stream": True}, *({"stream": True, "incremental_output": which} for which in (True, False))])
def test_a_tool_is_called_and_its_result_answered(how: dict[str, bool]) -> None:
    answer = generate(result_format="message", tools=TOOLS, **how)
    parts = [good(part) for part in answer] if how else [good(answer)]
    assert parts[-1].output.choices[0].finish_reason == "tool_calls"
    said = [part.output.choices[0].message.get("tool_calls") or [] for part in parts]
    if how.get("incremental_output"):
        arguments = "".join(call["function"].get("arguments") or "" for calls in said for call in calls)
        name, call_id = next((call["function"]["name"], call["id"]) for calls in said for call in calls if call.get("id"))
    else:
        ((name, arguments, call_id),) = [(call["function"]["name"], call["function"]["arguments"], call["id"]) for call in said[-1]]
    assert (call_id, name, arguments) == (TOOL_ID, TOOL, "".join(ARGUMENTS))
    call = {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
    result = {"role": "tool", "tool_call_id": call_id, "content": "sunny"}
    turns = [*HELLO, {"role": "assistant", "content": "", "tool_calls": [call]}, result]
    after = good(generate(messages=turns, result_format="message", tools=TOOLS))
    assert after.output.choices[0].message.content == told("sunny")


def test_what_the_upstream_says_is_wrong_is_told() -> None:
    answer = generate(messages=[*HELLO, {"role": "tool", "tool_call_id": "stray", "content": "sunny"}])
    assert (answer.status_code, answer.code) == (400, "InvalidParameter"), answer
    assert "calls [] have results ['stray']" in answer.message


@pytest.mark.parametrize("incremental", [True, False, None])
def test_a_stream_ends_when_its_key_does(clients: Clients, incremental: bool | None) -> None:
    name = f"clients generation to be ended, {incremental}"
    with clients.slow(name) as disable:
        turns = [{"role": "user", "content": SLOWLY}]
        stream = generate(messages=turns, stream=True, incremental_output=incremental, api_key=clients.key(name))
        good(next(stream))
        disable()
        last = list(stream)[-1]
    assert (last.status_code, last.code) == (401, "InvalidApiKey"), last
    assert last.message == "Invalid API-key provided.", last
    assert last.request_id, last


@pytest.mark.parametrize("picture", ["https://example.com/a.png", f"data:image/png;base64,{PICTURE}"])
def test_a_picture_is_seen(clients: Clients, picture: str) -> None:
    answer = good(look(CHAT, picture))
    assert answer.output.choices[0].message.content == [{"text": said_back("look", 1)}]
    seen = clients.talker.requests[-1]["messages"][0]["content"]
    assert [part["image_url"]["url"] for part in seen if part["type"] == "image_url"] == [picture]
    check_usage(answer)


@pytest.mark.parametrize(("incremental", "expected"), [(True, PIECES), (False, SUMS)])
def test_a_conversation_with_pictures_as_a_stream(incremental: bool, expected: list[str]) -> None:
    messages = [{"role": "user", "content": [{"text": "hello there"}]}]
    parts = dashscope.MultiModalConversation.call(model=CHAT, messages=messages, stream=True, incremental_output=incremental)
    told = ["".join(piece["text"] for piece in good(part).output.choices[0].message.content or []) for part in parts]
    assert list(dict.fromkeys(piece for piece in told if piece)) == expected


def look(model: str, picture: str = "https://example.com/a.png", **more: Any) -> Any:
    """One conversation with a picture."""
    messages = [{"role": "user", "content": [{"image": picture}, {"text": "look"}]}]
    return dashscope.MultiModalConversation.call(model=model, messages=messages, **more)


def test_the_asynchronous_client(clients: Clients) -> None:
    """It speaks HTTP with another library, and reads streams in its own way."""
    async def talk() -> tuple[Any, list[Any], Any]:
        try:
            call = dashscope.AioGeneration.call
            whole = await call(model=CHAT, messages=HELLO, result_format="message")
            stream = await call(model=CHAT, messages=HELLO, result_format="message", stream=True, incremental_output=True)
            parts = [part async for part in stream]
            return whole, parts, await call(model=CHAT, messages=HELLO, api_key=clients.key("clients elsewhere"))
        finally:
            await close_shared_aio_session()

    whole, parts, denied = asyncio.run(talk())
    assert good(whole).output.choices[0].message.content == said_back("hello there")
    assert [piece for part in parts if (piece := good(part).output.choices[0].message.content)] == PIECES
    check_usage(parts[-1])
    assert (denied.status_code, denied.code) == (403, "AccessDenied"), denied


def test_embeddings(clients: Clients) -> None:
    answer = good(dashscope.TextEmbedding.call(model=EMBEDDING, input=["one", "two"], dimension=3))
    rows = answer.output["embeddings"]
    assert [(row["text_index"], row["embedding"]) for row in rows] == [(0, VECTOR), (1, VECTOR)]
    assert answer.usage["total_tokens"] == INPUT_TOKENS
    assert clients.talker.requests[-1]["dimensions"] == 3
    with clients.demo(EMBEDDING, ["embedding"]):
        (row,) = good(dashscope.TextEmbedding.call(model=EMBEDDING, input="one")).output["embeddings"]
        assert len(row["embedding"]) > 1


def test_a_model_that_cannot_rank_is_none_for_rankings() -> None:
    answer = dashscope.TextReRank.call(model=CHAT, query="q", documents=["a", "b"])
    assert (answer.status_code, answer.code) == (404, "ModelNotFound"), answer
    assert answer.message, answer


def test_the_list_holds_what_the_key_may_call(clients: Clients) -> None:
    key = clients.key(NARROW_KEY)
    pages = [good(dashscope.Models.list(page=page, page_size=1, api_key=key)).output for page in (1, 2)]
    assert [page["total"] for page in pages] == [2, 2]
    assert [model["model"] for page in pages for model in page["models"]] == [CHAT, EMBEDDING]
    assert good(dashscope.Models.get(CHAT, api_key=key)).output["model"] == CHAT
    assert dashscope.Models.get(QWEN_PLUS, api_key=key).status_code == 404


def test_a_temporary_key_is_a_key(clients: Clients) -> None:
    key = clients.temporary(NARROW_KEY)
    assert good(generate(api_key=key)).output.text == said_back("hello there")
    assert generate("clients-rate-account", api_key=key).status_code == 403


def refused(case: Case, answer: Any) -> None:
    """The answer is the case's refusal, with its reason and the time to come back."""
    (found,) = [answer] if hasattr(answer, "status_code") else list(answer)
    LEDGER.error("gateway, native", found)
    assert (found.status_code, found.code) == (case.status, case.native), found
    assert found.message.startswith(case.native_message), found
    assert not found.output, found
    headers = {name.lower(): value for name, value in found.headers.items()}
    assert found.request_id == headers["x-request-id"], found
    assert headers.get("x-bailey-reason") == case.told
    case.check_retry_after(headers)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.reason)
def test_refusals(clients: Clients, case: Case, stream: bool) -> None:
    refused(case, generate(case.model, api_key=clients.key(case.key), stream=stream))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.reason)
def test_refusals_of_conversations_with_pictures(clients: Clients, case: Case) -> None:
    refused(case, look(case.model, api_key=clients.key(case.key)))


def test_another_workspace(clients: Clients) -> None:
    refused(WORKSPACE_MISMATCH, generate(workspace=clients.world.default))
    good(generate(workspace=clients.workspace))


def test_no_key() -> None:
    refused(KEY_MISSING, generate(api_key=""))
