"""Options and a pretrained body in, the tokenizer and the network that they make out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.classifiers.encoder.batching import Tokenizer
from harness.classifiers.encoder.options import Options
from harness.values.errors import ClassifierError
from harness.values.formatting import counted
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from harness.classifiers.encoder.network import Network

COUNT_FROM_PADDING = ("roberta", "xlm-roberta", "camembert", "xlm-roberta-xl")
"""Architectures whose first position is the one after the padding token's number."""


def make_tokenizer(options: Options, backend: Any) -> Tokenizer:
    """Return the tokenizer that shows the target as the options say.

    Parameters
    ----------
    options : Options
    backend : transformers fast tokenizer
    """
    return Tokenizer(backend, options.target, options.max_tokens)


def make_network(options: Options, body: Any, labels: LabelSet) -> Network:
    """Put a head on a body; its weights are drawn from torch's generator."""
    from harness.classifiers.encoder.network import Network

    if options.layers is not None:
        keep_layers(body, options.layers, options.checkpoint)
    # Of torch's implementations of attention the plain one was the fastest for sentences on a CPU, and on a
    # GPU too, where cuDNN plans every new shape anew (experiments/performance/results.md).
    body.set_attn_implementation("eager")
    return Network(body, options.pooling, len(labels), options.regularization.dropout)


def keep_layers(body: Any, layers: int, checkpoint: str) -> None:
    """Drop layers of a body in place: the last one of each of as many equal parts stays.

    A student that begins with some of its teacher's layers learns better than one that begins with none (Sanh
    et al. 2019, DistilBERT); evenly spaced ones stand for all of its depth (Jiao et al. 2020, TinyBERT).

    Parameters
    ----------
    body : transformers model
    layers : int
        At least 1.
    checkpoint : str
        Its name, for messages.

    Raises
    ------
    ClassifierError
        Where it has fewer layers, or they cannot be told from its other parts.
    """
    from torch import nn

    depth = int(getattr(body.config, "num_hidden_layers", 0) or 0)
    if layers == depth:
        return
    if layers > depth:
        raise ClassifierError(f"{checkpoint} has {counted(depth, 'layer')}, and layers is {layers}")
    stacks = [
        (parent, name, child)
        for parent in body.modules()
        for name, child in parent.named_children()
        if isinstance(child, nn.ModuleList) and len(child) == depth
    ]
    # Layers of which some are of another kind, by their number, would change their kind with it.
    if len(stacks) != 1 or getattr(body.config, "layer_types", None):
        raise ClassifierError(f"{checkpoint}: layers of a {body.config.model_type} cannot be dropped")
    ((parent, name, stack),) = stacks
    numbers = [(number + 1) * depth // layers - 1 for number in range(layers)]
    setattr(parent, name, nn.ModuleList(stack[number] for number in numbers))
    body.config.num_hidden_layers = layers


def padding_token(backend: Any) -> int:
    """Return the padding token; 0 for a tokenizer without one: nothing attends to padding."""
    return int(backend.pad_token_id or 0)


def check_max_tokens(checkpoint: str, max_tokens: int, config: Any) -> None:
    """Refuse rows that are longer than the body has positions.

    Parameters
    ----------
    checkpoint : str
    max_tokens : int
        Of a row.
    config : transformers config
        Of the body.

    Raises
    ------
    ClassifierError
        Naming both numbers.
    """
    positions = int(getattr(config, "max_position_embeddings", 0) or 0)
    if config.model_type in COUNT_FROM_PADDING:
        positions -= int(config.pad_token_id) + 1
    if 0 < positions < max_tokens:
        raise ClassifierError(
            f"{checkpoint} reads at most {positions} tokens, but max_tokens is {max_tokens}"
        )
