"""Audits and a classifier in, findings out: everything is asked at once, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from harness.audits.audit_protocol import Answers, Audit, Queries, Subject
from harness.classifiers.protocol import Examples
from harness.values.findings import Finding, not_applicable
from harness.values.labels import check_probabilities

if TYPE_CHECKING:
    from numpy.typing import NDArray

Predict = Callable[[Examples], "NDArray[np.float64]"]


def run_audits(subject: Subject, audits: Mapping[str, Audit], predict: Predict | str) -> tuple[Finding, ...]:
    """Run audits on one classifier.

    Parameters
    ----------
    subject : Subject
    audits : mapping
        Name → audit.
    predict : callable or str
        Examples → ``(n, k)`` probabilities; called once, with distinct examples that are no tested rows. Or
        why there is none.

    Returns
    -------
    tuple of Finding
        One an audit, in order.
    """
    asked: dict[str, Queries | Finding] = {}
    for name, audit in audits.items():
        if isinstance(predict, str) and audit.needs_model:
            asked[name] = not_applicable(name, predict)
        else:
            asked[name] = audit.prepare(subject)
    known = dict(zip(subject.examples, subject.proba, strict=True))
    inquiries = [one for one in asked.values() if isinstance(one, Queries)]
    new = list(dict.fromkeys(one for inquiry in inquiries for one in inquiry.examples if one not in known))
    if new and not isinstance(predict, str):
        proba = predict(new)
        check_probabilities(proba, (len(new), len(subject.labels)), sums_to_one=not subject.labels.multi)
        known |= dict(zip(new, proba, strict=True))
    answers = Answers(subject.labels, known)
    return tuple(one.judge(answers) if isinstance(one, Queries) else one for one in asked.values())
