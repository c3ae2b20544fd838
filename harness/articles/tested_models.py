"""A table of predictions, or a finished run of the store, in; what a model errs on labelled rows out.

Readings are labelled by one model: one seed of a classifier. Where the run says which seed is served, the
errors are those of that seed. Otherwise any of the seeds may have made the readings. The confusion is then
the mean over seeds, the best guess at that of an unknown one, and each draw of the bootstrap takes one seed,
so that intervals hold how far the one at work may lie from that mean. Rows of one article stay together in a
draw, whichever seed they are of: several seeds are not more labelled sentences.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.articles.readings_table import Rows, named, read_rows, refuse_picked
from harness.scoring.aligned import cluster_codes
from harness.scoring.statistics.quantification import LabelledErrors
from harness.tracking.finished_runs import FinishedRun, read_file, read_predictions
from harness.tracking.models import SCHEMES
from harness.tracking.named_runs import named_run
from harness.tracking.run_files import TRIALS
from harness.tracking.store import Store
from harness.values.errors import ArticleError, Problem
from harness.values.formatting import counted
from harness.values.minimums import MIN_ITEMS_PER_LABEL
from harness.values.row_files import file_format

if TYPE_CHECKING:
    import pandas as pd

ORIGIN = "predictions.parquet among the files of a run is such a table"


@dataclass(frozen=True)
class TestedModel:
    """What a model predicted for rows whose stance is known.

    Attributes
    ----------
    labels : tuple of str
    errors : LabelledErrors
    source : str
        File or run that it was read from.
    n_items : int
        Labelled rows; what several seeds, or repeats, predict for one is one.
    seeds : str
        What was made of several seeds, a sentence; empty where there is one.
    """

    __test__ = False

    labels: tuple[str, ...]
    errors: LabelledErrors
    source: str
    n_items: int
    seeds: str = ""


def read_model(source: str | Rows) -> TestedModel:
    """Read what a model predicted for labelled rows.

    Parameters
    ----------
    source : str, Path or DataFrame
        A table, see :func:`read_tested`; or, of a store, a model or run (``models:/stance@champion``,
        ``runs:/<id>``), an experiment with one classifier, or ``EXPERIMENT/CLASSIFIER``.

    Raises
    ------
    ArticleError
        Where it is none of these, or cannot be used.
    ModelError, StoreError
        Where the store has no such model, run or experiment, or its files are gone.
    """
    if not isinstance(source, str):
        return read_tested(source)
    path = Path(source)
    if not source.startswith(SCHEMES) and (path.exists() or file_format(path) is not None):
        return read_tested(path)
    return _of_store(Store.open(reading=True), source)


def read_tested(path: Rows) -> TestedModel:
    """Read a table of predictions: that of a run, or one of one's own.

    Parameters
    ----------
    path : Path or DataFrame
        ``predictions.parquet`` of a run, or any table with ``truth``, ``prediction``, a column ``p_<label>``
        for each label, and where known ``group``, ``split`` and ``seed``: the test rows are used, without
        those whose prediction is missing.

    Raises
    ------
    ArticleError
        Where a column is missing, a label has too few rows to say what it is taken for, or the rows are no
        random sample.
    """
    import pandas as pd

    rows = read_rows(path, ("truth", "prediction"), origin=ORIGIN)
    refuse_picked(rows, path, "say how often a model errs")
    return _tested(pd.DataFrame(rows), named(path))


def _of_store(store: Store, address: str) -> TestedModel:
    run = named_run(store, address)
    predictions = read_predictions(store, run)
    if predictions.labels.multi:
        raise ArticleError([Problem(address, "gives several labels a row; shares are of stances")])
    return _tested(predictions.rows, address, _served_seed(store, run))


def _served_seed(store: Store, run: FinishedRun) -> int | None:
    """Return the seed whose model is served; None where a run has none, or trained the served one anew."""
    data = read_file(store, run, TRIALS)
    described = {} if data is None else json.loads(data)
    trials = described.get("trials", [])
    # Of several folds the served model is a refit on all rows, which has no predictions of its own.
    if len({trial["fold"] for trial in trials}) != 1:
        return None
    return next((trial["seed"] for trial in trials if trial["digest"] == described.get("served")), None)


def _tested(rows: pd.DataFrame, source: str, served: int | None = None) -> TestedModel:
    # A missing prediction says nothing of what a label is taken for.
    rows = rows[~rows["prediction"].isna() & (rows["prediction"].astype(str) != "")]
    labels = tuple(str(name).removeprefix("p_") for name in rows.columns if str(name).startswith("p_"))
    used = {str(label) for label in [*rows["truth"], *rows["prediction"]]}
    if not labels or not used <= set(labels):
        listed = ", ".join(f"p_{name}" for name in sorted(used))
        raise ArticleError([Problem(source, "has not a column of probabilities for each label", listed)])
    if "split" in rows.columns:
        rows = rows[rows["split"].astype(str) == "test"]
    if rows.empty:
        raise ArticleError([Problem(source, "has no test rows")])
    rows, note = _of_seeds(rows, served)
    items = _once(rows)
    counts = items["truth"].astype(str).value_counts()
    few = [name for name in labels if counts.get(name, 0) < MIN_ITEMS_PER_LABEL]
    if few:
        what = f"has fewer than {counted(MIN_ITEMS_PER_LABEL, 'test row')} of {', '.join(few)}"
        raise ArticleError([Problem(source, what, "what they are taken for is not known")])
    return TestedModel(labels, _errors(rows.reset_index(drop=True), labels), source, len(items), note)


def _once(rows: pd.DataFrame) -> pd.DataFrame:
    """Return each labelled row once: seeds and repeats predict the same ones."""
    if "id" not in rows.columns or not {"seed", "fold"} & set(rows.columns):
        return rows
    return rows.drop_duplicates([name for name in ("id", "target") if name in rows.columns])


def _of_seeds(rows: pd.DataFrame, served: int | None) -> tuple[pd.DataFrame, str]:
    """Return the rows that tell of the model at work, and what was made of several seeds."""
    seeds = sorted(set(rows["seed"].astype(str))) if "seed" in rows.columns else []
    if len(seeds) < 2:
        return rows, ""
    if served is not None:
        of_served = rows[rows["seed"].astype(str) == str(served)]
        return of_served, f"of {counted(len(seeds), 'seed')} the errors are those of the served one, {served}"
    return rows, (
        f"errors are the mean over {counted(len(seeds), 'seed')}, and intervals hold how far one seed may lie"
        " from it: which of them labelled these rows is not known"
    )


def _errors(rows: pd.DataFrame, labels: Sequence[str]) -> LabelledErrors:
    position = {name: code for code, name in enumerate(labels)}
    truth, predicted = (
        np.array([position[str(label)] for label in rows[name]], dtype=np.int64)
        for name in ("truth", "prediction")
    )
    for name in ("group", "id"):
        if name not in rows.columns:
            rows[name] = None if name == "group" else rows.index
    proba = rows[[f"p_{name}" for name in labels]].to_numpy(dtype=np.float64)
    seeds = np.zeros(len(rows), dtype=np.int64)
    if "seed" in rows.columns:
        seeds = np.unique(rows["seed"].astype(str), return_inverse=True)[1]
    return LabelledErrors(truth, predicted, proba, cluster_codes(rows), seeds)
