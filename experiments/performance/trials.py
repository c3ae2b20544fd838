"""What does the harness itself take beside 50 trials?

    make bench-long                                              # or, by itself:
    python -m experiments.performance.trials [--classifiers 2]   # needs HARNESS_NEWSMTSC

Ten classifiers, ``linear`` with other options each, five folds of NewsMTSC, five seeds (``linear`` is trained
alike by every seed, and so once a fold). All trials run in one process; what is neither fit nor prediction is
the harness's own: reading, the folds, the leak gate, calibration, scores, intervals, figures, reports and the
store. Audits that label or train are off. Writes its section of ``results.md``.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import Any

import harness
from experiments.performance import section
from harness.values.catalog import CATALOGUES

AIM = 10
"""Per cent of fit and prediction."""

OPTIONS: tuple[dict[str, Any], ...] = tuple(
    {"kind": "linear", "C": C, "words": words} for C in (0.3, 1.0, 3.0, 10.0, 30.0) for words in (1, 2)
)


def config(classifiers: int) -> dict[str, Any]:
    """Return the experiment with so many classifiers."""
    return {
        "name": "trials",
        "corpus": {"kind": "newsmtsc"},
        "split": {"kind": "kfold", "k": 5},
        "seeds": [1, 2, 3, 4, 5],
        "audits": dict.fromkeys(CATALOGUES["audit"], "off") | {"leaks": {"max_leaked_rows": 10_000}},
        "classifiers": {f"linear-{number}": each for number, each in enumerate(OPTIONS[:classifiers], 1)},
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and write the section."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--classifiers", type=int, default=len(OPTIONS))
    classifiers = parser.parse_args(arguments).classifiers
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HARNESS_STORE"] = folder
        began = time.perf_counter()
        run = harness.run(config(classifiers))
        whole = time.perf_counter() - began
    trials = [trial for classifier in run for trial in classifier.result.trials]
    learning = sum(trial.seconds["fit"] + trial.seconds["predict"] for trial in trials)
    share = 100 * (whole - learning) / learning
    text = f"""\
| classifiers | trials | fit and prediction, s | the whole, s | the harness, % of fit and prediction |
|---:|---:|---:|---:|---:|
| {classifiers} | {len(trials)} | {learning:.0f} | {whole:.0f} | {share:.1f} |"""
    print(text)
    # A part of it would stand there as the whole.
    if classifiers == len(OPTIONS):
        ratios = {"beside 50 trials of linear, % of fit and prediction": (f"{share:.0f}", f"≤ {AIM}")}
        section.write("Trials", "python -m experiments.performance.trials", text, ratios)
    return 0


if __name__ == "__main__":
    sys.exit(main())
