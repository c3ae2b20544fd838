"""Raw rows in, a Corpus out, or every fault of the rows at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from harness.corpora.label_words import UNKNOWN_LABEL, guess_label_map, yaml_mapping
from harness.values.errors import ConfigError, CorpusError, Problem, suggest
from harness.values.labels import STANCES, LabelSet, Task
from harness.values.language import codes, detect_all
from harness.values.parties import EMPTY, Registry
from harness.values.tables import CORPUS_COLUMNS, Corpus

if TYPE_CHECKING:
    import pandas as pd

    from harness.corpora.aside import Aside

MAX_PROBLEMS = 20
"""Problems listed one by one, at most; more are counted."""

MAPPABLE = "label_map turns others into these"
"""The hint for an unknown label where the config may say what it means here."""

MAX_MAPPED = 15
"""With more unknown labels, no map of them is suggested: the column holds something else."""

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
"""What sources call their splits, in lower case, and what they are called here."""

RawRow = dict[str, Any]
"""A row as a reader makes it: column → value, and where it stands in its file under ``where``."""

Cells = list[Any]


@dataclass(frozen=True)
class Raw:
    """Rows as they stand in a source, not yet checked.

    Attributes
    ----------
    frame : DataFrame
        Columns named as in :data:`harness.values.tables.CORPUS_COLUMNS`, as far as the source has them, and
        any others. Missing values are None, NaN or blank text; labels are canonical; frames and votes are
        sequences.
    locations : sequence of str
        One a row, shown in problems: ``"mine.csv:17"``.
    source : str
        Where the rows came from, in a few words.
    source_names : mapping
        Canonical column → what the source calls it, where that differs.
    label_hint : str
        What to do about an unknown label, beside the list of labels.
    column_hint : str
        What to do about a missing column, where the file looks as if it were read wrongly.
    notes : tuple of str
        What was done with the rows, a sentence each.
    aside : Aside, optional
        Where rows that are wrong go, see :func:`without`; None: they are refused.
    """

    frame: pd.DataFrame
    locations: Sequence[str]
    source: str = ""
    source_names: Mapping[str, str] = field(default_factory=dict)
    label_hint: str = ""
    column_hint: str = ""
    notes: tuple[str, ...] = ()
    aside: Aside | None = None


def build(
    name: str,
    raw: Raw,
    *,
    labels: LabelSet | None = None,
    task: Task = "stance",
    parties: Registry = EMPTY,
    languages: tuple[str, ...] = (),
) -> Corpus:
    """Check rows and make a corpus of them.

    Parameters
    ----------
    name : str
        As the corpus is called in configs and runs.
    raw : Raw
        The rows; an ``id`` that is missing is filled with the row's location.
    labels : LabelSet, optional
        The labels of ``task``: any other label is refused. Left out, any label is accepted.
    task : {"stance", "framing"}
        Which of the two columns of labels is checked.
    parties : Registry
        Names and aliases of the targets.
    languages : tuple of str
        Codes of the languages of the texts; left out, they are detected.

    Returns
    -------
    Corpus
        With every column of :data:`harness.values.tables.CORPUS_COLUMNS`, others of the source after them.

    Raises
    ------
    CorpusError
        With every problem, each with file, row and column: no rows, empty text, a stance without a target, a
        span that is incomplete, empty or outside its text, an unknown label or split, a repeated id. Where
        rows may be set aside, only if none is left.
    """
    import pandas as pd

    if raw.frame.empty:
        raise CorpusError([Problem(raw.source or name, "has no rows")])
    checked = _Checked(raw)
    columns: dict[str, Any] = {column: checked.texts(column) for column in CORPUS_COLUMNS}
    columns["id"] = [id_ or where for id_, where in zip(columns["id"], raw.locations, strict=True)]
    # The text is kept to the character, blanks included: spans count them.
    columns["text"] = checked.column("text")
    columns |= {side: checked.whole_numbers(side) for side in ("start", "end")}
    columns |= {name: checked.tuples(name) for name in ("frames", "votes")}
    columns["split"] = checked.splits(columns["split"])
    checked.rows(columns)
    if labels is not None:
        checked.labels(columns["stance" if task == "stance" else "frames"], labels, task)
    if checked.problems:
        rest = without(raw, checked.problems)
        return build(name, rest, labels=labels, task=task, parties=parties, languages=languages)
    others = [column for column in raw.frame.columns if column not in CORPUS_COLUMNS]
    extra = raw.frame[others].reset_index(drop=True)
    # Object columns keep None as it is; pandas would make it NaN in a column of text.
    rows = pd.DataFrame({column: pd.Series(columns[column], dtype=object) for column in CORPUS_COLUMNS})
    rows = pd.concat([rows.astype({"start": "Int64", "end": "Int64"}), extra], axis=1)
    return Corpus(
        name,
        rows,
        raw.source,
        parties,
        notes=raw.notes,
        languages=languages or detect_all([text for text in columns["text"] if text]),
    )


def declared(languages: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return the codes of the languages that a config declares.

    Raises
    ------
    ConfigError
        Where it names what is no language.
    """
    try:
        return codes(languages)
    except ValueError as error:
        raise ConfigError([Problem("corpus.language", str(error))]) from None


