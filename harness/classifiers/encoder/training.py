"""A network and labelled rows in, the weights of the best epoch and the training's curves out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from harness import seeds
from harness.classifiers.encoder.losses import divergence, loss_for
from harness.classifiers.encoder.network import Network
from harness.classifiers.encoder.options import Options, Precision
from harness.classifiers.encoder.prediction import device, f1_macro, mean_loss, probabilities, scores
from harness.classifiers.encoder.rows import Batch, Rows, batches, random_order
from harness.errors import ClassifierError
from harness.labels import LabelSet
from harness.progress import progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.classifiers.encoder.losses import Loss


@dataclass(frozen=True)
class Data:
    """Rows with their codes."""

    rows: Rows
    codes: NDArray[np.int64]


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
    labels : LabelSet
        Their order.
    seed : int
        Of the order of the rows; dropout draws from torch's own stream.
    padding : int
        The padding token.
    """

    def __init__(self, network: Network, options: Options, labels: LabelSet, seed: int, padding: int) -> None:
        self.network = network
        self.options = options
        self.labels = labels
        self.seed = seed
        self.padding = padding

    def run(self, train: Data, select: Data | None) -> list[dict[str, float]]:
        """Train; leave the network with the weights of the epoch that has the best macro-F1 on ``select``.

        Of epochs that tie the earlier is kept; without ``select``, the last.

        Returns
        -------
        list of dict
            One an epoch: ``train_loss`` and, with ``select``, ``select_loss`` and ``select_f1_macro``.

        Raises
        ------
        ClassifierError
            Where the loss is no longer a number.
        """
        orders = self._orders(train.rows)
        optimizer, schedule = self._optimizer(sum(map(len, orders)))
        loss = loss_for(self.labels, train.codes, self.options.regularization)
        average = Average(self.network, self.options.regularization.ema)
        curves: list[dict[str, float]] = []
        best: tuple[float, dict[str, torch.Tensor]] | None = None
        for epoch, order in enumerate(orders, start=1):
            self.network.train()
            total = 0.0
            what = f"epoch {epoch}/{len(orders)}"
            for batch in progress(batches(train.rows, order, self.padding), what, len(order)):
                value = self._gradients(batch, train.codes[batch.rows], loss)
                if not math.isfinite(value):
                    raise ClassifierError(f"the loss is {value} in epoch {epoch}: lower learning_rate")
                nn.utils.clip_grad_norm_(self.network.parameters(), self.options.schedule.clip)
                optimizer.step()
                schedule.step()
                optimizer.zero_grad(set_to_none=True)
                average.update()
                total += value * len(batch.rows)
            curves.append({"train_loss": total / len(train.codes)})
            if select is not None:
                with average.swapped():
                    curves[-1] |= self._judged(select)
                    if best is None or curves[-1]["select_f1_macro"] > best[0]:
                        best = curves[-1]["select_f1_macro"], _copied(self.network)
        if best is None:
            average.settle()
        else:
            self.network.load_state_dict(best[1])
        self.network.eval()
        return curves

    def _orders(self, rows: Rows) -> list[list[NDArray[np.int64]]]:
        budget = int(self.options.batch_size * rows.lengths.mean())
        return [
            random_order(rows.lengths, budget, seeds.generator(self.seed, "encoder", "order", epoch))
            for epoch in range(self.options.epochs)
        ]

    def _gradients(self, batch: Batch, codes: NDArray[np.int64], loss: Loss) -> float:
        """Add up the gradients of a batch; return its loss."""
        terms = self.options.regularization
        truth = torch.from_numpy(codes).to(device())
        with self._cast():
            raw = self.network(batch)
            value = loss(raw, truth)
            if terms.r_drop:
                again = self.network(batch)
                value = (value + loss(again, truth)) / 2
                value = value + terms.r_drop * divergence(raw, again, self.labels.multi)
        value.backward()  # type: ignore[no-untyped-call]
        if terms.adversarial:
            self._harder(batch, truth, loss)
        return float(value.detach())

    def _harder(self, batch: Batch, truth: torch.Tensor, loss: Loss) -> None:
        """Add the gradients at the word embeddings that hurt most nearby (FGM; Miyato et al. 2017)."""
        table = self.network.body.get_input_embeddings().weight
        push = table.grad * (self.options.regularization.adversarial / table.grad.norm().clamp(min=1e-12))
        with torch.no_grad():
            table.add_(push)
        with self._cast():
            value = loss(self.network(batch), truth)
        value.backward()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            table.sub_(push)

    def _cast(self) -> AbstractContextManager[Any]:
        return (
            torch.autocast(device().type, torch.bfloat16)
            if in_bf16(self.options.precision)
            else nullcontext()
        )

    def _judged(self, select: Data) -> dict[str, float]:
        proba = probabilities(scores(self.network, select.rows, self.padding), self.labels)
        return {
            "select_loss": mean_loss(proba, select.codes, self.labels),
            "select_f1_macro": f1_macro(select.codes, self.labels.decide(proba), self.labels),
        }

    def _optimizer(self, steps: int) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LambdaLR]:
        plan = self.options.schedule
        depths = self.network.depths()
        groups: dict[tuple[int, bool], list[nn.Parameter]] = {}
        for name, parameter in self.network.named_parameters():
            groups.setdefault((depths[name], parameter.ndim > 1), []).append(parameter)
        rate = self.options.learning_rate
        optimizer = torch.optim.AdamW(
            [
                {
                    "params": chosen,
                    "lr": rate * (plan.layer_decay ** (depth - 1) if depth else plan.head_factor),
                    "weight_decay": plan.weight_decay if matrix else 0.0,
                }
                for (depth, matrix), chosen in groups.items()
            ],
            fused=True,
        )
        warm = max(round(plan.warmup * steps), 1)

        def factor(step: int) -> float:
            return min((step + 1) / warm, max(steps - step, 0) / max(steps - warm, 1))

        return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


class Average:
    """Averaged weights beside those that learn; nothing at decay 0.

    Parameters
    ----------
    network : Network
        Whose weights.
    decay : float
        Share of the average that a step keeps.
    """

    def __init__(self, network: Network, decay: float) -> None:
        self.decay = decay
        self.live = list(network.parameters()) if decay else []
        self.kept = [one.detach().clone() for one in self.live]
        self.steps = 0

    def update(self) -> None:
        """Take the weights of a step in."""
        if self.decay:
            self.steps += 1
            # Early on the average would remember little but the weights that it started from.
            decay = min(self.decay, self.steps / (self.steps + 10))
            torch._foreach_lerp_(self.kept, [one.detach() for one in self.live], 1 - decay)

    @contextmanager
    def swapped(self) -> Iterator[None]:
        """Give the network the averaged weights within the block."""
        learning = [one.detach().clone() for one in self.live]
        self.settle()
        yield
        _assign(self.live, learning)

    def settle(self) -> None:
        """Give the network the averaged weights."""
        _assign(self.live, self.kept)


def _assign(parameters: list[nn.Parameter], values: list[torch.Tensor]) -> None:
    with torch.no_grad():
        for parameter, value in zip(parameters, values, strict=True):
            parameter.copy_(value)


def _copied(network: Network) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}
