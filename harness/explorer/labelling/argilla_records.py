"""A row with its votes in, a record of Argilla out, and back.

Written is what ``Record.to_dict`` of Argilla 2.x gives, and ``records.to_json`` holds in a list: ``fields``,
``metadata``, ``suggestions``, and under ``responses`` a value and a user for each question. Read is that; the
same made flat, as ``records.to_datasets`` gives it (``stance.responses``, ``stance.responses.users``); and
records of Argilla's server and of Argilla 1.x, whose responses are a list of users with ``values``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.explorer.labelling.agreement import RowVotes
from harness.explorer.labelling.platform_records import (
    QUESTIONS,
    PlatformRow,
    every_vote,
    first_text,
    text_of,
    texts_of,
    who,
)
from harness.explorer.labelling.task import LabelItem
from harness.explorer.labelling.vote_log import Vote

FIELDS = ("text", "target")
"""What Argilla shows of a row; its other columns are metadata."""

ASIDE = "harness_votes"
"""The metadata that hold, as JSON, what responses have no place for."""

_FLAT = ".responses"


def argilla_record(item: LabelItem, row: RowVotes) -> dict[str, Any]:
    """Return a row as a record of Argilla 2.x.

    The model's label is no suggestion: Argilla would show it to annotators before they label.
    """
    responses: dict[str, list[dict[str, Any]]] = {}
    aside = []
    for vote in every_vote(row):
        answers = _answers(vote)
        more = {"time": vote.at, "skipped": vote.skipped, "looked": vote.looked}
        if vote.role == "settle":
            # A response of a third person would be one more vote.
            more |= answers
        else:
            status = "discarded" if vote.skipped else "submitted"
            for name, value in answers.items():
                response = {"value": value, "user_id": vote.annotator, "status": status}
                responses.setdefault(name, []).append(response)
        filled = {name: value for name, value in more.items() if value not in ("", False)}
        aside.append({"annotator": vote.annotator, "role": vote.role, **filled})
    metadata = {name: value for name, value in item.cells.items() if name not in FIELDS}
    if aside:
        metadata[ASIDE] = json.dumps(aside, ensure_ascii=False)
    return {
        "id": item.key,
        "fields": {name: item.cells.get(name) for name in FIELDS if name in item.cells},
        "metadata": metadata,
        "suggestions": {},
        "responses": responses,
        "vectors": {},
        "_server_id": None,
    }


def is_argilla(record: Mapping[str, Any]) -> bool:
    """Say whether a record is one of Argilla's, in any of the forms above."""
    return {"fields", "responses"} <= set(record) or any(name.endswith(_FLAT) for name in record)


def read_argilla(record: Mapping[str, Any]) -> PlatformRow:
    """Return the cells of a record of Argilla, and the votes on it; responses that are drafts are none."""
    if "fields" not in record:
        return _read_flat(record)
    cells = {**record["fields"], **(record.get("metadata") or {})}
    responses = record.get("responses") or {}
    answers = _Answers(cells.pop(ASIDE, None))
    if isinstance(responses, Mapping):
        for name, given in responses.items():
            for response in given or ():
                answers.add(name, who(response.get("user_id")), response["value"], response.get("status"))
    else:
        for response in responses:
            user, status = who(response.get("user_id")), response.get("status")
            for name, each in (response.get("values") or {}).items():
                answers.add(name, user, each["value"], status)
            answers.note(user, status, text_of(response.get("inserted_at")))
    return PlatformRow(cells, answers.votes(), _id_of(record), answers.asked)


def _read_flat(record: Mapping[str, Any]) -> PlatformRow:
    names = [name.removesuffix(_FLAT) for name in record if name.endswith(_FLAT)]
    of_questions = tuple(f"{name}{part}" for name in names for part in (_FLAT, ".suggestion"))
    cells = {name: value for name, value in record.items() if not name.startswith(of_questions)}
    answers = _Answers(cells.pop(ASIDE, None))
    for name in names:
        values = record[f"{name}{_FLAT}"] or []
        users = record.get(f"{name}{_FLAT}.users") or [""] * len(values)
        statuses = record.get(f"{name}{_FLAT}.status") or [None] * len(values)
        for value, user, status in zip(values, users, statuses, strict=True):
            answers.add(name, who(user), value, status)
    return PlatformRow(cells, answers.votes(), _id_of(record), answers.asked)


class _Answers:
    """Responses by user and question, put together to votes.

    Parameters
    ----------
    aside : str or None
        The metadata :data:`ASIDE`.
    """

    def __init__(self, aside: str | None) -> None:
        self._votes: dict[tuple[str, str], Vote] = {}
        asked = set()
        for entry in json.loads(aside) if aside else ():
            user, role = who(entry["annotator"]), text_of(entry.get("role")) or "vote"
            vote = Vote("", user, role, skipped=bool(entry.get("skipped")), at=text_of(entry.get("time")))
            vote = replace(vote, looked=bool(entry.get("looked")))
            for name in QUESTIONS:
                if name in entry:
                    asked.add(name)
                    vote = _answered(vote, name, entry[name])
            self._votes[user, role] = vote
        self.asked = frozenset(asked)

    def add(self, name: str, user: str, value: Any, status: Any) -> None:
        """Add a response to a question; a draft is none."""
        self.asked |= {name}
        if status == "draft":
            return
        self.note(user, status, "")
        vote = _answered(self._votes[user, "vote"], name, value)
        # Without a status, whoever answers a row that they skipped earlier has labelled it since.
        answered = status is None and name in ("stance", "frames")
        self._votes[user, "vote"] = replace(vote, skipped=vote.skipped and not answered)

    def note(self, user: str, status: Any, time: str) -> None:
        """Note that a user responded at all, and when."""
        if status == "draft":
            return
        vote = self._votes.get((user, "vote"), Vote("", user))
        skipped = vote.skipped if status is None else status == "discarded"
        self._votes[user, "vote"] = replace(vote, skipped=skipped, at=vote.at or time)

    def votes(self) -> tuple[Vote, ...]:
        """Return the votes."""
        return tuple(self._votes.values())


def _answers(vote: Vote) -> dict[str, Any]:
    answers: dict[str, Any] = {"stance": vote.stance, "holder": vote.holder, "comment": vote.comment}
    given = {name: value for name, value in answers.items() if value}
    return given if vote.frames is None else {**given, "frames": list(vote.frames)}


def _answered(vote: Vote, name: str, value: Any) -> Vote:
    match name:
        case "stance":
            return replace(vote, stance=first_text(value))
        case "frames":
            return replace(vote, frames=texts_of(value))
        case "holder":
            return replace(vote, holder=first_text(value))
        case "comment":
            return replace(vote, comment=first_text(value))
    return vote


def _id_of(record: Mapping[str, Any]) -> str:
    return text_of(record.get("external_id") or record.get("id"))
