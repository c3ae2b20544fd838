"""A model's address in, something that can be asked about examples out: ours, or any pyfunc of MLflow."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.classifiers.protocol import Examples
from harness.serving.inference import LabelModel
from harness.serving.input_rows import COLUMNS
from harness.tracking.models import SCHEMES, load
from harness.values.errors import ForeignModelError, ModelError
from harness.values.labels import LabelSet, Task

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True)
class AuditableModel:
    """A model that states probabilities.

    Attributes
    ----------
    uri : str
    task : {"stance", "framing"} or None
        None where only the corpus can tell.
    labels : LabelSet or None
        None where they are known from the answers alone.
    predict : callable
        Examples and labels → ``(n, k)`` probabilities.
    says_no_target : bool
        Whether it can be asked without naming a target.
    trained_on : str
        Fingerprint of the corpus that it learned from; empty where that is not known.
    saw_all : bool
        Whether it is known to have learned from every row of that.
    """

    uri: str
    task: Task | None
    labels: LabelSet | None
    predict: Callable[[Examples, LabelSet], NDArray[np.float64]]
    says_no_target: bool
    trained_on: str = ""
    saw_all: bool = False


def auditable(
    model: str | os.PathLike[str] | LabelModel | Callable[[pd.DataFrame], pd.DataFrame],
) -> AuditableModel:
    """Make a model auditable: an address or folder, a loaded model, or a function of a table.

    Parameters
    ----------
    model : str, path, LabelModel or callable
        For an address see :func:`load_for_audit`. A function takes the table of :func:`rows_of` and returns
        one with a column ``p_<label>`` for each label, row by row.

    Raises
    ------
    ModelError
        Where there is none.
    """
    if isinstance(model, LabelModel):
        return _of_label_model(model)
    if isinstance(model, str | os.PathLike):
        return load_for_audit(os.fspath(model))
    name = getattr(model, "__name__", type(model).__name__)
    function = model

    def predict(examples: Examples, labels: LabelSet) -> NDArray[np.float64]:
        return read_probabilities(name, function(rows_of(examples)), labels, len(examples))

    return AuditableModel(name, None, None, predict, says_no_target=False)


def load_for_audit(uri: str) -> AuditableModel:
    """Load a model to be audited; one of the harness is computed in fp32.

    Parameters
    ----------
    uri : str
        ``models:/stance@champion``, ``runs:/<id>``, or a folder: a model of the harness, or any pyfunc whose
        input is that of a served model (``text``, ``target`` and where known ``target_start``,
        ``target_end``, ``holder``) and whose output holds one ``p_<label>`` for each label.

    Raises
    ------
    ModelError
        Where there is none.
    """
    try:
        return _of_label_model(load(uri, engine="fp32"))
    except ForeignModelError:
        return AuditableModel(uri, None, None, _pyfunc(uri), says_no_target=False)


def _of_label_model(model: LabelModel) -> AuditableModel:
    contract, classifier = model.engine.contract, model.engine.classifier

    def predict(examples: Examples, labels: LabelSet) -> NDArray[np.float64]:  # noqa: ARG001
        return contract.effective_decider.calibrated(classifier.predict_proba(examples))

    about = contract.trained_on
    return AuditableModel(
        model.uri,
        contract.task,
        contract.labels,
        predict,
        says_no_target=True,
        trained_on=str(about.get("corpus_fingerprint", "")),
        saw_all=bool(about.get("whole", False)),
    )


def _pyfunc(uri: str) -> Callable[[Examples, LabelSet], NDArray[np.float64]]:
    """Load a model of somebody else's."""
    from mlflow import pyfunc
    from mlflow.exceptions import MlflowException

    from harness.tracking.store import Store

    try:
        if uri.startswith(SCHEMES):
            with Store.open().pointed():
                model = pyfunc.load_model(uri)
        else:
            model = pyfunc.load_model(os.fspath(Path(uri)))
    except (MlflowException, OSError) as error:
        raise ModelError(f"{uri} is no model that MLflow can load: {str(error).splitlines()[0]}") from error

    def predict(examples: Examples, labels: LabelSet) -> NDArray[np.float64]:
        try:
            answer = model.predict(rows_of(examples))
        except MlflowException as error:
            raise ModelError(f"{uri} cannot label these rows: {str(error).splitlines()[0]}") from error
        return read_probabilities(uri, answer, labels, len(examples))

    return predict


def rows_of(examples: Examples) -> pd.DataFrame:
    """Write examples as the rows that a served model takes; of several mentions the first is the span."""
    import pandas as pd

    rows = [
        (one.text, one.target, *(map(float, one.spans[0]) if one.spans else (None, None)), one.holder)
        for one in examples
    ]
    made = pd.DataFrame(rows, columns=list(COLUMNS))
    # Offsets are doubles and the rest text, whichever cells are empty: a signature is strict.
    texts = {name: made[name].astype(object).where(made[name].notna(), None) for name in COLUMNS[:2]}
    offsets = {name: made[name].astype("float64") for name in COLUMNS[2:4]}
    holder = made["holder"].astype(object).where(made["holder"].notna(), None)
    return made.assign(**texts, **offsets, holder=holder)


def read_probabilities(uri: str, answer: Any, labels: LabelSet, n: int) -> NDArray[np.float64]:
    """Take the probabilities out of what a pyfunc answered.

    Raises
    ------
    ModelError
        Where a column or a row is missing.
    """
    columns = [f"p_{name}" for name in labels.names]
    there = [str(name) for name in getattr(answer, "columns", ())]
    missing = [name for name in columns if name not in there]
    if missing:
        raise ModelError(
            f"{uri} does not answer with {', '.join(missing)}, but with {', '.join(there) or 'no columns'};"
            f" the corpus is labelled {', '.join(labels.names)}"
        )
    if len(answer) != n:
        raise ModelError(f"{uri} was asked about {n:,} rows and answered {len(answer):,}")
    return np.asarray(answer[columns], dtype=np.float64)
