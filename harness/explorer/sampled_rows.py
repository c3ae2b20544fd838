"""A finished experiment and a rule in; test rows to label by hand, and where they come from, out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.articles.picking import pick_rows, uncertainty
from harness.articles.sampling import stratified
from harness.explorer.answers import AnsweredRows
from harness.explorer.finished_experiments import Explored
from harness.explorer.labelling.experiment_rows import answers_of, experiment_table, rows_of
from harness.values.errors import ArticleError, Problem, suggest
from harness.values.gold_origin import COLUMN, RANDOM, Pick

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

COLUMNS = ("id", COLUMN, "pi", "stratum", "text", "target", "start", "end", "group", "outlet", "date", "gold")
STRATA = ("target", "outlet")
"""Columns that may make strata."""


@dataclass(frozen=True)
class SamplingRule:
    """How test rows of an experiment are drawn or picked.

    Attributes
    ----------
    pick : {"random", "uncertain", "disagreement", "wrong", "slice"}
        ``random`` has strata and probabilities, see :func:`harness.articles.sampling.draw_sample`;
        ``disagreement`` is between classifiers, or between the seeds of a single one; ``wrong`` and
        ``uncertain`` are those of ``classifier``; ``slice`` are rows with a value in a column.
    by : tuple of str
        Columns that make strata, of :data:`STRATA`.
    classifier : str
        Empty for the first.
    where : (str, str), optional
        Column and value of a slice.
    """

    pick: Pick = RANDOM
    by: tuple[str, ...] = ("target",)
    classifier: str = ""
    where: tuple[str, str] | None = None


def sample_experiment(explored: Explored, size: int, rule: SamplingRule, *, seed: int = 1) -> pd.DataFrame:
    """Draw or pick test rows of an experiment.

    Parameters
    ----------
    explored : Explored
    size : int
        Rows, about; of a rule that fewer rows answer to, those.
    rule : SamplingRule
    seed : int

    Returns
    -------
    DataFrame
        :data:`COLUMNS`, in random order, without labels of models or of the corpus.

    Raises
    ------
    ArticleError, StoreError
        Where the rule cannot be used, or the runs keep no sentences.
    """
    import pandas as pd

    table = pd.DataFrame(experiment_table(explored, rule.classifier).cells)
    positions = {str(explored.rows.ids[row]): row for row in rows_of(explored.rows)}
    at = np.array([positions[str(id_)] for id_ in table["id"]], dtype=int)
    if rule.pick == RANDOM:
        unknown = [name for name in rule.by if name not in STRATA]
        if unknown:
            hint = suggest(unknown[0], STRATA)
            raise ArticleError([Problem("by", f"cannot stratify by {unknown[0]!r}", hint)])
        drawn = stratified(table, rule.by, size, seed=seed).assign(**{COLUMN: RANDOM})
        return drawn.assign(gold="")[list(COLUMNS)]
    if rule.pick == "slice":
        candidates = _in_slice(table, rule.where)
        drawn = pick_rows(table, candidates, size, rule.pick, seed=seed)
    elif rule.pick == "uncertain":
        proba = answers_of(explored.rows, rule.classifier).proba[at]
        values = uncertainty(proba, multi=explored.rows.labels.multi)
        drawn = pick_rows(table, ~np.isnan(values), size, rule.pick, seed=seed, first=values)
    else:
        applies = _wrong if rule.pick == "wrong" else _disputed
        drawn = pick_rows(table, applies(explored.rows, rule.classifier)[at], size, rule.pick, seed=seed)
    return drawn.assign(gold="")[list(COLUMNS)]


def _wrong(rows: AnsweredRows, classifier: str) -> NDArray[np.bool_]:
    """Return which rows a classifier answers, and wrongly."""
    label = answers_of(rows, classifier).label
    return np.asarray((label >= 0) & (label != rows.truth))


def _disputed(rows: AnsweredRows, _: str) -> NDArray[np.bool_]:
    """Return on which rows classifiers differ; of a single one, its seeds."""
    codes = (
        np.stack([answers.label for answers in rows.answers])
        if len(rows.answers) > 1
        else rows.answers[0].codes
    )
    answered = codes >= 0
    highest = np.where(answered, codes, -1).max(axis=0)
    lowest = np.where(answered, codes, np.iinfo(np.int32).max).min(axis=0)
    return np.asarray((answered.sum(axis=0) > 1) & (highest != lowest))


def _in_slice(table: pd.DataFrame, where: tuple[str, str] | None) -> NDArray[np.bool_]:
    if where is None:
        raise ArticleError([Problem("--pick slice", "needs --where COLUMN=VALUE")])
    column, value = where
    if column not in table.columns:
        hint = suggest(column, table.columns)
        raise ArticleError([Problem("--where", f"there is no column {column!r}", hint)])
    return np.asarray(table[column].astype(str) == value)
