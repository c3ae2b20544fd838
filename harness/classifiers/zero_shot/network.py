"""Batches of sentence and hypothesis in, how far the one follows from the other out."""

from __future__ import annotations

from typing import Any

import torch

from harness.classifiers.encoder.network import ScoringNetwork
from harness.classifiers.zero_shot.outputs import Outputs


class EntailmentNetwork(ScoringNetwork):
    """A pretrained model of natural language inference.

    Parameters
    ----------
    body : transformers model
        For sequence classification; gives ``logits``.
    outputs : Outputs
        Which of the logits count.
    """

    def __init__(self, body: Any, outputs: Outputs) -> None:
        super().__init__(body)
        self.outputs = outputs

    def compute(
        self,
        tokens: torch.Tensor,
        segments: torch.Tensor,
        attention: torch.Tensor,
        targets: torch.Tensor,  # noqa: ARG002 (the hypothesis names the target)
        text: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return the score of each row, ``(rows, 1)``, fp32."""
        logits = self.body(**self.inputs(tokens, segments, attention)).logits
        if text is not None:
            logits = logits[text]
        entailment: torch.Tensor = logits[:, self.outputs.entailment : self.outputs.entailment + 1]
        against = self.outputs.against
        if against is not None:
            entailment = entailment - logits[:, against : against + 1]
        return entailment.float()
