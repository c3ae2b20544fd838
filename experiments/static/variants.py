"""Settings of a static classifier in, macro-F1 on dev rows of each out, so that none is compared untuned.

    python -m experiments.static.variants

Writes ``variants.csv``. The head is a logistic regression over standardized features, or a network with one
hidden layer, as Model2Vec trains it.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from experiments.encoder.rows import labelled
from experiments.static.measure import load_table
from experiments.static.model import StaticFeatures
from harness.classifiers.encoder.prediction import f1_macro
from harness.classifiers.heads import logistic
from harness.corpora.readers.newsmtsc import newsmtsc
from harness.corpora.readers.partyline import partyline
from harness.values.labels import STANCE

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESULTS = Path(__file__).with_name("variants.csv")
PENALTIES = (0.0003, 0.003, 0.03)
HIDDEN = 512
VIEWS: tuple[tuple[Literal["masked", "marked", "pair"], float, bool], ...] = (
    ("masked", 8.0, False),
    ("marked", 8.0, False),
    ("pair", 8.0, False),
)
"""How the target is shown, the width of the window around it, whether means are scaled to length 1."""


def with_hidden_layer(train: NDArray[np.float64], codes: NDArray[np.int64], dev: NDArray[np.float64]) -> Any:
    from sklearn.neural_network import MLPClassifier

    head = MLPClassifier((HIDDEN,), early_stopping=True, random_state=1, alpha=1.0)
    return head.fit(train, codes).predict(dev)


def main() -> None:
    backend, table = load_table()
    lines = []
    for name, corpus in (("newsmtsc", newsmtsc(variant="mt", dev="both")), ("partyline", partyline())):
        train, dev = labelled(corpus, split="train"), labelled(corpus, split="dev")
        for target, window, unit in VIEWS:
            features = StaticFeatures(backend, table, target, window, unit)
            rows, held = features(train.examples), features(dev.examples)
            mean, deviation = rows.mean(axis=0), rows.std(axis=0)
            scale = np.where(deviation > 0, deviation, 1)
            rows, held = (rows - mean) / scale, (held - mean) / scale
            settings = {"corpus": name, "target": target, "window": str(window), "unit": str(unit)}
            predicted = {
                f"logistic C={C}": logistic(rows, train.codes, STANCE, C=C, balanced=True)
                .proba(held)
                .argmax(axis=1)
                for C in PENALTIES
            }
            predicted[f"{HIDDEN} hidden units"] = with_hidden_layer(rows, train.codes, held)
            for head, codes in predicted.items():
                score = f1_macro(dev.codes, codes, STANCE)
                lines.append(settings | {"head": head, "f1_macro": f"{score:.3f}"})
                print(lines[-1], flush=True)
    with RESULTS.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)


if __name__ == "__main__":
    main()
