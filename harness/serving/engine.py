"""Rows in, labels with probabilities out: a loaded model."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.classifiers.protocol import Accelerated, Classifier, Example, may_miss
from harness.serving.contract import Contract, loader
from harness.serving.input_rows import AbsentTargets, examples
from harness.serving.probability_cache import ProbabilityCache
from harness.values import parties as registry
from harness.values.errors import ClassifierError, CorpusError, ModelError, PredictionsError
from harness.values.labels import check_probabilities, unstated_rows
from harness.values.parties import Registry

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


PARTIES = "parties.json"
WINDOW = 8192
"""Rows that are computed at a time, and examples whose probabilities are cached: memory stays flat."""

RISK_MET = "risk_met"
"""Column of models that a share of wrong labels was wanted of: whether their threshold meets it."""

UNSURE = "unsure"
"""Column of models that know how often each of their labels is right: what they predict and do not show."""

SEPARATOR = "|"
"""Between the labels of a multi-label row."""

ENGINE = "HARNESS_ENGINE"
"""The environment variable that chooses the engine where no argument does."""


@dataclass(frozen=True)
class LabelEngine:
    """A loaded model.

    Attributes
    ----------
    contract : Contract
    classifier : Classifier
    parties : Registry
    sealed : bool
        Whether its files were compared with a manifest; see :mod:`harness.serving.seals`.
    recent : ProbabilityCache
        The probabilities of the rows that it labelled last.
    """

    contract: Contract
    classifier: Classifier
    parties: Registry
    sealed: bool = field(default=False, repr=False, compare=False)
    recent: ProbabilityCache = field(
        default_factory=lambda: ProbabilityCache(WINDOW), repr=False, compare=False
    )

    @classmethod
    def read(cls, folder: Path, engine: str = "") -> LabelEngine:
        """Load a model folder; see :mod:`harness.serving` for what it holds.

        Parameters
        ----------
        folder : Path
        engine : {"auto", "fp32", "onnx", "bf16", "int8"}, optional
            What computes, for models that have a choice; default: the environment variable
            ``HARNESS_ENGINE``, else ``auto``, the fastest.

        Raises
        ------
        ForeignModelError
            Where the folder is not a model of the harness.
        ModelError
            Where something is missing or damaged, a file is not the one that was packed, the loader is not
            installed, or there is no such engine.
        """
        # Imported where it is used, like all that labelling itself does not need.
        from harness.serving.seals import check_seal

        # Before anything in the folder is parsed; here, so that every way to load a model passes it.
        sealed = check_seal(folder)
        contract = Contract.read(folder)
        try:
            parties = registry.from_records(json.loads((folder / PARTIES).read_text(encoding="utf-8")))
        except (OSError, ValueError, CorpusError) as error:
            raise ModelError(f"{folder / PARTIES} cannot be read: {error}") from error
        classifier = loader(contract.loader)(folder / "model", contract.labels)
        choose(classifier, engine or os.environ.get(ENGINE, "") or "auto")
        return cls(contract, classifier, parties, sealed)

    @property
    def columns(self) -> list[str]:
        """The columns of the output, in order."""
        decider = self.contract.effective_decider
        names = ["label", *(f"p_{name}" for name in self.contract.labels.names), "abstain"]
        names += [RISK_MET] if decider.rule is not None else []
        return [*names, UNSURE] if decider.support is not None else names

    def label(
        self, rows: pd.DataFrame, *, first: int = 1, absent: AbsentTargets | None = None
    ) -> pd.DataFrame:
        """Label rows.

        Parameters
        ----------
        rows : DataFrame
            Columns as for :func:`harness.serving.input_rows.examples`.
        first : int
            Number of the first row in messages.
        absent : AbsentTargets, optional
            Counts the rows whose text does not name their target.

        Returns
        -------
        DataFrame
            With the index of ``rows``: ``label`` (multi-label: all that apply, joined by ``|``; the empty
            string for none), one ``p_<label>`` each, in ``[0, 1]`` and calibrated, and ``abstain``; of a
            model with a wanted risk also ``risk_met``, whether its threshold meets that; of one with several
            labels a row also ``unsure``, the labels that it predicts without enough evidence that they are
            right (:mod:`harness.serving.decisions.label_support`), which ``label`` leaves out. Of a row
            without a prediction, such as one that a language model refuses, ``label`` and probabilities are
            empty, and ``abstain`` is true.

        Raises
        ------
        ModelError
            Naming the rows and columns that cannot be used, or where the model answers with something that is
            not probabilities.
        """
        import pandas as pd

        labels = self.contract.labels
        items = examples(rows, self.contract.task, self.parties, first=first)
        if absent is not None:
            absent.add(items)
        # In windows: features of a million rows at once would not fit in memory.
        windows = [self._probabilities(items[at : at + WINDOW]) for at in range(0, len(items), WINDOW)]
        proba = np.concatenate(windows) if windows else np.empty((0, len(labels)))
        # Thresholds and abstention were fitted on calibrated probabilities, hence this order.
        decider = self.contract.effective_decider
        proba = decider.calibrated(proba)
        codes = decider.decide(proba)
        shown, unsure = self.texts_of(codes, proba)
        table = pd.DataFrame({"label": pd.Series(shown, index=rows.index, dtype=object)})
        for k, name in enumerate(labels.names):
            table[f"p_{name}"] = proba[:, k]
        table = table.assign(abstain=decider.abstains(proba, codes))
        if decider.rule is not None:
            table = table.assign(**{RISK_MET: decider.rule.risk_met})
        if decider.support is not None:
            table[UNSURE] = pd.Series(unsure, index=rows.index, dtype=object)
        return table

    def texts_of(self, codes: NDArray[np.int64], proba: NDArray[np.float64]) -> tuple[list[str], list[str]]:
        """Write the labels that are shown, and those that are unsure, of each row.

        Parameters
        ----------
        codes : array
            What the decider decided.
        proba : (n, k) array
            Calibrated.

        Returns
        -------
        tuple of two lists of str
            Labels joined by ``|``; empty texts where there are none, or no prediction.
        """
        shown = self.contract.effective_decider.shown(proba, codes)
        # A missing prediction is neither: its code is the same in both.
        return self.texts(shown), self.texts(np.where(codes == shown, np.minimum(codes, 0), codes))

    def texts(self, codes: NDArray[np.int64]) -> list[str]:
        """Write label codes as the column ``label`` has them; a missing prediction is an empty text."""
        decoded = self.contract.labels.decode_predicted(codes)
        return [label if isinstance(label, str) else SEPARATOR.join(label or ()) for label in decoded]

    def uncached(self) -> LabelEngine:
        """Return the same model with an empty cache: every row is computed."""
        return replace(self, recent=ProbabilityCache(WINDOW))

    def _probabilities(self, items: list[Example]) -> NDArray[np.float64]:
        """Compute each distinct example of a window once."""
        order = {item: index for index, item in enumerate(dict.fromkeys(items))}
        proba = self.recent.lookup(self.classifier.predict_proba, list(order))
        labels = self.contract.labels
        try:
            # Damaged weights give NaN, which would otherwise silently become the first label.
            missing = unstated_rows(proba) if may_miss(self.classifier) else None
            shape = (len(order), len(labels))
            check_probabilities(proba, shape, sums_to_one=not labels.multi, missing=missing)
        except PredictionsError as error:
            raise ModelError(f"the model is damaged: {error}") from error
        return proba[[order[item] for item in items]]


def choose(classifier: Classifier, engine: str) -> None:
    """Let a classifier compute by an engine.

    Parameters
    ----------
    classifier : Classifier
    engine : {"auto", "fp32", "onnx", "bf16", "int8"}

    Raises
    ------
    ModelError
        Where it has no such engine.
    """
    try:
        if isinstance(classifier, Accelerated):
            classifier.use(engine)
        elif engine not in ("auto", "fp32"):
            raise ModelError(f"this model computes in fp32 only: it has no engine {engine!r}")
    except ClassifierError as error:
        raise ModelError(str(error)) from error
