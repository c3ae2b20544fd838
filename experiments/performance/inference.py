"""How fast is an encoder served, beside transformers' own pipeline, and how close to what the processor can?

    make bench

Writes its section of ``results.md``. Same weights, same rows, same process, all cores: engines and pipeline
take turns, and ratios are medians over the turns.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from experiments.performance import encoder, section
from harness.classifiers.checkpoints import load_tokenizer
from harness.classifiers.encoder import load
from harness.classifiers.encoder.batching import shared_batches
from harness.classifiers.encoder.engines import packing
from harness.classifiers.encoder.engines.acceptance import measure_agreement
from harness.classifiers.encoder.engines.computing import EngineName, OnnxEngine, TorchEngine
from harness.classifiers.encoder.engines.record import EXACT_GRAPH, INT8_GRAPH
from harness.classifiers.encoder.prediction import compute, device
from harness.classifiers.inputs import view
from harness.classifiers.protocol import Example
from harness.values.labels import STANCE
from harness.values.threads import thread_count

TURNS = 3
ROWS, SLOW_ROWS = 384, 48
BATCH_SIZES = (8, 16, 32, 64)
SHAPES = ((512, 384, 1536), (2048, 1536, 384), (1024, 1024, 1024))
Ratios = dict[str, tuple[str, str]]
Rates = dict[str, list[tuple[float, float]]]


def pipeline(served: Any, folder: Path) -> Callable[[Sequence[Example], int], None]:
    """Return transformers' text classification with the body that is served, and a head of the same shape."""
    import transformers

    body = served.network_.body
    config = body.config
    config.num_labels = len(STANCE)
    model = transformers.AutoModelForSequenceClassification.from_config(config)
    model.base_model.load_state_dict(body.state_dict(), strict=False)
    classify = transformers.pipeline(
        "text-classification",
        model=model.eval(),
        tokenizer=load_tokenizer(str(folder.resolve())),
        device=device(),
    )
    reading = served.tokenizer_

    def run(examples: Sequence[Example], batch_size: int) -> None:
        shown = [view(example, reading.target) for example in examples]
        texts = [
            {"text": item.text, "text_pair": item.pair} if item.pair else {"text": item.text}
            for item in shown
        ]
        classify(texts, batch_size=batch_size, truncation=True, max_length=reading.max_tokens)

    return run


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def rate(rows: Sequence[Example], work: Callable[[], object]) -> tuple[float, float]:
    """Return rows a second, and rows a second of processor time, all cores added up."""
    used = time.process_time()
    taken = seconds(work)
    return len(rows) / taken, len(rows) / (time.process_time() - used)


def rates(folder: Path, examples: list[Example], sizes: Sequence[int] = BATCH_SIZES) -> Rates:
    """Return rates, one a turn, of the pipeline and of the engines."""
    served = {name: load(folder, STANCE) for name in load(folder, STANCE)._service.offered}
    for name, classifier in served.items():
        classifier.use(name)
        classifier.predict_proba(examples[:32])
    classify = pipeline(served["fp32"], folder)
    few = [examples[row] for row in packing.evenly_spaced(examples, SLOW_ROWS)]
    # By processor time, since each is tried once only: what else runs here weighs less.
    trial = {size: rate(examples, partial(classify, examples, size))[1] for size in sizes}
    best = max(trial, key=lambda size: trial[size])
    rates_by_name: Rates = {f"pipeline, batch size {size}": [] for size in (1, best)} | {
        name: [] for name in served
    }
    for _ in range(TURNS):
        rates_by_name["pipeline, batch size 1"].append(rate(few, partial(classify, few, 1)))
        rates_by_name[f"pipeline, batch size {best}"].append(
            rate(examples, partial(classify, examples, best))
        )
        for name, classifier in served.items():
            rates_by_name[name].append(rate(examples, partial(classifier.predict_proba, examples)))
    return rates_by_name


