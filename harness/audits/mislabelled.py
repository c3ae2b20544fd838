"""Out-of-fold probabilities and gold labels in, the rows that look mislabelled out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.audits.audit_protocol import Subject
from harness.values.findings import Detail, Measure
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.int64]
    Array = NDArray[np.float64]

FEWEST, SHOWN = 20, 50
MIN_OF_A_LABEL = 2
"""Confident learning learns from how sure a classifier is of those that have a label; it needs some."""


@dataclass(frozen=True)
class Issues:
    """Rows that look mislabelled: how many of how many, and the likeliest of them."""

    measure: Measure
    table: Detail

    @property
    def rows(self) -> tuple[Any, ...]:
        """The rows of the table."""
        return self.table.rows


def issues_of(subject: Subject) -> Issues | None:
    """List rows whose label the classifier finds improbable, the least probable first.

    Confident learning (Northcutt et al. 2021, cleanlab) on mean probabilities over seeds, of rows that were
    not trained on in their fold.

    Returns
    -------
    Issues or None
        None where too few rows, or rows of some label, were predicted, or all alike.
    """
    ids, proba = _held_out(subject)
    if len(ids) < FEWEST or (proba == proba[0]).all():
        return None
    corpus = subject.corpus.take(ids)
    codes = corpus.truth(subject.labels)
    order = _suspected(subject.labels, codes, proba)
    if order is None:
        return None
    rows = []
    for at in order[:SHOWN]:
        row = corpus.rows.iloc[at]
        target = row["target"] if isinstance(row["target"], str) else ""
        rows.append((str(row["id"]), target, *_read(subject.labels, codes[at], proba[at]), str(row["text"])))
    columns = ("id", "target", "label", "more likely", "probability of the label", "text")
    title = "Rows that look mislabelled, to be read again by a person"
    table = Detail("mislabelled", title, columns, tuple(rows), ("text",))
    return Issues(Measure("mislabelled_rows", float(len(order)), n=len(ids)), table)


def _suspected(labels: LabelSet, codes: Codes, proba: Array) -> list[int] | None:
    """Return the places of rows that look mislabelled, the likeliest first; None where none can be told."""
    from cleanlab import filter as of_one
    from cleanlab.multilabel_classification import filter as of_several

    ranked = {"return_indices_ranked_by": "self_confidence", "n_jobs": 1}
    if not labels.multi:
        if np.bincount(codes, minlength=len(labels)).min() < MIN_OF_A_LABEL:
            return None
        return [int(place) for place in of_one.find_label_issues(codes, proba, **ranked)]
    counts = codes.sum(axis=0)
    kept = np.minimum(counts, len(codes) - counts) >= MIN_OF_A_LABEL
    if not kept.any():
        return None
    given = [np.flatnonzero(row).tolist() for row in codes[:, kept]]
    return [int(place) for place in of_several.find_label_issues(given, proba[:, kept], **ranked)]


def _read(labels: LabelSet, code: Any, proba: Array) -> tuple[str, str, float]:
    """Return the label of a row, what the classifier takes it for, and how probable it finds the label."""
    if not labels.multi:
        return labels.names[int(code)], labels.names[int(proba.argmax())], float(proba[int(code)])
    label, likely = (
        ", ".join(name for name, on in zip(labels.names, bits, strict=True) if on) or "none"
        for bits in (code, proba >= 0.5)
    )
    return label, likely, float(np.where(code == 1, proba, 1 - proba).min())


def _held_out(subject: Subject) -> tuple[list[str], NDArray[np.float64]]:
    """Return ids and mean probabilities of all rows that were scored without being trained on."""
    if subject.predictions is None or not subject.predictions.has_probabilities:
        return [], np.empty((0, len(subject.labels)))
    columns = [f"p_{name}" for name in subject.labels.names]
    averaged = subject.predictions.rows.groupby("id", sort=False)[columns].mean()
    proba = averaged.to_numpy(dtype=np.float64)
    if not subject.labels.multi:
        proba = proba / proba.sum(axis=1, keepdims=True)
    return [str(one) for one in averaged.index], proba
