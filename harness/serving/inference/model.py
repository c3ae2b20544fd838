"""A model folder and rows in, labels out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.serving.contract import DATA, FILE
from harness.serving.engine import LabelEngine
from harness.serving.input_rows import COLUMNS
from harness.values.errors import ForeignModelError, ModelError
from harness.values.labels import Task

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class LabelModel:
    """A model that labels sentences; see :func:`load`.

    Attributes
    ----------
    engine : LabelEngine
    uri : str
        Where it was loaded from.
    """

    engine: LabelEngine
    uri: str = ""

    @property
    def task(self) -> Task:
        """``"stance"`` or ``"framing"``."""
        return self.engine.contract.task

    @property
    def labels(self) -> tuple[str, ...]:
        """Its labels, in order."""
        return self.engine.contract.labels.names

    @property
    def columns(self) -> list[str]:
        """The columns that :meth:`predict` returns, in order."""
        return self.engine.columns

    @property
    def digest(self) -> str:
        """What tells it from other models: a digest of its contract."""
        return hashlib.sha256(repr(self.engine.contract).encode()).hexdigest()[:16]

    def predict(self, rows: pd.DataFrame | Sequence[Mapping[str, Any]], *, first: int = 1) -> pd.DataFrame:
        """Label rows.

        Parameters
        ----------
        rows : DataFrame or list of dict
            ``text``; for stance also ``target``, and where known ``target_start``, ``target_end`` and
            ``holder``. A target without a span is found in the text by name and alias.
        first : int
            Number of the first row in messages.

        Returns
        -------
        DataFrame
            As many rows in the same order: ``label`` (of a multi-label task all that apply, joined by ``|``),
            one ``p_<label>`` each, ``abstain``.

        Raises
        ------
        ModelError
            Naming the rows and columns that cannot be used.
        """
        return self.engine.label(table_of(rows), first=first)


def table_of(rows: pd.DataFrame | Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Turn rows into a table; a table stays as it is."""
    import pandas as pd

    if isinstance(rows, pd.DataFrame):
        return rows
    return pd.DataFrame.from_records(list(rows), columns=None if rows else COLUMNS)


def load_folder(folder: Path, *, engine: str = "", uri: str = "") -> LabelModel:
    """Load a model from its folder; no store is needed.

    Parameters
    ----------
    folder : Path
        Our data, or an MLflow model around it.
    engine : {"auto", "fp32", "bf16", "int8"}, optional
        What computes, for models that have a choice: the fastest, or this one. Left out, what the environment
        variable ``HARNESS_ENGINE`` says, or ``auto``.
    uri : str, optional
        The address that the folder was found by, for messages; left out, the folder.

    Raises
    ------
    ModelError
        Where there is none.
    ForeignModelError
        Where it is no model of the harness.
    """
    address = uri or str(folder)
    if not folder.is_dir():
        raise ModelError(f"there is no model {address!r}: give models:/NAME@champion, runs:/ID or a folder")
    return LabelModel(LabelEngine.read(_data_folder(folder), engine), address)


def _data_folder(folder: Path) -> Path:
    """Find our data in a folder: it, or an MLflow model around it."""
    candidates = (folder, folder / "data" / DATA)
    for candidate in candidates:
        if (candidate / FILE).is_file():
            return candidate
    raise ForeignModelError(f"{folder} is no model of the harness: it holds no {FILE}")
