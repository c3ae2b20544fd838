"""Saved models of one setting in, their mean score on mt-test with its interval out.

    python -m experiments.encoder.interval cls_target_smooth --seeds 1,2,3,4,5

The interval is that of every run of the harness: a bootstrap over articles and over seeds.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import pandas as pd

from experiments.encoder.rows import MODELS, labelled
from harness.classifiers.encoder import load
from harness.corpora.readers.newsmtsc import newsmtsc
from harness.scoring.metrics import selection
from harness.scoring.score import score
from harness.values.labels import STANCE
from harness.values.tables import Predictions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("setting")
    parser.add_argument("--seeds", default="1,2,3,4,5")
    arguments = parser.parse_args()
    corpus = newsmtsc(variant="mt", dev="both")
    test = corpus.rows[corpus.rows["split"] == "test"]
    examples = labelled(corpus, split="test").examples
    parts = []
    for seed in map(int, arguments.seeds.split(",")):
        proba = load(MODELS / f"{arguments.setting}-{seed}" / "model", STANCE).predict_proba(examples)
        predicted = [STANCE.names[code] for code in proba.argmax(axis=1)]
        table = Predictions.from_labels(
            list(test["stance"]),
            predicted,
            proba=proba,
            groups=list(test["group"]),
            labels=STANCE.names,
        )
        parts.append(replace(table, rows=table.rows.assign(seed=seed)))
    rows = pd.concat([part.rows for part in parts], ignore_index=True)
    scores = score(replace(parts[0], rows=rows), selection.resolve(["f1_macro"], "f1_macro", STANCE))
    print(scores.rows[["metric", "value", "low", "high", "seed_sd", "n"]].to_string(index=False))


if __name__ == "__main__":
    main()
