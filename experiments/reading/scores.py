"""The parts of Partyline's train in, macro-F1 on dev, test and the implied set out.

    python -m experiments.reading.scores

``implied, differing`` holds the rows of sentences whose parties have different labels. Four classifiers are
trained on the core, on the new articles and on both: one that always answers with the commonest label, one
that reads the name of the party alone, one that reads the sentence but not which party is meant, and the
linear one. Nothing is chosen here: all settings are the defaults.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.reading.checks import CORE, DEV, TEST, TRAINING, everything, part_of
from harness.classifiers.linear.classifier import linear
from harness.classifiers.protocol import Example, Labelled, examples_of
from harness.values.labels import STANCE
from harness.values.tables import Corpus

Codes = NDArray[np.int64]
View = Callable[[Example], Example]


def as_it_is(example: Example) -> Example:
    """Return an example unchanged."""
    return example


def name_alone(example: Example) -> Example:
    """Return an example whose text is the registered name of its party."""
    return Example(example.target or "", None)


def sentence_alone(example: Example) -> Example:
    """Return an example without its party."""
    return replace(example, target=None, spans=(), holder=None)


VIEWS: dict[str, View] = {
    "linear": as_it_is,
    "linear-blind": sentence_alone,
    "names only": name_alone,
}


def differing(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of sentences whose parties have different labels."""
    return rows[rows.groupby("text")["stance"].transform("nunique") > 1]


def labelled(corpus: Corpus, rows: pd.DataFrame) -> Labelled:
    """Return rows as examples with their labels."""
    codes = rows["stance"].map({name: code for code, name in enumerate(STANCE.names)})
    return Labelled(examples_of(rows, corpus.parties), codes.to_numpy(dtype=np.int64))


def predictions(train: Labelled, tested: Sequence[Labelled], view: View) -> list[Codes]:
    """Train the linear classifier on what a view leaves of the examples; return its labels of each set."""
    classifier = linear(labels=STANCE, target="masked" if view is as_it_is else "none")
    classifier.fit(Labelled([view(example) for example in train.examples], train.codes))
    return [
        classifier.predict_proba([view(example) for example in part.examples]).argmax(axis=1)
        for part in tested
    ]


def main() -> None:
    """Print a row for each part of train and each classifier."""
    full, implied = everything()
    parts = part_of(full.rows)
    tested = {name: labelled(full, full.rows[parts == name]) for name in (DEV, TEST)}
    tested["implied"] = labelled(implied, implied.rows)
    tested["implied, differing"] = labelled(implied, differing(implied.rows))
    rows = []
    for names in ((CORE,), (TRAINING,), (CORE, TRAINING)):
        train = labelled(full, full.rows[parts.isin(names)])
        commonest = int(np.bincount(train.codes).argmax())
        answers = {"majority": [np.full(len(part), commonest) for part in tested.values()]}
        seconds = {}
        for name, view in VIEWS.items():
            start = time.perf_counter()
            answers[name] = predictions(train, list(tested.values()), view)
            seconds[name] = round(time.perf_counter() - start, 1)
        for name, codes in answers.items():
            scores = {
                on: round(macro_f1(part.codes, answer), 3)
                for (on, part), answer in zip(tested.items(), codes, strict=True)
            }
            rows.append({"trained on": " + ".join(names), "rows": len(train), "classifier": name, **scores})
            rows[-1]["seconds"] = seconds.get(name, 0.0)
    print(pd.DataFrame(rows).to_string(index=False))


def macro_f1(truth: Codes, answer: Codes) -> float:
    """Return the mean of the labels' F1."""
    return float(np.mean([f1(truth == code, answer == code) for code in range(len(STANCE))]))


def f1(truth: NDArray[np.bool_], answer: NDArray[np.bool_]) -> float:
    """Return the F1 of one label; 0 where it is neither given nor true."""
    total = int(truth.sum() + answer.sum())
    return 2 * int((truth & answer).sum()) / total if total else 0.0


if __name__ == "__main__":
    main()
