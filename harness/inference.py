"""A model's address and rows in, labels out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from harness.labels import Task

if TYPE_CHECKING:
    import pandas as pd

Format = Literal["csv", "tsv", "jsonl", "parquet"]


@dataclass(frozen=True)
class LabelModel:
    """A model that labels sentences; see :func:`load`."""

    @property
    def task(self) -> Task:
        """``"stance"`` or ``"framing"``."""
        raise NotImplementedError

    @property
    def labels(self) -> tuple[str, ...]:
        """Its labels, in order."""
        raise NotImplementedError

    def predict(self, rows: pd.DataFrame | Sequence[Mapping[str, Any]]) -> pd.DataFrame:
        """Label rows.

        Parameters
        ----------
        rows : DataFrame or list of dict
            ``text``; for stance also ``target``, and where known ``target_start``, ``target_end`` and ``holder``.

        Returns
        -------
        DataFrame
            As many rows in the same order: ``label``, one ``p_<label>`` each, ``abstain``.

        Raises
        ------
        ModelError
            Naming the rows and columns that cannot be used.
        """
        raise NotImplementedError


def load(uri: str | Path) -> LabelModel:
    """Load a model.

    Parameters
    ----------
    uri : str or Path
        ``models:/stance@champion``, ``models:/stance/3``, ``runs:/<id>/model``, or a folder.

    Raises
    ------
    ModelError
        Where there is none, or where it is no model of the harness.
    """
    raise NotImplementedError


def predict_file(
    model: LabelModel,
    source: Path | None,
    output: Path | None,
    *,
    source_format: Format | None = None,
    output_format: Format | None = None,
    progress: bool = True,
) -> int:
    """Label a file in chunks; what it held is written out with the label columns added.

    Parameters
    ----------
    model : LabelModel
    source, output : Path or None
        None reads standard input, writes standard output.
    source_format, output_format : str, optional
        Left out, by the file's ending; standard input is CSV, the output like the input.
    progress : bool
        Show rows and rows a second on standard error.

    Returns
    -------
    int
        Rows labelled.

    Raises
    ------
    ModelError
        Naming the file and the rows that cannot be used.
    """
    raise NotImplementedError
