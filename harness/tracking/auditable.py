"""A model of the harness, an MLflow pyfunc or a function in, its probabilities for any examples out."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.classifiers.protocol import Examples, may_miss
from harness.classifiers.remote import AsksServer
from harness.serving.inference import LabelModel
from harness.serving.input_rows import COLUMNS
from harness.tracking.models import SCHEMES, first_line, load
from harness.values.errors import ForeignModelError, ModelError
from harness.values.formatting import counted
from harness.values.labels import LabelSet, Task

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True)
class AuditableModel:
    """A model that gives probabilities for examples.

    Attributes
    ----------
    uri : str
    task : {"stance", "framing"} or None
        None for a model of unknown task: the audited corpus determines it.
    labels : LabelSet or None
        None for a model of unknown labels: those of the audited corpus are expected.
    predict : callable
        Examples and labels → ``(n, k)`` probabilities.
    can_omit_target : bool
        Whether it can label examples without a target.
    trained_on : str
        Fingerprint of the corpus that it was trained on; empty where that is unknown.
    saw_all : bool
        Whether it is known to have been trained on every row of that corpus.
    languages : tuple of str
        Codes of the languages that it was trained on; empty where they are unknown.
    may_miss : bool
        Whether it may have no prediction for an example: NaN.
    asks : AsksServer or None
        What sends the examples to a server; None for a model that asks none.
    """

    uri: str
    task: Task | None
    labels: LabelSet | None
    predict: Callable[[Examples, LabelSet], NDArray[np.float64]]
    can_omit_target: bool
    trained_on: str = ""
    saw_all: bool = False
    languages: tuple[str, ...] = ()
    may_miss: bool = False
    asks: AsksServer | None = None


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

    return AuditableModel(name, None, None, predict, can_omit_target=False)


def load_for_audit(uri: str) -> AuditableModel:
    """Load a model to be audited; one of the harness is computed in fp32.

    Parameters
    ----------
    uri : str
        ``models:/stance@champion``, ``runs:/<id>``, or a folder: a model of the harness, or any pyfunc with
        the input of a served model (``text``, ``target``, optional ``target_start``, ``target_end``,
        ``holder``) and one output column ``p_<label>`` for each label.

    Raises
    ------
    ModelError
        Where there is no model, or MLflow cannot load it.
    """
    try:
        # A fast engine may change up to 0.5 % of the labels, which an audit would take for an effect.
        return _of_label_model(load(uri, engine="fp32"))
    # Not every failure: a damaged model of the harness must not be tried as a pyfunc.
    except ForeignModelError:
        return AuditableModel(uri, None, None, _pyfunc(uri), can_omit_target=False)


def _of_label_model(model: LabelModel) -> AuditableModel:
    contract, classifier = model.engine.contract, model.engine.classifier

    def predict(examples: Examples, labels: LabelSet) -> NDArray[np.float64]:  # noqa: ARG001
        # Calibrated only: an audit needs a label for every variant, so that nothing may abstain.
        return contract.effective_decider.calibrated(classifier.predict_proba(examples))

    about = contract.trained_on
    return AuditableModel(
        model.uri,
        contract.task,
        # Those of the decider know whether costs decide.
        contract.effective_decider.labels,
        predict,
        can_omit_target=True,
        trained_on=str(about.get("corpus_fingerprint", "")),
        saw_all=bool(about.get("whole", False)),
        languages=contract.languages,
        may_miss=may_miss(classifier),
        asks=classifier if isinstance(classifier, AsksServer) else None,
    )


def _pyfunc(uri: str) -> Callable[[Examples, LabelSet], NDArray[np.float64]]:
    """Load a model that is not one of the harness."""
    from mlflow import pyfunc
    from mlflow.exceptions import MlflowException

    from harness.tracking.store import Store

    try:
        if uri.startswith(SCHEMES):
            # This function takes no client: it looks addresses up in the global store.
            with Store.open(reading=True).pointed():
                model = pyfunc.load_model(uri)
        else:
            model = pyfunc.load_model(os.fspath(Path(uri)))
    except (MlflowException, OSError) as error:
        raise ModelError(f"{uri} is not a model that MLflow can load: {first_line(error)}") from error

    def predict(examples: Examples, labels: LabelSet) -> NDArray[np.float64]:
        try:
            answer = model.predict(rows_of(examples))
        except MlflowException as error:
            raise ModelError(f"{uri} cannot label these rows: {first_line(error)}") from error
        return read_probabilities(uri, answer, labels, len(examples))

    return predict


def rows_of(examples: Examples) -> pd.DataFrame:
    """Return examples as a table of rows for a served model; of several mentions the first is the span."""
    import pandas as pd

    rows = []
    for example in examples:
        span = map(float, example.spans[0]) if example.spans else (None, None)
        rows.append((example.text, example.target, *span, example.holder))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    # MLflow checks a signature strictly: offsets are doubles and the rest text, even if all cells are empty.
    texts = {name: table[name].astype(object).where(table[name].notna(), None) for name in COLUMNS[:2]}
    offsets = {name: table[name].astype("float64") for name in COLUMNS[2:4]}
    holder = table["holder"].astype(object).where(table["holder"].notna(), None)
    return table.assign(**texts, **offsets, holder=holder)


def read_probabilities(uri: str, answer: Any, labels: LabelSet, n: int) -> NDArray[np.float64]:
    """Return the probabilities in a pyfunc's answer.

    Parameters
    ----------
    uri : str
        Of the model, for messages.
    answer : DataFrame
        With one column ``p_<label>`` for each label; others are ignored.
    labels : LabelSet
    n : int
        Number of rows that were to be labelled.

    Returns
    -------
    (n, k) array

    Raises
    ------
    ModelError
        Where a column or a row is missing.
    """
    columns = [f"p_{name}" for name in labels.names]
    present = [str(name) for name in getattr(answer, "columns", ())]
    missing = [name for name in columns if name not in present]
    if missing:
        raise ModelError(
            f"{uri} answered without {', '.join(missing)}, but with {', '.join(present) or 'no columns'};"
            f" the labels of the corpus are {', '.join(labels.names)}"
        )
    if len(answer) != n:
        raise ModelError(f"{uri} answered {counted(len(answer), 'row')} for {counted(n, 'example')}")
    # By name: the model may order its columns in its own way.
    return np.asarray(answer[columns], dtype=np.float64)
