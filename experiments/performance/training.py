"""A corpus in, how fast an encoder is trained out: this harness beside a plain ``transformers.Trainer``.

    python -m experiments.performance.training [--rows 768] [--epochs 2]

Both fine-tune the packaged MiniLM on the same marked and paired sentences, load and tokenize them within the
time, and are scored on the same held-out rows. The plain script has the Trainer's own settings: fp32, random
batches of 8, each padded to its longest row. The harness has its own 32 rows a batch, and once more 8: then
both take as many steps, and should learn as much. NewsMTSC (``HARNESS_NEWSMTSC``), or partyline where it is
not there. Writes its section of ``results.md``.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.performance import section
from harness.classifiers import checkpoints
from harness.classifiers.encoder import encoder
from harness.classifiers.inputs import Marks, view
from harness.classifiers.protocol import Labelled, examples_of
from harness.values.errors import HarnessError
from harness.values.labels import STANCE
from harness.values.tables import Corpus

RATE = 1e-4
LENGTH = 128
OWN, SAME = "harness", "harness, batches of 8"
PLAIN = "Trainer, its own settings"
SIZES = {OWN: 32, SAME: 8, PLAIN: 8}


@dataclass(frozen=True)
class How:
    """What a training is given beside its rows."""

    size: int
    epochs: int
    rate: float = RATE
    seed: int = 1
    checkpoint: str = checkpoints.MINILM
    bf16: bool = False


def corpus() -> Corpus:
    from harness.corpora.readers.newsmtsc import newsmtsc
    from harness.corpora.readers.partyline import partyline

    try:
        return newsmtsc(variant="mt", dev="both")
    except HarnessError:
        return partyline().for_task("stance")


def parts(read: Corpus, rows: int) -> tuple[Labelled, Labelled]:
    """Draw the rows to train on, and those to be scored on."""
    marked = read.rows["split"].to_numpy()
    order = np.random.default_rng(1).permutation(len(marked))
    held = set(order[marked[order] == "dev"][:1000].tolist()) or set(order[-300:].tolist())
    train = [at for at in order.tolist() if at not in held and marked[at] != "test"][:rows]
    parts = []
    for chosen in (train, sorted(held)):
        table = read.rows.iloc[chosen]
        parts.append(Labelled(examples_of(table, read.parties), STANCE.encode(table["stance"])))
    return parts[0], parts[1]


def ours(how: How, train: Labelled, held: Labelled) -> tuple[float, float]:
    """Return seconds and macro-F1 of the harness's own training."""
    options = {"epochs": how.epochs, "learning_rate": how.rate, "batch_size": how.size}
    classifier = encoder(checkpoint=how.checkpoint, **options, labels=STANCE, seed=how.seed)  # type: ignore[arg-type]
    began = time.perf_counter()
    classifier.fit(train)
    seconds = time.perf_counter() - began
    return seconds, macro(held, classifier.predict_proba(held.examples))


def plain(how: How, train: Labelled, held: Labelled) -> tuple[float, float]:
    """Return seconds and macro-F1 of a plain Trainer."""
    import transformers as t

    t.logging.set_verbosity_error()
    began = time.perf_counter()
    folder = checkpoints.resolve(how.checkpoint)
    tokenizer = t.AutoTokenizer.from_pretrained(folder)
    # The head is drawn before the Trainer sets its seed.
    t.set_seed(how.seed)
    with checkpoints.quietly():
        model = t.AutoModelForSequenceClassification.from_pretrained(folder, num_labels=3)
    with tempfile.TemporaryDirectory() as scratch:
        settings = t.TrainingArguments(
            output_dir=scratch,
            num_train_epochs=how.epochs,
            learning_rate=how.rate,
            per_device_train_batch_size=how.size,
            save_strategy="no",
            report_to="none",
            logging_strategy="no",
            disable_tqdm=True,
            dataloader_pin_memory=False,
            bf16=how.bf16,
            seed=how.seed,
        )
        trainer = t.Trainer(
            model=model,
            args=settings,
            train_dataset=tokenized(tokenizer, train),
            data_collator=t.DataCollatorWithPadding(tokenizer),
        )
        trainer.remove_callback(t.PrinterCallback)
        trainer.train()
        seconds = time.perf_counter() - began
        proba = trainer.predict(tokenized(tokenizer, held)).predictions
    return seconds, macro(held, proba)


