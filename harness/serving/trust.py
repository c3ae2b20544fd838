"""A model's card in, one line that says how far its labels may be trusted out.

The card is data, ``card.json`` in the model folder, written when the model is packed. Wherever labels are
shown, :func:`trust_line` says the same of a model: the reader page, ``harness predict``, the model card, the
run and the registered version in MLflow, and ``print(harness.load(...).card)``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from harness.serving.contract import Contract
from harness.serving.decisions.abstention_rule import SERVES_NOTHING
from harness.serving.decisions.label_support import LabelSupport, support_line
from harness.values.errors import ModelError
from harness.values.formatting import counted, interval, number, percent
from harness.values.language import describe
from harness.values.minimums import MIN_SCORED_ROWS
from harness.values.record_files import read_record

FILE = "card.json"


@dataclass(frozen=True)
class ModelCard:
    """What a user of a model has to know of it, as data.

    Attributes
    ----------
    classifier : str
    corpus : str
        What it was trained on.
    origin : str
        What the texts of the corpus are, in a few words: ``invented``, ``US news``; empty where that is
        unknown.
    languages : tuple of str
        Codes of the languages of these texts; empty where they are unknown.
    metric : str
    value, low, high : float
        The model's own score on test with its 95 % interval; NaN where there is none.
    n_items : int
        Test items.
    failed, warned : tuple of str or None
        Audits, as words; None where it is unknown whether there were any.
    n_audits : int
        Audits that apply.
    undecided, inapplicable : int
        Audits that could not decide on so few rows, and audits that do not apply.
    abstains_below : float or None
        It abstains below this confidence; None where it never does.
    unmet_risk : float or None
        The wanted share of wrong labels, where no threshold meets it.
    coverage, risk : float
        Where it may abstain: share of the test items that it labels, and of these labels the share that is
        wrong; NaN where that is unknown.
    unanswered : float
        Share of the test items for which it gave no answer; NaN where that is unknown.
    support : tuple of LabelSupport or None
        Which of its labels are shown, with the evidence; None where that was not measured.
    """

    classifier: str
    corpus: str
    origin: str = ""
    languages: tuple[str, ...] = ()
    metric: str = ""
    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    n_items: int = 0
    failed: tuple[str, ...] | None = None
    warned: tuple[str, ...] | None = None
    n_audits: int = 0
    undecided: int = 0
    inapplicable: int = 0
    abstains_below: float | None = None
    unmet_risk: float | None = None
    coverage: float = math.nan
    risk: float = math.nan
    unanswered: float = math.nan
    support: tuple[LabelSupport, ...] | None = None

    def __str__(self) -> str:
        return trust_line(self)

    def write(self, folder: Path) -> None:
        """Write ``card.json``; :meth:`read` returns an equal card."""
        # JSON knows no NaN.
        data = {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in asdict(self).items()
        }
        (folder / FILE).write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path, contract: Contract) -> ModelCard:
        """Read the card of a model folder.

        Parameters
        ----------
        folder : Path
        contract : Contract
            Of the model: models that were packed before there were cards are described by it.

        Raises
        ------
        ModelError
            Where the file is damaged.
        """
        path = folder / FILE
        if not path.is_file():
            return cls.of_contract(contract)
        return read_record(
            path,
            lambda data: cls(**{name: _value(name, data[name]) for name in _NAMES if name in data}),
            ModelError,
        )

    @classmethod
    def of_contract(cls, contract: Contract) -> ModelCard:
        """Return what a contract says of its model: no score and no audits."""
        return cls(
            classifier=str(contract.classifier.get("name", "")),
            corpus=str(contract.trained_on.get("corpus", "")),
            abstains_below=abstains_below(contract.decider),
            unmet_risk=unmet_risk(contract.decider),
            support=contract.decider.support if contract.decider is not None else None,
        )


FAILURES = {
    "leaks": "test repeats training rows",
    "target use": "naming the party adds too little",
    "sensitivity": "labels follow the name alone, or ignore the party",
    "party swap": "labels change with the party's name",
    "behaviour": "labels move where they should stay, or stay where they should move",
    "unseen": "worse on parties that training lacks",
    "annotators": "people agree too little on its test labels",
    "parity": "errs more in some groups than in others",
}
"""What it means that a model failed an audit, by the audit's name as words."""

_NAMES = tuple(field.name for field in fields(ModelCard))
_NUMBERS = ("value", "low", "high", "coverage", "risk", "unanswered")
_TUPLES = ("languages", "failed", "warned")


