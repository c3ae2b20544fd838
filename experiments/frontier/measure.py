"""Models in, how good and how fast each is out: the frontier of score and speed.

    python -m experiments.frontier.measure NAME=MODEL [NAME=MODEL …]

MODEL is an address of ``harness.load``, such as ``runs:/ID``, or a folder that an encoder was saved to,
such as a teacher's. All label NewsMTSC's mt-test (``HARNESS_NEWSMTSC``) once for their score, then some of
its rows in turns in one process, from the text to the probabilities. ``frontier.csv`` holds macro-F1 with its
interval over articles, rows a second by the clock and by processor time (of all cores together), and whether
no faster model is as good; ``frontier.png`` shows them.
"""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import harness
from experiments.performance.untrained import by_turns
from harness.classifiers.encoder.classifier import read as read_encoder
from harness.classifiers.encoder.engines.packing import evenly_spaced
from harness.classifiers.encoder.storage import SETTINGS
from harness.classifiers.protocol import Example, Examples, examples_of
from harness.corpora.readers.newsmtsc import newsmtsc
from harness.reports.figures import BLUE, GREY, canvases, png
from harness.scoring.metrics import selection
from harness.scoring.score import score
from harness.serving.inference.model import LabelModel
from harness.values.labels import STANCE
from harness.values.tables import Predictions

TABLE, FIGURE = (Path(__file__).with_name(name) for name in ("frontier.csv", "frontier.png"))
ROWS, TURNS = 256, 5

Labelling = Callable[[Examples], NDArray[np.float64]]


def labelling(address: str) -> Labelling:
    """Return what labels examples by the model at an address, or in a folder."""
    folder = Path(address)
    if (folder / SETTINGS).is_file():
        return read_encoder(folder, STANCE).predict_proba
    return partial(_served, harness.load(address))


def _served(model: LabelModel, examples: Examples) -> NDArray[np.float64]:
    spans = [row.spans[0] for row in examples]
    columns = {
        "text": [row.text for row in examples],
        "target": [row.target for row in examples],
        "target_start": [start for start, _ in spans],
        "target_end": [end for _, end in spans],
    }
    answer = model.predict(pd.DataFrame(columns))
    return answer[[f"p_{name}" for name in STANCE.names]].to_numpy(dtype=np.float64)


def scored(rows: pd.DataFrame, proba: NDArray[np.float64]) -> dict[str, float]:
    """Return macro-F1 and its interval over articles."""
    table = Predictions.from_labels(
        list(rows["stance"]),
        [STANCE.names[code] for code in proba.argmax(axis=1)],
        proba=proba,
        groups=list(rows["group"]),
        labels=STANCE.names,
    )
    line = score(table, selection.resolve(["f1_macro"], "f1_macro", STANCE)).rows.iloc[0]
    return {name: round(float(line[of]), 4) for name, of in _SCORES.items()}


_SCORES = {"f1_macro": "value", "low": "low", "high": "high"}


def measured(ways: Mapping[str, Labelling], rows: pd.DataFrame) -> pd.DataFrame:
    """Return the table: a row for each model, the fastest first."""
    examples = examples_of(rows)
    scores = {name: scored(rows, way(examples)) for name, way in ways.items()}
    some: Sequence[Example] = [examples[row] for row in evenly_spaced(examples, ROWS)]
    turns = by_turns(ways, some, TURNS)
    rates = {
        name: {
            column: round(statistics.median(pair[at] for pair in pairs), 1)
            for at, column in enumerate(("rows_per_second", "rows_per_processor_second"))
        }
        for name, pairs in turns.items()
    }
    lines = [{"model": name, **scores[name], **rates[name]} for name in ways]
    table = pd.DataFrame(lines).sort_values("rows_per_processor_second", ascending=False)
    # Of the faster ones, which are above it, none is better.
    best_above = table["f1_macro"].cummax().shift(fill_value=-1.0)
    return table.assign(on_frontier=table["f1_macro"] > best_above)


def drawn(table: pd.DataFrame) -> bytes:
    """Return the figure: score against rows a second, the frontier as a line."""
    figure, (panel,) = canvases(5.6, 3.6, 1, 1)
    speed = table["rows_per_processor_second"]
    panel.errorbar(
        speed,
        table["f1_macro"],
        yerr=[table["f1_macro"] - table["low"], table["high"] - table["f1_macro"]],
        fmt="none",
        ecolor=GREY,
        linewidth=0.8,
    )
    best = table[table["on_frontier"]]
    panel.plot(best["rows_per_processor_second"], best["f1_macro"], color=BLUE, linewidth=1.2)
    colors = [BLUE if on else GREY for on in table["on_frontier"]]
    panel.scatter(speed, table["f1_macro"], color=colors, zorder=3)
    for name, x, y in zip(table["model"], speed, table["f1_macro"], strict=True):
        panel.annotate(name, (x, y), xytext=(5, 4), textcoords="offset points", fontsize=8)
    panel.set_xscale("log")
    panel.set_xlabel("rows a second of processor time", fontsize=8)
    panel.set_ylabel("macro-F1 on mt-test", fontsize=8)
    panel.tick_params(labelsize=8)
    panel.grid(color="#e3e6e9", linewidth=0.6)
    return png(figure)


def main() -> None:
    """Write both files, and print the table."""
    if not os.environ.get("HARNESS_NEWSMTSC") or not sys.argv[1:]:
        sys.exit("set HARNESS_NEWSMTSC to the folder of NewsMTSC, and name the models")
    ways = {name: labelling(address) for name, _, address in (text.partition("=") for text in sys.argv[1:])}
    rows = newsmtsc(variant="mt", dev="both").rows
    table = measured(ways, rows[rows["split"] == "test"].reset_index(drop=True))
    table.to_csv(TABLE, index=False)
    FIGURE.write_bytes(drawn(table))
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
