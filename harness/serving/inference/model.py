"""A model's address and rows in, labels out."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.runs.packaging import DATA
from harness.serving.contract import FILE
from harness.serving.engine import Engine
from harness.serving.rows import COLUMNS
from harness.values.errors import ModelError
from harness.values.labels import Task

if TYPE_CHECKING:
    import pandas as pd

    from harness.tracking.store import Store

SCHEMES = ("models:/", "runs:/")


@dataclass(frozen=True)
class LabelModel:
    """A model that labels sentences; see :func:`load`.

    Attributes
    ----------
    engine : Engine
    uri : str
        Where it was loaded from.
    """

    engine: Engine
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


def load(uri: str | Path, *, engine: str = "") -> LabelModel:
    """Load a model.

    Parameters
    ----------
    uri : str or Path
        ``models:/stance@champion``, ``models:/stance/3``, ``runs:/<id>``, or a folder, for which no store is
        needed.
    engine : {"auto", "fp32", "bf16", "int8"}, optional
        What computes, for models that have a choice: the fastest, or this one. Left out, what the environment
        variable ``HARNESS_ENGINE`` says, or ``auto``.

    Raises
    ------
    ModelError
        Where there is none, or where it is no model of the harness.
    """
    address = os.fspath(uri)
    folder = _downloaded(address) if address.startswith(SCHEMES) else Path(address)
    if not folder.is_dir():
        raise ModelError(f"there is no model {address!r}: give models:/NAME@champion, runs:/ID or a folder")
    return LabelModel(Engine.read(_data_folder(folder), engine), address)


def _data_folder(folder: Path) -> Path:
    """Find our data in a folder: it, or an MLflow model around it."""
    places = (folder, folder / "data" / DATA)
    for place in places:
        if (place / FILE).is_file():
            return place
    raise ModelError(f"{folder} is no model of the harness: it holds no {FILE}")


def _downloaded(address: str) -> Path:
    """Return a folder with the model's files: those of the store where they lie on this machine."""
    from harness.tracking.store.database import imported
    from harness.tracking.store.location import Store

    store = Store.open()
    artifacts = imported().artifacts
    from mlflow.exceptions import MlflowException

    try:
        if address.startswith("runs:/"):
            address = _model_of_run(store, address.removeprefix("runs:/").partition("/")[0])
        # Aliases are looked up in the global registry, whatever addresses are handed in.
        with store.pointed():
            return Path(artifacts.download_artifacts(artifact_uri=address))
    except (MlflowException, OSError) as error:
        raise ModelError(f"there is no model {address!r} in {store.uri}: {_first_line(error)}") from error


def _model_of_run(store: Store, run_id: str) -> str:
    run = store.client.get_run(run_id)
    outputs = run.outputs.model_outputs if run.outputs is not None else []
    if not outputs:
        raise ModelError(f"the run {run_id} ({run.info.run_name}) has no model")
    return f"models:/{outputs[0].model_id}"


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
