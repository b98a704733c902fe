"""A small OpenAI-compatible upstream whose streams stay open until they are released or cut."""

import json
import select
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FIRST_WORD = "first"
LAST_WORD = "last"


class Upstream:
    """Listens on a free loopback port. A stream sends one word, then waits for `release`."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.cut = threading.Event()
        self.requests: list[dict[str, Any]] = []
        self.credentials: list[str | None] = []
        upstream = self

        class Handler(_Handler):
            owner = upstream

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def base_url(self) -> str:
        """The base URL to give to a provider of dialect `openai`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def close(self) -> None:
        """Ends open streams and stops listening."""
        self.release.set()
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Answers `POST /v1/chat/completions`."""

    protocol_version = "HTTP/1.1"
    owner: Upstream

    def do_POST(self) -> None:
        """One chat completion, streamed or not."""
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.owner.requests.append(request)
        self.owner.credentials.append(self.headers.get("authorization"))
        if self.path != "/v1/chat/completions":
            self.send_error(404)
        elif request.get("stream"):
            self._stream(request["model"])
        else:
            self._answer(request["model"])

    def _answer(self, model: str) -> None:
        message = {"role": "assistant", "content": f"{FIRST_WORD} {LAST_WORD}"}
        body = json.dumps({
            "id": "chatcmpl-upstream", "object": "chat.completion", "created": 1, "model": model,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
        }).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, model: str) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        self._event(model, {"role": "assistant", "content": FIRST_WORD}, None)
        while not self.owner.release.wait(0.02):
            if self._hung_up():
                self.owner.cut.set()
                return
        self._event(model, {"content": f" {LAST_WORD}"}, None)
        self._event(model, {}, "stop")
        self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, model: str, delta: dict[str, str], finish: str | None) -> None:
        chunk = {
            "id": "chatcmpl-upstream", "object": "chat.completion.chunk", "created": 1, "model": model,
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        }
        self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.flush()

    def _hung_up(self) -> bool:
        """Whether the other side has closed the connection."""
        readable, _, _ = select.select([self.connection], [], [], 0)
        try:
            return bool(readable) and self.connection.recv(1, socket.MSG_PEEK) == b""
        except ConnectionError:
            return True

    def log_message(self, format: str, *args: object) -> None:
        """Stays quiet: the test output is for the tests."""
