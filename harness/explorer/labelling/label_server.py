"""A desk in, the routes of the label screen out."""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.explorer import page_writer
from harness.explorer.labelling.agreement import RowVotes, agreement, answers, by_row, disagreements
from harness.explorer.labelling.desk import LabelDesk, PressError
from harness.explorer.labelling.vote_log import Press
from harness.values import gold_origin
from harness.values.errors import HarnessError
from harness.values.findings import Measure

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    Endpoint = Callable[[Request], Awaitable[Response]]

FOLDER = Path(__file__).parent / "page"
FILES = {"/": FOLDER / "label.html", "/make.js": page_writer.FOLDER / "make.js"}
FILES |= {f"/{name}": FOLDER / name for name in ("label.css", "label.js", "drawing.js")}


def routes(desk: LabelDesk) -> list[BaseRoute]:
    """Return the routes of the label screen; see :func:`harness.explorer.web_server.guarded`."""
    from starlette.responses import FileResponse
    from starlette.routing import Route

    votes = _CountedVotes(desk)

    def page(request: Request) -> Response:
        return FileResponse(FILES[request.url.path])

    answered: dict[tuple[str, str], Callable[[Mapping[str, Any]], Any]] = {
        ("GET", "task"): lambda _: _described(desk),
        ("GET", "state"): lambda sent: desk.state(_name(desk, sent), _text(sent, "row")),
        ("POST", "press"): lambda sent: _pressed(desk, sent),
        ("POST", "model"): lambda sent: {"label": desk.model_label(_name(desk, sent), _text(sent, "row"))},
        ("GET", "agreement"): lambda _: votes.agreement(),
        # It notes who saw the votes of others, so that it is no GET.
        ("POST", "disagreement"): lambda sent: votes.disagreement(_name(desk, sent), _text(sent, "row")),
    }
    pages = [Route(path, page) for path in FILES]
    return [
        *pages,
        *(
            Route(f"/api/{name}", _endpoint(answer, method), methods=[method])
            for (method, name), answer in answered.items()
        ),
    ]


def _endpoint(answer: Callable[[Mapping[str, Any]], Any], method: str) -> Endpoint:
    """Turn a function of what was sent into an endpoint, and what it refuses into an answer that says so."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import JSONResponse

    @wraps(answer)
    async def endpoint(request: Request) -> Response:
        try:
            sent = json.loads(await request.body()) if method == "POST" else dict(request.query_params)
            if not isinstance(sent, dict):
                raise PressError("what is sent should be an object")
            # In a thread: SQLite waits for the disk, and other annotators should not.
            return JSONResponse(await run_in_threadpool(answer, sent))
        except (ValueError, RecursionError):
            return JSONResponse({"problem": "what was sent is no JSON"}, 400)
        except PressError as error:
            return JSONResponse({"problem": str(error)}, 409)
        except HarnessError as error:
            return JSONResponse({"problem": str(error)}, 500)

    return endpoint


def _described(desk: LabelDesk) -> dict[str, Any]:
    task, book = desk.task, desk.task.codebook
    # A file of picked rows is often called after what they were picked for, which annotators are not to know.
    name = "" if gold_origin.COLUMN in task.columns else task.name
    return {
        "name": name,
        "rows": len(task.items),
        "asks": list(task.asks),
        "stances": list(book.stances),
        "frames": [{"name": name, "key": key} for name, key in book.letters.items()],
        "definitions": book.definitions,
        "codebook": book.text,
    }


def _pressed(desk: LabelDesk, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Record a press; answer with the row that the screen shows next, once the press is on the disk."""
    name, annotator, item, action, value = (
        _text(sent, field) for field in ("press", "annotator", "item", "action", "value")
    )
    press = Press(name, annotator, item, action, value, _text(sent, "role") or "vote")
    recorded = desk.press(press)
    annotator = desk.annotator(annotator)
    if press.role == "settle":
        return {"recorded": recorded is not None}
    wanted = recorded.item if recorded is not None else press.item
    if sent.get("advance") is True and press.action != "undo":
        vote = desk.book.of(annotator).get(wanted)
        wanted = "" if vote is not None and desk.is_done(vote) else wanted
    return {"recorded": recorded is not None, **desk.state(annotator, wanted)}


class _CountedVotes:
    """The votes of all annotators, counted anew only when there are new presses."""

    def __init__(self, desk: LabelDesk) -> None:
        self.desk = desk
        self._until, self._rows, self._agreement = -1, dict[str, RowVotes](), dict[str, Any]()

    def rows(self) -> dict[str, RowVotes]:
        """Return the votes on each row."""
        until = self.desk.book.refresh()
        if until != self._until:
            self._rows = by_row(self.desk.task, self.desk.book.every())
            self._until, self._agreement = until, {}
        return self._rows

    def agreement(self) -> dict[str, Any]:
        """Return alpha of each question with its interval, and how many rows are voted on and differ."""
        rows = self.rows()
        if not self._agreement:
            annotators = {vote.annotator for row in rows.values() for vote in row.votes}
            measures = agreement(self.desk.task, rows)
            self._agreement = {
                "annotators": len(annotators),
                "rows": len(rows),
                "voted": sum(bool(row.votes) for row in rows.values()),
                "twice": sum(len(row.votes) > 1 for row in rows.values()),
                "settled": sum(row.settled is not None for row in rows.values()),
                "open": len(disagreements(self.desk.task, rows)),
                "questions": [{"name": name, **_numbers(each)} for name, each in measures.items()],
            }
        return self._agreement

    def disagreement(self, annotator: str, wanted: str) -> dict[str, Any]:
        """Return a row that others differ on and the annotator may settle; note that they saw it.

        Names are left out: a label is settled by the codebook, not by who gave it.
        """
        task, rows = self.desk.task, self.rows()
        voted = {key for key, row in rows.items() if annotator in {vote.annotator for vote in row.votes}}
        differing = disagreements(task, rows)
        open_keys = [key for key in task.order_for(annotator) if key in set(differing) - voted]
        key = wanted if wanted in open_keys else next(iter(open_keys), "")
        counts = {"open": len(open_keys), "barred": len(differing) - len(open_keys)}
        if not key:
            return {"row": None, **counts}
        self.desk.note_votes_seen(annotator, key)
        item, row = task.by_key[key], rows[key]
        votes = [
            {
                "stance": vote.stance,
                "frames": None if vote.frames is None else list(vote.frames),
                "holder": vote.holder,
                "comment": vote.comment,
                "skipped": vote.skipped,
            }
            for vote in row.votes
        ]
        differ = [q for q in task.asks if row.differs(q) and not row.is_settled(q)]
        settled = row.settled.frames if row.settled is not None else None
        shown = {"key": key, "pieces": item.pieces, "target": item.target, "votes": votes}
        agreed = {q: next(iter(answers(row.votes, q).values()), None) for q in task.asks if q not in differ}
        return {"row": {**shown, "differ": differ, "settled": settled, "agreed": agreed}, **counts}


def _numbers(measure: Measure) -> dict[str, Any]:
    values = {"value": measure.value, "low": measure.low, "high": measure.high}
    # JSON has no NaN.
    numbers = {name: None if math.isnan(value) else value for name, value in values.items()}
    return {**numbers, "n": measure.n}


def _name(desk: LabelDesk, sent: Mapping[str, Any]) -> str:
    return desk.annotator(_text(sent, "annotator"))


def _text(sent: Mapping[str, Any], name: str) -> str:
    value = sent.get(name, "")
    if not isinstance(value, str):
        raise PressError(f"{name} should be a text")
    return value
