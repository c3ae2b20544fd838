"""A finished classifier whose labels a language model gave in; what its reader has to know of that out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harness.evaluation.reader_notes import memory_risk
from harness.evaluation.results import summed_usage
from harness.values.formatting import counted, number, percent

if TYPE_CHECKING:
    from harness.evaluation.results import ClassifierResult, ExperimentInfo


def memory_caution(result: ClassifierResult, experiment: ExperimentInfo) -> str:
    """Say that the model may know the test set; empty for what asks no model, and for a person's own rows."""
    model = result.provenance.get("model", "")
    card = experiment.corpus.card
    is_public = card is not None and card.is_public
    return memory_risk(experiment.corpus.name, model) if model and is_public else ""


def seed_note(result: ClassifierResult, n_seeds: int) -> str:
    """Say what seeds change, where a language model gave the labels, as a clause; else empty.

    Parameters
    ----------
    result : ClassifierResult
    n_seeds : int
        That it was run with.
    """
    if "model" not in result.provenance:
        return ""
    if n_seeds > 1:
        return "seeds change the shots in its prompt and nothing else"
    options = result.classifier.bound.options
    temperature = (options.get("extra_body") or {}).get("temperature", 0)
    why = "" if temperature == 0 else ": answers are kept and used again"
    cold = " at temperature 0" if temperature == 0 else ""
    return f"it was asked{cold} with one seed, since seeds would change nothing{why}; {_agreement(result)}"


def _agreement(result: ClassifierResult) -> str:
    repeats = result.classifier.bound.options.get("repeats", 1)
    values = [trial.usage.get("agreement", math.nan) for trial in result.trials]
    if repeats == 1 or any(math.isnan(value) for value in values):
        return "how far the model agrees with itself is not known (`repeats` measures it)"
    share = percent(sum(values) / len(values), unit=" %")
    return f"asked {counted(repeats, 'time')}, the model agreed with itself on {share} of the questions"


def source_facts(result: ClassifierResult) -> list[tuple[str, str]]:
    """Return what was asked and what that took, as names and values; empty for most classifiers."""
    if not result.provenance:
        return []
    names = {"model": "model, as answered", "answered": "answered on", "api": "asked by"}
    facts = [(names.get(name, name), value) for name, value in result.provenance.items() if value]
    usage = summed_usage(result.trials)
    return [*facts, ("usage", _used(usage))] if usage else facts


def _used(usage: Mapping[str, float]) -> str:
    def whole(name: str, noun: str, plural: str = "") -> str:
        return counted(round(usage.get(name, 0)), noun, plural)

    parts = [
        whole("questions", "question"),
        whole("hits", "answer") + " kept from before",
        f"{whole('requests', 'request')} in {number(usage.get('request_seconds', 0.0), places=1)} s",
        f"{whole('input_tokens', 'token')} in and {round(usage.get('output_tokens', 0)):,} out",
        f"{round(usage.get('refused', 0)):,} refused, {round(usage.get('malformed', 0)):,} malformed",
    ]
    optional: dict[str, Any] = {"cost": "cost", "label_mass": "probability on the labels"}
    parts += [f"{name} {number(usage[key])}" for key, name in optional.items() if usage.get(key)]
    return "; ".join(parts)
