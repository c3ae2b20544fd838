"""Held-out probabilities and gold labels in, rows that are probably mislabelled out."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.audits.audit_protocol import Subject
from harness.values.findings import Detail, Measure
from harness.values.labels import LabelSet
from harness.values.minimums import MIN_ISSUE_ROWS, MIN_ISSUE_ROWS_PER_LABEL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.int64]
    Array = NDArray[np.float64]

MAX_SHOWN_ROWS = 50


@dataclass(frozen=True)
class LabelIssues:
    """Rows that are probably mislabelled: how many of how many, and a table of the most probable ones."""

    measure: Measure
    table: Detail

    @property
    def rows(self) -> tuple[Any, ...]:
        """The rows of the table."""
        return self.table.rows


def issues_of(subject: Subject) -> LabelIssues | None:
    """List rows whose label the classifier finds improbable, the least probable first.

    Confident learning (Northcutt, Jiang & Chuang 2021, cleanlab) on the mean probabilities over seeds, for
    rows that were not trained on in their fold.

    Returns
    -------
    LabelIssues or None
        None if too few rows, or too few of some label, were predicted, or all got the same probabilities.
    """
    ids, proba = _held_out(subject)
    # A baseline that predicts the same for every row says nothing about any of them.
    if len(ids) < MIN_ISSUE_ROWS or (proba == proba[0]).all():
        return None
    corpus = subject.corpus.take(ids)
    codes = corpus.truth(subject.labels)
    order = _suspected(subject.labels, codes, proba)
    if order is None:
        return None
    rows = []
    for index in order[:MAX_SHOWN_ROWS]:
        row = corpus.rows.iloc[index]
        target = row["target"] if isinstance(row["target"], str) else ""
        labels = _described(subject.labels, codes[index], proba[index])
        rows.append((str(row["id"]), target, *labels, str(row["text"])))
    columns = ("id", "target", "label", "more likely", "probability of the label", "text")
    title = "Rows that are probably mislabelled, for a person to check"
    table = Detail("mislabelled", title, columns, tuple(rows), ("text",))
    return LabelIssues(Measure("mislabelled_rows", float(len(order)), n=len(ids)), table)


def _suspected(labels: LabelSet, codes: Codes, proba: Array) -> list[int] | None:
    """Return the indices of probably mislabelled rows, the most probable first; None if none can be told."""
    # On import one of its modules silences all warnings of the process, ours of later classifiers too.
    with warnings.catch_warnings():
        from cleanlab import filter as single_label
        from cleanlab.multilabel_classification import filter as multi_label

    # By the probability of the label itself, the number that the table shows.
    ranked = {"return_indices_ranked_by": "self_confidence", "n_jobs": 1}
    if not labels.multi:
        if np.bincount(codes, minlength=len(labels)).min() < MIN_ISSUE_ROWS_PER_LABEL:
            return None
        return [int(index) for index in single_label.find_label_issues(codes, proba, **ranked)]
    counts = codes.sum(axis=0)
    # Confident learning compares rows with and without a label: there have to be some of each.
    usable = np.minimum(counts, len(codes) - counts) >= MIN_ISSUE_ROWS_PER_LABEL
    if not usable.any():
        return None
    gold = [np.flatnonzero(row).tolist() for row in codes[:, usable]]
    return [int(index) for index in multi_label.find_label_issues(gold, proba[:, usable], **ranked)]


def _described(labels: LabelSet, code: Any, proba: Array) -> tuple[str, str, float]:
    """Return the label of a row, the predicted label, and the predicted probability of the former."""
    if not labels.multi:
        return labels.names[int(code)], labels.names[int(proba.argmax())], float(proba[int(code)])
    label, likely = (
        ", ".join(name for name, on in zip(labels.names, bits, strict=True) if on) or "none"
        for bits in (code, proba >= 0.5)
    )
    # Of several labels, the one that the classifier doubts most.
    return label, likely, float(np.where(code == 1, proba, 1 - proba).min())


def _held_out(subject: Subject) -> tuple[list[str], NDArray[np.float64]]:
    """Return ids and mean probabilities of all rows that were predicted without being trained on."""
    if subject.predictions is None or not subject.predictions.has_probabilities:
        return [], np.empty((0, len(subject.labels)))
    columns = [f"p_{name}" for name in subject.labels.names]
    # A row that has no prediction under any seed tells nothing about its label.
    averaged = subject.predictions.rows.groupby("id", sort=False)[columns].mean().dropna()
    proba = averaged.to_numpy(dtype=np.float64)
    # A mean of rows that sum to 1 may be off by rounding, which cleanlab refuses.
    if not subject.labels.multi:
        proba = proba / proba.sum(axis=1, keepdims=True)
    return [str(id_) for id_ in averaged.index], proba
