"""Examples and labels in, the probabilities of a fine-tuned encoder out."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.classifiers import checkpoints
from harness.classifiers.encoder.options import Options
from harness.classifiers.encoder.rows import Tokenizer
from harness.classifiers.protocol import Example, Examples, Labelled
from harness.values import seeds
from harness.values.errors import ClassifierError
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.classifiers.encoder.engines.service import Service
    from harness.classifiers.encoder.network import Network
    from harness.classifiers.encoder.objectives import Objective

LOADER = "harness.classifiers.encoder:load"


class Encoder:
    """A fine-tuned pretrained transformer; see :func:`harness.classifiers.encoder.encoder`.

    Parameters
    ----------
    options : Options
        How it reads and learns.
    labels : LabelSet
        One probability each.
    seed : int
        Fixes a training wholly: the same processor then gives the same bytes. On a GPU sums may be rounded
        otherwise from run to run.
    objective : Objective, optional
        What the outputs stand for, where that is not one task's labels; codes are then its own.

    Attributes
    ----------
    checkpoint_dir : Path or None
        A folder of its own in which :meth:`fit` keeps its state after each epoch, and goes on from it.
    curves_ : list of dict
        One an epoch: ``train_loss``, ``validation_loss``, ``validation_f1_macro``.
    """

    deterministic = False

    def __init__(
        self, options: Options, labels: LabelSet, seed: int, objective: Objective | None = None
    ) -> None:
        self.options = options
        self.objective = objective
        self.labels = labels
        self.seed = seed
        self.checkpoint_dir: Path | None = None
        self._service: Service | None = None

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        """Fine-tune on ``train``; keep the epoch that is best on ``validation``, or the last one.

        Raises
        ------
        ConfigError
            Where the checkpoint's name is malformed or leads nowhere.
        ClassifierError
            Where its files are damaged or do not fit the options, or the training diverges.
        """
        from harness.classifiers.encoder import crew, training
        from harness.classifiers.encoder.memory import tokenized
        from harness.classifiers.encoder.objectives import OneTask
        from harness.classifiers.encoder.prediction import device

        options = self.options
        backend = checkpoints.load_tokenizer(options.checkpoint)
        body = checkpoints.load_body(options.checkpoint)
        check_length(options, body.config)
        with training.seeded(seeds.derive(self.seed, "encoder", "weights")):
            tokenizer = reader(options, backend)
            network = assembled(options, body, self.labels).to(device())
            held, learned = (
                None if part is None else training.Data(tokenized(tokenizer, part.examples), part.codes)
                for part in (validation, train)
            )
            assert learned is not None
            objective = self.objective or OneTask(self.labels)
            run = training.Training(
                network, options, objective, self.seed, padding(backend), self.checkpoint_dir
            )
            several = crew.processes()
            curves = run.run(learned, held) if several == 1 else crew.trained(run, learned, held, several)
        self.take(tokenizer, network)
        self.curves_: list[dict[str, float]] = curves

    def take(self, tokenizer: Tokenizer, network: Network) -> None:
        """Take what was learned."""
        self.tokenizer_ = tokenizer
        self.network_ = network

    def serve(self, tokenizer: Tokenizer, service: Service) -> None:
        """Take what was learned elsewhere, as from a folder; the network is loaded when it is needed."""
        self.tokenizer_ = tokenizer
        self._service = service

    @cached_property
    def network_(self) -> Network:
        """The network."""
        if self._service is None:
            raise ClassifierError("the encoder has not been fitted: call fit first")
        return self._service.network

    def predict_proba(self, examples: Examples) -> NDArray[np.float64]:
        """Return ``(n, k)`` probabilities in label order; in fp32, unless :meth:`use` said otherwise."""
        from harness.classifiers.encoder.prediction import probabilities

        return probabilities(self.scores(examples), self.labels)

    def scores(self, examples: Examples) -> NDArray[np.float64]:
        """Return what the head gives, ``(n, k)``: probabilities follow from it."""
        from harness.classifiers.encoder.engines.computing import TorchEngine
        from harness.classifiers.encoder.prediction import Reading, streamed

        self._check_fitted()
        # Headlines and agency copy repeat: what is the same is computed once.
        place: dict[Example, int] = {}
        places = [place.setdefault(example, len(place)) for example in examples]
        reading = Reading(self.tokenizer_, padding(self.tokenizer_.backend))
        if self._service is not None:
            raw = self._service.scores(reading, list(place))
        else:
            raw = streamed(TorchEngine(self.network_), reading, list(place), len(self.labels))
        return raw[places] if places else raw

    def use(self, engine: str) -> None:
        """Choose what computes; see :mod:`harness.classifiers.encoder.engines`.

        Parameters
        ----------
        engine : {"auto", "fp32", "bf16", "int8"}

        Raises
        ------
        ClassifierError
            Where the engine cannot serve this model.
        """
        if self._service is not None:
            self._service.use(engine)
        elif engine not in ("auto", "fp32"):
            raise ClassifierError(f"the engine {engine} serves a saved model only")

    def accelerate(self, folder: Path, seen: Examples, held: Labelled) -> dict[str, dict[str, Any]]:
        """Add engines to a folder that this was loaded from; see :mod:`harness.classifiers.protocol`."""
        from harness.classifiers.encoder.engines import packing
        from harness.classifiers.encoder.prediction import Reading

        reading = Reading(self.tokenizer_, padding(self.tokenizer_.backend))
        rows = [seen[row] for row in packing.spread(seen, packing.SEEN)]
        kept = packing.spread(held.examples, packing.JUDGED)
        judged = Labelled([held.examples[row] for row in kept], held.codes[kept])
        trial = packing.Trial(
            self.network_.cpu(), folder / checkpoints.WEIGHTS, reading, self.labels, (rows, judged)
        )
        record = trial.record()
        record.write(folder)
        return record.summary()

    def save(self, folder: Path) -> str:
        """Write weights (safetensors), tokenizer and settings (JSON); return the loader's address."""
        from harness.classifiers.encoder.storage import write

        self._check_fitted()
        write(folder, self)
        return LOADER

    def _check_fitted(self) -> None:
        if not hasattr(self, "tokenizer_"):
            raise ClassifierError("the encoder has not been fitted: call fit first")


def reader(options: Options, backend: Any) -> Tokenizer:
    """Put a tokenizer to use."""
    return Tokenizer(backend, options.target, options.max_tokens)


def assembled(options: Options, body: Any, labels: LabelSet) -> Network:
    """Put a head on a body."""
    from harness.classifiers.encoder.network import Network

    # Of torch's ways to compute attention on a processor the plain one was the fastest for sentences.
    body.set_attn_implementation("eager")
    return Network(body, options.pooling, len(labels), options.regularization.dropout)


def padding(backend: Any) -> int:
    """Return the padding token; one that has none is padded with anything, since nothing attends to it."""
    return int(backend.pad_token_id or 0)


def check_length(options: Options, config: Any) -> None:
    """Refuse rows that are longer than the body has positions."""
    positions = int(getattr(config, "max_position_embeddings", 0) or 0)
    if config.model_type in ("roberta", "xlm-roberta", "camembert", "xlm-roberta-xl"):
        # Their positions are counted from the padding token on.
        positions -= int(config.pad_token_id) + 1
    if 0 < positions < options.max_tokens:
        raise ClassifierError(
            f"{options.checkpoint} reads {positions} tokens at most, not max_tokens {options.max_tokens}"
        )
