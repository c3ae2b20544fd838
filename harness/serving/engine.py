"""Rows in, labels with probabilities out: the engine of a served model."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.classifiers.protocol import Accelerated, Classifier, Example
from harness.serving.contract import Contract, loader
from harness.serving.input_rows import examples
from harness.serving.probability_cache import ProbabilityCache
from harness.values import parties as registry
from harness.values.errors import ClassifierError, CorpusError, ModelError, PredictionsError
from harness.values.labels import check_probabilities
from harness.values.parties import Registry

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

PARTIES = "parties.json"
WINDOW = 8192
SEPARATOR = "|"
ENGINE = "HARNESS_ENGINE"
"""The environment variable that says which engine computes where nobody else does."""


@dataclass(frozen=True)
class LabelEngine:
    """A loaded model.

    Attributes
    ----------
    contract : Contract
    classifier : Classifier
    parties : Registry
    recent : ProbabilityCache
        What it said lately.
    """

    contract: Contract
    classifier: Classifier
    parties: Registry
    recent: ProbabilityCache = field(
        default_factory=lambda: ProbabilityCache(WINDOW), repr=False, compare=False
    )

    @classmethod
    def read(cls, folder: Path, engine: str = "") -> LabelEngine:
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
            See :func:`harness.serving.input_rows.examples`.
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
        import pandas as pd

        labels = self.contract.labels
        items = examples(rows, self.contract.task, self.parties, first=first)
        windows = [self._probabilities(items[at : at + WINDOW]) for at in range(0, len(items), WINDOW)]
        proba = np.concatenate(windows) if windows else np.empty((0, len(labels)))
        decider = self.contract.effective_decider
        proba = decider.calibrated(proba)
        codes = labels.decide(proba, decider.thresholds)
        decided = labels.decode(codes)
        named = [one if isinstance(one, str) else SEPARATOR.join(one) for one in decided]
        table = pd.DataFrame({"label": pd.Series(named, index=rows.index, dtype=object)})
        for k, name in enumerate(labels.names):
            table[f"p_{name}"] = proba[:, k]
        return table.assign(abstain=decider.abstains(proba, codes))

    def _probabilities(self, items: list[Example]) -> NDArray[np.float64]:
        """Ask the classifier once for each distinct example of a window."""
        order = {item: place for place, item in enumerate(dict.fromkeys(items))}
        proba = self.recent.lookup(self.classifier.predict_proba, list(order))
        labels = self.contract.labels
        try:
            check_probabilities(proba, (len(order), len(labels)), sums_to_one=not labels.multi)
        except PredictionsError as error:
            raise ModelError(f"the model is damaged: {error}") from error
        return proba[[order[item] for item in items]]


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
