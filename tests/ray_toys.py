"""Toy classifiers for a cluster of two nodes: one that gets stuck on the second node, and a slow labeller."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import toys
from ray_cluster import SECOND
from toys import Verbs
from worker_toys import Labeller

from harness.classifiers.protocol import Examples, Labelled
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STATE = "state.txt"


class Stuck(Verbs):
    """Saves its state and sleeps where it runs on the second node; goes on from a state that it finds."""

    checkpoint_dir: Path | None = None

    def __init__(self, marks: str, everywhere: bool, labels: LabelSet, seed: int) -> None:
        super().__init__(1.0, "", labels, seed)
        self.marks, self.everywhere = Path(marks), everywhere

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        import ray

        super().fit(train, validation)
        assert self.checkpoint_dir is not None
        state = self.checkpoint_dir / STATE
        if state.exists():
            (self.marks / f"resumed-{self.seed}").touch()
            return
        host = ray.util.get_node_ip_address()
        if self.everywhere or host == SECOND:
            self.checkpoint_dir.mkdir(parents=True, exist_ok=True)
            state.touch()
            (self.marks / f"stuck-{self.seed}").write_text(host, encoding="utf-8")
            time.sleep(300)


def stuck(*, marks: str, everywhere: bool = False, labels: LabelSet, seed: int) -> Stuck:
    return Stuck(marks, everywhere, labels, seed)


class Slow(Labeller):
    """Takes a while for each chunk, so that something can happen meanwhile."""

    def predict_proba(self, examples: Examples) -> NDArray[np.float64]:
        time.sleep(0.2)
        return super().predict_proba(examples)


def load_slow(folder: Path, labels: LabelSet) -> Slow:
    classifier = toys.load(folder, labels)
    assert isinstance(classifier, Verbs)
    labeller = Slow(classifier.strength, "", labels, classifier.seed)
    labeller.known_ = classifier.known_
    return labeller
