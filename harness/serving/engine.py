"""Rows in, labels with probabilities out: the engine of a served model."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness import parties as registry
from harness.classifiers.protocol import Accelerated, Classifier, Example
from harness.errors import ClassifierError, CorpusError, ModelError, PredictionsError
from harness.labels import LabelSet, check_probabilities
from harness.parties import Registry
from harness.serving.contract import Contract, loader
from harness.serving.rows import examples
from harness.serving.window import Window

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

PARTIES = "parties.json"
WINDOW = 8192
SEPARATOR = "|"
ENGINE = "HARNESS_ENGINE"
"""The environment variable that says which engine computes where nobody else does."""


@dataclass(frozen=True)
class Engine:
    """A loaded model.

    Attributes
    ----------
    contract : Contract
    classifier : Classifier
    parties : Registry
    window : Window
        What it said lately.
    """

    contract: Contract
    classifier: Classifier
    parties: Registry
    window: Window = field(default_factory=lambda: Window(WINDOW), repr=False, compare=False)

    @classmethod
    def read(cls, folder: Path, engine: str = "") -> Engine:
        """Load a model folder; see :mod:`harness.serving` for what it holds.

        Parameters
        ----------
        folder : Path
        engine : {"auto", "fp32", "bf16", "int8"}, optional
            What computes, for models that have a choice; left out, what the environment variable
            ``HARNESS_ENGINE`` says, or ``auto``: the fastest.

        Raises
        ------
        ModelError
            Where something is missing or damaged, its loader is not installed, or it has no such engine.
        """
        contract = Contract.read(folder)
        try:
            parties = registry.from_records(json.loads((folder / PARTIES).read_text(encoding="utf-8")))
        except (OSError, ValueError, CorpusError) as error:
            raise ModelError(f"{folder / PARTIES} cannot be read: {error}") from error
        classifier = loader(contract.loader)(folder / "model", contract.labels)
        choose(classifier, engine or os.environ.get(ENGINE, "") or "auto")
        return cls(contract, classifier, parties)

    @property
    def columns(self) -> list[str]:
        """The columns of the output, in order."""
        return ["label", *(f"p_{name}" for name in self.contract.labels.names), "abstain"]

    def label(self, rows: pd.DataFrame, *, first: int = 1) -> pd.DataFrame:
        """Label rows.

        Parameters
        ----------
        rows : DataFrame
            See :func:`harness.serving.rows.examples`.
        first : int
            Number of the first row in messages.

        Returns
        -------
        DataFrame
            With the index of ``rows``: ``label`` (of a multi-label task the labels joined by ``|``, empty for
            none), one ``p_<label>`` in ``[0, 1]`` each, ``abstain``.

        Raises
        ------
        ModelError
            Naming the rows and columns that cannot be used.
        """
        import numpy as np
        import pandas as pd

        labels = self.contract.labels
        items = examples(rows, self.contract.task, self.parties, first=first)
        windows = [self._probabilities(items[at : at + WINDOW]) for at in range(0, len(items), WINDOW)]
        proba = np.concatenate(windows) if windows else np.empty((0, len(labels)))
        decided = labels.decode(labels.decide(proba, self.contract.thresholds))
        named = [one if isinstance(one, str) else SEPARATOR.join(one) for one in decided]
        abstain = np.zeros(len(items), dtype=bool)
        if self.contract.abstain_below is not None:
            abstain = confidence(proba, labels, self.contract.thresholds) < self.contract.abstain_below
        table = pd.DataFrame({"label": pd.Series(named, index=rows.index, dtype=object)})
        for k, name in enumerate(labels.names):
            table[f"p_{name}"] = proba[:, k]
        return table.assign(abstain=abstain)

    def _probabilities(self, items: list[Example]) -> NDArray[np.float64]:
        """Ask the classifier once for each distinct example of a window."""
        order = {item: place for place, item in enumerate(dict.fromkeys(items))}
        proba = self.window.asked(self.classifier.predict_proba, list(order))
        labels = self.contract.labels
        try:
            check_probabilities(proba, (len(order), len(labels)), sums_to_one=not labels.multi)
        except PredictionsError as error:
            raise ModelError(f"the model is damaged: {error}") from error
        return tempered(proba, self.contract.temperature, multi=labels.multi)[[order[item] for item in items]]


def choose(classifier: Classifier, engine: str) -> None:
    """Tell a classifier by which engine to compute.

    Raises
    ------
    ModelError
        Where it cannot.
    """
    try:
        if isinstance(classifier, Accelerated):
            classifier.use(engine)
        elif engine not in ("auto", "fp32"):
            raise ModelError(f"this model has no choice of engines, so no {engine!r}")
    except ClassifierError as error:
        raise ModelError(str(error)) from error


def tempered(proba: NDArray[np.float64], temperature: float, *, multi: bool) -> NDArray[np.float64]:
    """Divide the logits behind probabilities by a temperature.

    Parameters
    ----------
    proba : (n, k) array
    temperature : float
        Above 0; 1 returns ``proba`` itself.
    multi : bool
        Each column is a probability of its own; else rows sum to 1.

    Examples
    --------
    >>> import numpy as np
    >>> tempered(np.array([[0.2, 0.8]]), 2.0, multi=False).round(3)   # √0.2 : √0.8 = 1 : 2
    array([[0.333, 0.667]])
    """
    import numpy as np

    if temperature == 1.0:
        return proba
    inside = np.clip(proba, 1e-12, 1 - 1e-12)
    if multi:
        return np.asarray(1 / (1 + np.exp(-(np.log(inside) - np.log1p(-inside)) / temperature)))
    powered = np.exp((np.log(inside) - np.log(inside).max(axis=1, keepdims=True)) / temperature)
    return np.asarray(powered / powered.sum(axis=1, keepdims=True))


def confidence(
    proba: NDArray[np.float64], labels: LabelSet, thresholds: tuple[float, ...] | None = None
) -> NDArray[np.float64]:
    """Return how sure each decision is.

    Returns
    -------
    (n,) array
        Single-label: the probability of the label. Multi-label: that of the least sure of the yes-or-no
        decisions.
    """
    import numpy as np

    if not labels.multi:
        return np.asarray(proba.max(axis=1, initial=0.0))
    said = labels.decide(proba, thresholds)
    return np.asarray(np.where(said == 1, proba, 1 - proba).min(axis=1, initial=1.0))
