"""Kept models in, their average out: as an ensemble, as one set of weights, as labels for a student.

    python -m experiments.encoder.ensemble chosen-1 chosen-2 chosen-3

Prints macro-F1 on mt-dev and rw-dev pooled: of each model, of the mean of their probabilities, and of one
model with the mean of their weights (a soup; Wortsman et al. 2022), which costs no more than one to serve.
The models are those that ``study.py`` kept. A student learns from them by ``teachers`` in ``settings.yaml``.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.classifiers.distilled import heard
from harness.classifiers.encoder import load
from harness.classifiers.protocol import Example, Labelled
from harness.labels import STANCE

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


def soup(models: Sequence[Encoder]) -> Encoder:
    """Average weights; the first model is changed."""
    import torch

    states = [one.network_.state_dict() for one in models]
    means = {
        name: torch.stack([state[name] for state in states]).mean(dim=0)
        if value.is_floating_point()
        else value
        for name, value in states[0].items()
    }
    models[0].network_.load_state_dict(means)
    return models[0]


def main() -> None:
    from experiments.encoder.study import KEPT, labelled
    from harness.classifiers.encoder.prediction import f1_macro
    from harness.corpora.newsmtsc import newsmtsc

    names = sys.argv[1:]
    dev = labelled(newsmtsc(variant="mt", dev="both"), split="dev")
    models = kept([KEPT / name for name in names])
    found = [one.predict_proba(dev.examples) for one in models]
    rows = [*zip(names, found, strict=True), ("ensemble", np.mean(found, axis=0))]
    first = models[0]
    for one in models:
        one.use("fp32")
    soup(models)
    fresh = type(first)(first.options, STANCE, first.seed)
    fresh.take(first.tokenizer_, first.network_)
    rows.append(("soup", fresh.predict_proba(dev.examples)))
    for name, proba in rows:
        print(f"{name}: {f1_macro(dev.codes, proba.argmax(axis=1), STANCE):.4f}")


if __name__ == "__main__":
    main()
