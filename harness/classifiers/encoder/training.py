"""A network and labelled rows in, the weights of the best epoch and the training's curves out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from harness.classifiers.encoder import optimization, training_checkpoint
from harness.classifiers.encoder.averages import Average
from harness.classifiers.encoder.batching import Batch, Rows, batches, random_order
from harness.classifiers.encoder.crew import Crew
from harness.classifiers.encoder.graphs import Replayed, stepped
from harness.classifiers.encoder.losses import Loss
from harness.classifiers.encoder.network import Network
from harness.classifiers.encoder.objectives import Objective
from harness.classifiers.encoder.options import Options, Precision
from harness.classifiers.encoder.prediction import device, scores
from harness.classifiers.encoder.training_checkpoint import Resumption
from harness.values import seeds
from harness.values.errors import ClassifierError
from harness.values.progress import progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOOK = 50
"""Steps between two looks whether the loss is a number: each makes a GPU wait."""


@dataclass(frozen=True)
class Data:
    """Rows with their codes, ``(n,)`` or ``(n, k)``; to train on, ``(n, k)`` may hold probabilities."""

    rows: Rows
    codes: NDArray[Any]


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Fix torch's random streams within the block, and leave them as they were."""
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        yield


def in_bf16(precision: Precision) -> bool:
    """Say whether training computes in bf16."""
    if precision != "auto":
        return precision == "bf16"
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    has: Any = torch.cpu.get_capabilities()
    return bool(has.get("avx512_bf16") or has.get("amx_bf16"))


class Training:
    """One training.

    Parameters
    ----------
    network : Network
        Trained in place.
    options : Options
        How.
    objective : Objective
        What its outputs stand for.
    seed : int
        Of the order of the rows; dropout draws from torch's own stream.
    padding : int
        The padding token.
    folder : Path, optional
        Keeps the state after each epoch. A training that finds its own there goes on from it, and ends with
        the same bytes as one that was never stopped.
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
        self.crew = Crew()

    def run(self, train: Data, validation: Data | None) -> list[dict[str, float]]:
        """Train; leave the network with the weights of the epoch that has the best macro-F1 on
        ``validation``.

        Of epochs that tie the earlier is kept; without ``validation``, the last. ``schedule.patience`` may
        end it early.

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
        orders = self._orders(train.rows)
        optimizer, schedule = optimization.planned(self.network, self.options, sum(map(len, orders)))
        average = Average(self.network, self.options.regularization.ema)
        kept = Resumption(
            self.folder,
            self._identity(train, validation),
            {"network": self.network, "optimizer": optimizer, "schedule": schedule, "average": average},
        )
        curves, best = self._resumed(kept)
        model: nn.Module = self._replayed() if self.replays else self.crew.joined(self.network)
        loss = self.objective.loss(train.codes, self.options.regularization)
        step = _Step(self, model, loss, optimizer, schedule, average)
        while len(curves) < len(orders) and not self._late(curves):
            what = f"epoch {len(curves) + 1}/{len(orders)}"
            curves.append({"train_loss": step.epoch(train, orders[len(curves)], what)})
            if validation is not None:
                with average.swapped():
                    curves[-1] |= self.crew.first(self._judged(validation) if self.crew.rank == 0 else {})
                    if _best(curves) == len(curves) - 1:
                        best = _copied(self.network)
            self._save(kept, curves, best)
        if best is None:
            average.settle()
        else:
            self.network.load_state_dict(best)
        self.network.eval()
        return curves

    @property
    def replays(self) -> bool:
        """Whether a GPU replays passes; not where one would write over another that is still needed."""
        return device().type == "cuda" and self.crew.size == 1 and not self.options.regularization.r_drop

    def _replayed(self) -> Replayed:
        return Replayed(self.network, self.padding, self.options.max_tokens)

    def _orders(self, rows: Rows) -> list[list[NDArray[np.int64]]]:
        lengths = stepped(rows.lengths, self.options.max_tokens) if self.replays else rows.lengths
        budget = int(self.options.batch_size * lengths.mean())
        return [
            random_order(lengths, budget, seeds.generator(self.seed, "encoder", "order", epoch))
            for epoch in range(self.options.epochs)
        ]

    def _late(self, curves: list[dict[str, float]]) -> bool:
        patience = self.options.schedule.patience
        if not patience or not curves or "validation_loss" not in curves[-1]:
            return False
        # At the start every row may get the same label for epochs, while the loss falls already.
        least = min(range(len(curves)), key=lambda at: (curves[at]["validation_loss"], at))
        return len(curves) - 1 - max(_best(curves), least) >= patience

    def _identity(self, train: Data, validation: Data | None) -> str:
        if self.folder is None:
            return ""
        settings = {
            "options": self.options.to_record(),
            "labels": self.objective.identity,
            "seed": self.seed,
            "device": [device().type, in_bf16(self.options.precision), self.crew.size],
        }
        arrays = [
            one
            for data in (train, validation)
            if data is not None
            for one in (data.codes, *data.rows.tokens, *data.rows.targets)
        ]
        return training_checkpoint.identity(settings, arrays, self.network.state_dict())

    def _resumed(self, kept: Resumption) -> tuple[list[dict[str, float]], dict[str, torch.Tensor] | None]:
        beside = kept.load()
        if not beside:
            return [], None
        training_checkpoint.set_random_states(beside["random"][self.crew.rank])
        return beside["curves"], beside["best"]

    def _save(
        self, kept: Resumption, curves: list[dict[str, float]], best: dict[str, torch.Tensor] | None
    ) -> None:
        if self.folder is None:
            return
        random = self.crew.all(training_checkpoint.random_states())
        if self.crew.rank == 0:
            kept.save({"curves": curves, "best": best, "random": random})

    def _judged(self, validation: Data) -> dict[str, float]:
        return self.objective.judged(scores(self.network, validation.rows, self.padding), validation.codes)


