"""Audits and a classifier in, findings out: all examples are predicted in one call, none of them twice.

The audits share many variants, and a model is much faster on one large batch than on several small ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from harness.audits.audit_protocol import Answers, Audit, Queries, Subject, Unavailable
from harness.audits.unanswered import with_unanswered
from harness.classifiers.protocol import Example, Examples
from harness.values.findings import Finding, not_applicable
from harness.values.labels import check_probabilities, unstated_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

Predict = Callable[[Examples], "NDArray[np.float64]"]


def variants(subject: Subject, audits: Iterable[Audit]) -> list[Example]:
    """Return the distinct examples that audits ask about besides the tested rows.

    No audit chooses them by what was predicted: the subject may have any predictions.
    """
    steps = [audit.prepare(subject) for audit in audits if audit.needs_model]
    scored = set(subject.examples)
    return list(
        dict.fromkeys(
            example
            for step in steps
            if isinstance(step, Queries)
            for example in step.examples
            if example not in scored
        )
    )


def run_audits(
    subject: Subject, audits: Mapping[str, Audit], predict: Predict | Unavailable
) -> tuple[Finding, ...]:
    """Run audits on one classifier.

    Parameters
    ----------
    subject : Subject
    audits : mapping
        Name → audit.
    predict : callable or Unavailable
        Examples → ``(n, k)`` probabilities; called at most once, with distinct examples that are not tested
        rows.

    Returns
    -------
    tuple of Finding
        One per audit, in order.

    Raises
    ------
    PredictionsError
        If ``predict`` returns no probabilities.
    """
    prepared: dict[str, Queries | Finding] = {}
    for name, audit in audits.items():
        if isinstance(predict, Unavailable) and audit.needs_model:
            prepared[name] = not_applicable(name, predict.reason)
        else:
            prepared[name] = audit.prepare(subject)
    proba_of = dict(zip(subject.examples, subject.proba, strict=True))
    queries = [step for step in prepared.values() if isinstance(step, Queries)]
    new = list(
        dict.fromkeys(example for query in queries for example in query.examples if example not in proba_of)
    )
    if new and not isinstance(predict, Unavailable):
        proba = predict(new)
        # The callable may be anybody's: a misshapen answer would otherwise pass for a finding.
        missing = unstated_rows(proba) if subject.may_miss else None
        shape = (len(new), len(subject.labels))
        check_probabilities(proba, shape, sums_to_one=not subject.labels.multi, missing=missing)
        proba_of |= dict(zip(new, proba, strict=True))
    answers = Answers(subject.labels, proba_of)
    return tuple(
        with_unanswered(step.evaluate(answers), subject, answers.proba(step.examples))
        if isinstance(step, Queries)
        else with_unanswered(step, subject)
        for step in prepared.values()
    )
