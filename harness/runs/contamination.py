"""A config with a language model in; whether the model seems to know the test sentences by heart out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from harness.audits.contamination import judged, probes
from harness.classifiers.llm.asking import Usage
from harness.classifiers.llm.classifier import CHARACTERS_PER_TOKEN, LanguageModel
from harness.classifiers.llm.completing import Beginning, overlaps, size_of
from harness.classifiers.llm.options import LlmOptions
from harness.classifiers.remote import Estimate
from harness.config import plan
from harness.evaluation.prepared import Prepared, prepare
from harness.tracking.probe_results import log_probe, probed_run
from harness.tracking.store import Store
from harness.values.errors import ConfigError, Problem, suggest
from harness.values.findings import Finding

PART = "test"
ROWS = 100
"""Sentences by default: enough to show a difference of .05, at the cost of 200 short requests."""


@dataclass(frozen=True)
class ProbedModel:
    """What a model was found to know of a test set.

    Attributes
    ----------
    classifier, model, corpus : str
        Name in the config; name at the server; name of the corpus.
    finding : Finding
    usage : mapping
        What it took: requests, tokens, cost.
    run_id : str
        The run that the finding was logged to; empty without one.
    """

    classifier: str
    model: str
    corpus: str
    finding: Finding
    usage: dict[str, float]
    run_id: str = ""


def contamination(
    config: str | Path,
    *,
    classifier: str = "",
    rows: int = ROWS,
    budget: float | None = None,
    run: str = "",
    announce: Callable[[LlmOptions, Estimate], object] = lambda *_: None,
) -> ProbedModel:
    """Probe whether a language model knows test sentences by heart; see :mod:`harness.audits.contamination`.

    Parameters
    ----------
    config : path
        With one classifier of ``kind: llm`` or more.
    classifier : str
        Its name; may be left out where there is one.
    rows : int
        Sentences at most; each takes two requests.
    budget : float, optional
        What may be spent on the model in all; default: the config's.
    run : str
        A finished run of the classifier to log the finding to: ``runs:/ID``, ``EXPERIMENT/CLASSIFIER``, or an
        experiment with one classifier; see :func:`harness.tracking.named_runs.named_run`. Left out, nothing
        is logged.
    announce : callable
        Called before the first request, with the model's settings and what is asked at most.

    Raises
    ------
    ConfigError
        Where the config has no such classifier, or a budget but no prices.
    ClassifierError
        Where the server cannot be asked.
    ModelError, StoreError
        Where there is no such run, or it is of another model or corpus; nothing is asked then.
    """
    prepared = prepare(plan.read(Path(config)))
    name, settings = _asked(prepared, classifier, budget)
    # Before anything is asked: a run that cannot take the finding is said so at once.
    store = Store.open() if run else None
    logged = "" if store is None else probed_run(store, run, settings.model, prepared.corpus.fingerprint)
    tested = prepared.part(prepared.splits[0], PART)
    asked = probes(tested, PART, rows, seed=prepared.plan.config.seeds[0])
    usage = Usage()
    if isinstance(asked, Finding):
        finding = asked
    else:
        beginnings = [each for probe in asked for each in (probe.sentence, probe.paraphrase)]
        announce(settings, estimated(settings, beginnings))
        values = list(overlaps(settings, beginnings, usage))
        finding = judged(asked, values[::2], values[1::2])
    taken = {} if isinstance(asked, Finding) else usage.summary()
    if store is not None:
        # Licensed sentences may be kept out of the store.
        shown = finding if prepared.plan.config.tracking.log_text else finding.without_texts()
        log_probe(store, logged, shown, f"{settings.model}, {tested.name}", taken)
    return ProbedModel(name, settings.model, tested.name, finding, taken, logged)


def _asked(prepared: Prepared, classifier: str, budget: float | None) -> tuple[str, LlmOptions]:
    """Return the name and settings of the language model that is probed."""
    labels = prepared.plan.labels
    models = {
        planned.name: model
        for planned in prepared.plan.classifiers
        if planned.bound.is_imported
        and isinstance(model := planned.bound.make(labels=labels, seed=0), LanguageModel)
    }
    name = classifier or (next(iter(models)) if len(models) == 1 else "")
    if name not in models:
        what = f"has no language model {name!r}" if name else f"has {len(models)} language models"
        hint = suggest(name, models) if name else f"name one of {', '.join(models)}" if models else ""
        raise ConfigError([Problem("classifiers", what, hint)])
    settings = models[name].settings
    if budget is not None:
        settings = replace(settings, budget=budget)
    problems = list(settings.problems(labels))
    if problems:
        raise ConfigError(problems)
    return name, settings


def estimated(settings: LlmOptions, beginnings: list[Beginning]) -> Estimate:
    """Estimate requests, tokens and cost: answers are taken to be as long as they may be."""
    sizes = [size_of(beginning, settings.max_tokens) for beginning in beginnings]
    tokens_in = sum(characters for characters, _ in sizes) // CHARACTERS_PER_TOKEN
    tokens_out = sum(most for _, most in sizes)
    cost = 0.0 if settings.prices is None else settings.prices.cost(tokens_in, tokens_out)
    return Estimate(len(beginnings), tokens_in, tokens_out, cost)
