"""True and predicted labels in, columns of a predictions table out; and such columns in, arrays out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.values.errors import PredictionsError
from harness.values.formatting import counted
from harness.values.labels import (
    MISSING_CODE,
    NO_FRAME,
    LabelSet,
    Task,
    check_probabilities,
    missing_rows,
)

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

PREDICTION_KEYS = ("run", "split", "seed", "fold", "id", "target", "group")

SEVERAL = (set, frozenset, list, tuple)


def label_columns(
    y_true: Sequence[Any],
    y_pred: Sequence[Any],
    proba: NDArray[np.floating] | None,
    groups: Sequence[Any] | None,
    labels: Sequence[str] | None,
) -> tuple[LabelSet, dict[str, Any]]:
    """Check labels and set them beside each other; see :meth:`harness.values.tables.Predictions.from_labels`.

    Returns
    -------
    LabelSet
    dict
        Column → values, one a row.

    Raises
    ------
    PredictionsError
        Where lengths differ, a label is missing or unknown, or probabilities are not what they should be.
    """
    n = len(y_true)
    if len(y_pred) != n or (groups is not None and len(groups) != n):
        raise PredictionsError(f"y_true has {counted(n, 'row')}; y_pred and groups should have as many")
    multi = any(isinstance(value, SEVERAL) for value in (*y_true, *y_pred))
    truth, predicted = _names("y_true", y_true, multi=multi), _names("y_pred", y_pred, multi=multi)
    occurring = sorted({name for row in (*truth, *predicted) for name in row})
    try:
        label_set = LabelSet(tuple(map(str, labels)) if labels is not None else tuple(occurring), multi=multi)
    except ValueError as error:
        raise PredictionsError(f"{error}; name them: labels=[…]") from error
    names = label_set.names
    if unknown := [name for name in occurring if name not in names]:
        raise PredictionsError(f"{', '.join(unknown)}: not among the labels {', '.join(names)}")
    shares = np.full((n, len(names)), np.nan)
    if proba is not None:
        shares = np.asarray(proba, dtype=np.float64)
        check_probabilities(shares, (n, len(names)), sums_to_one=not multi)
    columns: dict[str, Any] = {"run": "", "split": "test", "seed": 0, "fold": 0, "target": None}
    # Row numbers as ids, so that two tables of the same rows can be compared.
    columns |= {"id": [str(number) for number in range(n)], "group": groups}
    for word, rows in (("truth", truth), ("prediction", predicted)):
        if multi:
            codes = label_set.encode(rows)
            columns |= {f"{word}_{name}": codes[:, k] for k, name in enumerate(names)}
        else:
            columns[word] = [name for (name,) in rows]
    columns |= {f"p_{name}": shares[:, k] for k, name in enumerate(names)}
    return label_set, columns


def label_codes(rows: pd.DataFrame, word: str, labels: LabelSet) -> NDArray[np.int64]:
    """Return the true or the predicted labels of a table, ``(n,)`` codes or ``(n, k)`` of 0 and 1; read-only.

    Parameters
    ----------
    rows : DataFrame
    word : {"truth", "prediction"}
        Predictions may be missing: an empty cell is :data:`harness.values.labels.MISSING_CODE`.
    labels : LabelSet
    """
    import pandas as pd

    if labels.multi:
        return label_matrix(rows, word, labels, np.dtype(np.int64))
    # Each distinct label is looked up once, not once per row. The last entry is the code of an empty cell,
    # whose position is -1; a true label that is empty is no label of the task, and is refused.
    positions, names = pd.factorize(rows[word], use_na_sentinel=word == "prediction")
    codes = np.append(labels.encode(names), MISSING_CODE)[positions]
    codes.flags.writeable = False
    return codes


def checked_columns(
    truth: NDArray[np.int64],
    labels: LabelSet,
    proba: NDArray[np.floating],
    thresholds: Sequence[float] | None,
    decided: NDArray[np.int64] | None,
    may_miss: bool,
) -> dict[str, Any]:
    """Check predictions and return them beside the truth; see :meth:`harness.values.tables.Predictions.of`.

    Returns
    -------
    dict
        Column → values, one a row.

    Raises
    ------
    PredictionsError
        Where probabilities are none, or a prediction is missing and may not be.
    """
    shape = (len(truth), len(labels))
    if decided is None and proba.shape != shape:
        check_probabilities(proba, shape, sums_to_one=not labels.multi)
    predicted = labels.decide(proba, thresholds) if decided is None else decided
    missing = missing_rows(predicted)
    if missing.any() and not may_miss and decided is not None:
        raise PredictionsError(f"row {int(missing.argmax())} has no prediction")
    # Labels alone have no probabilities in any row.
    if not np.isnan(proba).all() or (decided is None and not may_miss):
        check_probabilities(proba, shape, sums_to_one=not labels.multi, missing=missing if may_miss else None)
    columns: dict[str, Any] = {}
    if labels.multi:
        columns |= {f"truth_{name}": truth[:, k] for k, name in enumerate(labels.names)}
    else:
        columns["truth"] = labels.decode(truth)
    columns |= prediction_cells(predicted, labels)
    return columns | {f"p_{name}": proba[:, k] for k, name in enumerate(labels.names)}


def prediction_cells(codes: NDArray[np.int64], labels: LabelSet) -> dict[str, Any]:
    """Return the columns that hold predictions, by name; a cell is empty where one is missing.

    Parameters
    ----------
    codes : array
        See :meth:`harness.values.labels.LabelSet.decide`.
    labels : LabelSet
    """
    import pandas as pd

    if not labels.multi:
        return {"prediction": labels.decode_predicted(codes)}
    missing = missing_rows(codes)
    columns: dict[str, Any] = {}
    for k, name in enumerate(labels.names):
        # Plain numbers, unless there are empty cells.
        column = pd.arrays.IntegerArray(codes[:, k].copy(), missing) if missing.any() else codes[:, k]
        columns[f"prediction_{name}"] = column
    return columns


def label_matrix(rows: pd.DataFrame, word: str, labels: LabelSet, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return the columns ``word_label`` of a table as an array, ``(n, k)``, read-only."""
    # Column by column: to select them first, pandas would copy them all.
    cells = [rows[f"{word}_{name}"] for name in labels.names]
    if word == "prediction":
        cells = [column.fillna(MISSING_CODE) if column.hasnans else column for column in cells]
    columns = [column.to_numpy(dtype=dtype) for column in cells]
    matrix = np.ascontiguousarray(np.stack(columns, axis=1))
    matrix.flags.writeable = False
    return matrix


