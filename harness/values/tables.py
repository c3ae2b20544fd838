"""The three tables that travel through the harness: Corpus, Predictions, Scores."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.values import origins
from harness.values.errors import CorpusError, PredictionsError, Problem
from harness.values.formatting import counted
from harness.values.label_columns import (
    checked_columns,
    first_frames,
    label_codes,
    label_columns,
    label_matrix,
    prediction_columns,
    unlabelled_note,
    voted_rows,
)
from harness.values.labels import LabelSet, Task, missing_rows
from harness.values.memo import once
from harness.values.parties import EMPTY, Registry
from harness.values.prediction_files import write_predictions
from harness.values.spreadsheets import frame_text

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

CORPUS_COLUMNS = (
    "id",
    "text",
    "target",
    "start",
    "end",
    "holder",
    "stance",
    "frames",
    "group",
    "outlet",
    "date",
    "votes",
    "split",
)
"""Columns of every corpus; ``id`` and ``text`` are always filled, the others where the source has them."""

ABSTAIN = "abstain"
"""Column of predictions: whether the model abstains; only where abstention is configured."""

SCORE_COLUMNS = ("metric", "split", "slice", "value", "low", "high", "seed_sd", "n")
# 64 bits: that two of a million fingerprints are equal by chance has a probability of 3 in 100 million.
FINGERPRINT_LENGTH = 16


def fingerprint(parts: Iterable[str]) -> str:
    """Return 16 hexadecimal digits that identify a sequence of strings."""
    digest = hashlib.sha256()
    for part in parts:
        # Texts from the web may hold lone surrogates, which plain UTF-8 refuses.
        digest.update(part.encode("utf-8", "surrogatepass"))
        # Without a separator, ("ab", "c") and ("a", "bc") would be equal.
        digest.update(b"\x1e")
    return digest.hexdigest()[:FINGERPRINT_LENGTH]


@dataclass(frozen=True)
class Corpus:
    """Labelled sentences, one row per (sentence, party).

    Parameters
    ----------
    name : str
        What configs and runs call it.
    rows : DataFrame
        Columns of :data:`CORPUS_COLUMNS`, all present, and any others of the source, for slices.
        ``start`` and ``end`` are nullable integers, offsets of the target into ``text``, end exclusive;
        ``frames`` and ``votes`` hold tuples of str or None.
    source : str
        File or address that the rows came from; shown in problems and in MLflow.
    parties : Registry
        Names and aliases of the targets, as far as there are any.
    task : {"stance", "framing"}, optional
        The task that the rows are scored for; None before :meth:`for_task`.
    notes : tuple of str
        What a reader of its scores should know of how it was read, a clause each.
    languages : tuple of str
        Codes of the languages of the texts (``de``), declared or detected; empty where they are unknown.
    voted : DataFrame, optional
        :func:`harness.values.label_columns.voted_rows`, after :meth:`for_task` and where votes are tied.
    """

    name: str
    rows: pd.DataFrame
    source: str = ""
    parties: Registry = EMPTY
    task: Task | None = None
    notes: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    voted: pd.DataFrame | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        task = f" for {self.task}" if self.task else ""
        return f"Corpus({self.name!r}, {counted(len(self.rows), 'row')}{task})"

    @cached_property
    def fingerprint(self) -> str:
        """Identify the content: equal for equal rows in equal order."""
        # Other columns are left out: a source that adds one for slices does not make another corpus.
        declared = self.rows[list(CORPUS_COLUMNS)]
        text = declared.to_json(orient="records", lines=True, force_ascii=True, date_format="iso")
        return fingerprint([text])

    def for_task(self, task: Task, labels: LabelSet | None = None) -> Corpus:
        """Return the rows that a task scores.

        Stance scores each labelled (sentence, party). Framing scores each labelled sentence once: of the
        rows that share group and text, the first, without its target.

        Parameters
        ----------
        task : {"stance", "framing"}
        labels : LabelSet, optional
            Where it is single-label, a sentence is scored for the first of its frames; a sentence without
            frames is left out, unless ``none`` is a label.

        Raises
        ------
        CorpusError
            Where no row is left.
        """
        column = "stance" if task == "stance" else "frames"
        left_out = self.rows[column].isna()
        rows = self.rows[~left_out]
        if task == "framing":
            # Frames belong to the sentence, which several rows may be about; by group, its article.
            rows = rows.drop_duplicates(["group", "text"]).assign(target=None, start=None, end=None)
            rows = rows.astype({"start": "Int64", "end": "Int64"})
            if labels is not None and not labels.multi:
                rows = first_frames(rows, labels)
        if rows.empty:
            raise CorpusError([Problem(self.source, f"no row has a value in column {column!r}")])
        notes = (*self.notes, *unlabelled_note(self.rows, left_out, task))
        voted = voted_rows(self.rows, left_out, task)
        return replace(self, rows=rows.reset_index(drop=True), task=task, notes=notes, voted=voted)

    def truth(self, labels: LabelSet) -> NDArray[np.int64]:
        """Return the gold labels as codes, shaped as :meth:`LabelSet.encode` returns them."""
        if labels.multi:
            return labels.encode(self.rows["frames"])
        if self.task == "framing":
            return labels.encode(frames[0] for frames in self.rows["frames"])
        return labels.encode(self.rows["stance"])

    def take(self, ids: Sequence[str]) -> Corpus:
        """Return the rows with these ids, in this order; KeyError where there is no such row."""
        taken: Corpus = origins.take(self, ids)
        return taken


@dataclass(frozen=True)
class Predictions:
    """Gold labels, predicted labels and probabilities of scored items: the narrow waist of the package.

    What makes predictions knows nothing of metrics; what scores them knows nothing of classifiers. A table
    that somebody else's model made is scored like any other.

    Parameters
    ----------
    labels : LabelSet
        Order of the label columns.
    rows : DataFrame
        One row per scored item: ``PREDICTION_KEYS``, then for a single-label task ``truth`` and
        ``prediction`` (label names), for a multi-label task ``truth_<label>`` and ``prediction_<label>``
        (0 or 1), then ``p_<label>`` in ``[0, 1]``, which sum to 1 for a single-label task; all of them
        NaN where there are labels without probabilities. Where rows may abstain, also :data:`ABSTAIN`.
        A missing prediction has an empty cell for its labels, all of them, and NaN for its probabilities.

    Raises
    ------
    PredictionsError
        Where a column is missing.
    """

    labels: LabelSet
    rows: pd.DataFrame

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"Predictions({counted(len(self.rows), 'row')}, labels {', '.join(self.labels.names)})"

    def __post_init__(self) -> None:
        missing = [name for name in prediction_columns(self.labels) if name not in self.rows.columns]
        if missing:
            raise PredictionsError(f"predictions lack the columns {', '.join(missing)}")

    @classmethod
    def of(
        cls,
        corpus: Corpus,
        labels: LabelSet,
        proba: NDArray[np.floating],
        *,
        thresholds: Sequence[float] | None = None,
        decided: NDArray[np.int64] | None = None,
        may_miss: bool = False,
        **keys: str | int,
    ) -> Predictions:
        """Return the predictions for the rows of a corpus.

        Parameters
        ----------
        corpus : Corpus
            The scored rows.
        labels : LabelSet
            Order of the columns of ``proba``.
        proba : (len(corpus), len(labels)) array
            From the classifier; with ``decided``, NaN throughout where it gives labels alone.
        thresholds : sequence of float, optional
            See :meth:`LabelSet.decide`.
        decided : array, optional
            The predicted labels, shaped as :meth:`LabelSet.decide` returns them; left out, they follow from
            ``proba``.
        may_miss : bool
            Whether predictions may be missing: NaN in ``proba``, ``MISSING_CODE`` in ``decided``.
        **keys
            ``run``, ``split``, ``seed`` and ``fold``.

        Raises
        ------
        PredictionsError
            Where ``proba`` has another shape, is not finite, leaves ``[0, 1]`` or does not sum to 1; or where
            a prediction is missing and may not be.
        """
        columns: dict[str, Any] = {"run": "", "split": "", "seed": 0, "fold": 0} | keys
        columns |= checked_columns(corpus.truth(labels), labels, proba, thresholds, decided, may_miss)
        items = corpus.rows[["id", "target", "group"]]
        rows = items.assign(**columns)[prediction_columns(labels)]
        return cls(labels, rows.reset_index(drop=True))

    @classmethod
    def from_labels(
        cls,
        y_true: Sequence[Any],
        y_pred: Sequence[Any],
        *,
        proba: NDArray[np.floating] | None = None,
        groups: Sequence[Any] | None = None,
        labels: Sequence[str] | None = None,
    ) -> Predictions:
        """Make a table of test predictions from labels, as scikit-learn's metrics take them.

        Parameters
        ----------
        y_true, y_pred : sequence
            One label a row, a text or a number; or, of a multi-label task, a set of the labels that apply.
        proba : (n, k) array, optional
            In the order of ``labels``.
        groups : sequence, optional
            What each row belongs to, such as its article: intervals are over groups.
        labels : sequence of str, optional
            In order; left out, those that occur, sorted.

        Raises
        ------
        PredictionsError
            Where lengths differ, a label is missing or unknown, or probabilities are not what they should be.

        Examples
        --------
        >>> Predictions.from_labels(["a", "b"], ["a", "a"]).predicted().tolist()
        [0, 0]
        """
        import pandas as pd

        label_set, columns = label_columns(y_true, y_pred, proba, groups, labels)
        table = pd.DataFrame(columns, index=range(len(y_true)))
        return cls(label_set, table[prediction_columns(label_set)])

    def truth(self) -> NDArray[np.int64]:
        """Return the gold labels, ``(n,)`` codes or ``(n, k)`` of 0 and 1; read-only."""
        return once(self, "truth", lambda: label_codes(self.rows, "truth", self.labels))

    def predicted(self) -> NDArray[np.int64]:
        """Return the predicted labels, shaped as :meth:`truth`, missing ones -1; read-only."""
        return once(self, "predicted", lambda: label_codes(self.rows, "prediction", self.labels))

    def missing(self) -> NDArray[np.bool_]:
        """Say which rows have no prediction, ``(n,)``."""
        return missing_rows(self.predicted())

    def answered(self) -> Predictions:
        """Return the rows that have a prediction."""
        rows = self.rows[~self.missing()]
        return self if len(rows) == len(self) else replace(self, rows=rows.reset_index(drop=True))

    def proba(self) -> NDArray[np.float64]:
        """Return the probabilities, ``(n, k)``; read-only."""
        return once(self, "proba", lambda: label_matrix(self.rows, "p", self.labels, np.dtype(np.float64)))

    @cached_property
    def has_probabilities(self) -> bool:
        """Whether there are probabilities; external predictions may be labels alone."""
        return not np.isnan(self.proba()).all()

    def only(self, **equal: str | int) -> Predictions:
        """Return the rows whose columns equal these values: ``only(split="test", seed=1)``."""
        return once(self, ("only", *sorted(equal.items())), lambda: self._only(equal))

    def _only(self, equal: Mapping[str, str | int]) -> Predictions:
        keep = np.ones(len(self.rows), dtype=bool)
        for column, value in equal.items():
            keep &= (self.rows[column] == value).to_numpy(dtype=bool)
        return replace(self, rows=self.rows[keep].reset_index(drop=True))

    def fingerprint(self) -> str:
        """Identify the scored items with their gold labels: two runs compare only where this is equal."""
        truths = [name for name in self.rows.columns if name.startswith("truth")]
        # Each item once and in order of ids, whatever the seeds and folds of the run.
        items = self.rows[["id", *truths]].drop_duplicates("id").sort_values("id")
        return fingerprint([",".join(self.labels.names), frame_text(items, raw=True)])

    def write(self, path: Path) -> None:
        """Write Parquet; :meth:`read` returns an equal table, which is written as the same bytes again."""
        write_predictions(self.rows, path)

    @classmethod
    def read(cls, path: Path, labels: LabelSet) -> Predictions:
        """Read what :meth:`write` wrote."""
        import pandas as pd

        rows = pd.read_parquet(path)
        # pandas reads whole numbers with gaps as floats.
        gaps = [name for name in map(str, rows) if name.startswith("prediction_") and rows[name].hasnans]
        return cls(labels, rows.astype(dict.fromkeys(gaps, "Int64")))

    @classmethod
    def concat(cls, parts: Sequence[Predictions]) -> Predictions:
        """Stack tables of one label set.

        Raises
        ------
        PredictionsError
            Where the label sets differ.
        """
        import pandas as pd

        if len({part.labels for part in parts}) != 1:
            raise PredictionsError("predictions with different label sets cannot be stacked")
        return cls(parts[0].labels, pd.concat([part.rows for part in parts], ignore_index=True))


@dataclass(frozen=True)
class Scores:
    """A value for each metric, split and slice, with its uncertainty.

    Parameters
    ----------
    rows : DataFrame
        Columns :data:`SCORE_COLUMNS`. ``low`` and ``high`` bound a 95 % interval over test items;
        ``seed_sd`` is the standard deviation over seeds (NaN for one seed); ``n`` counts items;
        ``slice`` is ``"all"`` for the whole split.
    """

    rows: pd.DataFrame

    def __repr__(self) -> str:
        n_metrics, splits = self.rows["metric"].nunique(), dict.fromkeys(self.rows["split"])
        return (
            f"Scores({counted(len(self.rows), 'row')}, {counted(n_metrics, 'metric')} on {', '.join(splits)})"
        )

    def value(self, metric: str, split: str = "test", slice_: str = "all") -> float:
        """Return a single value.

        Raises
        ------
        PredictionsError
            Where it was not scored.
        """
        rows = self.rows
        matches = rows[(rows["metric"] == metric) & (rows["split"] == split) & (rows["slice"] == slice_)]
        if matches.empty:
            raise PredictionsError(f"{split}/{metric} was not scored on slice {slice_!r}")
        return float(matches["value"].iloc[0])
