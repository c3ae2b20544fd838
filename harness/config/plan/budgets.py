"""The classifiers of an experiment in, whether their searches have equal budgets out, as a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from harness.config.plan.plan import PlannedClassifier
from harness.values.errors import listed
from harness.values.formatting import counted


def budget_note(classifiers: Sequence[PlannedClassifier]) -> str:
    """Say what each classifier may spend on tuning; empty where none is tuned, and for a single classifier.

    Parameters
    ----------
    classifiers : sequence of PlannedClassifier
        Of one experiment.
    """
    budgets = {planned.name: _budget(planned) for planned in classifiers}
    tuned = {name: budget for name, budget in budgets.items() if budget}
    if not tuned or len(budgets) < 2:
        return ""
    others = [name for name in budgets if name not in tuned]
    without = f"{listed(others)} without any tuning" if others else ""
    if len(tuned) > 1 and len(set(tuned.values())) == 1:
        # A baseline such as prior has nothing to tune: it is named, and the rest is equal.
        text = f"equal budgets of tuning: {listed(tuned)} with {next(iter(tuned.values()))} a search"
        return f"{text}; {without}" if without else text
    parts = [f"{name} with {budget} a search" for name, budget in tuned.items()]
    return f"unequal budgets of tuning: {listed([*parts, without] if without else parts)}"


def _budget(planned: PlannedClassifier) -> str:
    """Say what a search of a classifier may take; empty where it has none."""
    if not planned.tune:
        return ""
    minutes = planned.search.settings.minutes if planned.search is not None else None
    limit = f" or {minutes:g} min" if minutes is not None else ""
    return f"{counted(planned.n_candidates, 'candidate')}{limit}"
