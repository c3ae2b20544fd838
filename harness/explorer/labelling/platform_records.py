"""What records of annotation platforms have in common: a row, its votes, and the row of a task that it is."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from harness.explorer.labelling.agreement import RowVotes
from harness.explorer.labelling.row_files import IDS
from harness.explorer.labelling.task import LabelItem, LabelTask, item_keys
from harness.explorer.labelling.vote_log import Vote
from harness.values.errors import CorpusError, Problem
from harness.values.unreadable import usable_text

QUESTIONS = ("stance", "frames", "holder", "comment")
"""Names of the questions (controls, schemas) that hold votes."""

FOREIGN = "not in the task: "
"""Begins the key of a vote whose row the task does not have; no key of a row holds a space."""

_TAG = re.compile(r"<[^<>]*>")


@dataclass(frozen=True)
class PlatformRow:
    """A record of a platform.

    Attributes
    ----------
    cells : mapping
        What it holds of the row, as far as it does.
    votes : tuple of Vote
        Still without the key of the row.
    id : str
        By which the platform names the row; empty where it gives it a number of its own.
    asked : frozenset of str
        The questions that were answered, among them such as have other names than :data:`QUESTIONS`.
    """

    cells: Mapping[str, Any]
    votes: tuple[Vote, ...]
    id: str = ""
    asked: frozenset[str] = field(default_factory=frozenset)


def joined(task: LabelTask, rows: Sequence[PlatformRow], source: str) -> list[Vote]:
    """Return the votes of records with the keys of their rows in a task.

    A row is found by its key; by its id, text and target; or, of records that hold less, by its id or its
    text where only one row has it. A record whose text is another than that of the row is not joined to it:
    numbers as ids are the same in many files.

    Raises
    ------
    CorpusError
        Where questions were answered, none of which is one of :data:`QUESTIONS`.
    """
    asked = {name for row in rows for name in row.asked}
    if asked and not asked & set(QUESTIONS):
        what = f"answers {', '.join(sorted(map(repr, asked)))}"
        raise CorpusError([Problem(source, what, f"name the questions {', '.join(QUESTIONS)}")])
    rule = _Join(task)
    parts = [(_cell(row.cells, IDS), _cell(row.cells, ("text",)), _target(task, row)) for row in rows]
    return [
        _with_key(vote, key or FOREIGN + (row.id or str(number)))
        for number, (row, key) in enumerate(
            zip(rows, map(rule.key_of, rows, item_keys(parts)), strict=True), start=1
        )
        for vote in row.votes
        if not vote.is_empty
    ]


class _Join:
    """Which row of a task a record is about."""

    def __init__(self, task: LabelTask) -> None:
        self.task = task
        self._by_id = _unique((_cell(item.cells, IDS), item) for item in task.items)
        self._by_text = _unique((_plain(item.text), item) for item in task.items)

    def key_of(self, row: PlatformRow, by_content: str) -> str:
        """Return the key of its row; empty where there is none."""
        text = _plain(_cell(row.cells, ("text",)))
        for key in (row.id, by_content):
            if key in self.task.by_key and text in ("", _plain(self.task.by_key[key].text)):
                return key
        for name in (row.id, _cell(row.cells, IDS)):
            item = self._by_id.get(name)
            if item is not None and text in ("", _plain(item.text)):
                return item.key
        by_text = self._by_text.get(text)
        if by_text is None or _target(self.task, row) not in ("", by_text.target):
            return ""
        return by_text.key


def every_vote(row: RowVotes) -> tuple[Vote, ...]:
    """Return the votes on a row, and what settled them."""
    return (*row.votes, *([row.settled] if row.settled is not None else ()))


def who(value: Any) -> str:
    """Return who labelled: platforms write a number, a name, or an object about the person."""
    if isinstance(value, Mapping):
        value = next((value[name] for name in ("email", "username", "id") if value.get(name)), "")
    return text_of(value)


def first_text(values: Any) -> str:
    """Return the first of a list, or what is no list, as a text; empty where there is none."""
    if isinstance(values, list):
        return text_of(values[0]) if values else ""
    return text_of(values)


def texts_of(values: Any) -> tuple[str, ...] | None:
    """Return a list as texts; None where there is none."""
    if values is None:
        return None
    return tuple(map(text_of, values)) if isinstance(values, list) else (text_of(values),)


def text_of(value: Any) -> str:
    """Return a value as a text that can be kept."""
    return "" if value is None else usable_text(str(value))


def _with_key(vote: Vote, key: str) -> Vote:
    # A platform may keep the labels of what somebody took up and then skipped.
    if vote.skipped:
        vote = replace(vote, stance="", frames=None, holder="")
    # Files of before said of whoever settled that they looked: they had seen the votes of others.
    if vote.role == "settle":
        vote = replace(vote, looked=False)
    return replace(vote, item=key)


def _cell(cells: Mapping[str, Any], names: Sequence[str]) -> str:
    # As the task of a file reads them: the first column that is there.
    return next((text_of(cells[name]) for name in names if name in cells), "")


def _target(task: LabelTask, row: PlatformRow) -> str:
    return _cell(row.cells, ("target",)) if "stance" in task.asks else ""


def _plain(text: str) -> str:
    """Return a text as it reads: a platform may show it with markup, or wrap its lines."""
    return " ".join(html.unescape(_TAG.sub(" ", text)).split())


def _unique(pairs: Iterable[tuple[str, LabelItem]]) -> dict[str, LabelItem]:
    items: dict[str, LabelItem | None] = {}
    for name, item in pairs:
        items[name] = item if name not in items else None
    return {name: item for name, item in items.items() if name and item is not None}
