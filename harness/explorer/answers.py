"""The predictions of classifiers in; every row once, with every answer under every seed, out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from harness.explorer.split_scores import SplitScore, split_scores
from harness.scoring.aligned import AlignedPredictions
from harness.scoring.slices import Slice
from harness.values.errors import PredictionsError
from harness.values.findings import Findings
from harness.values.labels import LabelSet
from harness.values.tables import ABSTAIN, Predictions, Scores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.int32]
    Places = NDArray[np.intp]

SPLITS = ("test", "validation")
"""Parts of a split whose rows are shown; nothing is scored on calibration."""

RowKey = tuple[str, str, str, int | bytes, int]
"""Part of the split, id, target and truth of a row; and the fold, see :func:`answered_rows`."""

NO_FOLD = -1

MISSING, NOT_SCORED = -1, -2
"""In place of the code of a label: the classifier gave no answer; it was not asked."""


@dataclass(frozen=True)
class ExploredClassifier:
    """A finished classifier whose answers are to be seen.

    Attributes
    ----------
    name : str
    predictions : Predictions
    findings : sequence of Finding
        Of its audits; what they say of single rows is shown with these.
    run_id : str
        Empty for one that no store holds.
    scores : Scores, optional
        Of the predictions, where they are computed already.
    """

    name: str
    predictions: Predictions
    findings: Findings = ()
    run_id: str = ""
    scores: Scores | None = field(default=None, repr=False)


@dataclass(frozen=True)
class ClassifierAnswers:
    """What one classifier answered, row by row.

    Attributes
    ----------
    name, run_id : str
    codes : (n_seeds, n) array
        Index of a set of labels in :attr:`AnsweredRows.sets`, :data:`MISSING` or :data:`NOT_SCORED`. The
        repeats of a cross-validation stand as further seeds, those of a seed one after the other.
    label : (n,) array
        The answer of most seeds; of equally many, the one with the higher mean probability.
    proba : (n, k) array
        Mean over seeds; NaN where there is none.
    abstained : (n,) array
        Under how many seeds it abstains.
    repeats : int
        Of each seed.
    scores : mapping
        Part of the split → what it scores there.
    """

    name: str
    run_id: str
    codes: Codes
    label: Codes
    proba: NDArray[np.float64]
    abstained: Codes
    repeats: int = 1
    scores: Mapping[str, SplitScore] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class AnsweredRows:
    """Rows of one or more runs, each once, and the answers of every classifier.

    Attributes
    ----------
    labels : LabelSet
    sets : tuple of tuples of int
        What a row may be labelled: the labels of each set by index. Of a single-label task, one label each.
    ids, splits, targets, groups : (n,) arrays of str
    truth : (n,) array
        Index of a set.
    folds : (n,) array
        The fold whose model answers, :data:`NO_FOLD` where a row is scored once.
    answers : tuple of ClassifierAnswers
    slices : tuple of Slice
    findings : tuple of (str, Findings)
        Name of each classifier and what its audits found.
    """

    labels: LabelSet
    sets: tuple[tuple[int, ...], ...]
    ids: NDArray[np.object_]
    splits: NDArray[np.object_]
    targets: NDArray[np.object_]
    groups: NDArray[np.object_]
    truth: Codes
    folds: Codes
    answers: tuple[ClassifierAnswers, ...]
    slices: tuple[Slice, ...] = ()
    findings: tuple[tuple[str, Findings], ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """Whether any classifier that was asked labels the row wrongly, ``(n,)``."""
        asked = [(answer.label != NOT_SCORED) & (answer.label != self.truth) for answer in self.answers]
        return np.asarray(np.any(asked, axis=0))


def answered_rows(classifiers: Sequence[ExploredClassifier], slices: Sequence[Slice] = ()) -> AnsweredRows:
    """Put the answers of classifiers side by side.

    Rows are the same where split, id, target and truth are: classifiers that were scored on other rows have
    none of these answers. Folds that draw their validation rows anew score some of them several times, each
    time by another model: such a row stands here once for each of these folds.

    Parameters
    ----------
    classifiers : sequence of ExploredClassifier
        At least one.
    slices : sequence of Slice

    Raises
    ------
    PredictionsError
        Where they have different labels.
    """
    labels = classifiers[0].predictions.labels
    for classifier in classifiers:
        other = classifier.predictions.labels
        if other != labels:
            raise PredictionsError(
                f"{classifier.name} has the labels {', '.join(other.names)}, {classifiers[0].name} has"
                f" {', '.join(labels.names)}; explore them one at a time"
            )
    parts = [list(_parts(classifier)) for classifier in classifiers]
    places, fresh = _placed(parts)
    sets = _Sets(labels)
    flat = [part for listed in parts for part in listed]

    def column(name: str) -> NDArray[np.object_]:
        values = (
            np.array(getattr(part, name), dtype=object)[new] for part, new in zip(flat, fresh, strict=True)
        )
        return np.concatenate(list(values))

    truths = [part.sample.truth[new] for part, new in zip(flat, fresh, strict=True)]
    truth = sets.codes(np.concatenate(truths))
    answers = tuple(
        _answers(classifier, list(zip(listed, at, strict=True)), len(truth), sets)
        for classifier, listed, at in zip(classifiers, parts, places, strict=True)
    )
    return AnsweredRows(
        labels=labels,
        sets=tuple(sets.members),
        ids=column("ids"),
        splits=column("splits"),
        targets=column("targets"),
        groups=column("groups"),
        truth=truth,
        folds=column("folds").astype(np.int32),
        answers=answers,
        slices=tuple(slices),
        findings=tuple((classifier.name, classifier.findings) for classifier in classifiers),
    )


@dataclass(frozen=True)
class _Part:
    """The rows of a classifier in one part of the split; ``repeats`` of its seeds stand as further seeds."""

    split: str
    repeats: int
    sample: AlignedPredictions
    targets: Sequence[str]
    groups: Sequence[str]
    folds: Sequence[int]
    abstained: Sequence[int]

    @property
    def ids(self) -> NDArray[np.object_]:
        """Ids of the rows."""
        return self.sample.ids

    @property
    def splits(self) -> list[str]:
        """The part of the split, once for each row."""
        return [self.split] * len(self.sample)

    @cached_property
    def keys(self) -> list[RowKey]:
        """Tell rows apart, in order."""
        truth = self.sample.truth
        # Of several labels a row, their bytes: a key has to be hashable.
        differing = truth.tolist() if truth.ndim == 1 else [row.tobytes() for row in truth]
        return list(zip(self.splits, self.ids, self.targets, differing, self.folds, strict=True))


def _placed(parts: Sequence[Sequence[_Part]]) -> tuple[list[list[Places]], list[Places]]:
    """Return the positions of the rows, by classifier and part; and for each part which rows it adds."""
    places: list[list[Places]] = []
    fresh: list[Places] = []
    positions: dict[RowKey, int] = {}
    n_rows = 0
    for listed in parts:
        places.append([])
        for part in listed:
            if len(parts) == 1:
                # The rows of one classifier differ already: nothing has to be looked up.
                at = n_rows + np.arange(len(part.sample))
                new = np.arange(len(part.sample))
            else:
                new = np.array(
                    [index for index, key in enumerate(part.keys) if key not in positions], np.intp
                )
                positions.update(
                    zip((part.keys[index] for index in new), itertools.count(n_rows), strict=False)
                )
                at = np.fromiter(map(positions.__getitem__, part.keys), np.intp, len(part.keys))
            n_rows += len(new)
            places[-1].append(at)
            fresh.append(new)
    return places, fresh


def _parts(classifier: ExploredClassifier) -> Iterator[_Part]:
    for split in SPLITS:
        rows = classifier.predictions.only(split=split)
        if not len(rows):
            continue
        aligned = AlignedPredictions.of(rows)
        sample, frame = aligned.by_model, rows.rows
        several = len(set(sample.ids)) < len(sample)
        by = ["fold", "id"] if several else ["id"]
        # Rows without repeats stand in the order of the first seed's.
        first = frame[frame["seed"] == aligned.seeds[0]].drop_duplicates(by)
        if aligned.repeats is not None:
            first = first.set_index("id", drop=False).loc[list(sample.ids)]
        targets, groups = (first[name].fillna("").astype(str).tolist() for name in ("target", "group"))
        folds = first["fold"].astype(int).tolist() if several else [NO_FOLD] * len(sample)
        counts = [0] * len(sample)
        if ABSTAIN in frame.columns:
            abstained = frame.groupby(by, sort=False)[ABSTAIN].sum()
            keys = list(zip(folds, sample.ids, strict=True)) if several else list(sample.ids)
            counts = abstained.loc[keys].astype(int).tolist()
        repeats = len(sample.seeds) // len(aligned.seeds)
        yield _Part(split, repeats, sample, targets, groups, folds, counts)


class _Sets:
    """Numbers the sets of labels that occur; those of a single-label task are its labels."""

    def __init__(self, labels: LabelSet) -> None:
        self.multi = labels.multi
        self.members: list[tuple[int, ...]] = [] if labels.multi else [(code,) for code in range(len(labels))]
        self.numbers = {members: number for number, members in enumerate(self.members)}

    def codes(self, codes: NDArray[np.int64]) -> Codes:
        """Return the number of each row's set, ``(n,)`` or ``(n_seeds, n)``; missing ones stay -1."""
        if not self.multi:
            return codes.astype(np.int32)
        flat = codes.reshape(-1, codes.shape[-1])
        rows, inverse = np.unique(flat, axis=0, return_inverse=True)
        numbers = np.array([self._number(row) for row in rows], dtype=np.int32)
        return numbers[inverse.ravel()].reshape(codes.shape[:-1])

    def _number(self, row: NDArray[np.int64]) -> int:
        if (row < 0).any():
            return MISSING
        members = tuple(np.flatnonzero(row).tolist())
        if members not in self.numbers:
            self.numbers[members] = len(self.members)
            self.members.append(members)
        return self.numbers[members]


