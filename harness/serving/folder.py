"""A saved classifier and its contract in, a model folder and the MLflow model around it out."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.serving.contract import Contract
from harness.serving.engine import PARTIES
from harness.serving.requirements import constraints, pinned
from harness.serving.seals import SEAL, seal_folder
from harness.serving.wheel import requirement
from harness.values.parties import Registry


def write_data(folder: Path, saved: Path, contract: Contract, parties: Registry) -> None:
    """Write a model folder that :meth:`harness.serving.engine.LabelEngine.read` loads.

    Parameters
    ----------
    folder : Path
        Existing and empty.
    saved : Path
        Holds ``model/`` as the classifier saved it.
    contract : Contract
    parties : Registry
        Of the training corpus.
    """
    # Without the classifier's own loader.txt: its address is in the contract.
    shutil.copytree(saved / "model", folder / "model", copy_function=_linked)
    contract.write(folder)
    records = json.dumps(parties.to_records(), indent=1, ensure_ascii=False)
    (folder / PARTIES).write_text(records + "\n", encoding="utf-8")


def _linked(source: str, target: str) -> None:
    """Hard-link a file where both ends lie on one drive, else copy it: encoders take hundreds of MB."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def write_mlflow(path: Path, data: Path, *, run_id: str = "", model_id: str = "") -> None:
    """Seal a model folder and wrap it as an MLflow pyfunc model, which pins the harness and what that needs.

    Parameters
    ----------
    path : Path
        Created; must not exist.
    data : Path
        A model folder from :func:`write_data`, complete: nothing may be written into it afterwards.
    run_id, model_id : str
        The run and the logged model that it belongs to; empty outside of a store.
    """
    import mlflow.pyfunc
    from mlflow.models import Model

    from harness.serving.pyfunc import input_example, signature

    contract = Contract.read(data)
    seal = seal_folder(data)
    # Passed explicitly: to infer requirements MLflow loads the model in a second process, which takes 8 to
    # 13 s and misses packages.
    # In a folder of its own: MLflow takes what follows " #" in the path of a store for a comment.
    with tempfile.TemporaryDirectory() as folder:
        # As constraints, not requirements: they fix versions of what is needed, and install nothing.
        pins = Path(folder) / "constraints.txt"
        pins.write_text("\n".join(constraints()) + "\n", encoding="utf-8")
        with _unchecked_requirements():
            mlflow.pyfunc.save_model(
                path=str(path),
                loader_module="harness.serving.pyfunc",
                data_path=str(data),
                mlflow_model=Model(
                    run_id=run_id or None, model_id=model_id or None, model_uuid=model_id or None
                ),
                signature=signature(
                    contract.task,
                    contract.labels,
                    risk=contract.effective_decider.rule is not None,
                    unsure=contract.effective_decider.support is not None,
                ),
                input_example=input_example(contract.task),
                metadata={SEAL: seal},
                pip_requirements=[f"-c {pins}", requirement(), pinned("mlflow")],
            )


@contextmanager
def _unchecked_requirements() -> Iterator[None]:
    """Keep MLflow from comparing requirements with what is installed: they were read from it just now.

    For that it lists the modules of every installed package, which takes half a second.
    """
    from mlflow.utils import environment as untyped

    environment: Any = untyped
    check = environment.warn_dependency_requirement_mismatches
    environment.warn_dependency_requirement_mismatches = lambda _: None
    try:
        yield
    finally:
        environment.warn_dependency_requirement_mismatches = check
