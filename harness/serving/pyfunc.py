"""A model folder in, what MLflow loads and shows out: a pyfunc model, its signature, an input example."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.serving.engine import RISK_MET, UNSURE, LabelEngine
from harness.values.errors import ModelError
from harness.values.labels import LabelSet, Task

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.models import ModelSignature


class PyfuncModel:
    """The model inside what ``mlflow.pyfunc.load_model`` returns.

    Parameters
    ----------
    engine : LabelEngine
    """

    def __init__(self, engine: LabelEngine) -> None:
        self.engine = engine

    def predict(self, data: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:  # noqa: ARG002
        """Label rows; see :meth:`harness.serving.engine.LabelEngine.label`.

        Raises
        ------
        MlflowException
            With the code for a bad request (400), so that a client of the scoring server reads what is wrong:
            any other exception reaches it as a stack trace.
        """
        from mlflow.exceptions import MlflowException
        from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE

        try:
            return self.engine.label(data)
        except ModelError as error:
            raise MlflowException(str(error), error_code=INVALID_PARAMETER_VALUE) from None


def _load_pyfunc(path: str) -> PyfuncModel:
    """Load a model folder; MLflow calls the function of this name in a model's ``loader_module``."""
    from harness.serving.seals import warn_unsealed

    engine = LabelEngine.read(Path(path))
    warn_unsealed(engine.sealed, path)
    return PyfuncModel(engine)


def signature(task: Task, labels: LabelSet, *, risk: bool = False, unsure: bool = False) -> ModelSignature:
    """Return the input and output columns of a model, as MLflow checks them.

    Parameters
    ----------
    task : {"stance", "framing"}
    labels : LabelSet
    risk : bool
        Whether a share of wrong labels was wanted of it: then its output says whether that is met.
    unsure : bool
        Whether it knows how often each of its labels is right: then its output has those that are unsure.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema, TensorSpec

    text, number = DataType.string, DataType.double
    inputs: list[ColSpec | TensorSpec] = [ColSpec(text, "text")]
    if task == "stance":
        # Offsets are doubles: a row without a span has a gap there, which no integer column can hold.
        inputs += [
            ColSpec(text, "target"),
            ColSpec(number, "target_start", required=False),
            ColSpec(number, "target_end", required=False),
            ColSpec(text, "holder", required=False),
        ]
    outputs: list[ColSpec | TensorSpec] = [
        ColSpec(text, "label"),
        *(ColSpec(number, f"p_{name}") for name in labels.names),
        ColSpec(DataType.boolean, "abstain"),
    ]
    if risk:
        outputs.append(ColSpec(DataType.boolean, RISK_MET))
    if unsure:
        outputs.append(ColSpec(text, UNSURE))
    return ModelSignature(Schema(inputs), Schema(outputs))


def input_example(task: Task) -> pd.DataFrame:
    """Return a made-up sentence as one row of input, ``text`` and for stance ``target``."""
    import pandas as pd

    text = "Critics said the Coastal Union had failed the harbour towns."
    if task == "framing":
        return pd.DataFrame({"text": [text]})
    return pd.DataFrame({"text": [text], "target": ["Coastal Union"]})
