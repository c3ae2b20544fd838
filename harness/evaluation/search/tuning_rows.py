"""A split in, the rows that candidates are fitted to and judged on out: none that promotion goes by.

Where validation has been halved (:mod:`harness.splits.tuning_half`), candidates are judged on the half that
is for tuning. Where it has too few groups for that, they are judged by five folds of the training rows, and
validation is not touched; a classifier that learns nothing from them is judged on a part of the training
rows as large as validation, since it would have to label all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from harness.config.plan import PlannedClassifier
from harness.evaluation.prepared import Prepared
from harness.evaluation.search.record import Rows
from harness.splits import Split
from harness.splits.drawing import Drawing
from harness.splits.split import TUNING
from harness.splits.tuning_half import n_groups
from harness.values.errors import ClassifierError, SplitError
from harness.values.formatting import counted

N_FOLDS = 5
PART = 0.2
"""Share of the training rows, where there are no validation rows to be as large as."""


@dataclass(frozen=True)
class TuningRows:
    """Where candidates are judged.

    Attributes
    ----------
    parts : tuple of (Prepared, Split, str)
        Each with the part that a candidate fitted to its training rows is judged on.
    how : {"half", "folds", "part"}
    """

    parts: tuple[tuple[Prepared, Split, str], ...]
    how: Rows

    @property
    def ids(self) -> tuple[str, ...]:
        """The rows that candidates are judged on."""
        return tuple(id_ for _, split, part in self.parts for id_ in split.part(part))

    @property
    def n_groups(self) -> int:
        """The groups that these rows are from."""
        return n_groups(self.parts[0][0].corpus, self.ids)


def tuning_rows(prepared: Prepared, split: Split, classifier: PlannedClassifier) -> TuningRows:
    """Return where the candidates of a classifier are judged.

    Raises
    ------
    ClassifierError
        Where the training rows are too few to be divided.
    """
    if split.tuning:
        return TuningRows(((prepared, split, TUNING),), "half")
    learns = not getattr(classifier.bound.factory, "needs_no_training", False)
    share = min(0.5, len(split.validation) / len(split.train)) or PART
    shares = (1 / N_FOLDS,) * N_FOLDS if learns else (1 - share, share)
    corpus, labels = prepared.corpus, prepared.plan.labels
    # The same folds for every seed and every classifier of the experiment.
    indices = np.flatnonzero(corpus.rows["id"].isin(set(split.train)))
    try:
        folds = Drawing().divide(corpus, labels, indices, shares, f"inner {split.fold}")
    except SplitError as error:
        groups = counted(n_groups(corpus, split.train), "group")
        raise ClassifierError(
            f"{classifier.name} has options to tune: the training rows are of {groups}, too few for"
            f" {counted(len(shares), 'part')}"
        ) from error
    ids = corpus.rows["id"].to_numpy(dtype=object)
    parts = []
    for held in folds if learns else folds[1:]:
        rest = np.setdiff1d(indices, held)
        # Test takes no part; a split without it is none.
        inner = Split(split.fold, tuple(ids[rest]), tuple(ids[held]), (), split.test)
        parts.append((replace(prepared, splits=(inner,)), inner, "validation"))
    return TuningRows(tuple(parts), "folds" if learns else "part")
