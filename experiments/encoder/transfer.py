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
from harness.classifiers.encoder.assembly import make_network, make_tokenizer, padding_token
from harness.classifiers.encoder.losses import Loss
from harness.classifiers.encoder.objectives import OneTask
from harness.classifiers.encoder.options import Options, Regularization
from harness.classifiers.encoder.prediction import device
from harness.classifiers.encoder.training import Training, TrainingData, seeded
from harness.classifiers.protocol import Labelled, examples_of
from harness.values import seeds
from harness.values.labels import STANCE, TWO_SIDES, LabelSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROWS = 8000
"""The most rows of a corpus, so that none outweighs the others."""


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
    """Labels of several corpora: the classes of a row are those of its own corpus.

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
            of_corpus = head[truth].unsqueeze(1) == head
            logs = raw.masked_fill(~of_corpus, -1e4).log_softmax(dim=1)
            hit = logs.gather(1, truth.unsqueeze(1)).squeeze(1)
            spread = (logs * of_corpus).sum(dim=1) / of_corpus.sum(dim=1)
            return -((1 - smoothing) * hit + smoothing * spread).sum()

        return Loss(total, lambda truth: float(len(truth)))


def pretrained(names: Sequence[str], seed: int, folder: Path) -> str:
    """Fine-tune on corpora for two epochs; return the folder of the body that comes out.

    Parameters
    ----------
    names : sequence of str
        Of :data:`SOURCES`; each has a head of its own, forgotten afterwards.
    seed : int
    folder : Path
        Written, unless it holds a checkpoint already.
    """
    if not (folder / "config.json").is_file():
        training, rows = _prepare(names, seed, folder / "training")
        with seeded(seeds.derive(seed, "transfer", "dropout")):
            training.run(rows, None)
        training.network.body.save_pretrained(folder)
        checkpoints.load_tokenizer(training.options.checkpoint).save_pretrained(folder)
        shutil.rmtree(folder / "training")
    return str(folder.resolve())


def _prepare(names: Sequence[str], seed: int, folder: Path) -> tuple[Training, TrainingData]:
    options = Options(epochs=2)
    backend = checkpoints.load_tokenizer(options.checkpoint)
    parts = [SOURCES[name][0](seed) for name in names]
    labels = LabelSet(tuple(f"{name} {label}" for name in names for label in SOURCES[name][1].names))
    sizes = tuple(len(SOURCES[name][1]) for name in names)
    with seeded(seeds.derive(seed, "transfer", "weights")):
        network = make_network(options, checkpoints.load_body(options.checkpoint), labels)
    heads = Heads(labels, sizes)
    training = Training(network.to(device()), options, heads, seed, padding_token(backend), folder)
    offsets = np.cumsum([0, *sizes])
    examples = [example for part in parts for example in part.examples]
    codes = np.concatenate([part.codes + start for part, start in zip(parts, offsets, strict=False)])
    return training, TrainingData(make_tokenizer(options, backend)(examples), codes)


def _train(rows: Any, labels: LabelSet, seed: int) -> Labelled:
    rows = rows[rows["split"] == "train"]
    chosen = seeds.generator(seed, "transfer", "rows").permutation(len(rows))[:ROWS]
    rows = rows.iloc[np.sort(chosen)]
    return Labelled(examples_of(rows), labels.encode(rows["stance"]))