@dataclass(frozen=True)
class _Step:
    """What moves the weights of a training."""

    training: Training
    model: nn.Module
    loss: Loss
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LambdaLR
    average: Average

    def epoch(self, train: Data, order: list[NDArray[np.int64]], what: str) -> float:
        """Go once through the rows; return their mean loss."""
        training, crew = self.training, self.training.crew
        training.network.train()
        total = torch.zeros((), device=device())
        for number, batch in enumerate(
            progress(batches(train.rows, order, training.padding), what, len(order))
        ):
            total += self._gradients(batch, train.codes[batch.rows]) * len(batch.rows)
            if number % LOOK == 0 or number == len(order) - 1:
                seen = float(sum(crew.all(float(total))))
                if not np.isfinite(seen):
                    raise ClassifierError(
                        f"the loss is {seen} in {what.partition('/')[0]}: lower learning_rate"
                    )
            nn.utils.clip_grad_norm_(training.network.parameters(), training.options.schedule.clip)
            self.optimizer.step()
            self.schedule.step()
            self.optimizer.zero_grad(set_to_none=not training.replays)
            self.average.update()
        return seen / crew.size / len(train.codes)

    def _gradients(self, batch: Batch, codes: NDArray[Any]) -> torch.Tensor:
        """Add up the gradients of a batch; return its loss.

        A process that shares a batch with others returns as many times its part of it as they are: the mean
        over them, of losses as of gradients, is that of the whole batch.
        """
        training, crew = self.training, self.training.crew
        terms = training.options.regularization
        mine = crew.share(batch)
        truth = torch.from_numpy(codes[crew.rank :: crew.size]).to(device())
        weight, rows = crew.size / self.loss.mass(codes), crew.size / len(codes)
        if not len(mine.rows):
            # Too few rows for every process: this one keeps step with another's, for nothing.
            mine, truth, weight, rows = crew.any_of(batch), truth.new_zeros((1, *truth.shape[1:])), 0.0, 0.0
        with self._cast():
            raw = self.model(mine)
            value = self.loss.total(raw, truth) * weight
            if terms.r_drop:
                again = self.model(mine)
                value = (value + self.loss.total(again, truth) * weight) / 2
                value = value + terms.r_drop * training.objective.divergence(raw, again).sum() * rows
        value.backward()  # type: ignore[no-untyped-call]
        if terms.adversarial:
            self._harder(mine, truth, weight)
        return value.detach()

    def _harder(self, batch: Batch, truth: torch.Tensor, weight: float) -> None:
        """Add the gradients at the word embeddings that hurt most nearby (FGM; Miyato et al. 2017)."""
        table = self.training.network.body.get_input_embeddings().weight
        size = self.training.options.regularization.adversarial
        push = table.grad * (size / table.grad.norm().clamp(min=1e-12))
        with torch.no_grad():
            table.add_(push)
        with self._cast():
            value = self.loss.total(self.model(batch), truth) * weight
        value.backward()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            table.sub_(push)

    def _cast(self) -> AbstractContextManager[Any]:
        return (
            torch.autocast(device().type, torch.bfloat16)
            if in_bf16(self.training.options.precision)
            else nullcontext()
        )


def _best(curves: list[dict[str, float]]) -> int:
    """Return the epoch, from 0, with the highest macro-F1 on validation; of several, the first."""
    return max(range(len(curves)), key=lambda at: (curves[at]["validation_f1_macro"], -at))


def _copied(network: Network) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}
