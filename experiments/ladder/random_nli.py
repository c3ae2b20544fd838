"""A folder in, a model of natural language inference with random weights out: it tests the plumbing alone.

    python -m experiments.ladder.random_nli FOLDER

The tokenizer is that of the packaged encoder. A trained model, where one is at hand, is named in place of the
folder.
"""

from __future__ import annotations

import sys

from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification, set_seed

from harness.classifiers import checkpoints
from harness.classifiers.checkpoints import MINILM

OUTPUTS = {0: "contradiction", 1: "neutral", 2: "entailment"}


def write(folder: str) -> None:
    """Write weights, config and tokenizer; the same weights each time."""
    set_seed(1)
    tokenizer = AutoTokenizer.from_pretrained(checkpoints.resolve(MINILM))
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=128,
        id2label=OUTPUTS,
        label2id={name: number for number, name in OUTPUTS.items()},
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    write(sys.argv[1])
