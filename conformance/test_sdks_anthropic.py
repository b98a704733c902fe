"""Model calls through the official `anthropic` client: messages, models, and every refusal as its own exception."""

from collections.abc import Callable
from typing import Any

import anthropic
import pytest

from support.clients import (
    CASES, CHAT, EMBEDDING, GOOD_KEY, KEY_MISSING, KEY_REFUSED, NARROW_KEY, PARAMETERS, PICTURE, SLOWLY, WORKSPACE_MISMATCH, Case, Clients,
)
from support.ledger import LEDGER
from support.talker import INPUT_TOKENS, OUTPUT_TOKENS, TOOL, TOOL_ID, said_back, told
from support.world import QWEN_PLUS

EXCEPTIONS: dict[int, type[anthropic.APIStatusError]] = {
    401: anthropic.AuthenticationError, 403: anthropic.PermissionDeniedError, 404: anthropic.NotFoundError,
    429: anthropic.RateLimitError, 503: anthropic.InternalServerError,
}
BASES = ["/apps/anthropic", ""]
HELLO: Any = [{"role": "user", "content": "hello there"}]
TOOLS: Any = [{"name": TOOL, "input_schema": PARAMETERS}]
Make = Callable[..., anthropic.Anthropic]


@pytest.fixture
def client(clients: Clients) -> Make:
    """Makes a client that does not retry, with a key of this name or value."""
    def make(key: str = GOOD_KEY, base: str = BASES[0]) -> anthropic.Anthropic:
        value = clients.world.keys.get(key, key)
        return anthropic.Anthropic(base_url=clients.base_url(base), api_key=value, max_retries=0, timeout=20)
    return make


def say(caller: anthropic.Anthropic, model: str = CHAT, **more: Any) -> Any:
    """One message as a whole."""
    return caller.messages.create(model=model, max_tokens=100, **({"messages": HELLO} | more))


def text(message: Any) -> str:
    """The only block of an answer, which is a text."""
    (block,) = message.content
    assert block.type == "text", block
    return block.text


@pytest.mark.parametrize("base", BASES)
def test_a_message_as_a_whole(client: Make, clients: Clients, base: str) -> None:
    answer = say(client(base=base), system="be brief")
    assert (text(answer), answer.stop_reason, answer.model) == (said_back("hello there"), "end_turn", CHAT)
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (INPUT_TOKENS, OUTPUT_TOKENS)
    asked = clients.talker.requests[-1]
    assert [turn["role"] for turn in asked["messages"]] == ["system", "user"]
    assert asked["max_tokens"] == 100


@pytest.mark.parametrize("base", BASES)
def test_a_message_as_a_stream(client: Make, base: str) -> None:
    with client(base=base).messages.stream(model=CHAT, max_tokens=100, messages=HELLO) as stream:
        assert list(stream.text_stream) == ["You", " asked:", " hello", " there"]
        answer = stream.get_final_message()
    assert (text(answer), answer.stop_reason) == (said_back("hello there"), "end_turn")
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (INPUT_TOKENS, OUTPUT_TOKENS)


def test_the_events_of_a_stream_come_in_their_order(client: Make) -> None:
    kinds = [event.type for event in client().messages.create(model=CHAT, max_tokens=100, messages=HELLO, stream=True)]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert set(kinds[2:-3]) == {"content_block_delta"}
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_is_called_and_its_result_answered(client: Make, stream: bool) -> None:
    caller = client()
    if stream:
        with caller.messages.stream(model=CHAT, max_tokens=100, messages=HELLO, tools=TOOLS) as events:
            answer: Any = events.get_final_message()
    else:
        answer = say(caller, tools=TOOLS)
    assert answer.stop_reason == "tool_use"
    (call,) = answer.content
    assert (call.type, call.id, call.name, call.input) == ("tool_use", TOOL_ID, TOOL, {"city": "Hangzhou"})
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}]}
    after = say(caller, tools=TOOLS, messages=[*HELLO, {"role": "assistant", "content": answer.content}, result])
    assert text(after) == told("sunny")


