"""Raw rows in, a Corpus out, or every fault of the rows at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.values.errors import CorpusError, Problem, suggest
from harness.values.labels import LabelSet, Task
from harness.values.parties import EMPTY, Registry
from harness.values.tables import CORPUS_COLUMNS, Corpus

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 20
"""So many problems are written out; the others are counted."""

SPLITS: Mapping[str, str] = {
    "train": "train",
    "training": "train",
    "dev": "dev",
    "val": "dev",
    "valid": "dev",
    "validation": "dev",
    "development": "dev",
    "test": "test",
    "testing": "test",
}
"""What sources call their parts, and what they are called here."""

Values = list[Any]


@dataclass(frozen=True)
class Raw:
    """Rows as a source gave them.

    Attributes
    ----------
    frame : DataFrame
        Columns named as in :data:`harness.values.tables.CORPUS_COLUMNS`, as far as the source has them, and
        any others. Missing values are None, NaN or blank text; labels are canonical; frames and votes are
        sequences.
    places : sequence of str
        One a row, shown in problems: ``"mine.csv:17"``.
    source : str
        Where the rows came from, in a few words.
    named : mapping
        Canonical column → what the source calls it, where that differs.
    remedy : str
        What to do about an unknown label; the labels are told anyway.
    """

    frame: pd.DataFrame
    places: Sequence[str]
    source: str = ""
    named: Mapping[str, str] = field(default_factory=dict)
    remedy: str = ""


def build(
    name: str, raw: Raw, *, labels: LabelSet | None = None, task: Task = "stance", parties: Registry = EMPTY
) -> Corpus:
    """Check rows and make a corpus of them.

    Parameters
    ----------
    name : str
        As the corpus is called in configs and runs.
    raw : Raw
        The rows; an ``id`` that is missing is filled with the row's place.
    labels : LabelSet, optional
        The labels of ``task``: any other label is refused. Left out, any label will do.
    task : {"stance", "framing"}
        Which of the two columns of labels is checked.
    parties : Registry
        Names and aliases of the targets.

    Returns
    -------
    Corpus
        With every column of :data:`harness.values.tables.CORPUS_COLUMNS`, others of the source after them.

    Raises
    ------
    CorpusError
        With every fault, each with file, row and column: no rows, empty text, a stance without a target, a
        span that is half given, empty or outside its text, an unknown label or split, an id given twice.
    """
    import pandas as pd

    if raw.frame.empty:
        raise CorpusError([Problem(raw.source or name, "has no rows")])
    checked = _Checked(raw)
    columns: dict[str, Any] = {column: checked.texts(column) for column in CORPUS_COLUMNS}
    columns["id"] = [one or place for one, place in zip(columns["id"], raw.places, strict=True)]
    columns["text"] = checked.column("text")
    columns |= {side: checked.whole_numbers(side) for side in ("start", "end")}
    columns |= {several: checked.several(several) for several in ("frames", "votes")}
    columns["split"] = checked.splits(columns["split"])
    checked.rows(columns)
    if labels is not None:
        checked.labels(columns["stance" if task == "stance" else "frames"], labels, task)
    checked.refuse()
    others = [column for column in raw.frame.columns if column not in CORPUS_COLUMNS]
    extra = raw.frame[others].reset_index(drop=True)
    rows = pd.DataFrame({column: pd.Series(columns[column], dtype=object) for column in CORPUS_COLUMNS})
    rows = pd.concat([rows.astype({"start": "Int64", "end": "Int64"}), extra], axis=1)
    return Corpus(name, rows, raw.source, parties)


class _Checked:
    """Reads columns and gathers what is wrong with them."""

    def __init__(self, raw: Raw) -> None:
        self.raw = raw
        self.found: list[tuple[int, Problem]] = []

    def note(self, row: int, column: str, what: str, hint: str = "") -> None:
        where = f"{self.raw.places[row]}: {self.raw.named.get(column, column)}"
        self.found.append((row, Problem(where, what, hint)))

    def refuse(self) -> None:
        if not self.found:
            return
        problems = [problem for _, problem in sorted(self.found, key=lambda one: one[0])]
        raise CorpusError(capped(problems, self.raw.source))

    def column(self, name: str) -> Values:
        """Return a column's values, None where one is missing or blank."""
        frame = self.raw.frame
        if name not in frame.columns:
            return [None] * len(frame)
        return [None if is_missing(value) else value for value in frame[name].tolist()]

    def texts(self, name: str) -> Values:
        return [None if value is None else written(value) for value in self.column(name)]

    def several(self, name: str) -> Values:
        return [None if value is None else tuple(map(written, value)) for value in self.column(name)]

    def whole_numbers(self, name: str) -> Values:
        numbers: Values = []
        for row, value in enumerate(self.column(name)):
            text = None if value is None else written(value)
            if text is not None and not text.removeprefix("-").isdecimal():
                self.note(row, name, f"is not a whole number: {text!r}")
                text = None
            numbers.append(None if text is None else int(text))
        return numbers

    def splits(self, values: Values) -> Values:
        canonical = [value if value is None else SPLITS.get(value.lower()) for value in values]
        known = zip(values, canonical, strict=True)
        strange = [(row, value) for row, (value, name) in enumerate(known) if name is None and value]
        self._once_each("split", strange, "unknown split", lambda value: suggest(value.lower(), SPLITS))
        return canonical

    def labels(self, column: Values, labels: LabelSet, task: Task) -> None:
        name = "stance" if task == "stance" else "frames"
        strange = [
            (row, one)
            for row, value in enumerate(column)
            for one in _listed(value)
            if one not in labels.names
        ]
        known = f"the labels are {', '.join(labels.names)}"
        remedy = f"{known}; {self.raw.remedy}" if self.raw.remedy else known
        self._once_each(name, strange, "unknown label", lambda _: remedy)

    def rows(self, columns: Mapping[str, Values]) -> None:
        """Check what holds within a row, and that ids are unique."""
        first: dict[str, int] = {}
        wanted = ("id", "text", "target", "stance", "start", "end")
        for row, (id_, text, target, stance, start, end) in enumerate(
            zip(*(columns[name] for name in wanted), strict=True)
        ):
            if first.setdefault(id_, row) != row:
                self.note(row, "id", f"{id_!r} stands at {self.raw.places[first[id_]]} already")
            if text is None:
                self.note(row, "text", "is empty")
            elif not isinstance(text, str):
                self.note(row, "text", f"is not text: {text!r}")
            elif not _is_unicode(text):
                self.note(row, "text", "holds half a surrogate pair, which is no character")
            elif start is not None or end is not None:
                self._span(row, len(text), start, end)
            if stance is not None and target is None:
                self.note(row, "target", "is missing, though the row has a stance")

    def _span(self, row: int, length: int, start: int | None, end: int | None) -> None:
        if start is None or end is None:
            self.note(row, "end" if end is None else "start", "is missing; a span needs both start and end")
        elif start < 0:
            self.note(row, "start", f"is negative: {start}")
        elif end > length:
            self.note(row, "end", f"is {end}, outside the text of {length} characters")
        elif start >= end:
            self.note(row, "start", f"is {start}, not before the end {end}")

    def _once_each(
        self, column: str, strange: Sequence[tuple[int, str]], what: str, hint: Callable[[str], str]
    ) -> None:
        """Note each strange value once, where it stands first: a wrong map is wrong in thousands of rows."""
        count: dict[str, int] = {}
        first: dict[str, int] = {}
        for row, value in strange:
            first.setdefault(value, row)
            count[value] = count.get(value, 0) + 1
        for value, row in first.items():
            more = f", and in {count[value] - 1:,} more rows" if count[value] > 1 else ""
            self.note(row, column, f"{what} {value!r}{more}", hint(value))


