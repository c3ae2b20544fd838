"""A prepared plan in; how many groups a guarantee about abstention needs, before anything is trained, out."""

from __future__ import annotations

from harness.evaluation.decisions.risk_control import groups_needed
from harness.evaluation.prepared import Prepared
from harness.splits import Split
from harness.values.formatting import counted
from harness.values.minimums import MIN_GUARANTEE_GROUPS


def guarantee_notes(prepared: Prepared) -> list[str]:
    """Say how many groups the test of abstention needs, and how many there will be.

    Parameters
    ----------
    prepared : Prepared

    Returns
    -------
    list of str
        A sentence, or none without ``learn_then_test``.
    """
    abstention = prepared.plan.config.abstention
    if abstention is None or abstention.method != "learn_then_test":
        return []
    risk, certainty = abstention.risk, abstention.certainty or 0.9
    sure, half = (groups_needed(risk, certainty, wrong=wrong) for wrong in (0.0, risk / 2))
    # The smallest fold decides what can be shown.
    groups = min(_groups(prepared, split) for split in prepared.splits)
    halved = prepared.plan.config.calibration.kind != "none"
    if halved:
        groups //= 2
    of_half = " in its half of calibration" if halved else " in calibration"
    text = (
        f"abstention: to show with {certainty:.0%} certainty that at most {risk:.0%} of the served labels are"
        f" wrong takes about {counted(sure, 'group')} (articles) if none of these labels is wrong, {half:,}"
        f" if {risk / 2:.0%} are; the test has {counted(groups, 'group')}{of_half}"
    )
    if groups < max(half, MIN_GUARANTEE_GROUPS):
        text += f", and a guarantee needs {MIN_GUARANTEE_GROUPS}"
    return [text + "."]


def _groups(prepared: Prepared, split: Split) -> int:
    """Return how many groups calibration has; a row without a group is one of its own."""
    rows = prepared.corpus.take(split.calibration).rows
    groups = rows["group"]
    return int(groups.dropna().nunique() + groups.isna().sum())
