"""A CSV of predictions made elsewhere in, Predictions on a corpus's split out."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.evaluation.prepared import Prepared
from harness.evaluation.trial import SCORED_PARTS
from harness.splits import Split
from harness.values.errors import PredictionsError, suggest
from harness.values.labels import LabelSet
from harness.values.tables import Predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

EXTERNAL = "external"
"""Kind of a run whose predictions were made elsewhere; it has no model."""

SEPARATOR = "|"
"""Between the labels of one item."""

TOLERANCE = 1e-3
"""How far from 1 probabilities may sum: tables are often rounded to three digits."""

MAX_PROBLEMS = 20


@dataclass(frozen=True)
class ExternalPredictions:
    """Predictions made elsewhere.

    Attributes
    ----------
    predictions : Predictions
    notes : tuple of str
        What was left out or looks odd, a sentence each.
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


def read(path: Path, prepared: Prepared, *, name: str) -> ExternalPredictions:
    """Read a table and set it beside the corpus.

    Parameters
    ----------
    path : Path
        CSV, UTF-8. Columns ``id``; ``prediction`` (or ``label``), of a multi-label task with ``|`` between
        labels and empty for none; where known ``p_<label>`` for all labels, and ``seed``. Other columns are
        not looked at. Without ``prediction`` the probabilities decide.
    prepared : Prepared
        Whose test items are to be there, each once a seed; validation and calibration rows are taken where
        they are all there, training rows are left out.
    name : str
        Of the run.

    Raises
    ------
    PredictionsError
        With every problem, up to twenty, and the line it stands in.
    """
    labels = prepared.plan.labels
    rows = _rows(path)
    header = list(rows[0]) if rows else []
    problems = list(_header_problems(header, labels))
    if problems:
        _raise(path, problems)
    lines: list[_Line] = []
    for number, row in enumerate(rows, start=2):
        problem = _parsed(number, row, labels, lines)
        problems += [problem] if problem else []
    problems += _repeated(lines)
    by_seed: dict[int, dict[str, _Line]] = {}
    for line in lines:
        by_seed.setdefault(line.seed, {})[line.id] = line
    # Rows that cannot be read would all be missed here.
    problems = problems or list(_unmatched(lines, by_seed, prepared))
    if problems:
        _raise(path, problems)
    parts = [
        _part(prepared, split, part, by_seed[seed], (name, seed))
        for seed in sorted(by_seed)
        for split, part in _parts(prepared, by_seed)
    ]
    return ExternalPredictions(Predictions.concat(parts), tuple(_notes(prepared, lines, by_seed)))