def _answers(
    classifier: ExploredClassifier,
    placed: Sequence[tuple[_Part, Places]],
    n: int,
    sets: _Sets,
) -> ClassifierAnswers:
    k = len(classifier.predictions.labels)
    n_repeats = max((part.repeats for part, _ in placed), default=1)
    n_seeds = max((len(part.sample.seeds) // part.repeats for part, _ in placed), default=1)
    by_repeat = np.full((n_seeds, n_repeats, n), NOT_SCORED, dtype=np.int32)
    proba = np.full((n, k), np.nan)
    abstained = np.zeros(n, dtype=np.int32)
    for part, at in placed:
        predicted = sets.codes(part.sample.predicted)
        by_repeat[: len(predicted) // part.repeats, : part.repeats, at] = predicted.reshape(
            -1, part.repeats, len(at)
        )
        stated = ~np.isnan(part.sample.proba)
        sums = np.where(stated, part.sample.proba, 0.0).sum(axis=0)
        counts = stated.sum(axis=0)
        proba[at] = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
        abstained[at] = part.abstained
    codes = by_repeat.reshape(-1, n)
    return ClassifierAnswers(
        name=classifier.name,
        run_id=classifier.run_id,
        codes=codes,
        label=_majority(codes, proba, multi=sets.multi),
        proba=proba,
        abstained=abstained,
        repeats=n_repeats,
        scores=split_scores(classifier.predictions, SPLITS, classifier.scores),
    )


def _majority(codes: Codes, proba: NDArray[np.float64], *, multi: bool) -> Codes:
    """Return the answer that most seeds give, ``(n,)``."""
    columns = np.arange(codes.shape[1])
    agreeing = np.array([(codes == seed).sum(axis=0) for seed in codes], dtype=float)
    # A row that fewer seeds have scored: those that have not do not count.
    agreeing[codes == NOT_SCORED] = -1
    if not multi:
        # Below a whole seed: it decides between answers that equally many seeds give.
        of_label = proba[columns, np.maximum(codes, 0)]
        agreeing += np.where(codes >= 0, 0.5 * np.nan_to_num(of_label), 0.0)
    return np.asarray(codes[agreeing.argmax(axis=0), columns], dtype=np.int32)
