"""A prepared experiment in; what a reader of its scores should know, whatever they are, out."""

from __future__ import annotations

from harness.classifiers.remote import AsksServer
from harness.evaluation.decisions.guarantee_check import guarantee_notes
from harness.evaluation.prepared import Prepared


def notes_of(prepared: Prepared) -> list[str]:
    """Return notes on languages, language models, split, budgets and guarantees, a sentence each."""
    budgets = [prepared.info.budgets] if prepared.info.budgets else []
    before = [*prepared.language_notes, *memory_notes(prepared)]
    return [*before, *prepared.info.split.notes, *budgets, *guarantee_notes(prepared)]


def memory_risk(corpus: str, model: str) -> str:
    """Say that a public test set may be in a model's training data, as a sentence."""
    return (
        f"The test set of {corpus} is public and may be in the training data of {model}: its score may be one"
        " of memory, and higher than on other sentences. `harness contamination` looks for signs of that."
    )


def memory_notes(prepared: Prepared) -> tuple[str, ...]:
    """Return that caution, where a config asks a language model about a corpus of the catalogue."""
    plan = prepared.plan
    card = prepared.info.corpus.card
    if card is None or not card.is_public:
        return ()
    models = [
        planned.name
        for planned in plan.classifiers
        if planned.bound.is_imported
        and isinstance(planned.bound.make(labels=plan.labels, seed=0), AsksServer)
    ]
    return (memory_risk(prepared.corpus.name, ", ".join(models)),) if models else ()
