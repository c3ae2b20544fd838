"""Is OpenVINO faster than an encoder's own engines, and are these faster than transformers' pipeline?

    pip install openvino nncf
    python -m experiments.performance.other_engines

Writes its section of ``results.md``. The packaged encoder with a fresh head, the same rows, one process: all
take turns, tokenizing included. What the processor has no instructions for is timed too, though no model
offers it there.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.performance import encoder, section
from experiments.performance.inference import pipeline
from experiments.performance.untrained import BESIDE, Untrained, by_turns, middle, proba, some, untrained
from harness.classifiers.encoder.batching import Batch
from harness.classifiers.encoder.engines.choice import has_instructions_for
from harness.classifiers.encoder.engines.computing import (
    CORE_BUDGET,
    NAMES,
    OnnxEngine,
    TorchEngine,
    graph_inputs,
)
from harness.classifiers.encoder.engines.export import export
from harness.classifiers.encoder.engines.quantization import quantize
from harness.classifiers.encoder.engines.record import EXACT_GRAPH, INT8_GRAPH
from harness.classifiers.encoder.prediction import EncoderEngine
from harness.classifiers.protocol import Examples
from harness.values.threads import thread_count

AIM = 1.15
SIZES = (1, 4, 8, 16)
"""Batches of the pipeline, of which the fastest counts."""

SETUP_ROWS = 32
"""Rows that the scales of int8 are computed from: for its speed a few are enough."""

TORCH = "fp32"


class OpenVinoEngine:
    """A model in OpenVINO: each thread computes a batch of its own on a core of its own."""

    budget = CORE_BUDGET

    def __init__(self, model: Any, **settings: str) -> None:
        import openvino

        self.parallel = thread_count()
        settings |= {"NUM_STREAMS": str(self.parallel), "INFERENCE_NUM_THREADS": str(self.parallel)}
        self._compiled = openvino.Core().compile_model(
            model, "CPU", settings | {"PERFORMANCE_HINT": "THROUGHPUT"}
        )
        self._inputs = [tensor.get_any_name() for tensor in self._compiled.inputs]
        self._of_thread = threading.local()

    def pool(self) -> Executor:
        """See :class:`harness.classifiers.encoder.prediction.EncoderEngine`."""
        return ThreadPoolExecutor(self.parallel)

    def scores(self, batch: Batch) -> NDArray[np.float64]:
        """See :class:`harness.classifiers.encoder.prediction.EncoderEngine`."""
        # A request computes one batch at a time.
        if not hasattr(self._of_thread, "request"):
            self._of_thread.request = self._compiled.create_infer_request()
        outputs = self._of_thread.request.infer(graph_inputs(batch, self._inputs), share_inputs=True)
        return np.asarray(outputs[0], dtype=float)


def read(graph: Path) -> Any:
    """Read a graph, with its transposed weights as constants: only such are compressed."""
    import openvino
    from openvino.passes import ConstantFolding, Manager

    model = openvino.Core().read_model(str(graph))
    passes = Manager()
    passes.register_pass(ConstantFolding())
    passes.run_passes(model)
    return model


def of_openvino(graph: Path, setup: list[Batch]) -> dict[str, EncoderEngine]:
    """Return what OpenVINO has: fp32, static int8, and int8 weights with activations rounded as they come."""
    import nncf

    model = read(graph)
    names = [tensor.get_any_name() for tensor in model.inputs]
    static = nncf.quantize(
        model,
        nncf.Dataset(setup, partial(graph_inputs, names=names)),
        model_type=nncf.ModelType.TRANSFORMER,
        subset_size=len(setup),
    )
    compressed = nncf.compress_weights(read(graph), mode=nncf.CompressWeightsMode.INT8_SYM)
    return {
        "OpenVINO, fp32": OpenVinoEngine(read(graph)),
        "OpenVINO, int8, static": OpenVinoEngine(static),
        "OpenVINO, int8, dynamic": OpenVinoEngine(compressed, DYNAMIC_QUANTIZATION_GROUP_SIZE="32"),
    }


def of_the_harness(model: Untrained, setup: list[Batch]) -> dict[str, EncoderEngine]:
    """Return the engines of a packed model, those without instructions here too, but for bf16."""
    exact, int8 = (model.weights.with_name(file) for file in (EXACT_GRAPH, INT8_GRAPH))
    export(model.network, model.weights, exact)
    quantize(exact, setup, int8)
    engines: dict[str, EncoderEngine] = {TORCH: TorchEngine(model.network)}
    if has_instructions_for("bf16"):
        engines["bf16"] = TorchEngine(model.network, "bf16")
    return engines | {"onnx": OnnxEngine(exact), "int8": OnnxEngine(int8)}


def table(
    rates: Mapping[str, Sequence[tuple[float, float]]],
    best_pipeline: str,
    best: str,
    apart: Mapping[str, float],
) -> list[str]:
    """Return a table of how fast each is beside the best pipeline and the best engine of the harness."""
    lines = [
        f"| | times the {best_pipeline} | by processor time | times {best} | by processor time"
        " | rows a second | probabilities apart from fp32 |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for way, values in rates.items():
        ratios = [*middle(values, rates[best_pipeline]), *middle(values, rates[best])]
        shown = " | ".join(f"{ratio:.2f}" for ratio in ratios)
        clock = statistics.median(value for value, _ in values)
        # The pipeline's own head is another one.
        distance = f"{apart[way]:.0e} |" if way in apart else "|"
        lines.append(f"| {way} | {shown} | {clock:.1f} | {distance}")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=48)
    parser.add_argument("--turns", type=int, default=5)
    given = parser.parse_args()
    parts = encoder.rows(encoder.written())
    examples, setup = some(parts["test"], given.rows), some(parts["train"], SETUP_ROWS)
    with tempfile.TemporaryDirectory() as name:
        model = untrained(Path(name))
        batches = model.batches(setup)
        ours = of_the_harness(model, batches)
        theirs = of_openvino(model.weights.with_name(EXACT_GRAPH), batches)
        served = SimpleNamespace(network_=model.network, tokenizer_=model.preprocessing.tokenize)
        classify = pipeline(served, Path(name))
        ways: dict[str, Callable[[Examples], object]] = {
            f"pipeline, batch size {size}": partial(classify, batch_size=size) for size in SIZES
        }
        pipelines = list(ways)
        ways |= {way: partial(proba, engine, model) for way, engine in (ours | theirs).items()}
        rates = by_turns(ways, examples, given.turns)
        exact = proba(ours[TORCH], model, examples)
        apart = {
            way: abs(proba(engine, model, examples) - exact).max() for way, engine in (ours | theirs).items()
        }
    # By processor time: what else runs here weighs less.
    pace = {way: statistics.median(used for _, used in values) for way, values in rates.items()}
    best_pipeline, best = (max(names, key=lambda way: pace[way]) for names in (pipelines, ours))
    offered = [way for way in ours if way in NAMES and has_instructions_for(way)]
    lines = table(rates, best_pipeline, best, apart)
    text = "\n".join(
        [
            f"The packaged MiniLM with a fresh head, {len(examples)} test rows of {encoder.corpus_name()},"
            f" {thread_count()} threads, {given.turns} turns; tokenizing is timed. A packed model offers on"
            f" this processor: {', '.join(offered)}. {BESIDE}",
            "",
            *lines,
        ]
    )
    print(text)
    fastest = max(theirs, key=lambda way: pace[way])
    of_fastest = middle(rates[fastest], rates[best])[1]
    chosen = max(offered, key=lambda way: pace[way])
    of_chosen = middle(rates[chosen], rates[best_pipeline])[1]
    section.write(
        "Other engines",
        "python -m experiments.performance.other_engines",
        text,
        {
            f"{fastest}, times {best}, by processor time": (f"{of_fastest:.2f}", f"≥ {AIM}"),
            f"{chosen}, times {best_pipeline}, its best, by processor time": (f"{of_chosen:.2f}", "≥ 1"),
        },
    )


if __name__ == "__main__":
    main()