def speed(
    folder: Path, examples: list[Example], sizes: Sequence[int] = BATCH_SIZES
) -> tuple[list[str], Ratios]:
    """Return a table of rates and their ratios to the pipeline's; and those of the fastest engine."""
    measured = rates(folder, examples, sizes)
    slow, best = list(measured)[:2]
    top: list[float] = [0.0]
    fastest = ""
    lines = [
        "| | times the pipeline's default | times its best | by processor time | rows a second |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, values in measured.items():
        ratios = [
            statistics.median(a[clock] / b[clock] for a, b in zip(values, measured[other], strict=True))
            for clock in (0, 1)
            for other in (slow, best)
        ]
        if ratios[0] > top[0]:
            fastest, top = name, ratios
        lines.append(
            f"| {name} | {ratios[0]:.1f} | {ratios[1]:.1f} | {ratios[2]:.1f}, {ratios[3]:.1f}"
            f" | {statistics.median(value for value, _ in values):,.0f} |"
        )
    return lines, {
        f"{fastest}, times transformers' pipeline by default": (f"{top[0]:.1f}", "≥ 10"),
        f"{fastest}, times its {best.partition(', ')[2]}, its best": (f"{top[1]:.1f}", "≥ 5"),
    }


def agreements(folder: Path, test: Any) -> tuple[list[str], Ratios]:
    """Return a table of how the engines did on test rows, which no engine was judged on; and its numbers."""
    exact = load(folder, STANCE)
    proba = exact.predict_proba(test.examples)
    lines = [
        "| | equal labels | most apart, where they differ | points of macro-F1 lost | computed once more |",
        "|---|---:|---:|---:|---:|",
    ]
    record, ratios = exact._service.record, {}
    for name, offer in record.offers.items():
        classifier = load(folder, STANCE)
        classifier.use(name)
        fast = classifier.predict_proba(test.examples)
        agreed = measure_agreement(proba, fast, test.codes, STANCE, 0.0)
        again = offer.agreement.again
        ratios[f"{name}: labels equal to those of fp32"] = (
            f"{1 - agreed.different / agreed.rows:.2%}",
            "≥ 99.5%, ≤ 0.02 apart",
        )
        ratios[f"{name}: points of macro-F1 lost"] = (f"{agreed.lost:.2f}", "≤ 0.2")
        lines.append(
            f"| {name} | {1 - agreed.different / agreed.rows:.2%} | {agreed.widest:.3f} | {agreed.lost:.2f}"
            f" | {again:.1%} |"
        )
    for name, why in record.refused.items():
        lines.append(f"| {name} | refused: {why} | | | |")
    return lines, ratios


def peaks(engine: TorchEngine) -> dict[str, float]:
    """Return the most multiplications and additions a second that matrices get to, shared by cores or not."""
    import torch

    peaks: dict[str, float] = {}
    for name, kind in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        rates = []
        for rows, inner, columns in SHAPES:
            work = partial(
                torch.nn.functional.linear,
                torch.randn(rows, inner).to(kind),
                torch.randn(columns, inner).to(kind),
            )
            count, operations = 3 * thread_count(), 2 * rows * inner * columns
            rates += [operations / seconds(work) for _ in range(4)]
            with engine.pool() as pool:
                for _ in range(2):
                    taken = seconds(
                        lambda pool=pool, work=work, n=count: [*pool.map(lambda _: work(), range(n))]
                    )
                    rates.append(count * operations / taken)
        peaks[name] = max(rates)
    return peaks


def shares(folder: Path, examples: list[Example]) -> tuple[list[str], Ratios]:
    """Return a table of what share of the peak each engine computes at, padding counted as work."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    classifier = load(folder, STANCE)
    network, record = classifier.network_, classifier._service.record
    top = peaks(TorchEngine(network))
    rows, padding = classifier.tokenizer_(examples), 0
    engines: dict[EngineName, Any] = {"fp32": TorchEngine(network)}
    if "bf16" in record.offers:
        engines["bf16"] = TorchEngine(network, "bf16")
    if "onnx" in record.offers:
        engines["onnx"] = OnnxEngine(folder / EXACT_GRAPH)
    if "int8" in record.offers:
        engines["int8"] = OnnxEngine(folder / INT8_GRAPH)
    lines, ratios = ["| | Gflop/s | share of the peak of its kind |", "|---|---:|---:|"], {}
    for name, engine in engines.items():
        batches = list(shared_batches(rows, engine.budget, padding))
        with FlopCounterMode(display=False) as counter, torch.inference_mode():
            for batch in batches:
                network(batch)
        least = min(seconds(lambda: list(compute(engine, batches))) for _ in range(4))  # noqa: B023
        done = counter.get_total_flops() / least
        kind = "fp32" if name == "onnx" else name
        share = f"{done / top[kind]:.0%}" if kind in top else f"{done / top['fp32']:.1f} times that of fp32"
        lines.append(f"| {name} | {done / 1e9:,.0f} | {share} |")
        if name in top or name == "int8":
            ratios[f"{name}: of the peak of matrix products"] = (share, "≥ 60%" if name in top else "stated")
    peak = ", ".join(f"{name} {value / 1e9:,.0f}" for name, value in top.items())
    return [
        *lines,
        "",
        f"The peaks, of products of matrices by PyTorch, one on all cores or one a core: {peak} Gflop/s.",
    ], ratios


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--model", type=Path, help="the model/ folder of a packed encoder; left out, one is made"
    )
    arguments = parser.parse_args()
    home = encoder.registered() if arguments.model is None else None
    folder = arguments.model or encoder.model(home)
    test = encoder.rows(home or encoder.written())["test"]
    some = [test.examples[row] for row in packing.evenly_spaced(test.examples, ROWS)]
    tables = [speed(folder, some), agreements(folder, test), shares(folder, some)]
    lengths = load(folder, STANCE).tokenizer_(some).lengths
    lines = [
        f"The packaged MiniLM, sentences of {encoder.corpus_name()} with the target marked and paired"
        f" ({np.mean(lengths):.0f} tokens on average, {np.max(lengths)} at most), {thread_count()} threads,"
        f" {TURNS} turns of {len(some)} rows ({SLOW_ROWS} for the pipeline's default). All of it is timed:"
        " tokenizing too, and computing narrow rows once more. Where something else runs beside it, processor"
        " time says more than the clock.",
        "",
        *tables[0][0],
        "",
        f"Against fp32, on {len(test):,} test rows, on which no engine was judged when the model was packed:",
        "",
        *tables[1][0],
        "",
        "What the forward passes alone reach:",
        "",
        *tables[2][0],
    ]
    text = "\n".join(lines)
    print(text)
    section.write("Inference", "make bench", text, tables[0][1] | tables[1][1] | tables[2][1])


if __name__ == "__main__":
    main()
