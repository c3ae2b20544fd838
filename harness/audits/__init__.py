"""A fitted classifier and what it was tested on in, findings out: does it label for the right reasons?

Each audit asks for variants of test items; all variants of all audits are put to the classifier at once, none
twice and none that it has labelled before (:mod:`harness.audits.runner`).
"""

from __future__ import annotations

from harness.audits.audit_protocol import Answers, Audit, Queries, Subject
from harness.audits.runner import run_audits

__all__ = ["Answers", "Audit", "Queries", "Subject", "run_audits"]
