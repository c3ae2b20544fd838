"""A row with its votes in, a task of Label Studio out, and back.

A task has ``data`` and ``annotations``, whose ``result`` names the controls ``stance``, ``frames``,
``holder`` and ``comment`` (Label Studio docs, "Export annotations", JSON).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.explorer.labelling.agreement import RowVotes
from harness.explorer.labelling.platform_records import (
    PlatformRow,
    every_vote,
    first_text,
    text_of,
    texts_of,
    who,
)
from harness.explorer.labelling.task import LabelItem
from harness.explorer.labelling.vote_log import Vote


def label_studio_task(item: LabelItem, row: RowVotes, number: int) -> dict[str, Any]:
    """Return a row as a task of Label Studio; what settles votes is a ground truth there."""
    annotations = []
    for k, vote in enumerate(every_vote(row), start=1):
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


def read_label_studio(task: Mapping[str, Any]) -> PlatformRow:
    """Return the cells of a task of Label Studio, and the votes on it."""
    votes = []
    asked: set[str] = set()
    for annotation in task.get("annotations") or ():
        fields: dict[str, Any] = {}
        for result in annotation.get("result") or ():
            value = result["value"]
            fields[result["from_name"]] = value.get("choices", value.get("text"))
        asked |= set(fields)
        votes.append(
            Vote(
                "",
                who(annotation.get("completed_by")),
                "settle" if annotation.get("ground_truth") else "vote",
                stance=first_text(fields.get("stance")),
                frames=texts_of(fields.get("frames")),
                holder=first_text(fields.get("holder")),
                comment=first_text(fields.get("comment")),
                skipped=bool(annotation.get("was_cancelled")),
                at=text_of(annotation.get("created_at")),
                looked=bool(annotation.get("looked")),
            )
        )
    return PlatformRow(dict(task["data"]), tuple(votes), asked=frozenset(asked))


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
