"""Would evaluation and audits be faster in ONNX Runtime than in PyTorch, both in fp32?

    make bench-long                                              # or, by itself:
    python -m experiments.performance.evaluation

Writes its section of ``results.md``. The packaged encoder with a fresh head, which is as fast as a trained
one; the two label the same test rows in one process and take turns, tokenizing included.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from experiments.performance import encoder, section
from experiments.performance.inference import SHAPES, rate, seconds
from experiments.performance.untrained import (
    BESIDE,
    Untrained,
    by_turns,
    middle,
    proba,
    some,
    untrained,
    use_threads,
)
from harness.audits import run_audits
from harness.audits.experiment_audits import subject_of
from harness.classifiers.encoder.engines.computing import OnnxEngine, TorchEngine
from harness.classifiers.encoder.engines.export import export
from harness.classifiers.encoder.engines.record import EXACT_GRAPH
from harness.classifiers.protocol import Example, Examples
from harness.config import plan
from harness.evaluation.pooled_scores import pool_trials
from harness.evaluation.prepared import prepare
from harness.evaluation.trial import SCORED_PARTS, list_trials, run_trial
from harness.values.formatting import counted
from harness.values.labels import STANCE
from harness.values.threads import thread_count

AIM = 1.5
TORCH, ONNX = "PyTorch", "ONNX Runtime"

_COUNTED = """\
name: counted
corpus: {corpus}
audits:
  leaks: {{max_leaked_rows: 5}}   # official ones of NewsMTSC
classifiers:
  majority: {{kind: majority}}
"""
CORPORA = {"NewsMTSC": "{kind: newsmtsc}", "Partyline": "{kind: partyline}"}


def predicted(corpus: str) -> tuple[int, int]:
    """Return how many rows a trial predicts, and how many distinct ones all audits with defaults."""
    with tempfile.TemporaryDirectory() as name:
        config = Path(name) / "counted.yaml"
        config.write_text(_COUNTED.format(corpus=corpus), encoding="utf-8")
        prepared = prepare(plan.read(config))
        (classifier,) = prepared.plan.classifiers
        results = [
            run_trial(prepared, trial, Path(name) / "own") for trial in list_trials(prepared, classifier)
        ]
        result = pool_trials(prepared, classifier, results, Path(name) / "again")
        audits = {name: bound.make() for name, bound in prepared.plan.audits.items() if name != "leaks"}
        subject = subject_of(prepared, result, result.predictions.only(split="test"))
        asked: set[Example] = set()

        def count(examples: Examples) -> NDArray[np.float64]:
            asked.update(examples)
            return np.full((len(examples), len(STANCE)), 1 / len(STANCE))

        run_audits(subject, audits, count)
        split = prepared.splits[0]
        return sum(len(split.part(part)) for part in SCORED_PARTS), len(asked)


def arithmetic(model: Untrained, examples: Examples) -> float:
    """Return how many additions and multiplications the products of a row are, padding counted."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        for batch in model.batches(examples):
            model.network(batch)
    return counter.get_total_flops() / len(examples)


def peak() -> float:
    """Return the most of them that products of matrices do in a second of processor time, on one thread."""
    import torch

    rates = []
    for rows, inner, columns in SHAPES:
        factors = torch.randn(rows, inner), torch.randn(columns, inner)
        # Ten times, so that the clock of the process is fine enough.
        work = partial(torch.nn.functional.linear, *factors)
        for _ in range(3):
            products = rate(range(10), lambda work=work: [work() for _ in range(10)])[1]
            rates.append(products * 2 * rows * inner * columns)
    return max(rates)


def opened(model: Untrained, graph: Path) -> OnnxEngine:
    """Export a network and open its graph."""
    export(model.network, model.weights, graph)
    return OnnxEngine(graph)


def of_runs(pace: Mapping[str, float], taken: float) -> list[str]:
    """Return a table of how much faster a run would predict, the seconds of exporting counted."""
    lines = [
        "| corpus | rows of a trial | distinct variants of all audits | times as fast |",
        "|---|---:|---:|---:|",
    ]
    for corpus, settings in CORPORA.items():
        trial, variants = predicted(settings)
        whole = trial + variants
        times = whole / pace[TORCH] / (whole / pace[ONNX] + taken)
        lines.append(f"| {corpus} | {trial:,} | {variants:,} | {times:.2f} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--turns", type=int, default=5)
    given = parser.parse_args()
    test = encoder.rows(encoder.written())["test"]
    examples = some(test, given.rows)
    all_threads = thread_count()
    lines = [
        "| threads | rows a second, PyTorch | ONNX Runtime | times as fast | by processor time"
        " | share of the peak, PyTorch | ONNX Runtime |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    ratios: dict[str, tuple[str, str]] = {}
    with tempfile.TemporaryDirectory() as name:
        model = untrained(Path(name))
        graph = model.weights.with_name(EXACT_GRAPH)
        taken = statistics.median(seconds(partial(opened, model, graph)) for _ in range(3))
        use_threads(1)
        top = peak()
        share = arithmetic(model, examples) / top
        for count in (1, all_threads):
            use_threads(count)
            engines = {TORCH: TorchEngine(model.network), ONNX: OnnxEngine(graph)}
            rates = by_turns(
                {way: partial(proba, engine, model) for way, engine in engines.items()}, examples, given.turns
            )
            clock, processor = middle(rates[ONNX], rates[TORCH])
            pace = {way: statistics.median(value for value, _ in rates[way]) for way in rates}
            of_peak = " | ".join(
                f"{statistics.median(used for _, used in rates[way]) * share:.0%}" for way in (TORCH, ONNX)
            )
            speeds = f"{pace[TORCH]:.1f} | {pace[ONNX]:.1f} | {clock:.2f} | {processor:.2f}"
            lines.append(f"| {count} | {speeds} | {of_peak} |")
            what = f"fp32 in ONNX Runtime, times PyTorch, {counted(count, 'thread')}, by processor time"
            ratios[what] = (f"{processor:.2f}", f"≥ {AIM}")
        exact, fast = (proba(engine, model, examples) for engine in engines.values())
    equal = (exact.argmax(axis=1) == fast.argmax(axis=1)).mean()
    lines += [
        "",
        f"The peak, of products of matrices by PyTorch on one thread: {top / 1e9:.0f} Gflop/s. Shares are by"
        " processor time, padding counted as work.",
        "",
        f"Labels are equal for {equal:.2%} of the rows, probabilities at most {abs(exact - fast).max():.0e}"
        f" apart. Exporting the graph and opening it takes {taken:.1f} s by the clock, the median of 3. With"
        f" that counted, for what a run predicts, on {counted(all_threads, 'thread')} by the clock:",
        "",
        *of_runs(pace, taken),
    ]
    about = (
        f"The packaged MiniLM with a fresh head, {len(examples)} of the {len(test):,} test rows of"
        f" {encoder.corpus_name()} at equal distances, {given.turns} turns; tokenizing is timed. {BESIDE}"
    )
    text = "\n".join([about, "", *lines])
    print(text)
    section.write("Evaluation in ONNX Runtime", "python -m experiments.performance.evaluation", text, ratios)


if __name__ == "__main__":
    main()
