"""Would evaluation and audits be faster in ONNX Runtime than in PyTorch, both in fp32?

    python -m experiments.performance.evaluation

Writes its section of ``results.md``. The packaged encoder with a fresh head, which is as fast as a trained
one; the two label the same test rows in one process and take turns, tokenizing included.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from experiments.performance import encoder, section
from experiments.performance.inference import seconds
from experiments.performance.untrained import Untrained, by_turns, middle, proba, some, untrained, use_threads
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


def opened(model: Untrained, graph: Path) -> OnnxEngine:
    """Export a network and open its graph."""
    export(model.network, model.weights, graph)
    return OnnxEngine(graph)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--turns", type=int, default=5)
    given = parser.parse_args()
    test = encoder.rows(encoder.written())["test"]
    examples = some(test, given.rows)
    all_threads = thread_count()
    lines = [
        "| threads | rows a second, PyTorch | ONNX Runtime | times as fast | by processor time |",
        "|---:|---:|---:|---:|---:|",
    ]
    ratios: dict[str, tuple[str, str]] = {}
    with tempfile.TemporaryDirectory() as name:
        model = untrained(Path(name))
        graph = model.weights.with_name(EXACT_GRAPH)
        taken = statistics.median(seconds(partial(opened, model, graph)) for _ in range(3))
        for count in (1, all_threads):
            use_threads(count)
            engines = {TORCH: TorchEngine(model.network), ONNX: OnnxEngine(graph)}
            rates = by_turns(
                {way: partial(proba, engine, model) for way, engine in engines.items()}, examples, given.turns
            )
            clock, processor = middle(rates[ONNX], rates[TORCH])
            pace = {way: statistics.median(value for value, _ in rates[way]) for way in rates}
            lines.append(
                f"| {count} | {pace[TORCH]:.1f} | {pace[ONNX]:.1f} | {clock:.2f} | {processor:.2f} |"
            )
            what = f"fp32 in ONNX Runtime, times PyTorch, {counted(count, 'thread')}, by processor time"
            ratios[what] = (f"{processor:.2f}", f"≥ {AIM}")
        exact, fast = (proba(engine, model, examples) for engine in engines.values())
    equal = (exact.argmax(axis=1) == fast.argmax(axis=1)).mean()
    lines += [
        "",
        f"Labels are equal for {equal:.2%} of the rows, probabilities at most {abs(exact - fast).max():.0e}"
        f" apart. Exporting the graph and opening it takes {taken:.1f} s by the clock, the median of 3. With"
        f" that counted, for what a run predicts, on {counted(all_threads, 'thread')} by the clock:",
        "",
        "| corpus | rows of a trial | distinct variants of all audits | times as fast |",
        "|---|---:|---:|---:|",
    ]
    for corpus, settings in CORPORA.items():
        trial, variants = predicted(settings)
        whole = trial + variants
        times = whole / pace[TORCH] / (whole / pace[ONNX] + taken)
        lines.append(f"| {corpus} | {trial:,} | {variants:,} | {times:.2f} |")
    about = (
        f"The packaged MiniLM with a fresh head, {len(examples)} of the {len(test):,} test rows of"
        f" {encoder.corpus_name()} at equal distances, {given.turns} turns; tokenizing is timed."
    )
    text = "\n".join([about, "", *lines])
    print(text)
    section.write("Evaluation in ONNX Runtime", "python -m experiments.performance.evaluation", text, ratios)


if __name__ == "__main__":
    main()
