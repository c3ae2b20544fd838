"""A prepared experiment in, what its classifiers will ask of servers out: requests, tokens and cost.

Scored rows alone are counted; :mod:`harness.audits.audit_estimates` counts what audits ask about on top of
that. Answers that are kept from an earlier run are not asked for again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.classifiers.corpus_rows import corpus_examples
from harness.classifiers.remote import Estimate, Estimating, HasObstacles, Probing
from harness.config.plan import Plan, PlannedClassifier
from harness.evaluation.prepared import Prepared
from harness.evaluation.results import Trial
from harness.evaluation.search.tuning_rows import tuning_rows
from harness.evaluation.trial import SCORED_PARTS, list_trials


def estimates(prepared: Prepared) -> Iterator[tuple[str, Estimate]]:
    """Yield name and estimate of each classifier that asks a server.

    Parameters
    ----------
    prepared : Prepared

    Yields
    ------
    (str, Estimate)
        Over all seeds and folds; each candidate is asked about the rows that options are tuned by.
    """
    for classifier in prepared.plan.classifiers:
        if asking(prepared, classifier) is None:
            continue
        total = estimate_of(prepared, classifier, list_trials(prepared, classifier))
        if total.requests:
            yield classifier.name, sum(_probes(prepared, classifier).values(), total)


def _probes(prepared: Prepared, classifier: PlannedClassifier) -> dict[str, Estimate]:
    """Return what finding out how servers are asked takes, once for each, whatever the trials."""
    models = [bound.make(labels=prepared.plan.labels, seed=0) for bound in classifier.grid()]
    return {
        server: estimate
        for model in models
        if isinstance(model, Probing)
        for server, estimate in model.probes().items()
    }


def obstacles(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield name and reason of each classifier that could not ask its server from this machine now."""
    for classifier in plan.classifiers:
        if not classifier.bound.is_imported:
            continue
        # Of a grid all: a second model may have another key.
        models = [bound.make(labels=plan.labels, seed=0) for bound in classifier.grid()]
        reasons = [
            reason for model in models if isinstance(model, HasObstacles) for reason in model.obstacles()
        ]
        for reason in dict.fromkeys(reasons):
            yield classifier.name, reason


def asking(prepared: Prepared, classifier: PlannedClassifier) -> Estimating | None:
    """Return a classifier that asks a server, unfitted; None for others."""
    # What only looks at a config imports no code of the person's own, which cannot be asked then.
    if not classifier.bound.is_imported:
        return None
    model = classifier.bound.make(labels=prepared.plan.labels, seed=0)
    return model if isinstance(model, Estimating) else None


def estimate_of(prepared: Prepared, classifier: PlannedClassifier, trials: Sequence[Trial]) -> Estimate:
    """Return what trials of a classifier that asks a server take."""
    total = Estimate()
    for trial in trials:
        split = prepared.split_of(trial.fold)
        train = prepared.labelled(split, "train")
        combinations = classifier.grid()
        models: list[Estimating] = [
            bound.make(labels=prepared.plan.labels, seed=trial.seed) for bound in combinations
        ]
        # Which candidate is chosen is not known: the first stands for it.
        scored = [prepared.part(split, part) for part in SCORED_PARTS if split.part(part)]
        total += models[0].estimate(train, [row for corpus in scored for row in corpus_examples(corpus)])
        if classifier.tune:
            judged = corpus_examples(prepared.take(tuning_rows(prepared, split, classifier).ids))
            for number in range(classifier.n_candidates):
                total += models[number % len(models)].estimate(train, judged)
    return total
