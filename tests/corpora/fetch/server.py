"""A small HTTP server that misbehaves on demand."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Site:
    """What a server offers, how it behaves, and which requests it got: path and range.

    ``breaks`` are the numbers of bytes after which successive answers break off; ``statuses`` are sent in
    place of successive answers; ``stalls`` is the number of seconds that an answer waits halfway.
    """

    files: Mapping[str, bytes]
    ranges: bool = True
    version: str | None = '"one"'
    length: bool = True
    breaks: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    moved: Mapping[str, str] = field(default_factory=dict)
    stalls: float = 0.0
    drips: float = 0.0
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    address: str = ""


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(site))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    site.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - one small server
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            requested = self.headers.get("Range")
            site.requests.append((self.path, requested))
            if self.path in site.moved:
                self.send_response(302)
                self.send_header("Location", site.moved[self.path])
                self.end_no_body()
            elif site.statuses or self.path not in site.files:
                self.send_response(site.statuses.pop(0) if site.statuses else 404)
                self.end_no_body()
            else:
                self.answer(site.files[self.path], requested)

        def end_no_body(self) -> None:
            self.send_header("Content-Length", "0")
            self.end_headers()

        def answer(self, data: bytes, requested: str | None) -> None:
            start = int(requested.removeprefix("bytes=")[:-1]) if requested and site.ranges else 0
            if start and start >= len(data):
                self.send_response(416)
                self.end_no_body()
                return
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            if site.version:
                self.send_header("ETag", site.version)
            body = data[start:]
            if site.length:
                self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            self.send(body[: site.breaks.pop(0)] if site.breaks else body)

        def send(self, body: bytes) -> None:
            step = max(1, len(body) // 4)
            for number, begin in enumerate(range(0, len(body), step)):
                try:
                    self.wfile.write(body[begin : begin + step])
                    self.wfile.flush()
                except OSError:
                    return
                time.sleep(site.stalls if number == 1 else site.drips)

    return Handler
