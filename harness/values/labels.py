"""Label names in, codes out: the one place that decides the order of labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from harness.values.errors import PredictionsError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    # A served model rarely has costs: they are loaded where a config or a model states them.
    from harness.values.costs import Costs
    from harness.values.prevalence import Prevalence

Task = Literal["stance", "framing"]

STANCES = ("critical", "neutral", "supportive")
"""Stance toward a party, from against to for."""

NEWS_FRAMES = ("conflict", "human_interest", "economic_consequences", "morality", "responsibility")
"""The generic news frames (Semetko & Valkenburg 2000)."""

POLICY_FRAMES = (
    "economic",
    "capacity_and_resources",
    "morality",
    "fairness_and_equality",
    "legality_constitutionality_and_jurisprudence",
    "policy_prescription_and_evaluation",
    "crime_and_punishment",
    "security_and_defense",
    "health_and_safety",
    "quality_of_life",
    "cultural_identity",
    "public_opinion",
    "political",
    "external_regulation_and_reputation",
    "other",
)
"""The dimensions of policy frames (Boydstun, Card, Gross, Resnik & Smith 2014), in the codebook's order."""

FRAME_SETS = {"generic_frames": NEWS_FRAMES, "policy_frames": POLICY_FRAMES}
"""Label sets that a config may name instead of listing labels."""

NO_FRAME = "none"
"""The label of a row without frames, in a single-label framing task that declares it."""

MISSING_CODE = -1
"""Code of a missing prediction; of several labels it is that of each."""

NO_ANSWER = "no answer"
"""What stands for a missing prediction where labels are shown."""


@dataclass(frozen=True)
class LabelSet:
    """The labels of a task, in the order of the columns of every array.

    Parameters
    ----------
    names : tuple of str
        At least two for a single-label task, at least one for a multi-label task; no repeats.
    multi : bool
        Whether a row may have several labels, or none.
    costs : Costs or None
        What errors cost, where a config states it; single-label only.
    prevalence : Prevalence or None
        How often each label occurs where a model will be used, where a config states it; single-label only.
        Label sets that differ in costs or prevalence alone are equal.

    Raises
    ------
    ValueError
        Where names repeat or are too few.
    """

    names: tuple[str, ...]
    multi: bool = False
    costs: Costs | None = field(default=None, compare=False, repr=False)
    prevalence: Prevalence | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if len(set(self.names)) != len(self.names):
            raise ValueError(f"labels repeat: {', '.join(self.names)}")
        if len(self.names) < (1 if self.multi else 2):
            raise ValueError("a label set needs two labels, or one where several may apply at once")

    def __len__(self) -> int:
        return len(self.names)

    def encode(self, values: Iterable[str] | Iterable[Sequence[str]]) -> NDArray[np.int64]:
        """Turn label names into codes.

        Parameters
        ----------
        values : iterable of str, or iterable of sequences of str
            One label per row; for a multi-label task one sequence of labels per row.

        Returns
        -------
        ndarray of int64
            ``(n,)`` with codes in ``[0, len(self))``; for a multi-label task ``(n, len(self))`` of 0 and 1.

        Raises
        ------
        PredictionsError
            Where a value is not one of the labels.
        """
        position = {name: code for code, name in enumerate(self.names)}
        try:
            if not self.multi:
                return np.array([position[str(value)] for value in values], dtype=np.int64)
            rows = [[position[name] for name in value] for value in values]
        except KeyError as error:
            raise PredictionsError(
                f"unknown label {error.args[0]!r}; the labels are {', '.join(self.names)}"
            ) from None
        codes = np.zeros((len(rows), len(self)), dtype=np.int64)
        for row, present in enumerate(rows):
            codes[row, present] = 1
        return codes

    def decode(self, codes: NDArray[np.int64]) -> list[str] | list[tuple[str, ...]]:
        """Turn codes back into names; the inverse of :meth:`encode`.

        Raises
        ------
        ValueError
            Where a prediction is missing: it has no name. See :meth:`decode_predicted`.
        """
        # Python counts negative positions from the end: a missing prediction would become the last label.
        if (codes < 0).any():
            raise ValueError("a missing prediction has no label")
        if not self.multi:
            return [self.names[code] for code in codes.tolist()]
        return [
            tuple(name for name, bit in zip(self.names, row, strict=True) if bit) for row in codes.tolist()
        ]

    def decode_predicted(self, codes: NDArray[np.int64]) -> list[Any]:
        """Turn the codes of predictions into names, and those of missing ones into None."""
        answered = ~missing_rows(codes)
        names: list[Any] = [None] * len(codes)
        for row, name in zip(np.flatnonzero(answered).tolist(), self.decode(codes[answered]), strict=True):
            names[row] = name
        return names

    def decide(
        self, proba: NDArray[np.floating], thresholds: Sequence[float] | None = None
    ) -> NDArray[np.int64]:
        """Turn probabilities into codes.

        Parameters
        ----------
        proba : (n, len(self)) array
            Rows sum to 1 for a single-label task.
        thresholds : sequence of float, optional
            One per label, for multi-label tasks; 0.5 each where left out.

        Returns
        -------
        ndarray of int64
            Shaped as :meth:`encode` returns. Ties go to the first of the tied labels. With costs that decide,
            the labels of least expected cost, see :class:`harness.values.costs.Costs`. A row without
            probabilities (NaN) has no prediction: :data:`MISSING_CODE`.
        """
        if self.costs is not None and self.costs.decides:
            codes = self.costs.least(np.asarray(proba, dtype=np.float64), self.names)
        elif not self.multi:
            # argmax takes the first of equal values, so that ties are decided alike on every machine.
            codes = np.asarray(proba.argmax(axis=1), dtype=np.int64)
        else:
            limits = np.full(len(self), 0.5) if thresholds is None else np.asarray(thresholds)
            codes = (proba >= limits).astype(np.int64)
        codes[np.isnan(proba).any(axis=1)] = MISSING_CODE
        return codes


