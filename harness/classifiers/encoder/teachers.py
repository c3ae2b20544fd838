"""A fitted teacher and rows in, what it says of them out: probabilities, and what they took.

A teacher that gives labels alone, such as a language model that answers in JSON, is taken to be right with
probability ``1 - SMOOTHING`` and to choose among all labels otherwise (label smoothing; Szegedy et al. 2016).
A row that a teacher has no answer for has no probabilities, NaN, and is left out of what students learn.
"""

from __future__ import annotations

import json
import math
import os
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.classifiers.encoder.assembly import padding_token
from harness.classifiers.encoder.classifier import Encoder
from harness.classifiers.protocol import (
    Classifier,
    Examples,
    LabelsAlone,
    Metered,
    has_probabilities,
)
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

SMOOTHING = 0.1
"""As much as the student's own labels are smoothed by default."""

DRAWS = 1_000

PORTION = 2048
"""Rows after which what an encoder has said is saved: on a slow machine they take some minutes."""


@dataclass(frozen=True)
class TeacherLabels:
    """What a teacher says of rows.

    Attributes
    ----------
    proba : (n, k) array
        In label order; NaN in the whole of a row without an answer.
    usage : mapping
        What it took by name: ``label_seconds``, ``teacher_fit_seconds``, and what the teacher itself counts,
        such as ``requests``.
    """

    proba: Reals
    usage: Mapping[str, float] = field(default_factory=dict)

    def write(self, file: Path) -> None:
        """Write it as one file; :meth:`read` returns an equal one."""
        # A file that is cut off must not pass for the whole of it; two trainings may write it at once.
        draft = file.with_name(f"{file.name}.{os.getpid()}.new")
        with draft.open("wb") as stream:
            np.savez(stream, proba=self.proba, usage=np.array(json.dumps(dict(self.usage))))
        draft.replace(file)

    @classmethod
    def read(cls, file: Path) -> TeacherLabels:
        """Read what :meth:`write` wrote."""
        with np.load(file, allow_pickle=False) as arrays:
            return cls(arrays["proba"], json.loads(str(arrays["usage"])))

    @classmethod
    def read_if_whole(cls, file: Path) -> TeacherLabels | None:
        """Read what :meth:`write` wrote; None where nothing whole is there, which costs time alone."""
        try:
            return cls.read(file)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            return None


def ask(
    teacher: Classifier, examples: Examples, labels: LabelSet, draft: Path | None = None
) -> TeacherLabels:
    """Let a fitted teacher label rows, once.

    Parameters
    ----------
    teacher : Classifier
    examples : sequence of Example
    labels : LabelSet
    draft : Path, optional
        Where what an encoder has said is saved every :data:`PORTION` rows. What lies there counts as said of
        the first of these rows.
    """
    began, earlier = time.perf_counter(), 0.0
    if isinstance(teacher, Encoder):
        proba, earlier = _in_portions(teacher, examples, draft)
    elif isinstance(teacher, LabelsAlone) and not has_probabilities(teacher):
        proba = smoothed(teacher.predict(examples), labels)
    else:
        proba = np.array(teacher.predict_proba(examples), dtype=np.float64)
        # One frame without an answer leaves the set of frames unknown.
        proba[np.isnan(proba).any(axis=1)] = np.nan
    usage = dict(teacher.usage()) if isinstance(teacher, Metered) else {}
    return TeacherLabels(proba, {"label_seconds": time.perf_counter() - began + earlier, **usage})


def smoothed(codes: NDArray[np.int64], labels: LabelSet) -> Reals:
    """Turn labels into probabilities; a negative code stands for a missing answer.

    Parameters
    ----------
    codes : (n,) or (n, k) array
    labels : LabelSet

    Returns
    -------
    (n, k) array
        NaN in rows without an answer.

    Examples
    --------
    >>> smoothed(np.array([1, -1]), LabelSet(("for", "against"))).round(2)
    array([[0.05, 0.95],
           [ nan,  nan]])
    """
    missing = codes < 0 if codes.ndim == 1 else (codes < 0).any(axis=1)
    hard = codes.astype(float) if labels.multi else np.eye(len(labels))[np.maximum(codes, 0)]
    # Of labels of which each may apply, each is chosen between two: yes and no.
    proba = (1 - SMOOTHING) * hard + SMOOTHING / (2 if labels.multi else len(labels))
    proba[missing] = np.nan
    return np.asarray(proba)


def averaged(teachers: Sequence[TeacherLabels]) -> Reals:
    """Return the mean over the teachers that answered, row by row; NaN where none did."""
    answered = np.array([~np.isnan(teacher.proba) for teacher in teachers])
    total = np.sum([np.nan_to_num(teacher.proba) for teacher in teachers], axis=0)
    number = answered.sum(axis=0)
    return np.asarray(np.where(number > 0, total / np.maximum(number, 1), np.nan))


