"""A GPU in; how fast it trains and serves an encoder, compared with transformers' Trainer and pipeline, out.

    python -m experiments.performance.gpu

Trained are the packaged MiniLM, and an encoder of BERT-base's shape, whose random weights say nothing of
quality; served is the first. NewsMTSC (``HARNESS_NEWSMTSC``), or partyline where it is not there. Writes its
section of ``results.md``; ``make bench`` leaves it out, since few machines have one.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from experiments.performance import inference, section, training
from harness.classifiers import checkpoints
from harness.classifiers.encoder import encoder, load
from harness.classifiers.encoder.batching import shared_batches
from harness.classifiers.encoder.engines import packing
from harness.classifiers.encoder.engines.computing import TorchEngine
from harness.classifiers.encoder.prediction import device
from harness.classifiers.protocol import Labelled, examples_of
from harness.values.labels import STANCE

PLAIN_ROWS = 1024
SERVED_ROWS = 2048
BATCH_SIZES = (8, 32, 128)
HEADING = "On a GPU"


def larger(folder: Path) -> str:
    """Write an encoder of BERT-base's shape, with random weights and the tokenizer of the packaged one."""
    from transformers import BertConfig, BertModel

    source = Path(checkpoints.resolve(checkpoints.MINILM))
    for file in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        shutil.copy(source / file, folder / file)
    BertModel(BertConfig()).save_pretrained(folder)
    return str(folder)


def trained(name: str, checkpoint: str, train: Labelled, held: Labelled) -> tuple[list[str], float]:
    """Return lines of a table, one a way to train a checkpoint; and how many times the Trainer's speed."""
    few = Labelled(train.examples[:PLAIN_ROWS], train.codes[:PLAIN_ROWS])
    how = training.How(32, 1, checkpoint=checkpoint)
    training.ours(how, Labelled(few.examples[:256], few.codes[:256]), held)
    seconds, _ = training.ours(how, train, held)
    speeds = {training.OWN: len(train) / seconds}
    shares = {training.OWN: training.share(train, seconds, 1, checkpoint)}
    for way, how in (
        ("Trainer, its own settings", training.How(8, 1, checkpoint=checkpoint)),
        ("Trainer, bf16, batches of 32", training.How(32, 1, checkpoint=checkpoint, bf16=True)),
    ):
        training.plain(how, Labelled(few.examples[:64], few.codes[:64]), held)
        seconds, _ = training.plain(how, few, held)
        speeds[way] = len(few) / seconds
        shares[way] = training.share(few, seconds, 1, checkpoint)
    base = speeds["Trainer, its own settings"]
    lines = [
        f"| {name} | {way} | {speed / base:.1f} | {speed:,.0f} | {shares[way]:.1%} |"
        for way, speed in speeds.items()
    ]
    return lines, speeds[training.OWN] / base


def served(train: Labelled, held: Labelled, folder: Path) -> None:
    """Write a packed encoder, fine-tuned for an epoch."""
    classifier = encoder(epochs=1, labels=STANCE, seed=1)
    classifier.fit(train)
    classifier.save(folder)
    load(folder, STANCE).accelerate(folder, train.examples, held)


def passes(folder: Path, held: Labelled) -> list[str]:
    """Return a table of what the forward passes alone reach."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    classifier = load(folder, STANCE)
    rows = classifier.tokenizer_(held.examples)
    lines = ["| | rows a second | Tflop/s | share of the peak of its kind |", "|---|---:|---:|---:|"]
    for name in ("fp32", "bf16"):
        engine = TorchEngine(classifier.network_, name)  # type: ignore[arg-type]
        batches = list(shared_batches(rows, engine.budget, 0))
        with FlopCounterMode(display=False) as counter, torch.inference_mode():
            for batch in batches:
                classifier.network_(batch)
        taken = []
        for _ in range(4):
            began = time.perf_counter()
            for batch in batches:
                engine.scores(batch)
            taken.append(time.perf_counter() - began)
        rate = counter.get_total_flops() / min(taken)
        lines.append(
            f"| {name} | {len(held) / min(taken):,.0f} | {rate / 1e12:.0f}"
            f" | {rate / training.peak(name == 'bf16'):.0%} |"
        )
    return lines


def report(train: Labelled, held: Labelled, test: Labelled, corpus: str) -> tuple[str, inference.Ratios]:
    """Return the section's text and its ratios."""
    import torch

    ratios: inference.Ratios = {}
    table = [
        "| model | training | × the Trainer's sentences/s | sentences/s | of the peak |",
        "|---|---|---:|---:|---:|",
    ]
    with tempfile.TemporaryDirectory() as base, tempfile.TemporaryDirectory() as packed:
        models = {"MiniLM, 22 M": checkpoints.MINILM, "BERT-base's shape, 110 M": larger(Path(base))}
        for name, checkpoint in models.items():
            lines, times = trained(name, checkpoint, train, held)
            table += lines
            ratios[f"training {name}, × the sentences/s of a plain Trainer"] = (f"{times:.1f}", "stated")
        served(train, held, Path(packed))
        some = [train.examples[row] for row in packing.evenly_spaced(train.examples, SERVED_ROWS)]
        speeds, more = inference.speed(Path(packed), some, BATCH_SIZES)
        equal, _ = inference.agreements(Path(packed), test)
        classifier = load(Path(packed), STANCE)
        classifier.use("auto")
        classifier.predict_proba(some)
        alone = passes(Path(packed), Labelled(some, np.zeros(len(some), dtype=np.int64)))
    peaks = ", ".join(f"{name} {training.peak(name == 'bf16') / 1e12:,.0f}" for name in ("fp32", "bf16"))
    text = [
        f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}; {corpus}.",
        "",
        f"One epoch of {len(train):,} rows in batches of 32, bf16; of {PLAIN_ROWS:,} for the Trainer. The"
        " time to load and tokenize is counted.",
        "",
        *table,
        "",
        f"The MiniLM is served {len(some):,} sentences, tokenizing included; `auto` chose"
        f" {classifier._service._chosen}. int8 computes on the processor.",
        "",
        *speeds,
        "",
        f"Against fp32, on {len(test):,} test rows:",
        "",
        *equal,
        "",
        "What the forward passes alone reach:",
        "",
        *alone,
        "",
        f"The peaks, of products of matrices by PyTorch: {peaks} Tflop/s.",
    ]
    return "\n".join(text), ratios | more


def main() -> None:
    if device().type != "cuda":
        sys.exit("there is no GPU here")
    read = training.corpus()
    marked = read.rows["split"].to_numpy()
    train, held = training.parts(read, len(marked))
    rows = read.rows.iloc[np.flatnonzero(marked == "test")]
    test = Labelled(examples_of(rows, read.parties), STANCE.encode(rows["stance"]))
    text, ratios = report(train, held, test, read.name)
    print(text)
    section.write(HEADING, "python -m experiments.performance.gpu", text, ratios)


if __name__ == "__main__":
    main()