def missing_rows(codes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say which predictions are missing, ``(n,)``, of codes as :meth:`LabelSet.decide` returns them.

    Of several labels a row is missing as a whole: what applies is one set, and without one of the answers it
    is not known.
    """
    return np.asarray((codes < 0).any(axis=1) if codes.ndim > 1 else codes < 0)


def unstated_rows(proba: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Say which rows of probabilities, ``(n, k)``, hold none (NaN), as of a missing prediction; ``(n,)``."""
    return np.asarray(np.isnan(proba).all(axis=-1))


def check_probabilities(
    proba: NDArray[np.floating],
    shape: tuple[int, int],
    *,
    sums_to_one: bool,
    tolerance: float = 1e-4,
    missing: NDArray[np.bool_] | None = None,
) -> None:
    """Refuse an array that does not hold probabilities.

    Parameters
    ----------
    proba : (n, k) array
    shape : (int, int)
        Rows and labels that are expected.
    sums_to_one : bool
        Whether every row should, as for a single-label task.
    tolerance : float
        Absolute; for what rounding in float32 and in CSV files does to a sum.
    missing : (n,) array of bool, optional
        Rows whose prediction is missing: they should have no probabilities (NaN).

    Raises
    ------
    PredictionsError
        Naming the first row that breaks the contract.
    """
    if proba.shape != shape:
        raise PredictionsError(f"probabilities have shape {proba.shape}; expected {shape}")
    if missing is not None and missing.any():
        stated = missing & ~unstated_rows(proba)
        if stated.any():
            row = int(stated.argmax())
            raise PredictionsError(f"row {row} has probabilities and no prediction: {proba[row].tolist()}")
    # Finiteness first: comparisons with NaN are false, so that the other checks would let it pass.
    checks = (
        ("is not finite", ~np.isfinite(proba).all(axis=1)),
        ("leaves [0, 1]", ((proba < -tolerance) | (proba > 1 + tolerance)).any(axis=1)),
        ("does not sum to 1", np.abs(proba.sum(axis=1) - 1) > tolerance if sums_to_one else None),
    )
    for what, failed in checks:
        wrong = failed if failed is None or missing is None else failed & ~missing
        if wrong is not None and wrong.any():
            row = int(wrong.argmax())
            raise PredictionsError(f"row {row} of the probabilities {what}: {proba[row].tolist()}")


def confidence(proba: NDArray[np.floating], codes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the confidence of each prediction, in [0, 1].

    Parameters
    ----------
    proba : (n, k) array
    codes : (n,) or (n, k) array
        The predicted labels, see :meth:`LabelSet.decide`.

    Returns
    -------
    (n,) array
        Single-label: the probability of the predicted label. Multi-label: the lowest probability among the
        row's yes-or-no decisions. A missing prediction has none: NaN.
    """
    if codes.ndim == 1:
        lowest = np.take_along_axis(proba, codes[:, None], axis=1)[:, 0]
    else:
        lowest = np.where(codes == 1, proba, 1 - proba).min(axis=1, initial=1.0)
    missing = missing_rows(codes)
    return np.asarray(np.where(missing, np.nan, lowest) if missing.any() else lowest, dtype=np.float64)


STANCE = LabelSet(STANCES)
TWO_SIDES = LabelSet(("critical", "supportive"))
"""Stance without neutral: some corpora have no third label, and none is invented for them."""
FRAMING = LabelSet(NEWS_FRAMES, multi=True)
