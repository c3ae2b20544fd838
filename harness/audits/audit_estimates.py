"""A prepared experiment in; what its audits will ask of servers, on top of the scored rows, out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.audits.audit_protocol import Subject
from harness.audits.experiment_audits import GATE, TWIN, held_out_by, planned_digests, twin_of
from harness.audits.runner import variants
from harness.classifiers.protocol import LabelsAlone
from harness.classifiers.remote import AsksServer, Estimate, Estimating
from harness.config.plan import PlannedClassifier
from harness.evaluation.estimates import asking, estimate_of
from harness.evaluation.prepared import Prepared
from harness.evaluation.trial import list_trials


def audit_estimates(prepared: Prepared) -> Iterator[tuple[str, Estimate]]:
    """Yield name and estimate of each classifier whose audits ask a server.

    Variants of test items are asked about once, by the model of one trial; the audit of target use asks about
    all scored rows again, without their target.

    Parameters
    ----------
    prepared : Prepared

    Yields
    ------
    (str, Estimate)
        Of all audits of the config together.
    """
    for classifier in prepared.plan.classifiers:
        model = asking(prepared, classifier)
        if model is None:
            continue
        subject = _subject(prepared, classifier)
        total = _of_variants(prepared, subject, model) + _of_twin(prepared, classifier, subject)
        if total.requests:
            yield classifier.name, total


def _subject(prepared: Prepared, classifier: PlannedClassifier) -> Subject:
    """Return a classifier as its audits will see it, but for its predictions: no variant depends on them."""
    plan = prepared.plan
    tested = prepared.part(prepared.splits[0], "test")
    proba = np.full((len(tested), len(plan.labels)), 1 / len(plan.labels))
    return Subject(
        name=classifier.name,
        task=plan.config.task,
        labels=plan.labels,
        corpus=prepared.corpus,
        tested=tested,
        proba=proba,
        predicted=plan.labels.decide(proba),
        metric=plan.primary,
        splits=prepared.splits,
        held_out_by=held_out_by(plan),
        languages=prepared.corpus.languages,
    )


def _of_variants(prepared: Prepared, subject: Subject, model: Estimating) -> Estimate:
    # A student of a language model answers by itself once it is trained.
    if not isinstance(model, AsksServer):
        return Estimate()
    # What gives labels alone is not saved, so that these audits have no model to ask.
    if isinstance(model, LabelsAlone) and not model.has_probabilities:
        return Estimate()
    audits = [bound.make() for name, bound in prepared.plan.audits.items() if name != GATE]
    asked = variants(subject, audits)
    train = prepared.labelled(prepared.splits[0], "train")
    return model.estimate(train, asked) if asked else Estimate()


def _of_twin(prepared: Prepared, classifier: PlannedClassifier, subject: Subject) -> Estimate:
    if TWIN not in prepared.plan.audits or subject.no_parties_reason() or subject.few_shared_reason():
        return Estimate()
    twin = twin_of(classifier)
    is_blind = classifier.bound.options.get("target") == "none" and "target" not in classifier.tune
    if twin is None or is_blind:
        return Estimate()
    # A twin that is a classifier of the experiment, too, is among the scored ones.
    planned = planned_digests(prepared)
    trials = [trial for trial in list_trials(prepared, twin) if trial.digest not in planned]
    return estimate_of(prepared, twin, trials)
