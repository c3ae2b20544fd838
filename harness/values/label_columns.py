"""True and predicted labels in, columns of a predictions table out; and such columns in, arrays out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.values.errors import PredictionsError
from harness.values.formatting import counted
from harness.values.labels import LabelSet, Task, check_probabilities

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

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
    labels : LabelSet
    """
    import pandas as pd

    if labels.multi:
        return label_matrix(rows, word, labels, np.dtype(np.int64))
    # Each distinct label is looked up once, not once per row.
    positions, names = pd.factorize(rows[word], use_na_sentinel=False)
    codes = labels.encode(names)[positions]
    codes.flags.writeable = False
    return codes


def label_matrix(rows: pd.DataFrame, word: str, labels: LabelSet, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return the columns ``word_label`` of a table as an array, ``(n, k)``, read-only."""
    # Column by column: to select them first, pandas would copy them all.
    columns = [rows[f"{word}_{name}"].to_numpy(dtype=dtype) for name in labels.names]
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