def _raise(path: Path, problems: Sequence[str]) -> None:
    shown = [f"{path}: {problem}" for problem in problems[:MAX_PROBLEMS]]
    if len(problems) > MAX_PROBLEMS:
        shown.append(f"{path}: and {len(problems) - MAX_PROBLEMS:,} more problems")
    raise PredictionsError("\n".join(shown))


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle, strict=True)
            rows = [{key: value or "" for key, value in row.items() if key is not None} for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = "it is no UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
        raise PredictionsError(f"{path}: cannot be read: {reason}") from error
    if not rows:
        raise PredictionsError(f"{path}: holds no rows")
    return rows


def _header_problems(header: Sequence[str], labels: LabelSet) -> Iterator[str]:
    if "id" not in header:
        yield f"has no column 'id'; its columns are {', '.join(header)}"
    stated = [column for column in header if column.startswith("p_")]
    expected = [f"p_{name}" for name in labels.names]
    for column in stated:
        if column not in expected:
            yield f"column {column!r}: there is no such label; {suggest(column, expected)}"
    missing = [column for column in expected if column not in stated]
    if stated and missing:
        yield f"has probabilities, but no column {', '.join(missing)}"
    if not stated and not {"prediction", "label"} & set(header):
        yield "has neither a column 'prediction' nor probabilities (p_<label>)"


def _parsed(number: int, row: Mapping[str, str], labels: LabelSet, lines: list[_Line]) -> str:
    """Read one row; return what is wrong with it, or the empty string."""
    text = row.get("seed", "").strip() or "0"
    if not text.isascii() or not text.isdigit():
        return f"line {number}: seed: should be a whole number of 0 or more, got {text!r}"
    if not row["id"].strip():
        return f"line {number}: has no id"
    proba: tuple[float, ...] = ()
    if f"p_{labels.names[0]}" in row:
        proba, problem = _probabilities([row[f"p_{name}"] for name in labels.names], labels)
        if problem:
            return f"line {number}: {problem}"
    said = row.get("prediction", row.get("label"))
    if said is None:
        code = _decided(proba, labels)
    else:
        names = [said.strip()] if not labels.multi else _several(said, labels)
        unknown = [one for one in names if one not in labels.names]
        if unknown:
            return f"line {number}: unknown label {unknown[0]!r}; {suggest(unknown[0], labels.names)}"
        held = [labels.names.index(one) for one in names]
        code = tuple(int(k in held) for k in range(len(labels))) if labels.multi else (held[0],)
    lines.append(_Line(number, row["id"].strip(), int(text), code, proba))
    return ""


def _several(said: str, labels: LabelSet) -> list[str]:
    nothing = {""} if "none" in labels.names else {"", "none"}
    return [name for one in said.split(SEPARATOR) if (name := one.strip()) not in nothing]


def _probabilities(texts: Sequence[str], labels: LabelSet) -> tuple[tuple[float, ...], str]:
    import math

    try:
        proba = tuple(float(text) for text in texts)
    except ValueError:
        return (), f"probabilities should be numbers, got {', '.join(map(repr, texts))}"
    if not all(math.isfinite(one) for one in proba):
        return (), f"probabilities are not finite: {', '.join(texts)}"
    if not all(-TOLERANCE <= one <= 1 + TOLERANCE for one in proba):
        return (), f"probabilities leave [0, 1]: {', '.join(texts)}"
    total = sum(proba)
    if labels.multi:
        return tuple(min(max(one, 0.0), 1.0) for one in proba), ""
    if abs(total - 1) > TOLERANCE:
        return (), f"probabilities sum to {total:.4g}, not to 1: {', '.join(texts)}"
    return tuple(max(one, 0.0) / total for one in proba), ""


def _decided(proba: Sequence[float], labels: LabelSet) -> tuple[int, ...]:
    decided = labels.decide(np.array([proba]))[0]
    return tuple(int(bit) for bit in decided) if labels.multi else (int(decided),)


def _repeated(lines: Sequence[_Line]) -> list[str]:
    first: dict[tuple[int, str], int] = {}
    problems = []
    for line in lines:
        known = first.setdefault((line.seed, line.id), line.number)
        if known != line.number:
            problems.append(
                f"line {line.number}: id {line.id!r} of seed {line.seed} stands in line {known} too"
            )
    return problems


def _unmatched(
    lines: Sequence[_Line], by_seed: Mapping[int, Mapping[str, _Line]], prepared: Prepared
) -> Iterator[str]:
    known = set(prepared.corpus.rows["id"].astype(str))
    strange = {line.id: line.number for line in reversed(lines) if line.id not in known}
    if strange:
        one = min(strange, key=strange.__getitem__)
        yield f"line {strange[one]}: id {one!r} is not in {prepared.corpus.name}{_others(len(strange))}"
    for seed, own in sorted(by_seed.items()):
        missing = [id_ for split in prepared.splits for id_ in split.test if id_ not in own]
        if missing:
            yield f"seed {seed}: test item {missing[0]!r} is missing{_others(len(missing))}"


def _others(count: int) -> str:
    return f", and {count - 1:,} more" if count > 1 else ""


def _parts(prepared: Prepared, by_seed: Mapping[int, Mapping[str, _Line]]) -> Iterator[tuple[Split, str]]:
    """Yield what is scored: test, and of a single fold what is there in whole."""
    for split in prepared.splits:
        for part in SCORED_PARTS:
            ids = split.part(part)
            whole = all(id_ in own for own in by_seed.values() for id_ in ids)
            if part == "test" or (ids and whole and len(prepared.splits) == 1):
                yield split, part


def _part(
    prepared: Prepared, split: Split, part: str, own: Mapping[str, _Line], of: tuple[str, int]
) -> Predictions:
    labels, corpus = prepared.plan.labels, prepared.part(split, part)
    lines = [own[str(id_)] for id_ in corpus.rows["id"]]
    proba: NDArray[np.float64] = np.array([line.proba or [np.nan] * len(labels) for line in lines])
    codes = np.array([line.code for line in lines], dtype=np.int64)
    decided = codes if labels.multi else codes[:, 0]
    name, seed = of
    return Predictions.of(
        corpus, labels, proba, decided=decided, run=name, split=part, seed=seed, fold=split.fold
    )


def _notes(
    prepared: Prepared, lines: Sequence[_Line], by_seed: Mapping[int, Mapping[str, _Line]]
) -> Iterator[str]:
    labels = prepared.plan.labels
    scored = {id_ for split, part in _parts(prepared, by_seed) for id_ in split.part(part)}
    left = len({line.id for line in lines} - scored)
    if left:
        yield f"{left:,} items of train, or of parts that are not there in whole, are left out."
    if not lines[0].proba:
        needing = [metric.name for metric in prepared.plan.metrics if metric.probabilities]
        if needing:
            yield f"There are no probabilities, so {', '.join(needing)} are left out."
    other = sum(line.code != _decided(line.proba, labels) for line in lines if line.proba)
    if other:
        yield f"In {other:,} rows the prediction is not what the probabilities would decide."
    if len(prepared.splits) > 1:
        yield "Whether each item was predicted without training on it cannot be seen from here."