def test_what_the_upstream_says_is_wrong_is_the_clients_exception(client: Make) -> None:
    stray = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "stray", "content": "sunny"}]}
    with pytest.raises(anthropic.BadRequestError) as caught:
        say(client(), messages=[stray])
    assert "calls [] have results ['stray']" in str(caught.value)


def test_a_stream_ends_when_its_key_does(clients: Clients, client: Make) -> None:
    name = "clients message to be ended"
    with clients.slow(name) as disable:
        stream = say(client(name), messages=[{"role": "user", "content": SLOWLY}], stream=True)
        next(stream)
        disable()
        with pytest.raises(anthropic.APIStatusError, match=KEY_REFUSED) as caught:
            list(stream)
    body: Any = caught.value.body
    assert body["error"]["type"] == "authentication_error", body


def test_a_picture_is_seen(client: Make, clients: Clients) -> None:
    source = {"type": "base64", "media_type": "image/png", "data": PICTURE}
    parts = [{"type": "text", "text": "look"}, {"type": "image", "source": source}]
    assert text(say(client(), messages=[{"role": "user", "content": parts}])) == said_back("look", 1)
    seen = clients.talker.requests[-1]["messages"][0]["content"][1]
    assert seen["image_url"]["url"] == f"data:image/png;base64,{PICTURE}"


def test_the_demo_answers_too(clients: Clients, client: Make) -> None:
    with clients.demo(CHAT):
        assert text(say(client())).startswith("You said: hello there")
        with client().messages.stream(model=CHAT, max_tokens=100, messages=HELLO) as stream:
            assert "".join(stream.text_stream).startswith("You said: hello there")


def test_the_list_holds_what_the_key_may_call(client: Make) -> None:
    caller = client(NARROW_KEY)
    assert {model.id for model in caller.models.list(limit=1)} == {CHAT, EMBEDDING}, "over two pages"
    assert caller.models.retrieve(CHAT).display_name == CHAT
    with pytest.raises(anthropic.NotFoundError):
        caller.models.retrieve(QWEN_PLUS)


def test_a_temporary_key_is_a_key(clients: Clients, client: Make) -> None:
    caller = client(clients.temporary(NARROW_KEY))
    assert text(say(caller)) == said_back("hello there")
    with pytest.raises(anthropic.PermissionDeniedError):
        say(caller, "clients-rate-account")


@pytest.mark.parametrize("how", [
    lambda key: {"auth_token": key},
    lambda key: {"auth_token": "", "default_headers": {"Authorization": anthropic.Omit(), "X-Api-Key": key}},
])
def test_a_key_may_come_in_either_header(clients: Clients, how: Callable[[str], dict[str, Any]]) -> None:
    """Older clients send `x-api-key`, newer ones a bearer token."""
    caller = anthropic.Anthropic(base_url=clients.base_url(BASES[0]), max_retries=0, timeout=20, **how(clients.key()))
    assert text(say(caller)) == said_back("hello there")


def refused(case: Case, call: Callable[[], Any]) -> None:
    """The refusal is the client's own exception, with what the case tells."""
    with pytest.raises(EXCEPTIONS[case.status]) as caught:
        call()
    error = caught.value
    headers = error.response.headers
    LEDGER.error("gateway, as Anthropic", error.response.text)
    body: Any = error.body
    assert set(body) == {"type", "error", "request_id"}, body
    assert (error.status_code, body["error"]["type"]) == (case.status, case.anthropic), body
    assert body["error"]["message"].startswith(case.message), body
    assert error.request_id == body["request_id"] == headers["x-request-id"]
    assert headers.get("x-bailey-reason") == case.told
    case.check_retry_after(headers)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.reason)
def test_refusals(client: Make, case: Case, stream: bool) -> None:
    refused(case, lambda: say(client(case.key), case.model, stream=stream))


def test_another_workspace(client: Make, clients: Clients) -> None:
    refused(WORKSPACE_MISMATCH, lambda: say(client(), extra_headers={"X-DashScope-WorkSpace": clients.world.default}))
    assert text(say(client(), extra_headers={"X-DashScope-WorkSpace": clients.workspace}))


def test_no_key(client: Make) -> None:
    refused(KEY_MISSING, lambda: say(client(), extra_headers={"Authorization": anthropic.Omit()}))
