"""Raw probabilities in, calibrated ones out: frozen maps, fitted in :mod:`harness.evaluation.decisions`.

A map is plain data, so that a served model carries it as JSON. What each may change:

============  ============================================  =================================================
kind          single-label                                  multi-label, each label separately
============  ============================================  =================================================
temperature   no label                                      neither a label's ranking nor its threshold of 0.5
platt         labels                                        no label's ranking
isotonic      labels; makes ties                            makes ties, but never reverses a label's ranking
none          nothing                                       nothing
============  ============================================  =================================================
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Codes = NDArray[np.int64]

EDGE = 1e-12
"""Probabilities are kept this far from 0 and 1 before their logarithm is taken."""


class Calibrator(Protocol):
    """A fitted map."""

    kind: ClassVar[str]

    def apply(self, proba: Array, *, multi: bool) -> Array:
        """Calibrate probabilities.

        Parameters
        ----------
        proba : (n, k) array
            Raw, in ``[0, 1]``.
        multi : bool
            Each column is a probability of its own; else rows sum to 1, and do so afterwards.

        Returns
        -------
        (n, k) array
            In ``[0, 1]``.
        """

    def plain(self) -> dict[str, Any]:
        """Return it as JSON data; :func:`read` returns an equal map."""


@dataclass(frozen=True)
class Unchanged:
    """Leaves probabilities as they are: the classifier's own."""

    kind: ClassVar[str] = "none"

    def apply(self, proba: Array, *, multi: bool) -> Array:  # noqa: ARG002 (as other calibrators)
        """Return ``proba`` itself."""
        return proba

    def plain(self) -> dict[str, Any]:
        """Return the kind alone."""
        return {"kind": self.kind}


@dataclass(frozen=True)
class Temperature:
    """Divides the logits behind probabilities by a temperature (Guo et al. 2017).

    Attributes
    ----------
    temperatures : tuple of float
        Positive: above 1 flattens, below 1 sharpens. One for a single-label task, one per label for a
        multi-label one.
    """

    temperatures: tuple[float, ...]
    kind: ClassVar[str] = "temperature"

    def __post_init__(self) -> None:
        _check(self.temperatures, lambda temperature: temperature > 0, "temperature")

    def apply(self, proba: Array, *, multi: bool) -> Array:
        """Calibrate probabilities; see :func:`tempered`."""
        return tempered(proba, self.temperatures, multi=multi)

    def plain(self) -> dict[str, Any]:
        """Return kind and temperatures."""
        return {"kind": self.kind, "temperatures": list(self.temperatures)}


@dataclass(frozen=True)
class Platt:
    """Passes each label's log-odds through a logistic curve (Platt 1999), then normalises single-label rows.

    Attributes
    ----------
    slopes, intercepts : tuple of float
        One per label; slopes are not negative, so that no ranking is reversed.
    """

    slopes: tuple[float, ...]
    intercepts: tuple[float, ...]
    kind: ClassVar[str] = "platt"

    def __post_init__(self) -> None:
        _check(self.slopes, lambda slope: slope >= 0, "slope")
        _check(self.intercepts, lambda _: True, "intercept")
        if len(self.slopes) != len(self.intercepts):
            raise ValueError(f"{len(self.slopes)} slopes and {len(self.intercepts)} intercepts")

    def apply(self, proba: Array, *, multi: bool) -> Array:
        """Calibrate each label."""
        calibrated = 1 / (
            1 + np.exp(-(np.asarray(self.slopes) * log_odds(proba) + np.asarray(self.intercepts)))
        )
        # One label against the rest, then normalised: the multi-class form of Zadrozny and Elkan (2002).
        return calibrated if multi else normalised(calibrated)

    def plain(self) -> dict[str, Any]:
        """Return kind, slopes and intercepts."""
        return {"kind": self.kind, "slopes": list(self.slopes), "intercepts": list(self.intercepts)}


