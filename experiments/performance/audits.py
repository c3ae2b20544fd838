"""What do all audits of one encoder cost beside the forward passes that they need?

    make bench

An encoder is trained for one epoch on partyline, which tells as much of time as three would. All audits with
their defaults look at it, timed from the variants to the findings, and in that the time which the encoder
takes to label the distinct variants. Training a twin without the target is no part of it. Writes its section
of ``results.md``.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from experiments.performance import section
from harness.audits import run_audits
from harness.audits.experiment_audits import subject_of
from harness.audits.sensitivity import KINDS
from harness.classifiers.protocol import Examples
from harness.config import plan
from harness.evaluation.pooled_scores import pool_trials
from harness.evaluation.prepared import Prepared, prepare
from harness.evaluation.trial import list_trials, run_trial
from harness.serving.contract import loader

CONFIG = """\
name: cost
corpus: {kind: partyline}
classifiers:
  encoder: {kind: encoder, epochs: 1}
"""
REPEATS, MOST, VARIANTS = 3, 1.3, 15


class Timed:
    """An encoder that counts what it is asked, and how long it takes."""

    def __init__(self, folder: Path, prepared: Prepared) -> None:
        address = (folder / "loader.txt").read_text(encoding="utf-8").strip()
        self.classifier = loader(address)(folder / "model", prepared.plan.labels)
        self.seconds, self.asked = 0.0, 0

    def __call__(self, examples: Examples) -> NDArray[np.float64]:
        began = time.perf_counter()
        proba = self.classifier.predict_proba(examples)
        self.seconds += time.perf_counter() - began
        self.asked += len(examples)
        return proba


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        config = Path(name) / "cost.yaml"
        config.write_text(CONFIG, encoding="utf-8")
        prepared = prepare(plan.read(config))
        (classifier,) = prepared.plan.classifiers
        results = [
            run_trial(prepared, trial, Path(name) / "own") for trial in list_trials(prepared, classifier)
        ]
        result = pool_trials(prepared, classifier, results, Path(name) / "again")
        assert result.model is not None
        audits = {name: bound.make() for name, bound in prepared.plan.audits.items() if name != "leaks"}
        tested = result.predictions.only(split="test")
        ratios, asked, whole = [], 0, []
        for _ in range(REPEATS):
            timed = Timed(result.model, prepared)
            began = time.perf_counter()
            subject = subject_of(prepared, result, tested)
            run_audits(subject, audits, timed)
            whole.append(time.perf_counter() - began)
            ratios.append(whole[-1] / timed.seconds)
            asked = timed.asked
        middle, seconds = (sorted(values)[REPEATS // 2] for values in (ratios, whole))
        most = len(KINDS) + int(prepared.plan.audits["party_swap"].options["names"])
    text = "\n".join(
        [
            f"All audits on a fine-tuned MiniLM, {len(tested):,} test items of partyline: {asked:,} distinct"
            f" variants, at most {most} of one item, in {seconds:.1f} s; {middle:.2f} times as long as the"
            f" encoder's labelling of them alone (median of {REPEATS}:"
            f" {', '.join(f'{ratio:.2f}' for ratio in ratios)}).",
        ]
    )
    print(text)
    section.write(
        "Audits",
        "make bench",
        text,
        {
            "all audits of an encoder, times the labelling of the variants": (f"{middle:.2f}", f"≤ {MOST}"),
            "variants of one item, at most": (str(most), f"≤ {VARIANTS}"),
        },
    )


if __name__ == "__main__":
    main()