def soft_labels(teacher: Encoder, examples: Examples) -> Reals:
    """Return a teacher's probabilities, computed in the precision of its training: they are not scored.

    Parameters
    ----------
    teacher : Encoder
        Fitted.
    examples : sequence of Example

    Returns
    -------
    (n, k) array
        In label order.
    """
    from harness.classifiers.encoder.engines.computing import TorchEngine
    from harness.classifiers.encoder.prediction import Preprocessing, probabilities, stream_scores
    from harness.classifiers.encoder.training import uses_bf16

    engine = TorchEngine(teacher.network_, "bf16" if uses_bf16(teacher.options.precision) else "fp32")
    preprocessing = Preprocessing(teacher.tokenizer_, padding_token(teacher.tokenizer_.backend))
    raw = stream_scores(engine, preprocessing, examples, len(teacher.labels))
    return probabilities(raw, teacher.labels)


def _in_portions(teacher: Encoder, examples: Examples, draft: Path | None) -> tuple[Reals, float]:
    """Return :func:`soft_labels`, and the seconds that those took which a draft had already."""
    began, so_far = time.perf_counter(), None if draft is None else TeacherLabels.read_if_whole(draft)
    proba = np.empty((0, len(teacher.labels))) if so_far is None else so_far.proba
    earlier = 0.0 if so_far is None else so_far.usage["label_seconds"]
    for start in range(len(proba), len(examples), PORTION):
        proba = np.concatenate([proba, soft_labels(teacher, examples[start : start + PORTION])])
        if draft is not None:
            TeacherLabels(proba, {"label_seconds": time.perf_counter() - began + earlier}).write(draft)
    return proba, earlier


def labelling(teachers: Sequence[TeacherLabels]) -> dict[str, float]:
    """Return what all teachers took together, and what each of their labels did.

    Returns
    -------
    dict
        What the teachers count, summed; ``teacher_labels``, rows that a teacher answered, and
        ``teacher_unanswered``; ``seconds_per_label`` and, where answers have a price, ``cost_per_label``.
        Answers that were kept from an earlier run take no seconds now, but count at what they cost then.
    """
    totals: dict[str, float] = {}
    for teacher in teachers:
        for name, value in teacher.usage.items():
            # The last teacher's balance holds what was spent on those before it.
            totals[name] = value if name in ("spent", "budget_left") else totals.get(name, 0.0) + value
    for name in ("label_mass", "agreement"):
        if name in totals:
            totals[name] /= len(teachers)
    asked = sum(len(teacher.proba) for teacher in teachers)
    answered = sum(int((~np.isnan(teacher.proba)).all(axis=1).sum()) for teacher in teachers)
    seconds = totals.pop("label_seconds", 0.0)
    cost = totals.get("answers_cost")
    totals |= {"teacher_labels": float(answered), "teacher_unanswered": float(asked - answered)}
    if answered:
        totals["seconds_per_label"] = seconds / answered
        totals |= {} if cost is None else {"cost_per_label": cost / answered}
    return totals


def preserved(
    student: NDArray[np.int64],
    teacher: NDArray[np.int64],
    truth: NDArray[np.int64],
    clusters: Sequence[str],
    labels: LabelSet,
) -> dict[str, float]:
    """Compare a student with its teacher on the same rows, by macro-F1.

    Parameters
    ----------
    student, teacher, truth : (n,) or (n, k) arrays of codes
        Of rows that the teacher answered, at least one.
    clusters : sequence of str
        The article of each of these rows, or its sentence where the article is unknown: rows of one are drawn
        together.
    labels : LabelSet

    Returns
    -------
    dict
        ``student_minus_teacher`` and, of two clusters or more, the ends of its 95 % interval: percentiles of
        :data:`DRAWS` paired resamples of clusters (Efron & Tibshirani 1993), expanded for few of them
        (Hesterberg 2015).
    """
    number: dict[str, int] = {}
    cluster = np.array([number.setdefault(name, len(number)) for name in clusters])
    draw = np.random.default_rng(0)
    chances = np.full(len(number), 1 / len(number))
    counts = draw.multinomial(len(number), chances, size=DRAWS)[:, cluster].astype(np.float64)
    weights = np.concatenate([np.ones((1, len(cluster))), counts])
    entire, *drawn = _f1_macro(truth, student, weights, labels) - _f1_macro(truth, teacher, weights, labels)
    if len(number) < 2:
        return {"student_minus_teacher": float(entire)}
    low, high = np.percentile(drawn, _percentiles(len(number)))
    names = ("student_minus_teacher", "student_minus_teacher_low", "student_minus_teacher_high")
    return {name: float(value) for name, value in zip(names, (entire, low, high), strict=True)}


def _percentiles(clusters: int) -> tuple[float, float]:
    """Return which percentiles of draws from so many clusters are the ends of a 95 % interval."""
    from scipy.stats import norm, t

    # Their variance lacks a factor n / (n - 1), and is itself an estimate.
    reach = math.sqrt(clusters / (clusters - 1)) * t.ppf(0.975, clusters - 1)
    tail = 100 * float(norm.sf(reach))
    return tail, 100 - tail


def _f1_macro(
    truth: NDArray[np.int64], predicted: NDArray[np.int64], weights: Reals, labels: LabelSet
) -> Reals:
    """Return the macro-F1 under each line of weights, ``(draws,)``; 0 for a label where it is 0 / 0."""
    if not labels.multi:
        truth, predicted = (np.eye(len(labels), dtype=np.int64)[codes] for codes in (truth, predicted))
    hits, occurrences = weights @ (truth & predicted), weights @ (truth + predicted)
    return np.asarray((2 * hits / np.maximum(occurrences, 1e-12)).mean(axis=1))
