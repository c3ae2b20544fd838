"""What a search leaves: its candidates, and how much too good the best of their scores is expected to be."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

State = Literal["complete", "pruned", "failed", "repeated"]
Rows = Literal["half", "folds", "part"]
"""What candidates were judged on: half of validation, folds of train, or a part of train."""


@dataclass(frozen=True)
class SearchCandidate:
    """Options that were tried.

    Attributes
    ----------
    number : int
        From 0, in the order in which candidates were drawn.
    options : mapping
        Tuned option → value, as plain data.
    score : float
        The primary metric on the rows of the search; of one that was pruned, its last score on the way. NaN
        where it failed.
    state : {"complete", "pruned", "failed", "repeated"}
        ``repeated``: it has the options of an earlier one, whose score it shares; nothing was fitted.
    seconds : float
        Of fitting and predicting.
    reason : str
        Why it failed, or which candidate it repeats.
    rows_per_second, megabytes : float
        Measured of finalists alone; NaN for the others.
    """

    number: int
    options: Mapping[str, Any]
    score: float
    state: State = "complete"
    seconds: float = 0.0
    reason: str = ""
    rows_per_second: float = math.nan
    megabytes: float = math.nan


@dataclass(frozen=True)
class SearchRecord:
    """How the options of a fitted classifier were chosen.

    Attributes
    ----------
    kind : {"grid", "random", "tpe"}
    metric : str
        By which candidates were judged.
    direction : {"higher", "lower"}
        Which of two scores is better.
    rows : {"half", "folds", "part"}
    n_rows, n_groups : int
        Rows that each candidate was judged on, and the groups that they are from.
    candidates : tuple of SearchCandidate
    chosen : int
        Number of the one that predicts.
    optimism : float
        By how much the score of the chosen one is expected to be too good, because it was chosen for it; see
        :func:`harness.evaluation.search.optimism.tuning_optimism`. NaN where that is unknown.
    importance : mapping
        Tuned option → its share of the variance of the scores; empty for too few candidates.
    objectives : tuple of str
        What finalists are weighed by: ``score``, ``rows_per_second``, ``megabytes``.
    """

    kind: str
    metric: str
    direction: str
    rows: Rows
    n_rows: int
    n_groups: int
    candidates: tuple[SearchCandidate, ...]
    chosen: int
    optimism: float = math.nan
    importance: Mapping[str, float] = field(default_factory=dict)
    objectives: tuple[str, ...] = ("score",)

    @property
    def seconds(self) -> float:
        """Of fitting and judging all candidates."""
        return sum(candidate.seconds for candidate in self.candidates)

    @property
    def n_fitted(self) -> int:
        """Candidates that were trained, whether to the end or not."""
        return sum(candidate.state != "repeated" for candidate in self.candidates)

    @property
    def best(self) -> SearchCandidate:
        """The candidate that predicts."""
        return next(candidate for candidate in self.candidates if candidate.number == self.chosen)

    @property
    def finalists(self) -> tuple[SearchCandidate, ...]:
        """Candidates whose speed was measured."""
        return tuple(each for each in self.candidates if not math.isnan(each.rows_per_second))

    @property
    def front(self) -> frozenset[int]:
        """The finalists that no other is at least as good as in every objective."""
        sign = -1.0 if self.direction == "lower" else 1.0
        of_objective = {
            "score": lambda each: sign * each.score,
            "rows_per_second": lambda each: each.rows_per_second,
            "megabytes": lambda each: -each.megabytes,
        }
        rows = [tuple(of_objective[name](each) for name in self.objectives) for each in self.finalists]
        pairs = zip(self.finalists, undominated(rows), strict=True)
        return frozenset(each.number for each, is_kept in pairs if is_kept)

    def plain(self) -> dict[str, Any]:
        """Return it as JSON data, in which NaN is None."""
        data = asdict(self)
        data["candidates"] = [
            {key: _without_nan(value) for key, value in candidate.items()} for candidate in data["candidates"]
        ]
        return {key: _without_nan(value) for key, value in data.items()}

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> SearchRecord:
        """Read what :meth:`plain` returned."""
        numbers = ("score", "rows_per_second", "megabytes")
        candidates = []
        for record in data["candidates"]:
            values: dict[str, Any] = {
                key: math.nan if key in numbers and value is None else value for key, value in record.items()
            }
            candidates.append(SearchCandidate(**values))
        objectives = tuple(data.get("objectives", ("score",)))
        optimism = math.nan if data["optimism"] is None else data["optimism"]
        restored = {"candidates": tuple(candidates), "optimism": optimism, "objectives": objectives}
        return cls(**{**data, **restored})


def undominated(rows: Sequence[tuple[float, ...]]) -> list[bool]:
    """Say of each tuple of values, higher is better, whether no other is at least as good in all of them.

    Examples
    --------
    >>> undominated([(0.7, 10), (0.6, 20), (0.6, 10)])
    [True, True, False]
    """
    # Equal ones do not dominate each other: both stay.
    return [
        not any(all(a >= b for a, b in zip(other, row, strict=True)) and other != row for other in rows)
        for row in rows
    ]


def _without_nan(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
