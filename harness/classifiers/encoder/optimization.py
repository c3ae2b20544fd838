"""A network and a plan in, the optimizer and its schedule out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from harness.classifiers.encoder.network import Network
    from harness.classifiers.encoder.options import Options


def planned(
    network: Network, options: Options, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LambdaLR]:
    """Make AdamW, all of its arithmetic in one pass over the weights, and its rate's rise and fall.

    Parameters
    ----------
    network : Network
    options : Options
    steps : int
        Of the whole training; the rate is 0 after them.
    """
    import torch

    plan = options.schedule
    matrices = [one for one in network.parameters() if one.ndim > 1]
    others = [one for one in network.parameters() if one.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": plan.weight_decay}, {"params": others, "weight_decay": 0.0}],
        lr=options.learning_rate,
        fused=True,
    )
    warm = max(round(plan.warmup * steps), 1)

    def factor(step: int) -> float:
        return min((step + 1) / warm, max(steps - step, 0) / max(steps - warm, 1))

    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
