"""Model calls through the official `openai` client: chats, responses, embeddings, models, and every refusal as its own exception."""

from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from support import gateway
from support.clients import (
    CASES, CHAT, EMBEDDING, KEY_MISSING, KEY_REFUSED, NARROW_KEY, PARAMETERS, PICTURE, SLOWLY, WORKSPACE_MISMATCH, Case, Clients,
)
from support.refusals import call_refused
from support.shapes import decision
from support.talker import ARGUMENTS, INPUT_TOKENS, OUTPUT_TOKENS, TOOL, TOOL_ID, VECTOR, said_back, told

EXCEPTIONS: dict[int, type[openai.APIStatusError]] = {
    401: openai.AuthenticationError, 403: openai.PermissionDeniedError, 404: openai.NotFoundError,
    429: openai.RateLimitError, 503: openai.InternalServerError,
}
HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "hello there"}]
STRAY = "calls [] have results ['stray']"
STRAY_RESULT: Any = {"role": "tool", "tool_call_id": "stray", "content": "sunny"}
CHAT_TOOLS: Any = [{"type": "function", "function": {"name": TOOL, "parameters": PARAMETERS}}]
RESPONSE_TOOLS: Any = [{"type": "function", "name": TOOL, "parameters": PARAMETERS, "strict": False}]
BASES = [gateway.COMPATIBLE, gateway.PLAIN]


@pytest.fixture
def caller(clients: Clients) -> openai.OpenAI:
    """A client with a key that may do everything here."""
    return gateway.client(clients.world.server.gateway, clients.key())


@pytest.mark.parametrize("base", BASES)
def test_a_chat_as_a_whole(clients: Clients, base: str) -> None:
    answer = clients.world.caller("clients good", base).chat.completions.create(model=CHAT, messages=HELLO)
    (choice,) = answer.choices
    assert (choice.message.content, choice.finish_reason) == (said_back("hello there"), "stop")
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (INPUT_TOKENS, OUTPUT_TOKENS)


@pytest.mark.parametrize("base", BASES)
def test_a_chat_as_a_stream(clients: Clients, base: str) -> None:
    caller = clients.world.caller("clients good", base)
    chunks = list(caller.chat.completions.create(model=CHAT, messages=HELLO, stream=True, stream_options={"include_usage": True}))
    texts = [choice.delta.content for chunk in chunks for choice in chunk.choices if choice.delta.content]
    assert texts == ["You", " asked:", " hello", " there"], "each word as it came"
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason] == ["stop"]
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == INPUT_TOKENS + OUTPUT_TOKENS


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_is_called_and_its_result_answered(caller: openai.OpenAI, stream: bool) -> None:
    if stream:
        with caller.chat.completions.stream(model=CHAT, messages=HELLO, tools=CHAT_TOOLS) as events:
            answer: Any = events.get_final_completion()
    else:
        answer = caller.chat.completions.create(model=CHAT, messages=HELLO, tools=CHAT_TOOLS)
    (choice,) = answer.choices
    assert choice.finish_reason == "tool_calls"
    (call,) = choice.message.tool_calls
    assert (call.id, call.function.name, call.function.arguments) == (TOOL_ID, TOOL, "".join(ARGUMENTS))
    result: Any = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
    said: Any = {"role": "assistant", "tool_calls": [call.model_dump(include={"id": True, "type": True, "function": {"name", "arguments"}})]}
    after = caller.chat.completions.create(model=CHAT, messages=[*HELLO, said, result], tools=CHAT_TOOLS)
    assert after.choices[0].message.content == told("sunny")


