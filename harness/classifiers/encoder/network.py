"""Batches of tokens in, one score a label out: a pretrained body, a pooling, a linear head."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from harness.classifiers.encoder.options import Pooling

if TYPE_CHECKING:
    from harness.classifiers.encoder.batching import Batch


class ScoringNetwork(nn.Module):
    """What engines compute: batches in, scores out.

    Parameters
    ----------
    body : transformers model
        What reads the tokens; its config names the architecture.
    """

    def __init__(self, body: Any) -> None:
        super().__init__()
        self.body = body
        # RoBERTa takes segments but has an embedding for the first one alone; others take none.
        self._segments = (
            "token_type_ids" in inspect.signature(body.forward).parameters
            and int(getattr(body.config, "type_vocab_size", 0) or 0) > 1
        )

    def forward(self, batch: Batch) -> torch.Tensor:
        """Return scores, ``(rows, outputs)``, fp32."""
        device = next(self.parameters()).device
        arrays = (batch.tokens, batch.segments, batch.attention, batch.targets)
        tokens, segments, attention, targets = (torch.from_numpy(array).to(device) for array in arrays)
        text = None if batch.text is None else torch.from_numpy(batch.text).to(device)
        return self.compute(tokens, segments, attention, targets, text)

    def compute(
        self,
        tokens: torch.Tensor,
        segments: torch.Tensor,
        attention: torch.Tensor,
        targets: torch.Tensor,
        text: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Do the same with tensors, as :class:`harness.classifiers.encoder.batching.Batch` describes them."""
        raise NotImplementedError

    def inputs(
        self, tokens: torch.Tensor, segments: torch.Tensor, attention: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """Return what the body reads of a batch, by its own names."""
        inputs = {"input_ids": tokens, "attention_mask": attention}
        if self._segments:
            inputs["token_type_ids"] = segments
        return inputs


class Network(ScoringNetwork):
    """A pretrained encoder with a linear head.

    Parameters
    ----------
    body : transformers model
        Gives ``last_hidden_state``, ``(rows, length, hidden_size)``.
    pooling : str
        Which of the hidden states the head reads.
    outputs : int
        Number of labels.
    dropout : float
        Before the head.
    """

    def __init__(self, body: Any, pooling: Pooling, outputs: int, dropout: float) -> None:
        super().__init__(body)
        self.pooling = pooling
        size = int(body.config.hidden_size) * (2 if pooling == "cls_target" else 1)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(size, outputs)
        # As BERT initializes its own layers (Devlin et al. 2019).
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def compute(
        self,
        tokens: torch.Tensor,
        segments: torch.Tensor,
        attention: torch.Tensor,
        targets: torch.Tensor,
        text: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """See :meth:`ScoringNetwork.compute`."""
        hidden = self.body(**self.inputs(tokens, segments, attention)).last_hidden_state
        if text is not None:
            # Rows that share a text get its hidden states each, and differ by their target mask.
            hidden, attention = hidden[text], attention[text]
        scores: torch.Tensor = self.head(self.dropout(self._pool(hidden, attention, targets)))
        return scores.float()

    def _pool(self, hidden: torch.Tensor, attention: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        first = hidden[:, 0]
        if self.pooling == "cls":
            return first
        sentence = _mean(hidden, attention.bool())
        if self.pooling == "mean":
            return sentence
        # Where the text does not name the target, the whole sentence stands for it.
        named = targets.any(dim=1, keepdim=True)
        mention = torch.where(named, _mean(hidden, targets), sentence)
        if self.pooling == "target":
            return mention
        return torch.cat([first, mention], dim=1)


class Traceable(nn.Module):
    """A network whose inputs are tensors, as the ONNX exporter demands."""

    def __init__(self, network: ScoringNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
        """See :meth:`ScoringNetwork.compute`."""
        return self.network.compute(*tensors)


def _mean(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Average over the tokens of a mask, ``(rows, hidden_size)``; zeros where it is empty."""
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)
