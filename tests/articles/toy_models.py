"""Served models that go by a word or two, and an article for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from harness.classifiers.protocol import Example
from harness.serving.contract import Contract, Holders
from harness.serving.decisions.abstention_rule import AbstentionRule
from harness.serving.decisions.decider import Decider
from harness.serving.decisions.label_support import LabelSupport
from harness.serving.engine import LabelEngine
from harness.serving.inference import LabelModel
from harness.values.labels import FRAMING, STANCE, LabelSet, Task
from harness.values.parties import EMPTY, Registry, from_records

REGISTRY: Registry = from_records(
    [
        {"name": "Ostrel", "kind": "country", "leaders": [{"name": "Mara Crane", "aliases": ["Crane"]}]},
        {"name": "<script>alert(1)</script>", "aliases": ["Scripters"]},
        {"name": "Varna", "kind": "country"},
    ]
)
ARTICLE = (
    "Varna opens bridge\n"
    "Ostrel blamed Varna for the bridge. “Varna lied,” Crane said. She praised the Scripters.\n"
    "Read next: Ostrel loses\n"
    "It rained on Varna & the <b>harbour</b>."
)


class WordClassifier:
    """Critical for "blamed" or "lied", supportive for "praised"; a frame for "bridge"; counts its rows."""

    def __init__(self, labels: LabelSet) -> None:
        self.labels, self.rows, self.calls = labels, 0, 0

    def predict_proba(self, examples: Sequence[Example]) -> Any:
        self.rows += len(examples)
        self.calls += 1
        if self.labels.multi:
            return np.array([[0.9 if "bridge" in example.text else 0.1] + [0.1] * 4 for example in examples])
        proba = [[0.1, 0.8, 0.1] for _ in examples]
        for row, example in zip(proba, examples, strict=True):
            if "blamed" in example.text or "lied" in example.text:
                row[:] = [0.7, 0.2, 0.1]
            elif "praised" in example.text:
                row[:] = [0.1, 0.2, 0.7]
        return np.array(proba)


def support(conflict: tuple[int, int], *, shown_from: float = 0.5) -> tuple[LabelSupport, ...]:
    """Evidence of so many rows given and right for conflict, and none for the other frames."""
    others = (LabelSupport(name, 0.5, 0, 0) for name in FRAMING.names[1:])
    return (LabelSupport("conflict", shown_from, *conflict), *others)


def model(
    task: Task = "stance",
    *,
    below: float | None = None,
    support: tuple[LabelSupport, ...] | None = None,
    languages: tuple[str, ...] = (),
    holders: Holders = "none",
) -> LabelModel:
    labels = STANCE if task == "stance" else FRAMING
    rule = AbstentionRule(below, 0.1, "conformal", 0.9, 100, 100, 1) if below is not None else None
    decider = Decider(labels, rule=rule, support=support)
    contract = Contract(
        task=task, labels=labels, loader="x:y", decider=decider, languages=languages, holders=holders
    )
    return LabelModel(LabelEngine(contract, WordClassifier(labels), EMPTY), f"models:/{task}@champion")  # type: ignore[arg-type]