def test_what_the_upstream_says_is_wrong_is_the_clients_exception(caller: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        caller.chat.completions.create(model=CHAT, messages=[*HELLO, STRAY_RESULT])
    assert STRAY in str(caught.value)
    with pytest.raises(openai.BadRequestError) as caught:
        caller.responses.create(model=CHAT, input=[{"type": "function_call_output", "call_id": "stray", "output": "sunny"}])
    assert STRAY in str(caught.value)


def test_a_chat_ends_when_its_key_does(clients: Clients) -> None:
    with clients.slow("clients chat to be ended") as disable:
        caller = clients.world.caller("clients chat to be ended")
        stream = caller.chat.completions.create(model=CHAT, messages=[{"role": "user", "content": SLOWLY}], stream=True)
        next(stream)
        disable()
        with pytest.raises(openai.APIError, match=KEY_REFUSED) as caught:
            list(stream)
    assert caught.value.code == "invalid_api_key"


def test_a_response_ends_when_its_key_does(clients: Clients) -> None:
    """The client knows an event for errors here, and hands it on."""
    with clients.slow("clients response to be ended") as disable:
        stream = clients.world.caller("clients response to be ended").responses.create(model=CHAT, input=SLOWLY, stream=True)
        next(stream)
        disable()
        *_, before, last = stream
    assert last.type == "error", last
    assert (last.code, last.message) == ("invalid_api_key", KEY_REFUSED), last
    assert last.sequence_number == before.sequence_number + 1


def test_a_picture_is_seen(caller: openai.OpenAI, clients: Clients) -> None:
    url = f"data:image/png;base64,{PICTURE}"
    parts: Any = [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": url}}]
    answer = caller.chat.completions.create(model=CHAT, messages=[{"role": "user", "content": parts}])
    assert answer.choices[0].message.content == said_back("look", 1)
    assert clients.talker.requests[-1]["messages"][0]["content"][1]["image_url"]["url"] == url


def test_a_response_as_a_whole(caller: openai.OpenAI) -> None:
    answer = caller.responses.create(model=CHAT, input="hello there")
    assert (answer.output_text, answer.status) == (said_back("hello there"), "completed")
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (INPUT_TOKENS, OUTPUT_TOKENS)


def test_a_response_as_a_stream(caller: openai.OpenAI) -> None:
    events = list(caller.responses.create(model=CHAT, input="hello there", stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[0].type == "response.created"
    texts = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert texts == ["You", " asked:", " hello", " there"]
    last = events[-1]
    assert last.type == "response.completed"
    assert last.response.output_text == said_back("hello there")
    assert last.response.usage is not None
    assert last.response.usage.total_tokens == INPUT_TOKENS + OUTPUT_TOKENS


@pytest.mark.parametrize("stream", [False, True])
def test_a_response_calls_a_tool(caller: openai.OpenAI, stream: bool) -> None:
    if stream:
        with caller.responses.stream(model=CHAT, input="hello", tools=RESPONSE_TOOLS) as events:
            answer: Any = events.get_final_response()
    else:
        answer = caller.responses.create(model=CHAT, input="hello", tools=RESPONSE_TOOLS)
    (call,) = [item for item in answer.output if item.type == "function_call"]
    assert (call.call_id, call.name, call.arguments) == (TOOL_ID, TOOL, "".join(ARGUMENTS))
    made = {"type": "function_call", "call_id": call.call_id, "name": call.name, "arguments": call.arguments}
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
    turns: Any = [{"role": "user", "content": "hello"}, made, result]
    assert caller.responses.create(model=CHAT, input=turns, tools=RESPONSE_TOOLS).output_text == told("sunny")


def test_a_response_sees_a_picture(caller: openai.OpenAI) -> None:
    parts = [{"type": "input_text", "text": "look"}, {"type": "input_image", "image_url": f"data:image/png;base64,{PICTURE}"}]
    turns: Any = [{"role": "user", "content": parts}]
    assert caller.responses.create(model=CHAT, input=turns).output_text == said_back("look", 1)


def test_embeddings_come_as_the_client_asks_for_them(caller: openai.OpenAI, clients: Clients) -> None:
    """The client asks for base64 unless told otherwise, and reads both into numbers."""
    plain = caller.embeddings.create(model=EMBEDDING, input=["one", "two"])
    assert clients.talker.requests[-1]["encoding_format"] == "base64"
    assert [row.embedding for row in plain.data] == [VECTOR, VECTOR]
    assert plain.usage.total_tokens == INPUT_TOKENS
    floats = caller.embeddings.create(model=EMBEDDING, input="one", encoding_format="float")
    assert [row.embedding for row in floats.data] == [VECTOR]
    with clients.demo(EMBEDDING, ["embedding"]):
        packed = caller.embeddings.create(model=EMBEDDING, input="one").data[0].embedding
        assert packed == pytest.approx(caller.embeddings.create(model=EMBEDDING, input="one", encoding_format="float").data[0].embedding, abs=1e-6)


def test_the_list_holds_what_the_key_may_call(clients: Clients) -> None:
    caller = clients.world.caller(NARROW_KEY)
    assert gateway.callable_models(caller) == {CHAT, EMBEDDING}
    assert caller.models.retrieve(CHAT).id == CHAT
    with call_refused(openai.NotFoundError, "model_not_found", None):
        caller.models.retrieve("clients-rate-account")


def test_a_temporary_key_is_a_key(clients: Clients) -> None:
    caller = gateway.client(clients.world.server.gateway, clients.temporary(NARROW_KEY))
    assert gateway.say(caller, CHAT).choices[0].message.content == said_back("hello")
    assert gateway.callable_models(caller) == {CHAT, EMBEDDING}
    with call_refused(openai.PermissionDeniedError, "Model.AccessDenied", "model_out_of_key_scope"):
        gateway.say(caller, "clients-rate-account")


def refused(case: Case, call: Any) -> str:
    """The refusal is the client's own exception, with what the case tells. The id of the request."""
    with call_refused(EXCEPTIONS[case.status], case.openai, case.told) as refusal:
        call()
    assert refusal.status == case.status
    assert refusal.message.startswith(case.message)
    case.check_retry_after(refusal.headers)
    return refusal.request_id


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.reason)
def test_refusals(clients: Clients, case: Case, stream: bool) -> None:
    caller = clients.world.caller(case.key)
    request_id = refused(case, lambda: caller.chat.completions.create(model=case.model, messages=HELLO, stream=stream))
    if case.reason != "upstream_unavailable":  # which is no decision
        assert decision(clients.world.root.ours("GetDecision", requestId=request_id))["reason"] == case.reason


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.reason)
def test_refusals_of_responses(clients: Clients, case: Case) -> None:
    caller = clients.world.caller(case.key)
    refused(case, lambda: caller.responses.create(model=case.model, input="hello"))


def test_another_workspace(clients: Clients, caller: openai.OpenAI) -> None:
    other = caller.with_options(default_headers={"X-DashScope-WorkSpace": clients.world.default})
    refused(WORKSPACE_MISMATCH, lambda: gateway.say(other, CHAT))
    own = caller.with_options(default_headers={"X-DashScope-WorkSpace": clients.workspace})
    assert gateway.say(own, CHAT).choices


def test_no_key(caller: openai.OpenAI) -> None:
    headers: Any = {"Authorization": openai.Omit()}
    refused(KEY_MISSING, lambda: caller.chat.completions.create(model=CHAT, messages=HELLO, extra_headers=headers))
