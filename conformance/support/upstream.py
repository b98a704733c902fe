"""Small OpenAI-compatible upstreams: what they have in common, and one whose streams stay open until they are released or cut."""

import json
import select
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FIRST_WORD = "first"
LAST_WORD = "last"


class Listener:
    """Listens on a free loopback port, and remembers what it was asked."""

    def __init__(self, handler: type["Handler"]) -> None:
        self.requests: list[dict[str, Any]] = []
        self.credentials: list[str | None] = []
        owned = type(handler.__name__, (handler,), {"owner": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), owned)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def base_url(self) -> str:
        """The base URL to give to a provider of dialect `openai`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()


class Upstream(Listener):
    """A stream sends one word, then waits for `release`."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.cut = threading.Event()
        super().__init__(_Held)

    def close(self) -> None:
        """Ends open streams and stops listening."""
        self.release.set()
        super().close()


class Handler(BaseHTTPRequestHandler):
    """What upstreams of dialect `openai` have in common."""

    protocol_version = "HTTP/1.1"
    owner: Any

    def received(self) -> dict[str, Any]:
        """The body of the request, which the listener remembers."""
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.owner.requests.append(request)
        self.owner.credentials.append(self.headers.get("authorization"))
        return request

    def answer(self, body: dict[str, Any], status: int = 200) -> None:
        """Answers as a whole."""
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def begin_stream(self) -> None:
        """Begins a stream, which ends with its connection."""
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True

    def event(self, model: str, **fields: Any) -> None:
        """One chunk of a streamed chat."""
        chunk = {"id": "chatcmpl-upstream", "object": "chat.completion.chunk", "created": 1, "model": model, **fields}
        self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.flush()

    def delta(self, model: str, delta: dict[str, Any], finish: str | None = None) -> None:
        """One chunk of the only choice."""
        self.event(model, choices=[{"index": 0, "delta": delta, "finish_reason": finish}])

    def end_stream(self) -> None:
        """Says that all was said."""
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, format: str, *args: object) -> None:
        """Stays quiet: the test output is for the tests."""


def completion(model: str, message: dict[str, Any], finish: str, usage: dict[str, Any]) -> dict[str, Any]:
    """A whole chat completion with one choice."""
    return {
        "id": "chatcmpl-upstream", "object": "chat.completion", "created": 1, "model": model,
        "choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}], "usage": usage,
    }


class _Held(Handler):
    """Answers `POST /v1/chat/completions`."""

    owner: Upstream

    def do_POST(self) -> None:
        """One chat completion, streamed or not."""
        request = self.received()
        if self.path != "/v1/chat/completions":
            self.send_error(404)
        elif request.get("stream"):
            self._stream(request["model"])
        else:
            usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
            self.answer(completion(request["model"], {"content": f"{FIRST_WORD} {LAST_WORD}"}, "stop", usage))

    def _stream(self, model: str) -> None:
        self.begin_stream()
        self.delta(model, {"role": "assistant", "content": FIRST_WORD})
        while not self.owner.release.wait(0.02):
            if self._hung_up():
                self.owner.cut.set()
                return
        self.delta(model, {"content": f" {LAST_WORD}"})
        self.delta(model, {}, "stop")
        self.end_stream()

    def _hung_up(self) -> bool:
        """Whether the other side has closed the connection."""
        readable, _, _ = select.select([self.connection], [], [], 0)
        try:
            return bool(readable) and self.connection.recv(1, socket.MSG_PEEK) == b""
        except ConnectionError:
            return True