class _Checked:
    """Reads columns and gathers their problems, each with the number of its row."""

    def __init__(self, raw: Raw) -> None:
        self.raw = raw
        self.problems: list[tuple[int, Problem]] = []

    def note(self, row: int, column: str, what: str, hint: str = "") -> None:
        where = f"{self.raw.locations[row]}: {self.raw.source_names.get(column, column)}"
        self.problems.append((row, Problem(where, what, hint)))

    def column(self, name: str) -> Cells:
        """Return a column's values, None where one is missing or blank."""
        frame = self.raw.frame
        if name not in frame.columns:
            return [None] * len(frame)
        return [None if is_missing(value) else value for value in frame[name].tolist()]

    def texts(self, name: str) -> Cells:
        return [None if value is None else cell_text(value) for value in self.column(name)]

    def tuples(self, name: str) -> Cells:
        return [None if value is None else tuple(map(cell_text, value)) for value in self.column(name)]

    def whole_numbers(self, name: str) -> Cells:
        numbers: Cells = []
        for row, value in enumerate(self.column(name)):
            # Through cell_text, which writes 5.0 as 5: pandas reads integers with gaps as floats.
            text = None if value is None else cell_text(value)
            if text is not None and not text.removeprefix("-").isdecimal():
                self.note(row, name, f"is not a whole number: {text!r}")
                text = None
            numbers.append(None if text is None else int(text))
        return numbers

    def splits(self, values: Cells) -> Cells:
        canonical = [value if value is None else SPLITS.get(value.lower()) for value in values]
        pairs = zip(values, canonical, strict=True)
        unknown = [(row, value) for row, (value, name) in enumerate(pairs) if name is None and value]
        self._note_once("split", unknown, "unknown split", lambda value: suggest(value.lower(), SPLITS))
        return canonical

    def labels(self, column: Cells, labels: LabelSet, task: Task) -> None:
        name = "stance" if task == "stance" else "frames"
        unknown = [
            (row, label)
            for row, value in enumerate(column)
            for label in _labels_of(value)
            if label not in labels.names
        ]
        hint = f"the labels are {', '.join(labels.names)}"
        hint += f"; {self.raw.label_hint}" if self.raw.label_hint else ""
        values = list(dict.fromkeys(label for _, label in unknown))
        # Where the config can map them, the whole map, to be pasted: what each value means is a guess.
        if self.raw.label_hint == MAPPABLE and task == "stance" and set(labels.names) <= set(STANCES):
            hint += _label_map(values, labels) if len(values) <= MAX_MAPPED else ""
        several = _separators(dict(unknown).values(), labels) if task == "framing" else ""
        self._note_once(name, unknown, "unknown label", lambda _: several or hint)

    def rows(self, columns: Mapping[str, Cells]) -> None:
        """Check each row by itself, and that ids are unique."""
        first: dict[str, int] = {}
        names = ("id", "text", "target", "stance", "start", "end")
        for row, (id_, text, target, stance, start, end) in enumerate(
            zip(*(columns[name] for name in names), strict=True)
        ):
            if first.setdefault(id_, row) != row:
                self.note(row, "id", f"{id_!r} is the id at {self.raw.locations[first[id_]]} too")
            if text is None:
                self.note(row, "text", "is empty")
            elif not isinstance(text, str):
                self.note(row, "text", f"is not text: {text!r}")
            elif not _is_unicode(text):
                self.note(row, "text", "holds half a surrogate pair, which is not a character")
            elif start is not None or end is not None:
                self._span(row, len(text), start, end)
            if stance is not None and target is None:
                self.note(row, "target", "is missing, but the row has a stance")

    def _span(self, row: int, length: int, start: int | None, end: int | None) -> None:
        if start is None or end is None:
            self.note(row, "end" if end is None else "start", "is missing; a span needs both start and end")
        elif start < 0:
            self.note(row, "start", f"is negative: {start}")
        elif end > length:
            self.note(row, "end", f"is {end}, outside the text of {length} characters")
        elif start >= end:
            self.note(row, "start", f"is {start}, not before the end {end}")

    def _note_once(
        self, column: str, unknown: Sequence[tuple[int, str]], what: str, hint: Callable[[str], str]
    ) -> None:
        """Note each unknown value once, at its first row, with the number of rows that have it.

        Rows that are set aside are noted each.
        """
        if self.raw.aside is not None:
            for row, value in unknown:
                self.note(row, column, f"{what} {value!r}")
            return
        # A label map with a gap is wrong in thousands of rows.
        count: dict[str, int] = {}
        first: dict[str, int] = {}
        for row, value in unknown:
            first.setdefault(value, row)
            count[value] = count.get(value, 0) + 1
        for value, row in first.items():
            more = f", and in {count[value] - 1:,} more rows" if count[value] > 1 else ""
            self.note(row, column, f"{what} {value!r}{more}", hint(value))