def tokenized(tokenizer: Any, part: Labelled) -> list[dict[str, Any]]:
    shown = [view(example, "marked_pair", Marks()) for example in part.examples]
    texts, pairs = [item.text for item in shown], [item.pair or "" for item in shown]
    tokens = tokenizer(texts, pairs, truncation="only_first", max_length=LENGTH)
    return [
        {name: values[at] for name, values in tokens.items()} | {"labels": int(part.codes[at])}
        for at in range(len(part))
    ]


def macro(part: Labelled, proba: Any) -> float:
    from harness.classifiers.encoder.prediction import f1_macro

    return f1_macro(part.codes, np.asarray(proba).argmax(axis=1), STANCE)


def padded(train: Labelled) -> tuple[float, float]:
    """Return the share of padding in our batches, and in those of the Trainer."""
    from harness.classifiers.encoder.assembly import make_tokenizer
    from harness.classifiers.encoder.batching import random_order
    from harness.classifiers.encoder.options import Options

    options = Options()
    rows = make_tokenizer(options, checkpoints.load_tokenizer(options.checkpoint))(train.examples)
    drawn = np.random.default_rng(1)
    batches = random_order(rows.lengths, int(SIZES[OWN] * rows.lengths.mean()), drawn)
    order = drawn.permutation(len(rows.lengths))
    random = [order[start : start + SIZES[PLAIN]] for start in range(0, len(order), SIZES[PLAIN])]
    used = float(rows.lengths.sum())
    return tuple(
        1 - used / sum(len(batch) * float(rows.lengths[batch].max()) for batch in sampled)
        for sampled in (batches, random)
    )  # type: ignore[return-value]


def peak(bf16: bool) -> float:
    """Return FLOP/s of the best of five products of large matrices."""
    import torch

    from harness.classifiers.encoder.prediction import device

    kind = torch.bfloat16 if bf16 else torch.float32
    size = 8192 if device().type == "cuda" else 2048
    matrix = torch.randn(size, size, dtype=kind, device=device())
    taken = []
    for _ in range(6):
        began = time.perf_counter()
        float((matrix @ matrix)[0, 0])
        taken.append(time.perf_counter() - began)
    return 2 * size**3 / min(taken[1:])


def share(train: Labelled, seconds: float, epochs: int, checkpoint: str = checkpoints.MINILM) -> float:
    """Return the share of the peak that the products of a training ran at, 6 FLOP a weight and token."""
    from harness.classifiers.encoder.assembly import make_tokenizer
    from harness.classifiers.encoder.options import Options
    from harness.classifiers.encoder.training import uses_bf16

    options = Options(checkpoint=checkpoint)
    body = checkpoints.load_body(options.checkpoint)
    weights = sum(one.numel() for name, one in body.encoder.named_parameters() if one.ndim == 2)
    tokenizer = make_tokenizer(options, checkpoints.load_tokenizer(options.checkpoint))
    tokens = tokenizer(train.examples).lengths.sum()
    return 6 * weights * float(tokens) * epochs / seconds / peak(uses_bf16(options.precision))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=768)
    parser.add_argument("--epochs", type=int, default=2)
    given = parser.parse_args()
    read = corpus()
    train, held = parts(read, given.rows)
    ways = {name: plain if name == PLAIN else ours for name in SIZES}
    few = Labelled(train.examples[:8], train.codes[:8])
    for name, way in ways.items():
        # What is imported, and read from the disk, for the first time is nobody's speed.
        way(How(SIZES[name], 1), few, few)
    results = {name: way(How(SIZES[name], given.epochs), train, held) for name, way in ways.items()}
    mine, theirs = results[OWN][0], results[PLAIN][0]
    lines = ["| training | × the Trainer's sentences/s | sentences/s | macro-F1 |", "|---|---:|---:|---:|"]
    for name, (seconds, score) in results.items():
        speed = len(train) * given.epochs / seconds
        lines.append(f"| {name} | {theirs / seconds:.1f} | {speed:.1f} | {score:.3f} |")
    tight, loose = padded(train)
    about = (
        f"{read.name}, {len(train)} rows, {given.epochs} epochs, learning rate {RATE:g}; macro-F1 is that on"
        f" {len(held)} held-out rows. Padding: {100 * tight:.0f} % of our tokens, {100 * loose:.0f} % of"
        f" the Trainer's. Of the measured peak of matrix products the harness reached"
        f" {100 * share(train, mine, given.epochs):.0f} %, the time to load and tokenize counted."
    )
    text = "\n".join([*lines, "", about])
    ratios = {
        f"{name}, × the sentences/s of a plain Trainer": (f"{theirs / results[name][0]:.1f}", "≥ 2")
        for name in (OWN, SAME)
    }
    section.write("Training an encoder", "make bench", text, ratios)
    print(text)


if __name__ == "__main__":
    main()
