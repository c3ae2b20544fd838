"""A network and labelled rows in, the weights of the best epoch and the curves of the training out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from harness.classifiers.encoder import training_checkpoint
from harness.classifiers.encoder.batching import Batch, TokenizedRows, batches, random_order
from harness.classifiers.encoder.losses import Loss
from harness.classifiers.encoder.network import Network
from harness.classifiers.encoder.objectives import Objective
from harness.classifiers.encoder.optimization import make_optimizer
from harness.classifiers.encoder.options import Options, Precision
from harness.classifiers.encoder.prediction import device, predict_scores
from harness.classifiers.encoder.training_checkpoint import Checkpoint
from harness.values import seeds
from harness.values.errors import ClassifierError
from harness.values.progress import progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCORE = "validation_f1_macro"
"""By which the best epoch is kept."""

LOSS_CHECK_INTERVAL = 50
"""Steps between two checks that the loss is a number: each check makes a GPU wait."""

SAVE_INTERVAL = 600.0
"""Seconds between two saves within an epoch, which may take hours on a slow machine."""


@dataclass(frozen=True)
class TrainingData:
    """Rows with their codes, ``(n,)`` or ``(n, k)``; to train on, ``(n, k)`` may hold probabilities."""

    rows: TokenizedRows
    codes: NDArray[Any]


@dataclass
class TrainingState:
    """How far a training is.

    Attributes
    ----------
    curves : list of dict
        One a finished epoch.
    best : mapping or None
        The weights of the best epoch.
    steps : int
        Those that are done of the epoch that is under way.
    loss : float
        Summed over the rows of these steps.
    """

    curves: list[dict[str, float]] = field(default_factory=list)
    best: dict[str, torch.Tensor] | None = None
    steps: int = 0
    loss: float = 0.0


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch's random generators within the block, and restore them after it."""
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        yield


def uses_bf16(precision: Precision) -> bool:
    """Return whether training computes in bf16: on request, or by ``auto`` where the processor does."""
    if precision != "auto":
        return precision == "bf16"
    if torch.cuda.is_available():
        # Emulated, it would be slower than fp32.
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities: Any = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


class Training:
    """One training.

    Parameters
    ----------
    network : Network
        Trained in place.
    options : Options
    objective : Objective
        What the outputs stand for.
    seed : int
        Of the order of the rows; dropout draws from torch's own generator.
    padding : int
        The padding token.
    folder : Path, optional
        Where the state is saved after each epoch, and every ten minutes within one. A training that finds its
        own state there resumes from it, and ends with the same bytes as one that was never interrupted.
    """

    def __init__(
        self,
        network: Network,
        options: Options,
        objective: Objective,
        seed: int,
        padding: int,
        folder: Path | None = None,
    ) -> None:
        self.network = network
        self.options = options
        self.objective = objective
        self.seed = seed
        self.padding = padding
        self.folder = folder
        self.on_step: Callable[[float], None] | None = None

    def run(self, train: TrainingData, validation: TrainingData | None) -> list[dict[str, float]]:
        """Train; leave the network with the weights of the epoch that has the best macro-F1 on
        ``validation``.

        Of epochs that tie, the earliest wins; without ``validation``, the last epoch. ``schedule.patience``
        may end the training early.

        Parameters
        ----------
        train : TrainingData
        validation : TrainingData or None

        Returns
        -------
        list of dict
            One an epoch: ``train_loss`` and, with ``validation``, ``validation_loss`` and
            ``validation_f1_macro``.

        Raises
        ------
        ClassifierError
            Where the loss is no longer a number.
        """
        # Of all epochs: the schedule needs the number of steps, and a resumed training the same orders.
        orders = self._orders(train.rows)
        optimizer, schedule = make_optimizer(self.network, self.options, sum(map(len, orders)))
        checkpoint = Checkpoint(
            self.folder,
            self._identity(train, validation),
            {"network": self.network, "optimizer": optimizer, "schedule": schedule},
        )
        state = self._resume(checkpoint)
        loss = self.objective.loss(train.codes, self.options.regularization)
        steps = _Steps(self, loss, optimizer, schedule, lambda: self._save(checkpoint, state))
        curves = state.curves
        for curve in curves:
            self._report(curve)
        while len(curves) < len(orders) and not self._out_of_patience(curves):
            title = f"epoch {len(curves) + 1}/{len(orders)}"
            curves.append({"train_loss": steps.run_epoch(train, orders[len(curves)], title, state)})
            if validation is not None:
                curves[-1] |= self._validate(validation)
                if _best_epoch(curves) == len(curves) - 1:
                    state.best = _copy_weights(self.network)
            self._save(checkpoint, state)
            self._report(curves[-1])
        if state.best is not None:
            self.network.load_state_dict(state.best)
        self.network.eval()
        return curves

    def _orders(self, rows: TokenizedRows) -> list[list[NDArray[np.int64]]]:
        # By tokens, so that a batch of short rows has more of them and every step does the same work.
        budget = int(self.options.batch_size * rows.lengths.mean())
        return [
            random_order(rows.lengths, budget, seeds.generator(self.seed, "encoder", "order", epoch))
            for epoch in range(self.options.epochs)
        ]

    def _out_of_patience(self, curves: list[dict[str, float]]) -> bool:
        patience = self.options.schedule.patience
        if not patience or not curves or "validation_loss" not in curves[-1]:
            return False
        # At first every row may get the same label for some epochs while the loss already falls: an epoch
        # that improves either counts.
        lowest_loss = min(range(len(curves)), key=lambda epoch: (curves[epoch]["validation_loss"], epoch))
        return len(curves) - 1 - max(_best_epoch(curves), lowest_loss) >= patience

    def _identity(self, train: TrainingData, validation: TrainingData | None) -> str:
        if self.folder is None:
            return ""
        settings = {
            "options": self.options.to_record(),
            "labels": self.objective.identity,
            "seed": self.seed,
            "device": [device().type, uses_bf16(self.options.precision)],
        }
        arrays = [
            array
            for data in (train, validation)
            if data is not None
            for array in (data.codes, *data.rows.tokens, *data.rows.targets)
        ]
        return training_checkpoint.identity(settings, arrays, self.network.state_dict())

    def _resume(self, checkpoint: Checkpoint) -> TrainingState:
        saved = checkpoint.load()
        if not saved:
            return TrainingState()
        training_checkpoint.set_random_states(saved.pop("random"))
        return TrainingState(**saved)

    def _save(self, checkpoint: Checkpoint, state: TrainingState) -> None:
        checkpoint.save({**vars(state), "random": training_checkpoint.random_states()})

    def _report(self, curve: dict[str, float]) -> None:
        if self.on_step is not None and SCORE in curve:
            self.on_step(curve[SCORE])

    def _validate(self, validation: TrainingData) -> dict[str, float]:
        raw = predict_scores(self.network, validation.rows, self.padding)
        return self.objective.validation_metrics(raw, validation.codes)


