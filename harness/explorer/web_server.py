"""Routes in; a server on this machine that answers its own pages alone out.

A web page that is open in the same browser can send requests to a local port, and with a name that leads to
127.0.0.1 even read the answers (DNS rebinding). So every request has to name this server as its host, what is
sent has to come from its own pages, and data is given and taken only with the token of the printed address.
"""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.values.child_servers import HOST
from harness.values.errors import StoreError

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOKEN_HEADER = "x-harness-token"  # noqa: S105 (the name of a header)
DATA = "/api/"
"""Beginning of the paths that need the token; the pages themselves hold nothing of anybody's."""

MAX_BODY = 2**18
"""Bytes that a request may send."""

BACKLOG = 128
"""Requests that may wait for the server to start."""

HEADERS = {
    # No script but our files: a text that became markup by a mistake would still do nothing.
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:;"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
"""On every answer; what a route sets itself stays."""


@dataclass(frozen=True)
class Access:
    """Who may use a server.

    Attributes
    ----------
    port : int
    host : str
        The interface that it listens on.
    token : str
        Drawn at random for each start.
    """

    port: int
    host: str = HOST
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)

    @property
    def is_local(self) -> bool:
        """Whether other computers cannot reach it."""
        return self.host == "localhost" or _is_loopback(self.host)

    @property
    def origin(self) -> str:
        """Its pages' scheme, host and port, as a person reaches them."""
        shown = HOST if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104 (compared, not bound)
        return f"http://{f'[{shown}]' if ':' in shown else shown}:{self.port}"

    @property
    def address(self) -> str:
        """What a person opens; what stands behind # is not sent, and so is in no log."""
        return f"{self.origin}/#token={self.token}"

    def allows_host(self, header: str) -> bool:
        """Say whether a request means this server by the name in its ``Host``."""
        name, _, port = header.rpartition(":")
        name = name.strip("[]").lower()
        if port != str(self.port):
            return False
        if name in ("localhost", HOST, "::1", self.host.lower()):
            return True
        # All interfaces: by any number that a computer has, never by a name, which may lead anywhere.
        return self.host in ("0.0.0.0", "::") and _is_number(name)  # noqa: S104

    def allows_origin(self, header: str, host: str) -> bool:
        """Say whether a request comes from a page of this server."""
        return header == f"http://{host}"


def guarded(routes: Sequence[BaseRoute], access: Access) -> Starlette:
    """Return an application whose every route is guarded.

    Parameters
    ----------
    routes : sequence of Route
        Those under :data:`DATA` answer with the token alone. Whatever changes something is a POST among them.
    access : Access
    """
    from starlette.applications import Starlette
    from starlette.middleware import Middleware

    return Starlette(routes=list(routes), middleware=[Middleware(_Guard, access=access)])


class _Guard:
    """Refuses requests that are not of this server's pages; see the module's docstring."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app, self.access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            # There is no WebSocket here; what starts and stops the server passes.
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                more = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message["headers"] = [
                    *message["headers"],
                    *(pair for pair in more if pair[0] not in present),
                ]
            await send(message)

        refusal = self._refusal(scope)
        if refusal:
            from starlette.responses import PlainTextResponse

            status, reason = refusal
            await PlainTextResponse(f"{reason}\n", status)(scope, receive, send_guarded)
            return
        await self.app(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self.access.allows_host(host):
            return 421, "this server has another name"
        if origin is not None and not self.access.allows_origin(origin, host):
            return 403, "the request comes from another page"
        if scope["method"] not in ("GET", "HEAD") and not scope["path"].startswith(DATA):
            return 405, "nothing can be sent here"
        if scope["path"].startswith(DATA):
            token = headers.get(TOKEN_HEADER, "")
            # In the same time however much of it is right.
            if not hmac.compare_digest(token.encode(), self.access.token.encode()):
                return 403, "the token of the printed address is missing"
            length = headers.get("content-length", "0")
            if not length.isdigit() or int(length) > MAX_BODY or "transfer-encoding" in headers:
                return 413, "the request is too long"
        return None


def listen(ports: Sequence[int], host: str = HOST) -> socket.socket:
    """Take the first of some ports that is free.

    Raises
    ------
    StoreError
        Where all are taken, or this computer has no such interface.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in ports:
        taken = socket.socket(family, socket.SOCK_STREAM)
        # A port that a server has just left counts as free.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind((host, port))
            # At once: two that have bound the same port and do not listen yet would both believe to have it.
            taken.listen(BACKLOG)
        except OSError as error:
            taken.close()
            reason = error
            continue
        return taken
    which = f"port {ports[0]}" if len(ports) == 1 else f"every port from {ports[0]} to {ports[-1]}"
    raise StoreError(f"{which} of {host} cannot be used ({reason.strerror}); choose another with --port")


def serve(app: Starlette, listening: socket.socket, ready: Callable[[], object]) -> None:
    """Serve until Ctrl-C or SIGTERM.

    Parameters
    ----------
    app : Starlette
        From :func:`guarded`.
    listening : socket
        From :func:`listen`.
    ready : callable
        Called once, before the first request is answered: whoever reads the address may open it at once,
        since the socket takes requests already.
    """
    import uvicorn

    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, proxy_headers=False, lifespan="off"
    )
    ready()
    # It has stopped in order by then; the signal is only passed on.
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listening])


def _is_loopback(host: str) -> bool:
    return _is_number(host) and ipaddress.ip_address(host).is_loopback


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
