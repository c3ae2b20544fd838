"""The trials of a distilled classifier in, what its teachers' labels took and what it keeps of them out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.evaluation.results import TrialResult
from harness.values.formatting import counted, duration, interval, number

SHARE_OF = "student_minus_teacher"


def teaching(trials: Sequence[TrialResult]) -> str:
    """Say what labels of teachers took and what the student keeps of them; empty without a teacher.

    Parameters
    ----------
    trials : sequence of TrialResult
        Of one classifier: labels are summed over them, the rest is their mean.
    """
    taught = [trial.usage for trial in trials if "teacher_labels" in trial.usage]
    if not taught:
        return ""

    def mean(name: str) -> float | None:
        values = [usage[name] for usage in taught if name in usage]
        return sum(values) / len(values) if values else None

    labels = round(sum(usage["teacher_labels"] for usage in taught))
    parts = [counted(labels, "label")]
    cost, seconds = mean("cost_per_label"), mean("seconds_per_label")
    each = [] if cost is None else [f"{cost:.3g}"]
    each += [] if seconds is None else [_time(seconds)]
    if each:
        parts[0] += f" at {' and '.join(each)} each"
    fitted = sum(usage.get("teacher_fit_seconds", 0.0) for usage in taught)
    # Of a model that is asked as it is, next to nothing.
    if fitted >= 1:
        earlier = any("teachers_from_cache" in usage for usage in taught)
        parts.append(f"trained in {duration(fitted)}{', for an earlier student' if earlier else ''}")
    missing = round(sum(usage["teacher_unanswered"] for usage in taught))
    if missing:
        parts.append(f"{counted(missing, 'row')} without an answer, left out")
    difference, low, high = (mean(f"{SHARE_OF}{end}") for end in ("", "_low", "_high"))
    if difference is not None:
        value = number(difference, signed=True)
        # A single article has none.
        if low is not None and high is not None:
            value += f" ({interval(low, high, signed=True)})"
        parts.append(f"on validation the student's macro-F1 less its teacher's is {value}")
    return "; ".join(parts)


def teacher_fact(trials: Sequence[TrialResult], options: Any) -> list[tuple[str, str]]:
    """Return it as a fact of a report, with the teacher's kind; none without a teacher."""
    text = teaching(trials)
    kind = getattr(options.get("teacher"), "kind", "encoder")
    return [("teacher", f"{kind}: {text}")] if text else []


def _time(seconds: float) -> str:
    # Of an encoder a label takes less than a millisecond.
    return duration(seconds, places=1) if seconds >= 1 else f"{1000 * seconds:.2g} ms"
