"""Raw probabilities in, calibrated ones out: frozen maps, fitted in :mod:`harness.evaluation.decisions`.

A map is plain data, so that a served model carries it as JSON. What each may do:

============  ==============================  =================================================
kind          single-label                    multi-label, each label for itself
============  ==============================  =================================================
temperature   never changes a label           keeps each label's ranking, and its 0.5
platt         may change labels               keeps each label's ranking
isotonic      may change labels, makes ties   makes ties, reverses nothing
none          changes nothing                 changes nothing
============  ==============================  =================================================
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
"""Probabilities are moved this far from 0 and 1 before their logarithm is taken."""


class Calibrator(Protocol):
    """A fitted map."""

    kind: ClassVar[str]

    def apply(self, proba: Array, *, multi: bool) -> Array:
        """Calibration probabilities.

        Parameters
        ----------
        proba : (n, k) array
            As the classifier said them.
        multi : bool
            Each column is a probability of its own; else rows sum to 1, and do so afterwards.
        """

    def plain(self) -> dict[str, Any]:
        """Return it as JSON data; :func:`read` returns an equal map."""


@dataclass(frozen=True)
class Unchanged:
    """Leaves probabilities as they are."""

    kind: ClassVar[str] = "none"

    def apply(self, proba: Array, *, multi: bool) -> Array:  # noqa: ARG002 (as other calibrators)
        """Return ``proba`` itself."""
        return proba

    def plain(self) -> dict[str, Any]:
        """Return the kind alone."""
        return {"kind": self.kind}


@dataclass(frozen=True)
class Temperature:
    """Divides the logits behind probabilities (Guo et al. 2017).

    Attributes
    ----------
    temperatures : tuple of float
        Above 1 flattens, below 1 sharpens. One for a single-label task, one a label for a multi-label one.
    """

    temperatures: tuple[float, ...]
    kind: ClassVar[str] = "temperature"

    def __post_init__(self) -> None:
        _hold(self.temperatures, lambda one: one > 0, "temperature")

    def apply(self, proba: Array, *, multi: bool) -> Array:
        """Calibration; see :func:`tempered`."""
        return tempered(proba, self.temperatures, multi=multi)

    def plain(self) -> dict[str, Any]:
        """Return kind and temperatures."""
        return {"kind": self.kind, "temperatures": list(self.temperatures)}


@dataclass(frozen=True)
class Platt:
    """Puts a logistic curve over each label's log-odds (Platt 1999); rows are normalised again.

    Attributes
    ----------
    slopes, intercepts : tuple of float
        One a label; slopes are not negative, so that no ranking is reversed.
    """

    slopes: tuple[float, ...]
    intercepts: tuple[float, ...]
    kind: ClassVar[str] = "platt"

    def __post_init__(self) -> None:
        _hold(self.slopes, lambda one: one >= 0, "slope")
        _hold(self.intercepts, lambda _: True, "intercept")
        if len(self.slopes) != len(self.intercepts):
            raise ValueError(f"{len(self.slopes)} slopes and {len(self.intercepts)} intercepts")

    def apply(self, proba: Array, *, multi: bool) -> Array:
        """Calibration each label."""
        said = 1 / (1 + np.exp(-(np.asarray(self.slopes) * log_odds(proba) + np.asarray(self.intercepts))))
        return said if multi else normalised(said)

    def plain(self) -> dict[str, Any]:
        """Return kind, slopes and intercepts."""
        return {"kind": self.kind, "slopes": list(self.slopes), "intercepts": list(self.intercepts)}


@dataclass(frozen=True)
class Isotonic:
    """Puts a rising staircase over each label's probability; rows are normalised again.

    Attributes
    ----------
    knots : tuple of (tuple of float, tuple of float)
        Each label's raw and calibrated probabilities; straight lines between, level beyond.
    """

    knots: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...]
    kind: ClassVar[str] = "isotonic"

    def __post_init__(self) -> None:
        for raw, said in self.knots:
            _hold((*raw, *said), lambda one: 0 <= one <= 1, "knot")
            if len(raw) != len(said) or not raw or list(raw) != sorted(raw) or list(said) != sorted(said):
                raise ValueError("knots do not rise")

    def apply(self, proba: Array, *, multi: bool) -> Array:
        """Calibration each label."""
        said = np.stack([np.interp(proba[:, k], *knots) for k, knots in enumerate(self.knots)], axis=1)
        return said if multi else normalised(said)

    def plain(self) -> dict[str, Any]:
        """Return kind and knots."""
        return {"kind": self.kind, "knots": [[list(raw), list(said)] for raw, said in self.knots]}


def read(data: Mapping[str, Any], labels: LabelSet) -> Calibrator:
    """Return the map that :meth:`Calibrator.plain` described.

    Raises
    ------
    KeyError, TypeError, ValueError
        Where the data are none.
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
        knots = tuple((_numbers(raw), _numbers(said)) for raw, said in data["knots"])
        _expect(len(knots), k)
        return Isotonic(knots)
    raise ValueError(f"calibration {kind!r}")


def tempered(proba: Array, temperatures: Sequence[float], *, multi: bool) -> Array:
    """Divide the logits behind probabilities by temperatures.

    Parameters
    ----------
    proba : (n, k) array
    temperatures : sequence of float
        Above 0; one, or one a label if ``multi``. 1 returns ``proba`` itself.
    multi : bool
        Each column is a probability of its own; else rows sum to 1.

    Examples
    --------
    >>> import numpy as np
    >>> tempered(np.array([[0.2, 0.8]]), [2.0], multi=False).round(3)   # √0.2 : √0.8 = 1 : 2
    array([[0.333, 0.667]])
    """
    if all(one == 1.0 for one in temperatures):
        return proba
    if multi:
        return np.asarray(1 / (1 + np.exp(-log_odds(proba) / np.asarray(temperatures))))
    logs = np.log(np.clip(proba, EDGE, 1 - EDGE))
    powered = np.exp((logs - logs.max(axis=1, keepdims=True)) / temperatures[0])
    return np.asarray(powered / powered.sum(axis=1, keepdims=True))


def log_odds(proba: Array) -> Array:
    """Return ``log(p / (1 - p))``; finite at 0 and 1."""
    inside = np.clip(proba, EDGE, 1 - EDGE)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def normalised(said: Array) -> Array:
    """Make rows sum to 1; a row of zeros becomes equal shares."""
    sums = said.sum(axis=1, keepdims=True)
    return np.where(sums > 0, said / np.where(sums > 0, sums, 1.0), 1 / said.shape[1])


def _numbers(values: Any) -> tuple[float, ...]:
    return tuple(float(one) for one in values)


def _expect(found: int, expected: int) -> None:
    if found != expected:
        raise ValueError(f"calibration of {found} labels, where there are {expected}")


def _hold(values: Sequence[float], sound: Callable[[float], bool], what: str) -> None:
    for one in values:
        if not (math.isfinite(one) and sound(one)):
            raise ValueError(f"{what} {one!r}")
