"""A model's address in, the loaded model out: a registered version, a run's model, or a folder."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from harness.serving.inference.model import LabelModel, data_folder, load_folder
from harness.serving.inference.stance_and_frames import Together
from harness.serving.seals import SEAL, require_seal
from harness.tracking.store import Store
from harness.values.commands import command_line
from harness.values.errors import ModelError

SCHEMES = ("models:/", "runs:/")

ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
"""Codes of MLflow's errors where there is no model of a name, or it has no version of an alias."""


def load(uri: str | Path, *, engine: str = "") -> LabelModel:
    """Load a model.

    Parameters
    ----------
    uri : str or Path
        ``models:/stance@champion``, ``models:/stance/3``, ``runs:/<id>``, or a folder, which needs no store.
    engine : {"auto", "fp32", "onnx", "bf16", "int8"}, optional
        What computes, for models that have a choice. Default: the environment variable ``HARNESS_ENGINE``,
        else ``auto``, the fastest.

    Returns
    -------
    LabelModel

    Raises
    ------
    ForeignModelError
        Where it is not a model of the harness, though it may be one of MLflow.
    ModelError
        Where there is no such model, or it is damaged.
    StoreError
        Where the store cannot be opened.
    """
    return load_folder(located(uri), engine=engine, uri=os.fspath(uri))


def located(uri: str | Path) -> Path:
    """Return the folder of a model's files, which stays while this process runs; see :func:`load`."""
    address = os.fspath(uri)
    return _downloaded(Store.open(reading=True), address) if address.startswith(SCHEMES) else Path(address)


def load_both(stance: str | Path, frames: str | Path, *, engine: str = "") -> Together:
    """Load a stance model and a framing model that label the same rows.

    Parameters
    ----------
    stance, frames : str or Path
    engine : str, optional
        All as for :func:`load`.

    Raises
    ------
    ModelError
        Where one is missing, is not a model of the harness, or is for the other task.
    """
    return Together(load(stance, engine=engine), load(frames, engine=engine))


@contextlib.contextmanager
def files_of(store: Store, address: str) -> Iterator[Path]:
    """Provide the folder of a model's files: the store's own on this machine, else a copy for the block.

    Parameters
    ----------
    store : Store
    address : str
        ``models:/…`` or ``runs:/…``.

    Raises
    ------
    ModelError
        Where there is no such model, or its files are gone.
    """
    if store.artifacts is not None:
        yield _downloaded(store, address)
        return
    with tempfile.TemporaryDirectory(prefix="harness-") as copies:
        yield _downloaded(store, address, copies)


def _downloaded(store: Store, address: str, copies: str | None = None) -> Path:
    """Return a folder with the model's files: the store's own on this machine, else a copy."""
    from harness.tracking.store.database import imported

    artifacts = imported().artifacts
    from mlflow.exceptions import MlflowException

    try:
        # A run's model lies beside the run, under an id of its own.
        if address.startswith("runs:/"):
            address = _model_of_run(store, address.removeprefix("runs:/").partition("/")[0])
        if store.read_only and store.database is not None and copies is None:
            # MLflow writes a note beside the files that it finds, where it cannot here.
            copies = tempfile.mkdtemp(dir=store.database.parent)
        # MLflow looks aliases up in its global registry, whichever addresses are passed.
        with store.pointed():
            folder = Path(artifacts.download_artifacts(artifact_uri=address, dst_path=copies))
        seal, where = _recorded_seal(store, address)
    except (MlflowException, OSError) as error:
        advice = _no_champion(address, error)
        if advice:
            where = str(store.database.parent) if store.database is not None else store.shown
            raise ModelError(f"there is no model {address!r} in {where}: {advice}") from error
        raise ModelError(f"there is no model {address!r} in {store.shown}: {first_line(error)}") from error
    if seal:
        require_seal(data_folder(folder), seal, where)
    return folder


def run_of(store: Store, address: str) -> str:
    """Return the id of the run that a model is from.

    Parameters
    ----------
    store : Store
    address : str
        ``models:/NAME@ALIAS``, ``models:/NAME/VERSION``, ``models:/ID`` or ``runs:/ID``.

    Raises
    ------
    ModelError
        Where there is no such model, or no run of it is known.
    """
    from mlflow.exceptions import MlflowException

    if address.startswith("runs:/"):
        return address.removeprefix("runs:/").partition("/")[0]
    name, at, alias = address.removeprefix("models:/").partition("@")
    name, _, version = name.partition("/")
    try:
        if at:
            run_id = store.client.get_model_version_by_alias(name, alias).run_id
        elif version:
            run_id = store.client.get_model_version(name, version).run_id
        else:
            run_id = store.client.get_logged_model(name).source_run_id
    except MlflowException as error:
        advice = _no_champion(address, error) or first_line(error)
        raise ModelError(f"there is no model {address!r} in {store.shown}: {advice}") from error
    if not run_id:
        raise ModelError(f"{address!r} is of no run of this store")
    return str(run_id)


def _no_champion(address: str, error: Exception) -> str:
    """Say how to get a champion where an address asks for one that there is not; else empty.

    MLflow's own message shows the address of its database, and not what to do.
    """
    name, at, alias = address.removeprefix("models:/").partition("@")
    if not at or getattr(error, "error_code", "") not in ABSENT:
        return ""
    registry, promote = command_line("registry"), command_line("promote")
    return (
        f"no version of {name!r} has the alias {alias!r}; run a config with this task or model_name, then"
        f" `{promote}` makes its best classifier champion (`{registry}` lists what is registered)"
    )


def _recorded_seal(store: Store, address: str) -> tuple[str, str]:
    """Return the seal that the store has of a model, and where it stands; empty for one packed before."""
    client = store.client
    name, at, alias = address.removeprefix("models:/").partition("@")
    name, _, version = name.partition("/")
    if at:
        registered = client.get_model_version_by_alias(name, alias)
    elif version.isdecimal():
        registered = client.get_model_version(name, version)
    elif not version:
        return client.get_logged_model(name).tags.get(SEAL, ""), f"the tags of the model {name}"
    else:
        # A stage, or "latest": MLflow alone knows which version is meant.
        return "", ""
    return registered.tags.get(SEAL, ""), f"the tags of version {registered.version} of {name!r}"


def _model_of_run(store: Store, run_id: str) -> str:
    run = store.client.get_run(run_id)
    outputs = run.outputs.model_outputs if run.outputs is not None else []
    if not outputs:
        raise ModelError(f"the run {run_id} ({run.info.run_name}) has no model")
    return f"models:/{outputs[0].model_id}"


def first_line(error: Exception) -> str:
    """Return the first line of an error's message; MLflow's go on with advice for another API."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__
