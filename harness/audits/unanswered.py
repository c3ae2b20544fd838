"""A finding and the answers it rests on in; the finding that says how many answers are missing out.

What an audit compares with the truth counts a missing prediction as wrong, as every score does. What it
compares with another answer of the model cannot be told where one of the two is missing: such a pair is left
out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.audits.audit_protocol import Subject
from harness.audits.intervals import share
from harness.values.findings import Finding
from harness.values.formatting import counted, percent
from harness.values.labels import missing_rows, unstated_rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_UNANSWERED = 0.1
"""Share of the changed sentences without an answer above which an audit that compares answers does not pass:
as much could differ in what is left out as audits allow. A convention."""


def with_unanswered(
    finding: Finding, subject: Subject, changed: NDArray[np.float64] | None = None
) -> Finding:
    """Add the number of missing answers to a finding, and take back a pass that rests on too few of them.

    Parameters
    ----------
    finding : Finding
    subject : Subject
    changed : (n, k) array, optional
        Probabilities of the changed sentences that the audit asked about, NaN for a missing answer; left out
        where it asked about none.

    Returns
    -------
    Finding
        The same where no answer is missing, or the audit does not apply.
    """
    tested = int(missing_rows(subject.predicted).sum())
    missing = 0 if changed is None else int(unstated_rows(changed).sum())
    if finding.verdict == "not applicable" or not tested + missing:
        return finding
    items = f"{tested:,} of {counted(len(subject.predicted), 'test item')}"
    if changed is None:
        sentence = f"No answer was given for {items}: they count as wrong."
        return replace(finding, sentence=f"{finding.sentence} {sentence}")
    measure = share("unanswered", missing, len(changed))
    sentence = (
        f"No answer was given for {missing:,} of {counted(len(changed), 'changed sentence')} and {items}:"
        " what would be compared with them is left out."
    )
    verdict = finding.verdict
    if verdict == "passed" and measure.value > MAX_UNANSWERED:
        verdict = "undecided"
        sentence += f" With more than {percent(MAX_UNANSWERED, unit=' %')} left out, nothing is shown."
    return replace(
        finding,
        verdict=verdict,
        sentence=f"{finding.sentence} {sentence}",
        measures=(*finding.measures, measure),
    )
