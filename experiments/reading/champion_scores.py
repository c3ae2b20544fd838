"""Models in, their scores on rows that none was trained or chosen on out, and what one gains on another.

    python -m experiments.reading.champion_scores models:/stance@champion old=models:/stance/1

Partyline's test, ``implied``, and NewsMTSC's mt-test where HARNESS_NEWSMTSC is set. Printed are
macro-F1 with a 95 % interval over articles, the share of rows that are labelled where the model abstains, how
many of these are wrong, with intervals, and, with several models, paired differences of the first to each.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

import harness
from experiments.reading.checks import TEST, everything, part_of
from experiments.reading.scores import differing
from harness.corpora.readers.newsmtsc import newsmtsc
from harness.evaluation.decisions.coverage import measure_coverage
from harness.scoring.comparison.compare_runs import compare
from harness.scoring.metrics import selection
from harness.scoring.score import score
from harness.serving.inference.model import LabelModel
from harness.values.labels import STANCE
from harness.values.tables import ABSTAIN, Predictions


def sets() -> dict[str, pd.DataFrame]:
    """Return the rows to score, by name."""
    full, implied = everything()
    named = {
        "partyline test": full.rows[part_of(full.rows) == TEST],
        "implied": implied.rows,
        "implied, differing": differing(implied.rows),
    }
    if os.environ.get("HARNESS_NEWSMTSC"):
        news = newsmtsc(variant="mt", dev="both").rows
        named["mt-test"] = news[news["split"] == "test"]
    return named


def labelled(model: LabelModel, rows: pd.DataFrame) -> Predictions:
    """Label rows as the served model does, abstention included; it is told whose stance they are."""
    given = rows.rename(columns={"start": "target_start", "end": "target_end"})
    columns = ["text", "target", "target_start", "target_end", "holder"]
    answer = model.predict(given[columns].reset_index(drop=True))
    table = Predictions.from_labels(
        list(rows["stance"]),
        list(answer["label"]),
        proba=answer[[f"p_{name}" for name in STANCE.names]].to_numpy(dtype=np.float64),
        groups=list(rows["group"]),
        labels=STANCE.names,
    )
    return replace(table, rows=table.rows.assign(**{ABSTAIN: answer["abstain"].to_numpy(dtype=bool)}))


def measured(tables: Mapping[str, Predictions], on: str) -> list[dict[str, object]]:
    """Return a row for each model on one set."""
    lines: list[dict[str, object]] = []
    for name, table in tables.items():
        scores = score(table, selection.resolve(["f1_macro"], "f1_macro", STANCE)).rows.iloc[0]
        served = measure_coverage(table, parts=False)[0]
        lines.append(
            {
                "set": on,
                "rows": len(table.rows),
                "model": name,
                "macro-F1": f"{scores['value']:.3f} ({scores['low']:.3f}–{scores['high']:.3f})",
                "labelled": f"{served.coverage:.3f}",
                "of these wrong": f"{served.risk:.3f} ({served.risk_low:.3f}–{served.risk_high:.3f})",
            }
        )
    return lines


def gains(tables: Mapping[str, Predictions], on: str) -> list[dict[str, object]]:
    """Return what the first model gains on each of the others."""
    first, *others = tables
    lines: list[dict[str, object]] = []
    for other in others:
        value, low, high = gain(tables[first], tables[other])
        lines.append({"set": on, "over": other, "gain": f"{value:+.3f} ({low:+.3f} to {high:+.3f})"})
    return lines


def gain(table: Predictions, other: Predictions) -> tuple[float, float, float]:
    """Return by how much more macro-F1 one has than another on the same rows, and its interval."""
    pair = compare([("one", table), ("other", other)], "f1_macro").pairs[0]
    sign = 1 if pair.better == "one" else -1
    value, *ends = (
        sign * each for each in (pair.difference.value, pair.difference.low, pair.difference.high)
    )
    return value, min(ends), max(ends)


def main() -> None:
    """Print both tables."""
    models = {}
    for argument in sys.argv[1:] or ["models:/stance@champion"]:
        name, equals, uri = argument.partition("=")
        models[name if equals else argument] = harness.load(uri if equals else argument)
    lines, differences = [], []
    for on, rows in sets().items():
        tables = {name: labelled(model, rows) for name, model in models.items()}
        lines += measured(tables, on)
        differences += gains(tables, on)
    print(pd.DataFrame(lines).to_string(index=False))
    if differences:
        print(pd.DataFrame(differences).to_string(index=False))


if __name__ == "__main__":
    main()
