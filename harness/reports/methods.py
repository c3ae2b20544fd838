"""What a store says of an experiment in, the paragraph that describes it in a paper out, with references."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.reports.tuning import tuned_clause, tuned_names
from harness.reports.untrained import KINDS, taught, untrained
from harness.scoring import score
from harness.scoring.statistics import bootstrap
from harness.values.costs import UNSTATED
from harness.values.errors import listed
from harness.values.formatting import counted, interval, number, percent

PARTS = ("train", "tuning", "validation", "calibration", "test")

SPLITS: Mapping[str, str] = {
    "predefined": "the split that the corpus declares",
    "holdout": "a holdout",
    "kfold": "cross-validation",
    "disjoint": "a split that keeps parties, articles or other units apart",
    "leave_one_out": "folds that leave one party (outlet, …) out at a time",
    "forward": "a split by time",
}

CALIBRATORS: Mapping[str, str] = {
    "temperature": "temperature scaling",
    "platt": "Platt scaling",
    "isotonic": "isotonic regression",
}

ABSTENTION: Mapping[str, str] = {
    "conformal": "conformal risk control",
    "learn_then_test": "learn then test",
    "empirical": "the share of wrong labels among the calibration rows",
}

REFERENCES: Mapping[str, str] = {
    "cluster bootstrap": "Davison & Hinkley 1997, Bootstrap Methods and their Application, Cambridge",
    "Holm": "Holm 1979, A simple sequentially rejective multiple test procedure, Scand. J. Statistics",
    "another label mix": (
        "Saerens, Latinne & Decaestecker 2002, Adjusting the Outputs of a Classifier to New a Priori"
        " Probabilities"
    ),
    "least expected cost": "Elkan 2001, The Foundations of Cost-Sensitive Learning",
    "temperature scaling": "Guo, Pleiss, Sun & Weinberger 2017, On Calibration of Modern Neural Networks",
    "Platt scaling": "Platt 1999, Probabilistic outputs for support vector machines, MIT Press",
    "isotonic regression": "Zadrozny & Elkan 2002, Transforming classifier scores, KDD",
    "conformal risk control": "Angelopoulos, Bates, Fisch, Lei & Schuster 2024, Conformal Risk Control, ICLR",
    "learn then test": (
        "Angelopoulos, Bates, Candès, Jordan & Lei 2025, Learn then Test, Annals of Applied Statistics"
    ),
    "natural language inference": (
        "Yin, Hay & Roth 2019, Benchmarking Zero-shot Text Classification, EMNLP-IJCNLP"
    ),
    "leaks": "Broder 1997, On the resemblance and containment of documents, Compression and Complexity",
}
"""Method → the work that it is from."""


@dataclass(frozen=True)
class ScoredClassifier:
    """What a paper says of one classifier.

    Attributes
    ----------
    name, kind : str
        Its name in the config, and the factory; the kind is empty for predictions of others.
    n_seeds : int
    deterministic : bool
        Whether no seed changes it.
    value, low, high : float
        Primary metric on test, with its 95 % interval; NaN where there is none.
    missing : float
        Share of its predictions on test that are missing.
    abstention : str
        What may be relied on where it abstains; empty where it never does.
    source : mapping
        Who gave the labels, as recorded, where that is a model on a server: ``model``, ``address``, ``api``,
        ``answered``.
    """

    name: str
    kind: str
    n_seeds: int
    deterministic: bool
    value: float
    low: float
    high: float
    missing: float = 0.0
    abstention: str = ""
    source: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class MethodsFacts:
    """What a store says of an experiment.

    Attributes
    ----------
    config : mapping
        With all defaults.
    corpus, paper, fingerprint : str
        Title of the corpus, the paper to cite and the fingerprint of its rows; empty where unknown.
    rows : mapping
        Part of the split → rows, of the first fold.
    folds : int
    n_rows : int
        Of the corpus.
    classifiers : sequence of ScoredClassifier
    n_items, n_groups : int
        Of test: items, and groups (articles) that they are from.
    versions : mapping
        Software → version.
    leaks : str
        What the search for leaks found, in sentences; empty where that is unknown.
    """

    config: Mapping[str, Any]
    corpus: str
    paper: str
    fingerprint: str
    rows: Mapping[str, int]
    folds: int
    n_rows: int
    classifiers: Sequence[ScoredClassifier]
    n_items: int
    n_groups: int
    versions: Mapping[str, str] = field(default_factory=dict)
    leaks: str = ""


@dataclass(frozen=True)
class MethodsText:
    """A paragraph, and the works that it refers to.

    Attributes
    ----------
    text : str
    references : tuple of str
    """

    text: str
    references: tuple[str, ...]


def methods(facts: MethodsFacts) -> MethodsText:
    """Return the paragraph of an experiment."""
    text = " ".join(_sentences(facts))
    cited = [facts.paper] if facts.paper else []
    cited += [work for method, work in REFERENCES.items() if method in text]
    return MethodsText(text, tuple(cited))


def _sentences(facts: MethodsFacts) -> Iterator[str]:
    config = facts.config
    labels = listed([str(name).replace("_", " ") for name in config["labels"]])
    what = "stance toward a named party" if config["task"] == "stance" else "framing"
    kinds = counted(len(facts.classifiers), "classifier")
    yield (
        f"We compared {kinds} of {what} ({labels}) on {facts.corpus}"
        f" ({counted(facts.n_rows, 'labelled row')}; fingerprint {facts.fingerprint or 'unknown'})."
    )
    yield from _split(facts)
    yield from _training(facts)
    yield from _decisions(config)
    yield from _abstentions(facts)
    groups = f" from {counted(facts.n_groups, 'group')}" if facts.n_groups < facts.n_items else ""
    unit = "groups (articles)" if groups else "items"
    # Of one seed each there is no mean, and the bootstrap draws none.
    several = any(each.n_seeds > 1 for each in facts.classifiers)
    mean, seeds = (", the mean over seeds", " and seeds") if several else ("", "")
    how = f"95 % intervals are from a cluster bootstrap over {unit}{seeds} ({score.DRAWS:,} draws)"
    # Of one group nothing can be resampled.
    if all(math.isnan(each.low) for each in facts.classifiers):
        how = "no interval could be given"
    yield (
        f"The primary metric is {config['primary']} on {counted(facts.n_items, 'test item')}{groups}{mean};"
        f" {how}."
    )
    if len(facts.classifiers) > 1:
        yield (
            "Differences between classifiers are tested on the same resampled items, pair by pair"
            f" ({bootstrap.DRAWS:,} draws), with Holm's correction for the number of pairs."
        )
    yield f"Scores on test: {'; '.join(map(_score, facts.classifiers))}."
    gaps = [
        f"{percent(each.missing, unit=' %')} of {each.name}" for each in facts.classifiers if each.missing
    ]
    if gaps:
        yield f"Missing predictions ({listed(gaps)}) count as errors."
    if isinstance(config.get("audits", {}).get("leaks"), Mapping):
        yield (
            "Before training, test was searched for leaks: rows that repeat rows of train or dev, nearly or"
            " word for word, as a whole or inside longer rows."
            + (f" It found: {facts.leaks}" if facts.leaks else "")
        )
    software = ", ".join(f"{name} {version}" for name, version in facts.versions.items())
    if software:
        yield f"Software: {software}."


def _score(each: ScoredClassifier) -> str:
    value = f"{each.name} {number(each.value)}"
    return value if math.isnan(each.low) else f"{value} ({interval(each.low, each.high)})"


def _split(facts: MethodsFacts) -> Iterator[str]:
    split = facts.config["split"]
    how = SPLITS.get(split["kind"], f"the split {split['kind']}")
    folds = f" in {counted(facts.folds, 'fold')}" if facts.folds > 1 else ""
    grouped = split.get("by") == "group" and facts.n_groups < facts.n_items
    by = ", drawn by group (article)" if grouped else ""
    stratified = ", stratified by label" if split.get("stratify") else ""
    seed = f", seed {split['seed']}" if "seed" in split else ""
    sizes = ", ".join(f"{facts.rows[part]:,} {part}" for part in PARTS if part in facts.rows)
    of_fold = " in the first fold" if folds else ""
    yield f"Rows were divided by {how}{folds}{by}{stratified}{seed}: {sizes}{of_fold}."


def _training(facts: MethodsFacts) -> Iterator[str]:
    config = facts.config
    for each in facts.classifiers:
        if not each.kind:
            yield f"The predictions of {each.name} were made elsewhere."
            continue
        options = config["classifiers"].get(each.name, {})
        tuned = tuned_names(options)
        grid = tuned_clause(options, config["primary"], halved="tuning" in facts.rows)
        if each.kind in KINDS:
            n_seeds = 1 if each.deterministic else each.n_seeds
            yield f"{untrained(each.name, each.kind, options, each.source, tuned, n_seeds)}{grid}."
            continue
        runs = (
            "once, as no seed changes it" if each.deterministic else f"with {counted(each.n_seeds, 'seed')}"
        )
        yield f"{each.name} ({each.kind}) was trained {runs}{grid}{taught(options)}."


def _decisions(config: Mapping[str, Any]) -> Iterator[str]:
    kind = str((config.get("calibration") or {}).get("kind", ""))
    if kind in CALIBRATORS:
        yield f"Probabilities were calibrated by {CALIBRATORS[kind]} on the calibration rows."
    mix = config.get("prevalence")
    if mix:
        shares = ", ".join(f"{name} {percent(share, unit=' %')}" for name, share in mix.items())
        if config.get("adjust"):
            they = "They" if kind in CALIBRATORS else "Probabilities"
            yield f"{they} were adjusted to another label mix than that of these rows: {shares}."
        else:
            yield f"Metrics whose names end in _shifted are for the label mix {shares}."
    thresholds = config.get("thresholds")
    if thresholds == "tuned" and config.get("multi"):
        yield "The threshold of each label was tuned for its F1 on validation."
    elif isinstance(thresholds, float):
        yield f"A label applies from a probability of {thresholds:g} on."
    if config.get("decision") == "least_cost":
        yield "A row got the label of least expected cost by these probabilities."
    costs = config.get("costs")
    if costs:
        stated = ", ".join(
            f"{true} labelled {given} {cost:g}" for true, row in costs.items() for given, cost in row.items()
        )
        yield f"Errors cost {stated}; any other error costs {UNSTATED:g}."


def _abstentions(facts: MethodsFacts) -> Iterator[str]:
    """Say how models abstain, at which risk, and what of each may be relied on."""
    rule = facts.config.get("abstention")
    if not rule:
        return
    method = ABSTENTION.get(str(rule.get("method", "conformal")), str(rule.get("method")))
    certainty = (
        f" with a certainty of {percent(rule['certainty'], unit=' %')}" if rule.get("certainty") else ""
    )
    yield (
        f"Models may abstain, so that at most {percent(rule['risk'], unit=' %')} of the labels they give are"
        f" wrong{certainty}; the threshold was set on the calibration rows by {method}."
    )
    by_statement: dict[str, list[str]] = {}
    for each in facts.classifiers:
        if each.abstention:
            by_statement.setdefault(each.abstention, []).append(each.name)
    for statement, names in by_statement.items():
        yield f"Of {listed(names)}: {statement[0].lower()}{statement[1:]}"


def as_markdown(described: MethodsText) -> str:
    """Return the paragraph and its references as Markdown."""
    works = "\n".join(f"- {work}" for work in described.references)
    # Names of classifiers may hold what Markdown takes for emphasis.
    text = re.sub(r"([*_`])", r"\\\1", described.text)
    return f"{text}\n\nReferences\n\n{works}\n" if works else f"{text}\n"
