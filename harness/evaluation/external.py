"""A CSV of external predictions in, Predictions on a corpus's split out."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.corpora.checks import is_missing
from harness.evaluation.prepared import Prepared
from harness.evaluation.trial import SCORED_PARTS
from harness.splits import Split
from harness.values import limits
from harness.values.errors import PredictionsError, Problem, suggest
from harness.values.formatting import agreeing, counted
from harness.values.labels import MISSING_CODE, LabelSet
from harness.values.spreadsheets import restored
from harness.values.tables import Predictions
from harness.values.unreadable import usable_text

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

EXTERNAL = "external"
"""Kind of a run of external predictions; it has no model."""

SEPARATOR = "|"
"""Between the labels of one item."""

TOLERANCE = 1e-3
"""How far from 1 the probabilities of a row may sum: tables are often rounded to three digits."""

MAX_PROBLEMS = 20
"""Problems that an error lists; more are counted."""


class ExternalPredictionsError(PredictionsError):
    """A table of external predictions that cannot be used.

    Parameters
    ----------
    source : Path or str
        The file; or what else is to stand in front of each problem.
    problems : sequence of Problem
        ``where`` is the line, the column or the seed; empty for the table as a whole. The message lists up to
        :data:`MAX_PROBLEMS`.
    """

    def __init__(self, source: Path | str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        listed = [f"{source}: {problem}" for problem in self.problems[:MAX_PROBLEMS]]
        if len(self.problems) > MAX_PROBLEMS:
            listed.append(f"{source}: and {len(self.problems) - MAX_PROBLEMS:,} more problems")
        super().__init__("\n".join(listed))


@dataclass(frozen=True)
class ExternalPredictions:
    """Predictions that were not made by this program.

    Attributes
    ----------
    predictions : Predictions
    notes : tuple of str
        What was left out or looks wrong, one sentence each.
    """

    predictions: Predictions
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Line:
    number: int
    id: str
    seed: int
    code: tuple[int, ...]
    proba: tuple[float, ...]

    @property
    def answered(self) -> bool:
        """Whether it has a prediction."""
        return MISSING_CODE not in self.code


def read(path: Path, prepared: Prepared, *, name: str) -> ExternalPredictions:
    """Read a table and join it with the corpus.

    Parameters
    ----------
    path : Path
        CSV, UTF-8. Columns ``id``; ``prediction`` (or ``label``), for a multi-label task with ``|`` between
        labels and empty for none; optionally ``p_<label>`` in [0, 1] for all labels, and ``seed``. Other
        columns are ignored. Without ``prediction``, labels follow from the probabilities. A missing
        prediction has empty cells: no probabilities, or in a single-label table without any no label; or
        ``true`` in a column ``missing``, which a multi-label table without probabilities needs for it.
    prepared : Prepared
        The table must hold each of its test items once per seed. Validation and calibration rows are read
        where they are complete, training rows are left out.
    name : str
        Name of the run.

    Raises
    ------
    ExternalPredictionsError
        With every problem.
    """
    return matched(_rows(path), str(path), prepared, name=name)


def from_frame(table: pd.DataFrame, prepared: Prepared, *, name: str) -> ExternalPredictions:
    """Set a table of predictions beside the corpus; columns and errors as for :func:`read`."""
    rows = [
        {str(column): "" if is_missing(value) else _text(value) for column, value in row.items()}
        for row in table.to_dict("records")
    ]
    if not rows:
        raise PredictionsError("the table holds no rows")
    return matched(rows, "the table", prepared, name=name)


def _text(value: Any) -> str:
    """Write a cell as a CSV file would hold it; floats keep all their digits."""
    return repr(float(value)) if isinstance(value, float) else str(value)


def matched(
    rows: Sequence[Mapping[str, str]], source: str, prepared: Prepared, *, name: str
) -> ExternalPredictions:
    """Set rows beside the corpus; see :func:`read`.

    Parameters
    ----------
    rows : sequence of mapping
        Column → text; row 0 stands in line 2.
    source : str
        Where they come from, for messages.
    prepared : Prepared
    name : str
        Of the run.
    """
    labels = prepared.plan.labels
    problems = list(_header_problems(list(rows[0]), labels))
    if problems:
        raise ExternalPredictionsError(source, problems)
    lines: list[_Line] = []
    for number, row in enumerate(rows, start=2):
        try:
            lines.append(_parsed(number, row, labels))
        except _RowError as error:
            problems.append(Problem(f"line {number}", error.what, error.hint))
    problems += _repeated(lines)
    if lines and not any(line.answered for line in lines):
        problems.append(Problem("", "has no prediction in any row"))
    by_seed: dict[int, dict[str, _Line]] = {}
    for line in lines:
        by_seed.setdefault(line.seed, {})[line.id] = line
    # Rows that could not be read would all be reported as missing too, so those are looked for only without.
    problems = problems or list(_unmatched(lines, by_seed, prepared))
    if problems:
        raise ExternalPredictionsError(source, problems)
    parts = [
        _part(prepared, split, part, by_seed[seed], (name, seed))
        for seed in sorted(by_seed)
        for split, part in _parts(prepared, by_seed)
    ]
    return ExternalPredictions(Predictions.concat(parts), tuple(_notes(prepared, lines, by_seed)))


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        # Excel starts UTF-8 files with a byte order mark, which would become part of the first column's name.
        with path.open(encoding="utf-8-sig", newline="") as handle:
            csv.field_size_limit(limits.FIELD_CHARACTERS.maximum)
            reader = csv.DictReader(handle, strict=True)
            rows = [
                {
                    restored(key): usable_text(restored(value or ""))
                    for key, value in row.items()
                    if key is not None
                }
                for row in reader
            ]
    except (OSError, UnicodeDecodeError, ValueError, csv.Error) as error:
        reason = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
        raise ExternalPredictionsError(path, [Problem("", f"cannot be read: {reason}")]) from error
    if not rows:
        raise ExternalPredictionsError(path, [Problem("", "has no rows")])
    return rows


def _header_problems(header: Sequence[str], labels: LabelSet) -> Iterator[Problem]:
    if "id" not in header:
        yield Problem("", "has no column 'id'", f"its columns are {', '.join(header)}")
    stated = [column for column in header if column.startswith("p_")]
    expected = [f"p_{name}" for name in labels.names]
    for column in stated:
        if column not in expected:
            yield Problem(f"column {column!r}", "there is no such label", suggest(column, expected))
    missing = [column for column in expected if column not in stated]
    if stated and missing:
        yield Problem("", f"has probabilities, but no column {', '.join(missing)}")
    if not stated and not {"prediction", "label"} & set(header):
        yield Problem("", "has neither a column 'prediction' nor probabilities (p_<label>)")


MAX_SEED_DIGITS = len(str(limits.SEED.maximum))


class _RowError(Exception):
    """What is wrong with one row."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what, self.hint = what, hint


