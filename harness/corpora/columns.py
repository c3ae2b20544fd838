"""A source's own columns and label names in, canonical ones out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from harness.corpora.aggregation import Aggregation
from harness.corpora.checks import MAPPABLE, Raw, cell_text, is_missing, without
from harness.corpora.label_words import number_text
from harness.values.errors import ConfigError, CorpusError, Problem, listed, suggest
from harness.values.labels import Task
from harness.values.tables import CORPUS_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

ColumnMap = Mapping[str, str | tuple[str, ...]]
LabelMap = Mapping[str, str | None]

ANNOTATOR = "annotator"
"""A column that a file may have and a corpus has not: who gave the label, of a row for each annotation."""

FRAMES_VOTES = "frames_votes"
"""A column that a config may name and a file has under other names: the votes on frames, beside what else a
corpus holds of them. A file's own column of that name stays as it is."""

SOURCE_COLUMNS = (*CORPUS_COLUMNS, ANNOTATOR, FRAMES_VOTES)
"""What the columns of a file may be called here."""

SEVERAL = ("frames", "votes", FRAMES_VOTES)
"""What may stand in several columns of a file: one for each frame, or for each annotator."""

# Blank counts as no: people who mark frames by hand write the ones and leave the other cells empty.
YES_NO = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}
"""What a cell may hold in a column that stands for one frame."""


@dataclass(frozen=True)
class Shape:
    """How to read a source's columns.

    Attributes
    ----------
    columns : mapping
        Canonical column → the source's; a column that is not named here keeps its name. ``frames`` may name
        several columns, one for each frame, that hold 0 and 1; ``votes`` one for each annotator, that hold
        labels. Beside a column of frames, ``votes`` are those on the stance, and ``frames_votes`` names the
        columns of those on frames. ``annotator`` says who labelled, where each row is one annotation.
    label_map : mapping
        The source's label → the canonical one, for stance, frames and votes; None leaves the label out. A
        label that is not named here stays as it is. Numbers are equal however they are written: ``1``,
        ``1.0``, ``+1``.
    target : str, optional
        The party of every row, where the source has no column for it.
    separator : str
        Between frames, or votes, in one cell of text.
    aggregate : {"majority", "dawid_skene"}, optional
        How the labels of several annotators become one, see :mod:`harness.corpora.aggregation`. Left out, by
        majority, if the source has no column of labels beside the votes.

    Raises
    ------
    ConfigError
        For an unknown canonical column, several columns for anything but frames and votes, votes in columns
        beside ``annotator``, a ``target``
        beside a column of targets, or an empty separator.
    """

    columns: ColumnMap = field(default_factory=dict)
    label_map: LabelMap = field(default_factory=dict)
    target: str | None = None
    separator: str = "|"
    aggregate: Aggregation | None = None

    def __post_init__(self) -> None:
        problems = [
            Problem(f"corpus.columns.{name}", f"there is no column {name!r}", suggest(name, SOURCE_COLUMNS))
            for name in self.columns
            if name not in SOURCE_COLUMNS
        ]
        problems += [
            Problem(
                f"corpus.columns.{name}",
                "should be one column",
                "only frames, votes and frames_votes may have several",
            )
            for name, source in self.columns.items()
            if name in SOURCE_COLUMNS and name not in SEVERAL and not isinstance(source, str)
        ]
        for name in ("votes", FRAMES_VOTES) if ANNOTATOR in self.columns else ():
            if name in self.columns:
                what = "cannot be combined with columns.annotator"
                hint = "votes are columns of one row, an annotator is a column of a row for each annotation"
                problems.append(Problem(f"corpus.columns.{name}", what, hint))
        if self.target is not None and "target" in self.columns:
            problems.append(Problem("corpus.target", "has no effect with columns.target"))
        if not self.separator:
            problems.append(Problem("corpus.separator", "is empty"))
        if problems:
            raise ConfigError(problems)

    def label(self, value: Any) -> str | None:
        """Return the canonical name of a source's label."""
        text = cell_text(value)
        if text in self.label_map:
            return self.label_map[text]
        return self._numbers.get(number_text(text), text)

    @property
    def codes(self) -> str:
        """What a file calls the labels, as a hint: ``the file should say AGAINST, FAVOR``."""
        return f"the file should say {', '.join(self.label_map)}"

    @cached_property
    def _numbers(self) -> Mapping[str, str | None]:
        # A code 2.0 in a file or a config is the code 2; YAML's true is "True" here and "true" in a cell.
        return {number_text(key): name for key, name in self.label_map.items()}


def shape_of(options: Mapping[str, Any]) -> Shape:
    """Return the shape that the options of a reader describe."""
    maps = (options["columns"] or {}, options["label_map"] or {})
    return Shape(*maps, options["target"], options["separator"], options["aggregate"])


def canonical(raw: Raw, shape: Shape, task: Task) -> Raw:
    """Rename columns and labels.

    Parameters
    ----------
    raw : Raw
        With the source's columns and labels.
    shape : Shape
        What they mean.
    task : {"stance", "framing"}
        Which columns are required.

    Returns
    -------
    Raw
        With canonical columns; the source's other columns are kept as they are.

    Raises
    ------
    CorpusError
        With every column that is missing, with a suggestion, and every cell in a column of one frame that is
        neither 0 nor 1.
    """
    # Columns first: with one missing, its cells cannot be checked.
    problems = [*_missing(raw, shape), *_required(raw, shape, task)]
    if problems:
        raise CorpusError(problems)
    same = {name: name for name in CORPUS_COLUMNS if name in raw.frame.columns}
    sources = {**same, **shape.columns}
    frame = _extra(raw.frame, sources)
    bad: list[tuple[int, Problem]] = []
    for name, source in sources.items():
        frame[name] = _series(raw, shape, name, source, bad)
    if shape.target is not None:
        frame["target"] = shape.target
    renamed = {name: source for name, source in sources.items() if isinstance(source, str) and source != name}
    return without(replace(raw, frame=frame, source_names=renamed, label_hint=MAPPABLE), bad)