def concatenate(raws: Sequence[Raw], source: str) -> Raw:
    """Put the rows of several sources under each other."""
    import pandas as pd

    source_names = {name: column for raw in raws for name, column in raw.source_names.items()}
    # As objects: a column that one source lacks would turn the integers of another into floats.
    frame = pd.concat([raw.frame.astype(object) for raw in raws], ignore_index=True)
    locations = [where for raw in raws for where in raw.locations]
    notes = tuple(note for raw in raws for note in raw.notes)
    return Raw(frame, locations, source, source_names, raws[0].label_hint, notes=notes, aside=raws[0].aside)


def without(raw: Raw, problems: Sequence[tuple[int, Problem]]) -> Raw:
    """Set rows that are wrong aside, where that is wanted, and return the others.

    Parameters
    ----------
    raw : Raw
    problems : sequence of (int, Problem)
        Each with the number of its row, from 0, in any order.

    Raises
    ------
    CorpusError
        With the problems, from the top of the file, if no row is to be set aside.
    """
    if not problems:
        return raw
    # Columns are checked one after the other; people repair a file from the top.
    ordered = sorted(problems, key=lambda numbered: numbered[0])
    if raw.aside is None:
        raise CorpusError(limit_problems([problem for _, problem in ordered], raw.source))
    for row, problem in ordered:
        raw.aside.add(raw.locations[row], problem)
    bad = {row for row, _ in ordered}
    return select_rows(raw, [row for row in range(len(raw.locations)) if row not in bad])


def select_rows(raw: Raw, numbers: Sequence[int]) -> Raw:
    """Return the rows with these numbers, from 0, in this order."""
    frame = raw.frame.iloc[list(numbers)].reset_index(drop=True)
    return replace(raw, frame=frame, locations=[raw.locations[number] for number in numbers])


def from_rows(rows: Sequence[RawRow], source: str) -> Raw:
    """Turn the rows of a reader into a table; ``where`` leaves the row and becomes its location."""
    import pandas as pd

    frame = pd.DataFrame(rows, dtype=object)
    return Raw(frame.drop(columns="where"), frame["where"].tolist(), source)


def limit_problems(problems: Sequence[Problem], source: str) -> list[Problem]:
    """Keep the first 20 problems and count the others."""
    surplus = len(problems) - MAX_PROBLEMS
    if surplus <= 0:
        return list(problems)
    return [*problems[:MAX_PROBLEMS], Problem(source, f"… and {surplus:,} more problem{'s' * (surplus > 1)}")]


def is_missing(value: Any) -> bool:
    """Say whether a cell is empty: None, NaN, NaT or blank text."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    # Asked a million times a corpus: pandas is left alone where the type tells.
    if isinstance(value, int) or hasattr(value, "__len__"):
        return False
    import pandas as pd

    return bool(pd.isna(value))


def cell_text(value: Any) -> str:
    """Write a cell as a person would: ``1`` for 1.0, ``true`` for True, ISO for dates, no blanks around."""
    # A numpy scalar becomes a Python value; True is no number here, though Python calls it an int.
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return str(value).strip()


def _label_map(values: Sequence[str], labels: LabelSet) -> str:
    """Return a map to be pasted: a label that the config leaves out becomes none, never itself."""
    names = (*labels.names, UNKNOWN_LABEL)
    mapped = {value: stance if stance in names else None for value, stance in guess_label_map(values).items()}
    dropped = (
        " (null: such rows have no label; or add the label to labels)" if None in mapped.values() else ""
    )
    return f": label_map: {yaml_mapping(mapped)}{dropped}"


def _is_unicode(text: str) -> bool:
    # JSON may hold half a surrogate pair, which no encoding can write: it would fail later, far from its row.
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def _separators(unknown: Iterable[str], labels: LabelSet) -> str:
    """Return a hint where unknown labels are several labels with another separator between; else nothing."""
    for value in unknown:
        for separator in ",;/|+ ":
            parts = [part.strip() for part in value.split(separator)]
            if len(parts) > 1 and set(parts) <= set(labels.names):
                return f'set separator: "{separator}"'
    return ""


def _labels_of(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)