@dataclass(frozen=True)
class Isotonic:
    """Maps each label's probability by a rising line of segments, then normalises single-label rows.

    The segments come from isotonic regression (Zadrozny and Elkan 2002).

    Attributes
    ----------
    knots : tuple of (tuple of float, tuple of float)
        Per label raw and calibrated probabilities, both rising and in ``[0, 1]``; straight lines between two
        knots, constant beyond the outer ones.
    """

    knots: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...]
    kind: ClassVar[str] = "isotonic"

    def __post_init__(self) -> None:
        for raw, calibrated in self.knots:
            _check((*raw, *calibrated), lambda knot: 0 <= knot <= 1, "knot")
            rise = list(raw) == sorted(raw) and list(calibrated) == sorted(calibrated)
            if len(raw) != len(calibrated) or not raw or not rise:
                raise ValueError("knots do not rise")

    def apply(self, proba: Array, *, multi: bool) -> Array:
        """Calibrate each label."""
        columns = [np.interp(proba[:, k], *knots) for k, knots in enumerate(self.knots)]
        calibrated = np.stack(columns, axis=1)
        return calibrated if multi else normalised(calibrated)

    def plain(self) -> dict[str, Any]:
        """Return kind and knots."""
        return {"kind": self.kind, "knots": [[list(raw), list(calibrated)] for raw, calibrated in self.knots]}


def read(data: Mapping[str, Any], labels: LabelSet) -> Calibrator:
    """Return the map that :meth:`Calibrator.plain` described.

    Raises
    ------
    KeyError, TypeError, ValueError
        Where the data describe no map for these labels.
    """
    kind, k = data["kind"], len(labels)
    if kind == "none":
        return Unchanged()
    if kind == "temperature":
        temperatures = _numbers(data["temperatures"])
        _expect(len(temperatures), k if labels.multi else 1)
        return Temperature(temperatures)
    if kind == "platt":
        slopes = _numbers(data["slopes"])
        _expect(len(slopes), k)
        return Platt(slopes, _numbers(data["intercepts"]))
    if kind == "isotonic":
        knots = tuple((_numbers(raw), _numbers(calibrated)) for raw, calibrated in data["knots"])
        _expect(len(knots), k)
        return Isotonic(knots)
    raise ValueError(f"calibration {kind!r}")


def tempered(proba: Array, temperatures: Sequence[float], *, multi: bool) -> Array:
    """Divide the logits behind probabilities by temperatures.

    Parameters
    ----------
    proba : (n, k) array
    temperatures : sequence of float
        Above 0; one, or one per label if ``multi``. Where all are 1, ``proba`` itself is returned.
    multi : bool
        Each column is a probability of its own; else rows sum to 1.

    Examples
    --------
    >>> import numpy as np
    >>> tempered(np.array([[0.2, 0.8]]), [2.0], multi=False).round(3)   # √0.2 : √0.8 = 1 : 2
    array([[0.333, 0.667]])
    """
    # Not only faster: a logarithm and its power give other last bits, and 1 is what too few rows are given.
    if all(temperature == 1.0 for temperature in temperatures):
        return proba
    if multi:
        return np.asarray(1 / (1 + np.exp(-log_odds(proba) / np.asarray(temperatures))))
    # Log-probabilities are logits up to a constant per row, which cancels when rows are normalised.
    logs = np.log(np.clip(proba, EDGE, 1 - EDGE))
    powered = np.exp((logs - logs.max(axis=1, keepdims=True)) / temperatures[0])
    return np.asarray(powered / powered.sum(axis=1, keepdims=True))


def log_odds(proba: Array) -> Array:
    """Return ``log(p / (1 - p))``; finite at 0 and 1."""
    inside = np.clip(proba, EDGE, 1 - EDGE)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def normalised(proba: Array) -> Array:
    """Make rows sum to 1; a row of zeros becomes equal shares."""
    sums = proba.sum(axis=1, keepdims=True)
    return np.where(sums > 0, proba / np.where(sums > 0, sums, 1.0), 1 / proba.shape[1])


def _numbers(values: Any) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _expect(count: int, expected: int) -> None:
    if count != expected:
        raise ValueError(f"calibration of {count} labels, where there are {expected}")


def _check(values: Sequence[float], in_range: Callable[[float], bool], name: str) -> None:
    for value in values:
        if not (math.isfinite(value) and in_range(value)):
            raise ValueError(f"{name} {value!r}")
