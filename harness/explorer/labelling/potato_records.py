"""A row with its votes in, records of Potato out, and back.

Written are the lines of ``annotated_instances.jsonl`` of Potato 1.x (Pei et al. 2022, EMNLP demos): one for
each annotator and row, with ``user_id``, ``instance_id``, ``displayed_text``, and under ``label_annotations``
the chosen labels of each schema. Read are these; those of the file in an annotator's own folder, which name
the row ``id`` and not the annotator; and those of ``annotations.jsonl`` of Potato 2.x, which say ``labels``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.explorer.labelling.agreement import RowVotes
from harness.explorer.labelling.platform_records import PlatformRow, every_vote, text_of, who
from harness.explorer.labelling.task import LabelItem
from harness.explorer.labelling.vote_log import Vote
from harness.values.labels import NO_FRAME

_TEXT_BOX = "text_box"
_REFUSED = (None, "", False, "false", 0)


def potato_records(item: LabelItem, row: RowVotes) -> list[dict[str, Any]]:
    """Return the votes on a row as records of Potato, one each; none where nobody voted."""
    return [_record(item, vote) for vote in every_vote(row)]


def is_potato(record: Mapping[str, Any]) -> bool:
    """Say whether a record is one of Potato's, in any of the forms above."""
    return "label_annotations" in record or {"instance_id", "user_id", "labels"} <= set(record)


def read_potato(record: Mapping[str, Any], folder: str = "") -> PlatformRow:
    """Return what a record of Potato holds of its row, and the vote.

    Parameters
    ----------
    record : mapping
    folder : str
        Name of the folder of the file: that of the annotator, where the record does not say who it was.
    """
    labels = record.get("label_annotations", record.get("labels")) or {}
    behaviour = record.get("behavioral_data") or {}
    chosen = {schema: _chosen(values) for schema, values in labels.items()}
    frames = chosen.get("frames")
    vote = Vote(
        "",
        who(record.get("user_id")) or folder,
        text_of(behaviour.get("role")) or "vote",
        stance=next(iter(chosen.get("stance", ())), ""),
        frames=None if frames is None else tuple(name for name in frames if name != NO_FRAME),
        holder=_written(labels.get("holder")),
        comment=_written(labels.get("comment")),
        skipped=bool(behaviour.get("skipped")),
        at=text_of(behaviour.get("time")),
        looked=bool(behaviour.get("looked")),
    )
    text = record.get("displayed_text")
    cells = {} if text is None else {"text": text}
    name = text_of(record.get("instance_id", record.get("id")))
    return PlatformRow(cells, (vote,), name, frozenset(labels))


def _record(item: LabelItem, vote: Vote) -> dict[str, Any]:
    labels: dict[str, dict[str, str]] = {}
    if vote.stance:
        labels["stance"] = {vote.stance: "true"}
    if vote.frames is not None:
        # A schema without a choice is no answer there.
        labels["frames"] = dict.fromkeys(vote.frames or (NO_FRAME,), "true")
    for name, text in (("holder", vote.holder), ("comment", vote.comment)):
        if text:
            labels[name] = {_TEXT_BOX: text}
    more = {"time": vote.at, "skipped": vote.skipped, "looked": vote.looked}
    behaviour = {name: value for name, value in more.items() if value}
    if vote.role != "vote":
        behaviour["role"] = vote.role
    return {
        "user_id": vote.annotator,
        "instance_id": item.key,
        "displayed_text": item.text,
        "label_annotations": labels,
        "span_annotations": {},
        "behavioral_data": behaviour,
    }


def _chosen(values: Any) -> list[str]:
    if isinstance(values, Mapping):
        return [text_of(name) for name, value in values.items() if value not in _REFUSED]
    return [text_of(value) for value in values] if isinstance(values, list) else [text_of(values)]


def _written(values: Any) -> str:
    if isinstance(values, Mapping):
        return next((text_of(value) for value in values.values() if value), "")
    return text_of(values)