def _parsed(number: int, row: Mapping[str, str], labels: LabelSet) -> _Line:
    seed = row.get("seed", "").strip() or "0"
    # ASCII, because isdigit() is also true of ², which int() refuses.
    if not seed.isascii() or not seed.isdigit() or len(seed) > MAX_SEED_DIGITS:
        raise _RowError(f"seed: should be a whole number of 0 or more, got {seed!r}")
    if not row["id"].strip():
        raise _RowError("has no id")
    width = len(labels) if labels.multi else 1
    if _is_missing(row, labels):
        return _Line(number, row["id"].strip(), int(seed), (MISSING_CODE,) * width, ())
    proba: tuple[float, ...] = ()
    if f"p_{labels.names[0]}" in row:
        proba = _probabilities([row[f"p_{name}"] for name in labels.names], labels)
    prediction = row.get("prediction", row.get("label"))
    code = _decided(proba, labels) if prediction is None else _encoded(prediction, labels)
    return _Line(number, row["id"].strip(), int(seed), code, proba)


def _is_missing(row: Mapping[str, str], labels: LabelSet) -> bool:
    """Say whether a row states that it has no prediction."""
    cells = [row[f"p_{name}"] for name in labels.names if f"p_{name}" in row]
    # An empty cell of a multi-label table says that no label applies.
    if not cells and not labels.multi:
        cells = [row.get("prediction", row.get("label", ""))]
    is_stated = row.get("missing", "").strip().lower() in ("true", "1")
    return is_stated or (bool(cells) and not any(cell.strip() for cell in cells))


def _encoded(prediction: str, labels: LabelSet) -> tuple[int, ...]:
    names = _label_names(prediction, labels)
    unknown = [name for name in names if name not in labels.names]
    if unknown:
        raise _RowError(f"unknown label {unknown[0]!r}", suggest(unknown[0], labels.names))
    codes = [labels.names.index(name) for name in names]
    return tuple(int(k in codes) for k in range(len(labels))) if labels.multi else (codes[0],)


def _label_names(prediction: str, labels: LabelSet) -> list[str]:
    if not labels.multi:
        return [prediction.strip()]
    # Without a label of that name, `none` means that no label applies, as in the tables this program writes.
    nothing = {""} if "none" in labels.names else {"", "none"}
    return [name for part in prediction.split(SEPARATOR) if (name := part.strip()) not in nothing]


def _probabilities(texts: Sequence[str], labels: LabelSet) -> tuple[float, ...]:
    """Read a row's probabilities and undo their rounding: they are in [0, 1], and sum to 1 for one label."""
    try:
        values = [float(text) for text in texts]
    except ValueError:
        raise _RowError(f"probabilities should be numbers, got {', '.join(map(repr, texts))}") from None
    if not all(math.isfinite(value) for value in values):
        raise _RowError(f"probabilities are not finite: {', '.join(texts)}")
    if not all(-TOLERANCE <= value <= 1 + TOLERANCE for value in values):
        raise _RowError(f"probabilities are outside [0, 1]: {', '.join(texts)}")
    if labels.multi:
        return tuple(min(max(value, 0.0), 1.0) for value in values)
    # Rescaled after the check: metrics need rows that sum to 1 exactly.
    total = sum(values)
    if abs(total - 1) > TOLERANCE:
        raise _RowError(f"probabilities sum to {total:.4g}, not to 1: {', '.join(texts)}")
    return tuple(max(value, 0.0) / total for value in values)