def _value(name: str, value: Any) -> Any:
    if name in _NUMBERS:
        return math.nan if value is None else float(value)
    if name == "support":
        return None if value is None else tuple(map(LabelSupport.read, value))
    return tuple(map(str, value)) if name in _TUPLES and value is not None else value


def abstains_below(decider: Any) -> float | None:
    """Return the confidence below which a decider abstains; None for one that never does, or for None."""
    if decider is None or decider.rule is None or decider.rule.served_from <= 0:
        return None
    return float(decider.rule.below)


def unmet_risk(decider: Any) -> float | None:
    """Return the wanted risk of a decider that no threshold meets; None where one does, or none is wanted."""
    if decider is None or decider.rule is None or decider.rule.risk_met:
        return None
    return float(decider.rule.risk)


def trust_line(card: ModelCard) -> str:
    """Say in one line how far a model's labels may be trusted.

    Examples
    --------
    >>> card = ModelCard("linear", "partyline", "invented", metric="f1_macro", value=0.555, n_items=448)
    >>> trust_line(card).split("; ")[:2]
    ['Trained on partyline (invented)', 'f1_macro 0.555 on 448 test items']
    """
    about = [card.origin] if card.origin else []
    about += [describe(card.languages)] if card.languages else []
    corpus = f"Trained on {card.corpus or 'an unknown corpus'}" + (f" ({'; '.join(about)})" if about else "")
    support = [] if card.support is None else [support_line(card.support)]
    parts = [corpus, _score(card), *_unanswered(card), *_audits(card), _abstention(card), *support]
    return "; ".join(parts) + "."


def trust_lines(cards: Mapping[str, ModelCard]) -> list[str]:
    """Return a line for each of several models, by what each labels: ``stance``, ``frames``.

    Examples
    --------
    >>> trust_lines({"stance": ModelCard("linear", "a"), "frames": ModelCard("linear", "b")})[1]
    'frames: Trained on b; its score is not recorded; its audits are not recorded; never abstains.'
    """
    if len(cards) == 1:
        return [trust_line(card) for card in cards.values()]
    return [f"{name}: {trust_line(card)}" for name, card in cards.items()]


def _score(card: ModelCard) -> str:
    if math.isnan(card.value):
        return "its score is not recorded"
    if card.n_items < MIN_SCORED_ROWS:
        return f"scored on {counted(card.n_items, 'test item')}, too few to say how good it is"
    bounds = "" if math.isnan(card.low) else f" ({interval(card.low, card.high)})"
    return f"{card.metric} {number(card.value)}{bounds} on {counted(card.n_items, 'test item')}"


def _unanswered(card: ModelCard) -> list[str]:
    """Say how much of test had no answer, where any had none."""
    if math.isnan(card.unanswered) or not card.unanswered:
        return []
    share = percent(card.unanswered) if card.unanswered >= 0.01 else "less than 1%"
    return [f"no answer for {share} of test, counted as wrong"]


def _audits(card: ModelCard) -> list[str]:
    if card.failed is None:
        return ["its audits are not recorded"]
    if not card.n_audits:
        return ["not audited"]
    warned = card.warned or ()
    failed = [f"{audit} ({FAILURES[audit]})" if audit in FAILURES else audit for audit in card.failed]
    parts = [f"failed {', '.join(failed)}"] if failed else []
    parts += [f"warning: {', '.join(warned)}"] if warned else []
    passed = card.n_audits - len(card.failed) - len(warned) - card.undecided
    others = [f"{card.undecided} undecided"] * bool(card.undecided)
    others += [f"{card.inapplicable} not applicable"] * bool(card.inapplicable)
    total = card.n_audits + card.inapplicable
    # "Passed 0 of 1" would read as a failure beside a warning; without a pass, what there was is named.
    passes = [f"passed {passed} of {counted(total, 'audit')}"] if passed else []
    counts = ", ".join([*passes, *others])
    return [*parts, *([counts] if counts else [])]


def _abstention(card: ModelCard) -> str:
    if card.unmet_risk is not None:
        serves = card.abstains_below is None
        answer = "labels every row all the same" if serves else "abstains from every label"
        return f"a risk of {card.unmet_risk:.0%} is not met: {answer}"
    if card.abstains_below is None:
        return "never abstains"
    if card.abstains_below >= SERVES_NOTHING:
        return "abstains from every label"
    if math.isnan(card.coverage) or math.isnan(card.risk):
        return f"abstains below a confidence of {number(card.abstains_below)}"
    return (
        f"abstains below a confidence of {number(card.abstains_below)}: of test it labels"
        f" {percent(card.coverage)}, {percent(card.risk)} of that wrongly"
    )
