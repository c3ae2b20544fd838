"""A fitted classifier and its test items in, findings out: does it label for the right reasons?

Each audit prepares variants of test items; the variants of all audits are predicted at once, none twice and
none that is a test item already (:mod:`harness.audits.runner`).
"""

from __future__ import annotations

from harness.audits.audit_protocol import Answers, Audit, Queries, Subject, Unavailable
from harness.audits.runner import run_audits

__all__ = ["Answers", "Audit", "Queries", "Subject", "Unavailable", "run_audits"]
