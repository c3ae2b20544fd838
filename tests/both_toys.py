"""A toy classifier that learns two tasks at once, and counts how often it is fitted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from toys import Verbs

from harness.classifiers.protocol import Examples, Labelled, learns_both_tasks
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FITTED: list[tuple[int, int]] = []
"""Rows of its task and of the other task, one entry per fit."""


class Both:
    """A :class:`toys.Verbs` per task."""

    deterministic = False

    def __init__(self, labels: LabelSet, other_labels: LabelSet | None, seed: int) -> None:
        self.labels, self.other_labels, self.seed = labels, other_labels, seed

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        assert train.other_task is not None
        assert self.other_labels is not None
        FITTED.append((len(train), len(train.other_task)))
        self.heads_ = [Verbs(1.0, "", labels, self.seed) for labels in (self.labels, self.other_labels)]
        for head, rows in zip(self.heads_, (train, train.other_task), strict=True):
            head.fit(rows)

    def predict_proba(self, examples: Examples) -> NDArray[np.float64]:
        return self.heads_[0].predict_proba(examples)

    def save(self, folder: Path) -> str:
        state = [
            {"labels": head.labels.names, "multi": head.labels.multi, "known": head.known_}
            for head in self.heads_
        ]
        (folder / "both.json").write_text(json.dumps({"seed": self.seed, "heads": state}), encoding="utf-8")
        return "both_toys:load"


@learns_both_tasks
def both(*, labels: LabelSet, other_labels: LabelSet | None = None, seed: int) -> Both:
    return Both(labels, other_labels, seed)


def load(folder: Path, labels: LabelSet) -> Both:
    state = json.loads((folder / "both.json").read_text(encoding="utf-8"))
    heads = []
    for saved in state["heads"]:
        head = Verbs(1.0, "", LabelSet(tuple(saved["labels"]), saved["multi"]), state["seed"])
        head.known_ = saved["known"]
        heads.append(head)
    heads.sort(key=lambda head: head.labels != labels)
    classifier = Both(labels, heads[1].labels, state["seed"])
    classifier.heads_ = heads
    return classifier