def stacked(raws: Sequence[Raw], source: str) -> Raw:
    """Put the rows of several sources under each other."""
    import pandas as pd

    named = {name: column for raw in raws for name, column in raw.named.items()}
    frame = pd.concat([raw.frame.astype(object) for raw in raws], ignore_index=True)
    places = [place for raw in raws for place in raw.places]
    return Raw(frame, places, source, named, raws[0].remedy)


def capped(problems: Sequence[Problem], source: str) -> list[Problem]:
    """Keep the first twenty problems and count the others."""
    left = len(problems) - SHOWN
    if left <= 0:
        return list(problems)
    return [*problems[:SHOWN], Problem(source, f"… and {left:,} more problems")]


def is_missing(value: Any) -> bool:
    """Say whether a cell holds nothing: None, NaN, NaT or blank text."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, int) or hasattr(value, "__len__"):
        return False
    import pandas as pd

    return bool(pd.isna(value))


def written(value: Any) -> str:
    """Write a cell as a person would: ``1`` for 1.0, ``true`` for True, ISO for dates, no blanks around."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return str(value).strip()


def union(errors: Sequence[CorpusError]) -> CorpusError:
    """Join the problems of several files into one error."""
    return CorpusError(problem for error in errors for problem in error.problems)


def _is_unicode(text: str) -> bool:
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def _listed(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)
