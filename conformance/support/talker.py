"""An OpenAI-compatible upstream that talks: it says back what it was asked, calls tools that it is offered, looks at pictures, and counts."""

import base64
import struct
from typing import Any

from support.upstream import Handler, Listener, completion

TOOL = "weather"
TOOL_ID = "call_weather"
ARGUMENTS = ('{"city": ', '"Hangzhou"}')
INPUT_TOKENS, OUTPUT_TOKENS = 7, 5
VECTOR = [0.5, -0.25, 1.0]


class Talker(Listener):
    """Answers chats and embeddings."""

    def __init__(self) -> None:
        super().__init__(_Talking)


def said_back(text: str, pictures: int = 0) -> str:
    """What the talker answers to a text."""
    return f"You asked: {text}" + (f" (with {pictures} pictures)" if pictures else "")


def told(result: str) -> str:
    """What the talker answers to the result of a tool."""
    return f"The tool says: {result}"


class _Talking(Handler):
    """Answers `POST /v1/chat/completions` and `POST /v1/embeddings`."""

    def do_POST(self) -> None:
        """One answer, streamed or not."""
        request = self.received()
        if self.path == "/v1/embeddings":
            self._embed(request)
        elif self.path != "/v1/chat/completions":
            self.send_error(404)
        elif wrong := _wrong(request["messages"]):
            self.answer({"error": {"message": wrong, "type": "invalid_request_error", "param": "messages", "code": None}}, 400)
        elif request.get("tools") and request["messages"][-1]["role"] != "tool":
            self._call_tool(request)
        else:
            self._say(request, _reply(request["messages"][-1]))

    def _embed(self, request: dict[str, Any]) -> None:
        texts = [request["input"]] if isinstance(request["input"], str) else request["input"]
        packed = base64.b64encode(struct.pack(f"<{len(VECTOR)}f", *VECTOR)).decode()
        vector = packed if request.get("encoding_format") == "base64" else VECTOR
        self.answer({
            "object": "list", "model": request["model"],
            "data": [{"object": "embedding", "index": index, "embedding": vector} for index in range(len(texts))],
            "usage": {"prompt_tokens": INPUT_TOKENS, "total_tokens": INPUT_TOKENS},
        })

    def _say(self, request: dict[str, Any], text: str) -> None:
        if not request.get("stream"):
            self.answer(completion(request["model"], {"content": text}, "stop", _usage()))
            return
        words = [word if place == 0 else f" {word}" for place, word in enumerate(text.split(" "))]
        self._stream(request, [{"content": word} for word in words], "stop")

    def _call_tool(self, request: dict[str, Any]) -> None:
        start = {"index": 0, "id": TOOL_ID, "type": "function", "function": {"name": TOOL, "arguments": ""}}
        if request.get("stream"):
            pieces = [{"tool_calls": [{"index": 0, "function": {"arguments": piece}}]} for piece in ARGUMENTS]
            self._stream(request, [{"tool_calls": [start]}, *pieces], "tool_calls")
            return
        call = {"id": TOOL_ID, "type": "function", "function": {"name": TOOL, "arguments": "".join(ARGUMENTS)}}
        self.answer(completion(request["model"], {"content": None, "tool_calls": [call]}, "tool_calls", _usage()))

    def _stream(self, request: dict[str, Any], deltas: list[dict[str, Any]], finish: str) -> None:
        model = request["model"]
        self.begin_stream()
        self.delta(model, {"role": "assistant", "content": ""})
        for delta in deltas:
            self.delta(model, delta)
        self.delta(model, {}, finish)
        if (request.get("stream_options") or {}).get("include_usage"):
            self.event(model, choices=[], usage=_usage())
        self.end_stream()


def _usage() -> dict[str, int]:
    return {"prompt_tokens": INPUT_TOKENS, "completion_tokens": OUTPUT_TOKENS, "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS}


def _wrong(messages: list[dict[str, Any]]) -> str | None:
    """As the real service, it takes results of calls only where they were made."""
    called = {call["id"] for message in messages for call in message.get("tool_calls") or []}
    results = {message["tool_call_id"] for message in messages if message["role"] == "tool"}
    return None if called == results else f"calls {sorted(called)} have results {sorted(results)}"


def _reply(message: dict[str, Any]) -> str:
    content = message["content"]
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    text = " ".join(part["text"] for part in parts if part["type"] == "text")
    if message["role"] == "tool":
        return told(text)
    return said_back(text, sum(part["type"] == "image_url" for part in parts))
