"""Other corpora in, a checkpoint that was fine-tuned on all of them at once out: several heads, one body."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from experiments.encoder.seesaw import seesaw
from harness.classifiers import checkpoints
from harness.classifiers.encoder.classifier import assembled, padding, reader
from harness.classifiers.encoder.losses import Loss
from harness.classifiers.encoder.objectives import OneTask
from harness.classifiers.encoder.options import Options, Regularization
from harness.classifiers.encoder.prediction import device
from harness.classifiers.encoder.training import Data, Training, seeded
from harness.classifiers.protocol import Labelled, examples_of
from harness.values import seeds
from harness.values.labels import STANCE, TWO_SIDES, LabelSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROWS = 8000
"""The most rows of a corpus: none should drown the others."""


def pstance(seed: int) -> Labelled:
    from harness.corpora.readers.pstance import pstance as read

    return _train(read().rows, TWO_SIDES, seed)


def vast(seed: int) -> Labelled:
    from harness.corpora.readers.vast import vast as read

    return _train(read().rows, STANCE, seed)


SOURCES: Mapping[str, tuple[Callable[[int], Labelled], LabelSet]] = {
    "seesaw": (seesaw, STANCE),
    "pstance": (pstance, TWO_SIDES),
    "vast": (vast, STANCE),
}


@dataclass(frozen=True)
class Heads(OneTask):
    """Labels of several corpora: each row is told apart among those of its own corpus alone.

    Attributes
    ----------
    sizes : tuple of int
        How many labels each corpus has, in the order of the labels.
    """

    sizes: tuple[int, ...]

    def loss(self, codes: NDArray[Any], terms: Regularization) -> Loss:  # noqa: ARG002
        """Make a cross-entropy over one head's share of the scores, smoothed as the options say."""
        head = torch.from_numpy(np.repeat(np.arange(len(self.sizes)), self.sizes)).to(device())
        smoothing = terms.label_smoothing

        def total(raw: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
            own = head[truth].unsqueeze(1) == head
            logs = raw.masked_fill(~own, -1e4).log_softmax(dim=1)
            hit = logs.gather(1, truth.unsqueeze(1)).squeeze(1)
            spread = (logs * own).sum(dim=1) / own.sum(dim=1)
            return -((1 - smoothing) * hit + smoothing * spread).sum()

        return Loss(total, lambda truth: float(len(truth)))


def pretrained(names: Sequence[str], seed: int, place: Path) -> str:
    """Fine-tune on corpora for two epochs; return the folder of the body that comes out.

    Parameters
    ----------
    names : sequence of str
        Of :data:`SOURCES`; each has a head of its own, forgotten afterwards.
    seed : int
    place : Path
        What is there already is taken as it is.
    """
    if not (place / "config.json").is_file():
        training, rows = _made(names, seed, place / "training")
        with seeded(seeds.derive(seed, "transfer", "dropout")):
            training.run(rows, None)
        training.network.body.save_pretrained(place)
        checkpoints.load_tokenizer(training.options.checkpoint).save_pretrained(place)
        shutil.rmtree(place / "training")
    return str(place.resolve())


def _made(names: Sequence[str], seed: int, folder: Path) -> tuple[Training, Data]:
    options = Options(epochs=2)
    backend = checkpoints.load_tokenizer(options.checkpoint)
    parts = [SOURCES[name][0](seed) for name in names]
    labels = LabelSet(tuple(f"{name} {label}" for name in names for label in SOURCES[name][1].names))
    sizes = tuple(len(SOURCES[name][1]) for name in names)
    with seeded(seeds.derive(seed, "transfer", "weights")):
        network = assembled(options, checkpoints.load_body(options.checkpoint), labels)
    heads = Heads(labels, sizes)
    training = Training(network.to(device()), options, heads, seed, padding(backend), folder)
    offsets = np.cumsum([0, *sizes])
    examples = [one for part in parts for one in part.examples]
    codes = np.concatenate([part.codes + start for part, start in zip(parts, offsets, strict=False)])
    return training, Data(reader(options, backend)(examples), codes)


def _train(rows: Any, labels: LabelSet, seed: int) -> Labelled:
    rows = rows[rows["split"] == "train"]
    chosen = seeds.generator(seed, "transfer", "rows").permutation(len(rows))[:ROWS]
    rows = rows.iloc[np.sort(chosen)]
    return Labelled(examples_of(rows), labels.encode(rows["stance"]))
