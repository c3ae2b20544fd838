"""Options and a pretrained body in, the tokenizer and the network that they make out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.classifiers.encoder.batching import Tokenizer
from harness.classifiers.encoder.options import Options
from harness.values.errors import ClassifierError
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

    # Of torch's implementations of attention the plain one was the fastest for sentences on a CPU, and on a
    # GPU too, where cuDNN plans every new shape anew (experiments/performance/results.md).
    body.set_attn_implementation("eager")
    return Network(body, options.pooling, len(labels), options.regularization.dropout)


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
