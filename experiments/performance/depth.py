"""How much faster is an encoder of three layers, or of two, than the packaged one of six?

    make bench-long                                              # or, by itself:
    python -m experiments.performance.depth

Writes its section of ``results.md``. All depths label the same rows in one process and take turns, from the
text to the probabilities: ratios are medians over the turns. How good the labels of so few layers are is no
part of it: the heads are fresh.
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from experiments.performance import encoder, section
from experiments.performance.inference import rate
from experiments.performance.untrained import BESIDE, Untrained, by_turns, middle, proba, some, untrained
from harness.classifiers.encoder.engines.acceptance import gaps
from harness.classifiers.encoder.engines.computing import OnnxEngine, TorchEngine
from harness.classifiers.encoder.engines.export import export
from harness.classifiers.encoder.engines.quantization import quantize
from harness.classifiers.encoder.engines.record import EXACT_GRAPH, INT8_GRAPH
from harness.classifiers.protocol import Examples
from harness.values.labels import STANCE
from harness.values.threads import thread_count

LAYERS = (6, 3, 2)
AIM = 1.8
AGAIN = 0.03
"""Share of rows that int8 computes once more: that of the packaged encoder once it is trained is 2.7 %."""


def engines(folder: Path, model: Untrained, setup: Examples) -> dict[str, Callable[[Examples], object]]:
    """Return the ways in which examples are labelled by the engines of a packed model."""
    exact_graph, int8_graph = folder / EXACT_GRAPH, folder / INT8_GRAPH
    export(model.network, model.weights, exact_graph)
    quantize(exact_graph, model.batches(setup), int8_graph)
    exact, fast = OnnxEngine(exact_graph), OnnxEngine(int8_graph)

    def int8(examples: Examples) -> NDArray[np.float64]:
        # As a packed model does it; a fresh head is unsure of all rows, so that their number is fixed here.
        labelled = proba(fast, model, examples)
        narrow = np.argsort(gaps(labelled, STANCE))[: math.ceil(AGAIN * len(examples))]
        labelled[narrow] = proba(exact, model, [examples[row] for row in narrow])
        return labelled

    return {
        "fp32": partial(proba, TorchEngine(model.network), model),
        "fp32 in ONNX Runtime": partial(proba, exact, model),
        "int8": int8,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--turns", type=int, default=5)
    given = parser.parse_args()
    parts = encoder.rows(encoder.written())
    examples, setup = some(parts["test"], given.rows), some(parts["train"], given.rows)
    with tempfile.TemporaryDirectory() as name:
        ways: dict[tuple[str, int], Callable[[Examples], object]] = {}
        for layers in LAYERS:
            folder = Path(name) / str(layers)
            folder.mkdir()
            model = untrained(folder, layers)
            ways |= {(engine, layers): way for engine, way in engines(folder, model, setup).items()}
        # Sorted, so that the depths of one engine follow each other.
        ways = {key: ways[key] for key in sorted(ways, key=lambda key: key[0])}
        rates = by_turns(ways, examples, given.turns)
        tokenize = partial(model.preprocessing.tokenize, examples)
        tokenizing = statistics.median(1e3 / rate(examples, tokenize)[1] for _ in range(given.turns))
        lengths = tokenize().lengths
    lines = [
        "| | layers | × the rate of six | by processor time | rows a second | processor time a row, ms |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    ratios: dict[str, tuple[str, str]] = {}
    for (engine, layers), values in rates.items():
        clock, processor = middle(values, rates[engine, LAYERS[0]])
        pace, used = (statistics.median(value[at] for value in values) for at in (0, 1))
        lines.append(
            f"| {engine} | {layers} | {clock:.2f} | {processor:.2f} | {pace:.1f} | {1e3 / used:.1f} |"
        )
        if layers != LAYERS[0]:
            what = f"{engine}, {layers} layers: × the rate of six, by processor time"
            ratios[what] = (f"{processor:.2f}", f"≥ {AIM}" if layers == 3 else "stated")
    text = "\n".join(
        [
            f"MiniLM with so many of its layers and a fresh head, {len(examples)} rows of"
            f" {encoder.corpus_name()} ({np.mean(lengths):.0f} tokens on average), {thread_count()} threads,"
            f" {given.turns} turns. All of it is timed: marking and tokenizing, and for int8 computing"
            f" {AGAIN:.0%} of the rows once more in ONNX Runtime's fp32."
            f" {BESIDE}",
            "",
            *lines,
            "",
            f"Marking and tokenizing take {tokenizing:.2f} ms of processor time a row.",
        ]
    )
    print(text)
    section.write("Depth", "python -m experiments.performance.depth", text, ratios)


if __name__ == "__main__":
    main()
