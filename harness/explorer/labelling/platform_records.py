"""A row with its votes in, a record of an annotation platform out, and back.

Label Studio: a task with ``data`` and ``annotations``, whose ``result`` names the controls ``stance``,
``frames``, ``holder`` and ``comment`` (Label Studio docs, "Export annotations", JSON). Argilla: a record with
``fields``, ``metadata`` and ``responses`` (Argilla 1.x, feedback records).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.explorer.labelling.agreement import RowVotes
from harness.explorer.labelling.task import LabelItem
from harness.explorer.labelling.vote_log import Vote
from harness.values.unreadable import usable_text

FIELDS = ("text", "target")
"""What Argilla shows of a row; its other columns are metadata."""

Row = tuple[dict[str, Any], list[Vote]]
"""The cells of a row, and the votes on it, still without its key."""


def label_studio_task(item: LabelItem, row: RowVotes, number: int) -> dict[str, Any]:
    """Return a row as a task of Label Studio; what settles votes is a ground truth there."""
    annotations = []
    for k, vote in enumerate(_all(row), start=1):
        annotation = {
            "id": number * 1000 + k,
            "completed_by": {"email": vote.annotator},
            "was_cancelled": vote.skipped,
            "ground_truth": vote.role == "settle",
            "created_at": vote.at,
            "result": _results(vote),
        }
        annotations.append({**annotation, **({"looked": True} if vote.looked else {})})
    return {"id": number, "data": dict(item.cells), "annotations": annotations}


def read_label_studio(task: Mapping[str, Any]) -> Row:
    """Return the cells of a task of Label Studio, and the votes on it."""
    votes = []
    for annotation in task.get("annotations") or ():
        fields: dict[str, Any] = {}
        for result in annotation.get("result") or ():
            value = result["value"]
            fields[result["from_name"]] = value.get("choices", value.get("text"))
        frames = fields.get("frames")
        votes.append(
            Vote(
                "",
                _who(annotation.get("completed_by")),
                "settle" if annotation.get("ground_truth") else "vote",
                stance=_first(fields.get("stance")),
                frames=None if frames is None else tuple(map(_text, frames)),
                holder=_first(fields.get("holder")),
                comment=_first(fields.get("comment")),
                skipped=bool(annotation.get("was_cancelled")),
                at=_text(annotation.get("created_at")),
                looked=bool(annotation.get("looked")),
            )
        )
    return dict(task["data"]), votes


def argilla_record(item: LabelItem, row: RowVotes) -> dict[str, Any]:
    """Return a row as a record of Argilla; what settles votes has the status ``settled``, which is ours."""
    responses = []
    for vote in _all(row):
        values: dict[str, Any] = {"stance": vote.stance, "holder": vote.holder, "comment": vote.comment}
        given = {name: {"value": value} for name, value in values.items() if value}
        if vote.frames is not None:
            given["frames"] = {"value": list(vote.frames)}
        status = "discarded" if vote.skipped else "submitted"
        response = {
            "user_id": vote.annotator,
            "status": "settled" if vote.role == "settle" else status,
            "inserted_at": vote.at,
            "values": given,
        }
        responses.append({**response, **({"looked": True} if vote.looked else {})})
    return {
        "id": item.key,
        "fields": {name: item.cells.get(name) for name in FIELDS if name in item.cells},
        "metadata": {name: value for name, value in item.cells.items() if name not in FIELDS},
        "responses": responses,
    }


def read_argilla(record: Mapping[str, Any]) -> Row:
    """Return the cells of a record of Argilla, and the votes on it."""
    votes = []
    for response in record.get("responses") or ():
        values = {name: each["value"] for name, each in (response.get("values") or {}).items()}
        frames = values.get("frames")
        votes.append(
            Vote(
                "",
                _who(response.get("user_id")),
                "settle" if response.get("status") == "settled" else "vote",
                stance=_text(values.get("stance")),
                frames=None if frames is None else tuple(map(_text, frames)),
                holder=_text(values.get("holder")),
                comment=_text(values.get("comment")),
                skipped=response.get("status") == "discarded",
                at=_text(response.get("inserted_at")),
                looked=bool(response.get("looked")),
            )
        )
    return {**record["fields"], **(record.get("metadata") or {})}, votes


def _all(row: RowVotes) -> tuple[Vote, ...]:
    return (*row.votes, *([row.settled] if row.settled is not None else ()))


def _results(vote: Vote) -> list[dict[str, Any]]:
    """Return what a vote fills in the controls of Label Studio; frames are there without a choice, too."""
    given: list[tuple[str, str, str, list[str]]] = []
    if vote.stance:
        given.append(("stance", "choices", "choices", [vote.stance]))
    if vote.frames is not None:
        given.append(("frames", "choices", "choices", list(vote.frames)))
    for name, text in (("holder", vote.holder), ("comment", vote.comment)):
        if text:
            given.append((name, "textarea", "text", [text]))
    return [
        {"from_name": name, "to_name": "text", "type": kind, "value": {field: values}}
        for name, kind, field, values in given
    ]


def _who(value: Any) -> str:
    """Return who labelled: platforms write a number, a name, or an object about the person."""
    if isinstance(value, Mapping):
        value = next((value[name] for name in ("email", "username", "id") if value.get(name)), "")
    return _text(value)


def _first(values: Any) -> str:
    if isinstance(values, list):
        return _text(values[0]) if values else ""
    return _text(values)


def _text(value: Any) -> str:
    return "" if value is None else usable_text(str(value))