def _names(where: str, values: Sequence[Any], *, multi: bool) -> list[tuple[str, ...]]:
    """Return the labels of each row as text."""
    rows: list[tuple[str, ...]] = []
    for number, value in enumerate(values):
        several = isinstance(value, SEVERAL)
        # pandas holds a missing label as NaN, which as text would be a label called "nan".
        if value is None or (isinstance(value, float) and np.isnan(value)):
            raise PredictionsError(f"{where}: row {number} has no label")
        if multi and not several:
            raise PredictionsError(f"{where}: row {number} is {value!r}, and other rows are sets of labels")
        rows.append(tuple(sorted(map(str, value))) if several else (str(value),))
    return rows


def first_frames(rows: pd.DataFrame, labels: LabelSet) -> pd.DataFrame:
    """Return the rows of a single-label task with the first of their frames, without those that have none."""
    import pandas as pd

    without = (NO_FRAME,) if NO_FRAME in labels.names else ()
    first = [tuple(frames[:1]) or without for frames in rows["frames"]]
    reduced = rows.assign(frames=pd.Series(first, index=rows.index, dtype=object))
    return reduced[[bool(frames) for frames in first]]


def unlabelled_note(rows: pd.DataFrame, left_out: pd.Series[bool], task: Task) -> tuple[str, ...]:
    """Say how many rows have no label of the task, and are left out."""
    count = int(left_out.sum())
    if not count:
        return ()
    other, column = ("frames", "stance") if task == "stance" else ("stance", "frames")
    labelled = int(rows.loc[left_out, other].notna().sum())
    # A corpus may be labelled for both tasks, and some rows for the other alone: nothing is amiss with them.
    more = f" ({labelled:,} of them have {other})" if labelled else ""
    have = "has" if count == 1 else "have"
    left = "is" if count == 1 else "are"
    return (f"{count:,} of {counted(len(rows), 'row')} {have} no {column} and {left} left out{more}",)


def voted_rows(rows: pd.DataFrame, left_out: pd.Series[bool], task: Task) -> pd.DataFrame | None:
    """Return the rows with several votes, where some have no label since votes on the stance are tied.

    How far people agree does not follow from the labelled rows alone: what they differ on is missing there.

    Parameters
    ----------
    rows : DataFrame
        Of a corpus.
    left_out : Series of bool
        Which of them have no label.
    task : {"stance", "framing"}
        A tied frame does not apply: no sentence is left out for it.

    Returns
    -------
    DataFrame or None
        ``id``, ``group``, ``votes`` and ``tied``, in the order of the corpus; None where all have a label.
    """
    if task == "framing":
        return None
    several = rows["votes"].map(lambda votes: isinstance(votes, tuple) and len(votes) > 1).astype(bool)
    if not (several & left_out).any():
        return None
    columns = rows.loc[several, ["id", "group", "votes"]]
    return columns.assign(tied=left_out[several]).reset_index(drop=True)


def prediction_columns(labels: LabelSet) -> list[str]:
    """Return the columns of a predictions table, in order."""
    words = ("truth", "prediction")
    codes = [f"{word}_{name}" for word in words for name in labels.names] if labels.multi else list(words)
    return [*PREDICTION_KEYS, *codes, *(f"p_{name}" for name in labels.names)]
