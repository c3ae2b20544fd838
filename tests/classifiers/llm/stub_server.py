"""A server of a large language model that answers, and fails, as a test tells it to."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Request:
    """What the stub was sent."""

    number: int
    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True)
class Played:
    """What the stub does: a status with a body, or one of the failures below."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut: bool = False
    drip: float = 0.0


Script = Callable[[Request], Played]


class Stub:
    """A running server; ``requests`` holds what it was sent."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[Request] = []
        self.lock = threading.Lock()
        self.most_at_once = self.at_once = 0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/v1"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Else header and body are sent apart, and wait 40 ms for each other (Nagle).
            wbufsize = -1
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                with stub.lock:
                    headers = {name.lower(): value for name, value in self.headers.items()}
                    request = Request(len(stub.requests), self.path, headers, body)
                    stub.requests.append(request)
                    stub.at_once += 1
                    stub.most_at_once = max(stub.most_at_once, stub.at_once)
                try:
                    self._play(stub.script(request))
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True
                finally:
                    with stub.lock:
                        stub.at_once -= 1

            def _play(self, played: Played) -> None:
                time.sleep(played.delay)
                if played.cut:
                    self.close_connection = True
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
                    self.wfile.flush()
                    return
                content = played.body if isinstance(played.body, bytes) else json.dumps(played.body).encode()
                self.send_response(played.status)
                for name, value in played.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if played.drip:
                    for byte in content:
                        self.wfile.write(bytes([byte]))
                        self.wfile.flush()
                        time.sleep(played.drip)
                else:
                    self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


@contextmanager
def serving(script: Script) -> Iterator[Stub]:
    stub = Stub(script)
    # Polled often, so that a test does not wait half a second for its end.
    thread = threading.Thread(target=stub.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        stub.server.shutdown()
        stub.server.server_close()


USAGE = {"prompt_tokens": 100, "completion_tokens": 1, "total_tokens": 101}


def chat(content: str, logprobs: Mapping[str, float] | None = None, **message: Any) -> dict[str, Any]:
    """A chat completion; ``logprobs`` maps first tokens to probabilities."""
    choice: dict[str, Any] = {
        "index": 0,
        "message": {"role": "assistant", "content": content, **message},
        "finish_reason": "stop",
    }
    if logprobs is not None:
        top = [
            {"token": token, "logprob": math.log(share), "bytes": None} for token, share in logprobs.items()
        ]
        choice["logprobs"] = {"content": [{**top[0], "top_logprobs": top}]}
    return {"model": "tiny", "choices": [choice], "usage": USAGE}
