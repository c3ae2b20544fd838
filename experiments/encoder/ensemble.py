"""Kept models in, their average out: as an ensemble, as one set of weights, as labels for a student.

    python -m experiments.encoder.ensemble chosen-1 chosen-2 chosen-3 [--test]

Prints macro-F1 on mt-dev and rw-dev pooled, and on mt-test if asked: of each model, of the mean of their
probabilities, and of one model with the mean of their weights (a soup; Wortsman et al. 2022), which costs no
more than one to serve.
The models are those that ``study.py`` kept. A student learns from them by ``teachers`` in ``settings.yaml``.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.classifiers.encoder import load
from harness.classifiers.encoder.distilled import averaged, heard
from harness.classifiers.protocol import Example, Labelled
from harness.values.labels import STANCE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.classifiers.encoder.classifier import Encoder


def kept(places: Sequence[Path]) -> list[Encoder]:
    return [load(place / "model", STANCE) for place in places]


def softened(
    train: Labelled, places: Sequence[Path], trust: float, beside: Sequence[Example] = ()
) -> Labelled:
    """Mix the labels with what an ensemble says of the same rows (Hinton et al. 2015).

    Parameters
    ----------
    train : Labelled
        What the teachers were trained on, too.
    places : sequence of Path
        Of kept models.
    trust : float
        Share of the teachers in the mixture, in [0, 1].
    beside : sequence of Example
        Rows without labels, of which the teachers alone are heard.
    """
    examples = [*train.examples, *beside]
    taught = np.mean([_taught(place, examples) for place in places], axis=0)
    known = np.eye(len(STANCE))[train.codes]
    mixed = trust * taught[: len(known)] + (1 - trust) * known
    return Labelled(examples, np.concatenate([mixed, taught[len(known) :]]))


def _taught(place: Path, examples: Sequence[Example]) -> NDArray[np.float64]:
    """Return what a kept model says; it is kept beside it, since each student asks for the same."""
    digest = hashlib.sha256(repr(examples).encode()).hexdigest()[:16]
    file = place / f"taught-{digest}.npy"
    if not file.is_file():
        np.save(file, heard(load(place / "model", STANCE), examples))
    return np.asarray(np.load(file))


def main() -> None:
    from experiments.encoder.study import KEPT, labelled
    from harness.classifiers.encoder.prediction import f1_macro
    from harness.corpora.readers.newsmtsc import newsmtsc

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="+", help="of kept models")
    parser.add_argument("--test", action="store_true", help="score mt-test too, for what was decided on dev")
    given = parser.parse_args()
    corpus = newsmtsc(variant="mt", dev="both")
    parts = [labelled(corpus, split=name) for name in ("dev", "test")[: 1 + given.test]]
    models = kept([KEPT / name for name in given.names])
    found = [[one.predict_proba(part.examples) for part in parts] for one in models]
    rows = dict(zip(given.names, found, strict=True))
    rows["ensemble"] = [np.mean(each, axis=0) for each in zip(*found, strict=True)]
    soup = averaged(models)
    rows["soup"] = [soup.predict_proba(part.examples) for part in parts]
    for name, said in rows.items():
        scores = [
            f1_macro(part.codes, proba.argmax(axis=1), STANCE)
            for part, proba in zip(parts, said, strict=True)
        ]
        print(f"{name}: {', '.join(f'{score:.4f}' for score in scores)}")


if __name__ == "__main__":
    main()
