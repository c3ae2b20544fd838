"""A network and a plan in, the optimizer and its schedule out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import nn

    from harness.classifiers.encoder.network import Network
    from harness.classifiers.encoder.options import Options


def planned(
    network: Network, options: Options, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LambdaLR]:
    """Make AdamW, all of its arithmetic in one pass over the weights, and its rate's rise and fall.

    Parameters
    ----------
    network : Network
        Each of its layers may learn at a rate of its own.
    options : Options
    steps : int
        Of the whole training; the rate is 0 after them.
    """
    import torch

    plan = options.schedule
    depths = network.depths()
    groups: dict[tuple[int, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        groups.setdefault((depths[name], parameter.ndim > 1), []).append(parameter)
    rate = options.learning_rate
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
