"""A network and a plan in, the optimizer and its learning-rate schedule out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from harness.classifiers.encoder.network import Network
    from harness.classifiers.encoder.options import Options


def make_optimizer(
    network: Network, options: Options, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LambdaLR]:
    """Make AdamW (Loshchilov & Hutter 2019) and a learning rate that warms up and then decays linearly.

    Parameters
    ----------
    network : Network
    options : Options
    steps : int
        Of the whole training; after them the rate is 0.
    """
    import torch

    schedule = options.schedule
    # Biases and normalization weights have one dimension; decay would pull them to 0 for no gain.
    matrices = [parameter for parameter in network.parameters() if parameter.ndim > 1]
    vectors = [parameter for parameter in network.parameters() if parameter.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [
            {"params": matrices, "weight_decay": schedule.weight_decay},
            {"params": vectors, "weight_decay": 0.0},
        ],
        lr=options.learning_rate,
        # One pass over the weights instead of one per operation.
        fused=True,
    )
    warmup_steps = max(round(schedule.warmup * steps), 1)

    def factor(step: int) -> float:
        # Counted from 1: the first step would otherwise be taken at a rate of 0.
        return min((step + 1) / warmup_steps, max(steps - step, 0) / max(steps - warmup_steps, 1))

    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