@dataclass(frozen=True)
class _Steps:
    """The steps of a training, which change its weights."""

    training: Training
    loss: Loss
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LambdaLR
    save: Callable[[], None]

    def run_epoch(
        self, train: TrainingData, order: list[NDArray[np.int64]], title: str, state: TrainingState
    ) -> float:
        """Go once through the rows, from where the state says; return their mean loss."""
        training, saved = self.training, time.monotonic()
        training.network.train()
        # Summed on the device: to read a number from a GPU makes the program wait for it.
        total = torch.tensor(state.loss, device=device())
        left = order[state.steps :]
        for number, batch in enumerate(
            progress(batches(train.rows, left, training.padding), title, len(left), "batches"), state.steps
        ):
            total += self._add_gradients(batch, train.codes[batch.rows]) * len(batch.rows)
            if number % LOSS_CHECK_INTERVAL == 0 or number == len(order) - 1:
                summed = float(total)
                if not np.isfinite(summed):
                    raise ClassifierError(
                        f"the loss is {summed} in {title.partition('/')[0]}: lower learning_rate"
                    )
            nn.utils.clip_grad_norm_(training.network.parameters(), training.options.schedule.clip)
            self.optimizer.step()
            self.schedule.step()
            self.optimizer.zero_grad()
            if time.monotonic() - saved >= SAVE_INTERVAL and number < len(order) - 1:
                state.steps, state.loss = number + 1, float(total)
                self.save()
                saved = time.monotonic()
        state.steps, state.loss = 0, 0.0
        return summed / len(train.codes)

    def _add_gradients(self, batch: Batch, codes: NDArray[Any]) -> torch.Tensor:
        """Add the gradients of a batch to the parameters'; return its loss."""
        training = self.training
        terms = training.options.regularization
        truth = torch.from_numpy(codes).to(device())
        weight = 1 / self.loss.mass(codes)
        with self._autocast():
            raw = training.network(batch)
            loss = self.loss.total(raw, truth) * weight
            if terms.r_drop:
                # A second pass draws another dropout; the two are trained to agree (Liang et al. 2021).
                again = training.network(batch)
                loss = (loss + self.loss.total(again, truth) * weight) / 2
                divergence = terms.r_drop * training.objective.divergence(raw, again).sum()
                loss = loss + divergence * (1 / len(codes))
        loss.backward()  # type: ignore[no-untyped-call]
        if terms.adversarial:
            self._add_adversarial_gradients(batch, truth, weight)
        return loss.detach()

    def _add_adversarial_gradients(self, batch: Batch, truth: torch.Tensor, weight: float) -> None:
        """Add the gradients at nearby word embeddings where the loss is higher (FGM; Miyato et al. 2017)."""
        network = self.training.network
        embeddings = network.body.get_input_embeddings().weight
        size = self.training.options.regularization.adversarial
        step = embeddings.grad * (size / embeddings.grad.norm().clamp(min=1e-12))
        # Moved in place and back, so that the second pass needs no copy of the embeddings.
        with torch.no_grad():
            embeddings.add_(step)
        with self._autocast():
            loss = self.loss.total(network(batch), truth) * weight
        loss.backward()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            embeddings.sub_(step)

    def _autocast(self) -> AbstractContextManager[Any]:
        return (
            torch.autocast(device().type, torch.bfloat16)
            if uses_bf16(self.training.options.precision)
            else nullcontext()
        )


def _best_epoch(curves: list[dict[str, float]]) -> int:
    """Return the epoch, from 0, with the highest macro-F1 on validation; of several, the first."""
    return max(range(len(curves)), key=lambda epoch: (curves[epoch][SCORE], -epoch))


def _copy_weights(network: Network) -> dict[str, torch.Tensor]:
    # What state_dict returns changes with the next step.
    return {name: value.detach().clone() for name, value in network.state_dict().items()}