def _decided(proba: Sequence[float], labels: LabelSet) -> tuple[int, ...]:
    decided = labels.decide(np.array([proba]))[0]
    return tuple(int(bit) for bit in decided) if labels.multi else (int(decided),)


def _repeated(lines: Sequence[_Line]) -> Iterator[Problem]:
    first: dict[tuple[int, str], int] = {}
    for line in lines:
        number = first.setdefault((line.seed, line.id), line.number)
        if number != line.number:
            what = f"id {line.id!r} of seed {line.seed} is already in line {number}"
            yield Problem(f"line {line.number}", what)


def _unmatched(
    lines: Sequence[_Line], by_seed: Mapping[int, Mapping[str, _Line]], prepared: Prepared
) -> Iterator[Problem]:
    ids = set(prepared.corpus.rows["id"].astype(str))
    # Reversed, so that the first line with an id is the one that remains.
    unknown = {line.id: line.number for line in reversed(lines) if line.id not in ids}
    if unknown:
        first = min(unknown, key=unknown.__getitem__)
        what = f"id {first!r} is not in {prepared.corpus.name}{_others(len(unknown))}"
        yield Problem(f"line {unknown[first]}", what)
    for seed, by_id in sorted(by_seed.items()):
        missing = [id_ for split in prepared.splits for id_ in split.test if id_ not in by_id]
        if missing:
            yield Problem(f"seed {seed}", f"test item {missing[0]!r} is missing{_others(len(missing))}")


def _others(count: int) -> str:
    return f", and {count - 1:,} more" if count > 1 else ""


def _parts(prepared: Prepared, by_seed: Mapping[int, Mapping[str, _Line]]) -> Iterator[tuple[Split, str]]:
    """Yield the parts that are scored: test, and without cross-validation every other complete part.

    With several folds, a row lies in validation of one fold and in test of another, and the table does not
    say which fold a prediction belongs to.
    """
    for split in prepared.splits:
        for part in SCORED_PARTS:
            ids = split.part(part)
            complete = all(id_ in by_id for by_id in by_seed.values() for id_ in ids)
            if part == "test" or (ids and complete and len(prepared.splits) == 1):
                yield split, part


def _part(
    prepared: Prepared, split: Split, part: str, by_id: Mapping[str, _Line], keys: tuple[str, int]
) -> Predictions:
    labels, corpus = prepared.plan.labels, prepared.part(split, part)
    lines = [by_id[str(id_)] for id_ in corpus.rows["id"]]
    # NaN throughout stands for labels without probabilities, see Predictions.of.
    proba: NDArray[np.float64] = np.array([line.proba or [np.nan] * len(labels) for line in lines])
    codes = np.array([line.code for line in lines], dtype=np.int64)
    decided = codes if labels.multi else codes[:, 0]
    name, seed = keys
    return Predictions.of(
        corpus,
        labels,
        proba,
        decided=decided,
        may_miss=True,
        run=name,
        split=part,
        seed=seed,
        fold=split.fold,
    )


def _notes(
    prepared: Prepared, lines: Sequence[_Line], by_seed: Mapping[int, Mapping[str, _Line]]
) -> Iterator[str]:
    labels = prepared.plan.labels
    scored = {id_ for split, part in _parts(prepared, by_seed) for id_ in split.part(part)}
    n_unscored = len({line.id for line in lines} - scored)
    if n_unscored:
        yield (
            f"{counted(n_unscored, 'item')} {agreeing(n_unscored, 'is', 'are')} left out:"
            f" {agreeing(n_unscored, 'it is a training row or belongs', 'they are training rows or belong')}"
            " to an incomplete part."
        )
    answered = [line for line in lines if line.answered]
    if n_missing := len(lines) - len(answered):
        rows = f"{counted(n_missing, 'row')} {agreeing(n_missing, 'has', 'have')}"
        yield f"{rows} no prediction: {agreeing(n_missing, 'it counts', 'they count')} as wrong."
    if not answered[0].proba:
        needing = [metric.name for metric in prepared.plan.metrics if metric.probabilities]
        if needing:
            yield f"Without probabilities, these metrics are left out: {', '.join(needing)}."
    n_different = sum(line.code != _decided(line.proba, labels) for line in lines if line.proba)
    if n_different:
        yield f"Rows whose prediction does not follow from their probabilities: {n_different:,}."
    if len(prepared.splits) > 1:
        yield "The table does not say whether each item was predicted by a model that was not trained on it."
