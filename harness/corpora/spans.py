"""Rows with spans and targets in; spans that count characters out, and which targets the text lacks.

Programs in Java and JavaScript count UTF-16 units, in which an emoji is two: behind an emoji, their offsets
are too high. Such spans are recognised, since read as UTF-16 they give the target, and converted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.corpora.checks import Raw, cell_text, is_missing, limit_problems, without
from harness.values.errors import CorpusError, Problem, abbreviate
from harness.values.parties import Registry, Span

_LAST_OF_ONE_UNIT = "\uffff"
"""Characters above it are two units in UTF-16."""


@dataclass(frozen=True)
class SpannedRow:
    """A row whose target can be looked for: its number, text, target, and span, if it has one."""

    number: int
    text: str
    target: str
    span: Span | None


def check_targets(raw: Raw, parties: Registry) -> Raw:
    """Convert spans that count UTF-16 units, refuse those that cut their target, and count what is missing.

    Parameters
    ----------
    raw : Raw
        With canonical columns.
    parties : Registry
        Other names of the targets.

    Returns
    -------
    Raw
        Its notes say what was converted, how many spans read otherwise than their target, and how many
        targets without a span do not occur in their text.

    Raises
    ------
    CorpusError
        Where a span overlaps its target and begins or ends inside a word, or where some spans count UTF-16
        units and others characters.
    """
    rows = list(_rows(raw))
    if not rows:
        return raw
    raw, rows, converted = _converted(raw, rows, parties)
    problems, others = [], []
    for row in rows:
        if row.span is None or _reads(row, row.span, parties):
            continue
        shifted = _overlapping(row, parties)
        if shifted is None:
            others.append(row)
        elif _cuts_word(row.text, row.span):
            problems.append((row.number, _shifted(raw, row, shifted)))
    if problems:
        return check_targets(without(raw, problems), parties)
    unmarked = [row for row in rows if row.span is None]
    absent = [row for row in unmarked if not parties.names(row.text, row.target)]
    notes = [converted] if converted else []
    if others:
        first = others[0]
        assert first.span is not None
        reads = abbreviate(first.text[slice(*first.span)])
        notes.append(
            f"{_of(others, rows)} spans read neither as their target nor as another name of it, the first"
            f" {reads} for {first.target!r} ({raw.locations[first.number]})"
        )
    if absent:
        first = absent[0]
        notes.append(
            f"{_of(absent, unmarked)} targets do not occur in their text by name, the first {first.target!r}"
            f" ({raw.locations[first.number]}): classifiers read them beside the text; a registry of parties"
            " (corpus.parties) gives their other names"
        )
    return replace(raw, notes=(*raw.notes, *notes))


def _of(some: Sequence[SpannedRow], every: Sequence[SpannedRow]) -> str:
    return f"{len(some):,} of {len(every):,}"


def _rows(raw: Raw) -> list[SpannedRow]:
    """Return the rows with text and target; what is wrong with the others is reported elsewhere."""
    frame = raw.frame
    if "target" not in frame.columns or "text" not in frame.columns:
        return []
    bounds = [frame[name] if name in frame.columns else [None] * len(frame) for name in ("start", "end")]
    return [
        SpannedRow(number, text, cell_text(target), _span(start, end))
        for number, (text, target, start, end) in enumerate(
            zip(frame["text"], frame["target"], *bounds, strict=True)
        )
        if isinstance(text, str) and not is_missing(target)
    ]


def _span(start: Any, end: Any) -> Span | None:
    if is_missing(start) or is_missing(end):
        return None
    texts = cell_text(start), cell_text(end)
    if not all(text.isdecimal() for text in texts):
        return None
    low, high = map(int, texts)
    return (low, high) if low < high else None


def _converted(raw: Raw, rows: list[SpannedRow], parties: Registry) -> tuple[Raw, list[SpannedRow], str]:
    """Convert spans from UTF-16 units to characters, if that is what they count; else return them as they
    are.
    """
    wide = [row for row in rows if row.span is not None and max(row.text, default="") > _LAST_OF_ONE_UNIT]
    as_characters, as_units = {}, {}
    for row in wide:
        assert row.span is not None
        converted = characters_of_units(row.text, row.span)
        if converted == row.span:
            continue
        if _reads(row, row.span, parties):
            as_characters[row.number] = row.span
        elif converted is not None:
            as_units[row.number] = converted, _reads(row, converted, parties)
    evidence = [number for number, (_, reads) in as_units.items() if reads]
    if not evidence:
        return raw, rows, ""
    if as_characters:
        hint = "convert them to characters: len(text.encode('utf-16-le')[: 2 * start].decode('utf-16-le'))"
        what = "counts UTF-16 units, and other rows count characters"
        problems = [Problem(f"{raw.locations[number]}: start", what, hint) for number in evidence]
        raise CorpusError(limit_problems(problems, raw.source))
    spans = {number: span for number, (span, _) in as_units.items()}
    starts, ends = raw.frame["start"].tolist(), raw.frame["end"].tolist()
    for number, (start, end) in spans.items():
        starts[number], ends[number] = start, end
    frame = raw.frame.assign(start=_objects(starts, raw), end=_objects(ends, raw))
    rows = [replace(row, span=spans.get(row.number, row.span)) for row in rows]
    note = (
        f"{raw.source}: spans count UTF-16 units, as Java and JavaScript do; converted to characters, behind"
        f" emoji: {len(spans):,}"
    )
    return replace(raw, frame=frame), rows, note


def _objects(values: list[Any], raw: Raw) -> Any:
    import pandas as pd

    return pd.Series(values, index=raw.frame.index, dtype=object)


def characters_of_units(text: str, span: Span) -> Span | None:
    """Return a span of UTF-16 units as one of characters; None where it cuts one, or ends beyond the text."""
    units = text.encode("utf-16-le", "surrogatepass")
    bounds = []
    for offset in span:
        if 2 * offset > len(units):
            return None
        try:
            bounds.append(len(units[: 2 * offset].decode("utf-16-le")))
        except UnicodeDecodeError:
            return None
    return bounds[0], bounds[1]


def _reads(row: SpannedRow, span: Span, parties: Registry) -> bool:
    """Say whether a span is the target, or another name of it."""
    return span in parties.spans(row.text, row.target)


def _overlapping(row: SpannedRow, parties: Registry) -> Span | None:
    """Return the mention of the target that the span overlaps, if there is one."""
    assert row.span is not None
    start, end = row.span
    mentions = parties.spans(row.text, row.target)
    return next((span for span in mentions if span[0] < end and start < span[1]), None)


def _cuts_word(text: str, span: Span) -> bool:
    return any(
        0 < offset < len(text) and text[offset - 1].isalnum() and text[offset].isalnum() for offset in span
    )


def _shifted(raw: Raw, row: SpannedRow, mention: Span) -> Problem:
    assert row.span is not None
    start, end = row.span
    what = (
        f"the span {start}-{end} reads {abbreviate(row.text[start:end])}, and {row.target!r} stands at"
        f" {mention[0]}-{mention[1]}"
    )
    hint = "offsets count characters from 0, and the end is exclusive"
    return Problem(f"{raw.locations[row.number]}: start", what, hint)
