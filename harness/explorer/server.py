"""Explored rows in; a server on this machine that serves their page and answers its questions, out.

It listens on the loopback interface alone. Other pages in the same browser, and other users of the machine,
can reach that too: so it answers only where the request names the token of the printed address, and the host
and, of questions, the origin are its own.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import math
import secrets
import socket
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from harness.explorer.answering import Answering
from harness.explorer.finished_experiments import Explored
from harness.tracking.store import Store
from harness.values.errors import HarnessError, StoreError

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

HOST = "127.0.0.1"
FIRST_PORT, LAST_PORT = 5100, 5150
"""Above those of the MLflow UI, and above 5060 and 5061, which browsers refuse as those of telephones."""

TOKEN = "x-harness-token"  # noqa: S105 (the name of a header)
MAX_BODY = 100_000
"""Bytes of a question: a sentence is far shorter."""

MAX_TEXT = 20_000

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""Of every answer. The page states in itself what it may load: nothing, and questions to its own origin."""


def serve(
    store: Store, explored: Explored, *, port: int | None = None, say: Callable[[str], object] = print
) -> None:
    """Serve the page until Ctrl-C; the server is this process, so that nothing outlives it.

    Parameters
    ----------
    store : Store
    explored : Explored
    port : int, optional
        Default: the first free one from 5100 on.
    say : callable
        Called with the address.

    Raises
    ------
    StoreError
        Where the port is taken.
    """
    import uvicorn

    with _listening(port) as listener:
        number, token = listener.getsockname()[1], secrets.token_urlsafe(24)
        answering = Answering(store, explored.runs, explored.described.task, explored.described.shows_text)
        app = application(explored.page(served=True), answering, token, number)
        say(f"http://{HOST}:{number}/?token={token}\nPress Ctrl-C to stop it.")
        # Without a log of requests: their addresses hold the token.
        config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
        # It has stopped in order by then; the signal is only passed on.
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])


def application(page: str, answering: Answering, token: str, port: int) -> Starlette:
    """Return the application: ``GET /`` is the page; ``POST /label``, ``/words`` and ``/neighbours`` answer.

    Parameters
    ----------
    page : str
    answering : Answering
    token : str
        Without it nothing is answered.
    port : int
        Of the address under which it is reached: no other host is answered.
    """
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import HTMLResponse, JSONResponse
    from starlette.routing import Route

    hosts = {f"{HOST}:{port}", f"localhost:{port}"}

    def refusal(request: Request, given: str) -> Response | None:
        if request.headers.get("host", "") not in hosts:
            return JSONResponse({"error": "this is not its host"}, 421, dict(HEADERS))
        if not hmac.compare_digest(given.encode(), token.encode()):
            return JSONResponse(
                {"error": "the token is missing: open the printed address"}, 403, dict(HEADERS)
            )
        return None

    async def show(request: Request) -> Response:
        refused = refusal(request, request.query_params.get("token", ""))
        return refused or HTMLResponse(page, headers=dict(HEADERS))

    def answers(ask: Callable[[dict[str, Any]], Any]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            refused = refusal(request, request.headers.get(TOKEN, ""))
            if refused is not None:
                return refused
            if request.headers.get("origin", "") not in {f"http://{host}" for host in hosts}:
                return JSONResponse({"error": "another page asks"}, 403, dict(HEADERS))
            try:
                question = _question(await _body(request))
                data = await run_in_threadpool(ask, question)
            except HarnessError as error:
                return JSONResponse({"error": str(error)}, 422, dict(HEADERS))
            return JSONResponse({"answer": data}, headers=dict(HEADERS))

        return answer

    def words(question: dict[str, Any]) -> Any:
        span = int(question["start"]), int(question["end"])
        return answering.words(str(question["classifier"]), question["text"], question["party"], span)

    return Starlette(
        routes=[
            Route("/", show),
            Route(
                "/label",
                answers(lambda asked: finite(answering.label(asked["text"], asked["party"]))),
                methods=["POST"],
            ),
            Route("/words", answers(words), methods=["POST"]),
            Route(
                "/neighbours", answers(lambda asked: answering.neighbours(asked["text"])), methods=["POST"]
            ),
        ]
    )


def finite(value: Any) -> Any:
    """Return plain data with None in place of NaN, which JSON does not have."""
    if isinstance(value, dict):
        return {name: finite(part) for name, part in value.items()}
    if isinstance(value, list):
        return [finite(part) for part in value]
    return None if isinstance(value, float) and math.isnan(value) else value


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise HarnessError(f"a question has at most {MAX_BODY:,} bytes")
    return body


def _question(body: bytes) -> dict[str, Any]:
    """Read a question: ``text``, and for some ``party``, ``classifier``, ``start`` and ``end``."""
    defaults: dict[str, Any] = {"text": "", "party": "", "classifier": "", "start": -1, "end": -1}
    try:
        data = json.loads(body)
    except ValueError:
        raise HarnessError("the question is not JSON") from None
    if not isinstance(data, dict) or any(
        not isinstance(data.get(name, default), type(default)) for name, default in defaults.items()
    ):
        raise HarnessError("the question has other parts than text, party, classifier, start and end")
    question = defaults | data
    if not question["text"].strip():
        raise HarnessError("the sentence is empty")
    if len(question["text"]) > MAX_TEXT:
        raise HarnessError(f"a sentence has at most {MAX_TEXT:,} characters")
    return question


def _listening(port: int | None) -> socket.socket:
    for candidate in range(FIRST_PORT, LAST_PORT + 1) if port is None else (port,):
        listener = socket.socket()
        # A port that a server has just left counts as free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, candidate))
        except OSError:
            listener.close()
            continue
        listener.listen()
        return listener
    ports = f"port {port}" if port is not None else f"every port from {FIRST_PORT} to {LAST_PORT}"
    raise StoreError(f"{ports} is in use; choose another with --port")