def with_ids(raw: Raw, ids: Sequence[str]) -> Raw:
    """Fill in the ids of rows that have none; ``ids`` has one for each row."""
    existing = raw.frame["id"] if "id" in raw.frame.columns else [None] * len(raw.frame)
    filled = [new if is_missing(id_) else id_ for id_, new in zip(existing, ids, strict=True)]
    return replace(raw, frame=raw.frame.assign(id=filled))


def _missing(raw: Raw, shape: Shape) -> list[Problem]:
    return [
        Problem(
            raw.source,
            f"has no column {column!r} for {name}",
            raw.column_hint or suggest(column, _likely(raw, shape, name)),
        )
        for name, source in shape.columns.items()
        for column in _each(source)
        if column not in raw.frame.columns
    ]


def _likely(raw: Raw, shape: Shape, name: str) -> list[str]:
    """Return the columns that may hold something: not those of anything else, if there are others."""
    present = [str(column) for column in raw.frame.columns]
    others = {*SOURCE_COLUMNS} - {name}
    others |= {column for key, source in shape.columns.items() if key != name for column in _each(source)}
    return [column for column in present if column not in others] or present


def _required(raw: Raw, shape: Shape, task: Task) -> list[Problem]:
    required = ("text", "target", "stance") if task == "stance" else ("text", "frames")
    available = {*shape.columns, *raw.frame.columns}
    if "votes" in available:
        # The label is made of the votes.
        available.add("stance" if task == "stance" else "frames")
    if FRAMES_VOTES in shape.columns:
        available.add("frames")
    problems = []
    if shape.target is not None:
        if "target" in raw.frame.columns:
            problems.append(Problem(raw.source, "already has a column 'target'", "leave corpus.target out"))
        available.add("target")
    columns = listed(str(column) for column in raw.frame.columns)
    for name in required:
        if name not in available:
            hint = raw.column_hint or f"name it under columns, as {name}: …, one of {columns}"
            if name == "target" and not raw.column_hint:
                hint += "; or set target: to the party of all rows"
            problems.append(Problem(raw.source, f"has no column {name!r}", hint))
    return problems


def _extra(frame: pd.DataFrame, sources: ColumnMap) -> pd.DataFrame:
    used = {*CORPUS_COLUMNS, ANNOTATOR, *sources}
    used |= {column for source in sources.values() for column in _each(source)}
    return frame[[column for column in frame.columns if column not in used]].copy()


def _each(source: str | tuple[str, ...]) -> tuple[str, ...]:
    return (source,) if isinstance(source, str) else source


def _series(
    raw: Raw, shape: Shape, name: str, source: str | tuple[str, ...], bad: list[tuple[int, Problem]]
) -> pd.Series[Any]:
    """Return a canonical column; cells that cannot be one are added to ``bad``."""
    import pandas as pd

    values: list[Any]
    if name == FRAMES_VOTES:
        values = _from_annotators(raw, _each(source))
    elif not isinstance(source, str):
        values = (
            _from_indicators(raw, shape, source, bad) if name == "frames" else _from_annotators(raw, source)
        )
    else:
        values = raw.frame[source].tolist()
        if name == "stance":
            values = [None if is_missing(value) else shape.label(value) for value in values]
        elif name in ("frames", "votes"):
            # A blank cell of frames says that no frame applies, a missing value says nothing. For votes,
            # neither says anything.
            blank = () if name == "frames" else None
            values = [split_labels(value, shape, blank) for value in values]
    return pd.Series(values, index=raw.frame.index, dtype=object)


def split_labels(value: Any, shape: Shape, blank: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Return the labels in a cell: those of a list, or of a text with the separator between them.

    ``blank`` is what an empty text stands for; a missing value is None.
    """
    if isinstance(value, str):
        if not value.strip():
            return blank
        value = [part for part in value.split(shape.separator) if part.strip()]
    elif is_missing(value):
        return None
    elif not hasattr(value, "__iter__"):
        value = [value]
    # A frame counts once however often it is named; of votes, each counts.
    labels = dict.fromkeys(shape.label(part) for part in value) if blank == () else map(shape.label, value)
    return tuple(label for label in labels if label is not None)


def _from_indicators(
    raw: Raw, shape: Shape, source: tuple[str, ...], bad: list[tuple[int, Problem]]
) -> list[tuple[str, ...]]:
    """Return each row's frames, from columns that hold 0 and 1."""
    names = [shape.label(column) for column in source]
    rows: list[list[str]] = [[] for _ in raw.locations]
    for column, name in zip(source, names, strict=True):
        for row, value in enumerate(raw.frame[column].tolist()):
            text = "" if is_missing(value) else cell_text(value).lower()
            if text not in YES_NO:
                problem = Problem(f"{raw.locations[row]}: {column}", f"is neither 0 nor 1: {text!r}")
                bad.append((row, problem))
            elif YES_NO[text] and name is not None:
                rows[row].append(name)
    return [tuple(row) for row in rows]


def _from_annotators(raw: Raw, source: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return what each annotator says of each row: column → cell, without those who say nothing."""
    rows: list[dict[str, Any]] = [{} for _ in raw.locations]
    for column in source:
        for row, value in enumerate(raw.frame[column].tolist()):
            if not is_missing(value):
                rows[row][column] = value
    return rows
