"""Explored rows in; a server on this machine that serves their page and answers its questions, out.

:mod:`harness.explorer.web_server` guards it. The page itself holds the sentences, so that it is shown only
where the token stands in its address.
"""

from __future__ import annotations

import hmac
import json
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from harness.explorer.answering import Answering
from harness.explorer.web_server import Access, guarded, listen
from harness.explorer.web_server import serve as serve_guarded
from harness.values.errors import HarnessError

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

PORTS = range(5100, 5151)
"""Above those of the MLflow UI, and above 5060 and 5061, which browsers refuse as those of telephones."""

MAX_TEXT = 20_000

PAGE_HEADERS = {"content-security-policy": "frame-ancestors 'none'"}
"""The page states in itself what it may load: nothing, and questions to its own origin."""


def serve(
    page: str, answering: Answering, *, port: int | None = None, say: Callable[[str], object] = print
) -> None:
    """Serve the page until Ctrl-C; the server is this process, so that nothing outlives it.

    Parameters
    ----------
    page : str
        Made to be served, see :meth:`harness.explorer.finished_experiments.Explored.page`.
    answering : Answering
    port : int, optional
        Default: the first free one from 5100 on.
    say : callable
        Called with the address.

    Raises
    ------
    StoreError
        Where the port is taken.
    """
    with listen(PORTS if port is None else (port,)) as listening:
        access = Access(listening.getsockname()[1])
        app = application(page, answering, access)
        address = f"{access.origin}/?token={access.token}"
        serve_guarded(app, listening, lambda: say(f"{address}\nPress Ctrl-C to stop it."))


def application(page: str, answering: Answering, access: Access) -> Starlette:
    """Return the application: ``GET /`` is the page; ``POST /api/label``, ``words``, ``neighbours`` answer.

    Parameters
    ----------
    page : str
    answering : Answering
    access : Access
    """
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import HTMLResponse, JSONResponse
    from starlette.routing import Route

    async def show(request: Request) -> Response:
        given = request.query_params.get("token", "")
        if not hmac.compare_digest(given.encode(), access.token.encode()):
            return HTMLResponse("The token is missing: open the printed address.", 403)
        return HTMLResponse(page, headers=PAGE_HEADERS)

    def answers(ask: Callable[[dict[str, Any]], Any]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            try:
                data = await run_in_threadpool(ask, _question(await request.body()))
            except HarnessError as error:
                return JSONResponse({"error": str(error)}, 422)
            return JSONResponse({"answer": data})

        return answer

    def words(question: dict[str, Any]) -> Any:
        span = int(question["start"]), int(question["end"])
        return answering.words(str(question["classifier"]), question["text"], question["party"], span)

    asked = {
        "label": lambda question: finite(answering.label(question["text"], question["party"])),
        "words": words,
        "neighbours": lambda question: answering.neighbours(question["text"]),
    }
    routes = [Route(f"/api/{name}", answers(ask), methods=["POST"]) for name, ask in asked.items()]
    return guarded([Route("/", show), *routes], access)


def finite(value: Any) -> Any:
    """Return plain data with None in place of NaN, which JSON does not have."""
    if isinstance(value, dict):
        return {name: finite(part) for name, part in value.items()}
    if isinstance(value, list):
        return [finite(part) for part in value]
    return None if isinstance(value, float) and math.isnan(value) else value


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
