"""A model's address in, the loaded model out: a registered version, a run's model, or a folder."""

from __future__ import annotations

import os
from pathlib import Path

from harness.serving.inference.model import LabelModel, load_folder
from harness.serving.inference.together import Together
from harness.tracking.store import Store
from harness.values.errors import ModelError

SCHEMES = ("models:/", "runs:/")


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
    return load_folder(folder, engine=engine, uri=address)


def load_both(stance: str | Path, frames: str | Path, *, engine: str = "") -> Together:
    """Load a stance model and a frames model that label the same rows.

    Parameters
    ----------
    stance, frames : str or Path
    engine : str, optional
        All as for :func:`load`.

    Raises
    ------
    ModelError
        Where one is missing, is no model of the harness, or is for the other task.
    """
    return Together(load(stance, engine=engine), load(frames, engine=engine))


def _downloaded(address: str) -> Path:
    """Return a folder with the model's files: those of the store where they lie on this machine."""
    from harness.tracking.store.database import imported

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
