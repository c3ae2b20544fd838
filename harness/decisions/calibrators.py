"""Probabilities and what was true in, a frozen map from raw to calibrated probabilities out.

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
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from harness.labels import LabelSet

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Codes = NDArray[np.int64]

FEWEST = 5
"""A label with fewer items on either side (it applies, it does not) is left as the classifier said it."""

EDGE = 1e-12
"""Probabilities are moved this far from 0 and 1 before their logarithm is taken."""

COLDEST, HOTTEST = 0.01, 100.0
"""Bounds of a temperature."""


class Calibrator(Protocol):
    """A fitted map."""

    kind: ClassVar[str]

    def apply(self, proba: Array, *, multi: bool) -> Array:
        """Calibrate probabilities.

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

    def apply(self, proba: Array, *, multi: bool) -> Array:  # noqa: ARG002 - what every map takes
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
        """Calibrate; see :func:`tempered`."""
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
        """Calibrate each label."""
        import numpy as np

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
        """Calibrate each label."""
        import numpy as np

        said = np.stack([np.interp(proba[:, k], *knots) for k, knots in enumerate(self.knots)], axis=1)
        return said if multi else normalised(said)

    def plain(self) -> dict[str, Any]:
        """Return kind and knots."""
        return {"kind": self.kind, "knots": [[list(raw), list(said)] for raw, said in self.knots]}


def fit(kind: str, proba: Array, truth: Codes, labels: LabelSet) -> tuple[Calibrator, tuple[str, ...]]:
    """Fit a map.

    Parameters
    ----------
    kind : {"temperature", "platt", "isotonic", "none"}
    proba : (n, k) array
        Of rows that the classifier was not fitted on.
    truth : (n,) or (n, k) array
        Codes, or 0 and 1.
    labels : LabelSet

    Returns
    -------
    Calibrator
    tuple of str
        What a reader should know, a sentence each: labels that were left as they are.
    """
    if kind == "none":
        return Unchanged(), ()
    few = few_items(truth, labels)
    if not labels.multi and len(truth) < 2 * FEWEST:
        return Unchanged(), (
            f"Probabilities are the classifier's own: {len(truth)} rows are too few to calibrate by.",
        )
    notes: tuple[str, ...] = ()
    if few and (labels.multi or kind != "temperature"):
        names = ", ".join(labels.names[k] for k in few)
        notes = (
            f"Probabilities of {names} are the classifier's own: calibrate has fewer than {FEWEST} rows"
            " with or without the label.",
        )
    return FITS[kind](proba, truth, labels, few), notes


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
    import numpy as np

    if all(one == 1.0 for one in temperatures):
        return proba
    if multi:
        return np.asarray(1 / (1 + np.exp(-log_odds(proba) / np.asarray(temperatures))))
    logs = np.log(np.clip(proba, EDGE, 1 - EDGE))
    powered = np.exp((logs - logs.max(axis=1, keepdims=True)) / temperatures[0])
    return np.asarray(powered / powered.sum(axis=1, keepdims=True))


def log_odds(proba: Array) -> Array:
    """Return ``log(p / (1 - p))``; finite at 0 and 1."""
    import numpy as np

    inside = np.clip(proba, EDGE, 1 - EDGE)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def normalised(said: Array) -> Array:
    """Make rows sum to 1; a row of zeros becomes equal shares."""
    import numpy as np

    sums = said.sum(axis=1, keepdims=True)
    return np.where(sums > 0, said / np.where(sums > 0, sums, 1.0), 1 / said.shape[1])


def few_items(truth: Codes, labels: LabelSet) -> tuple[int, ...]:
    """Return the places of labels that too few rows have, or lack, to fit anything for them."""
    applies = of_labels(truth, labels)
    held = applies.sum(axis=0)
    return tuple(k for k in range(len(labels)) if min(held[k], len(applies) - held[k]) < FEWEST)


def of_labels(truth: Codes, labels: LabelSet) -> Codes:
    """Return which labels apply: ``(n, k)`` of 0 and 1 for either kind of task."""
    import numpy as np

    return truth if labels.multi else np.eye(len(labels), dtype=np.int64)[truth]


def _temperature(proba: Array, truth: Codes, labels: LabelSet, few: Sequence[int]) -> Temperature:
    if not labels.multi:
        return Temperature((_hottest(proba, truth, multi=False),))
    return Temperature(
        tuple(
            1.0 if k in few else _hottest(proba[:, [k]], truth[:, [k]], multi=True)
            for k in range(len(labels))
        )
    )


def _hottest(proba: Array, truth: Codes, *, multi: bool) -> float:
    """Minimise the log loss over a temperature.

    A weak prior, its logarithm being standard normal, keeps it finite where every row is right.
    """
    import numpy as np
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        said = tempered(proba, [math.exp(log_temperature)], multi=multi)
        true = np.where(truth == 1, said, 1 - said)[:, 0] if multi else said[np.arange(len(said)), truth]
        return float(-np.log(np.maximum(true, 1e-300)).sum() + log_temperature**2 / 2)

    bounds = (math.log(COLDEST), math.log(HOTTEST))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-5})
    return float(math.exp(found.x))


def _platt(proba: Array, truth: Codes, labels: LabelSet, few: Sequence[int]) -> Platt:
    odds, applies = log_odds(proba), of_labels(truth, labels)
    lines = [(1.0, 0.0) if k in few else _line(odds[:, k], applies[:, k]) for k in range(len(labels))]
    slopes, intercepts = zip(*lines, strict=True)
    return Platt(slopes, intercepts)


def _line(odds: Array, applies: Codes) -> tuple[float, float]:
    """Fit slope and intercept to Platt's softened targets, which keep both finite."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    true = int(applies.sum())
    high, low = (true + 1) / (true + 2), 1 / (len(applies) - true + 2)
    target = np.where(applies == 1, high, low)
    model = LogisticRegression(C=1e6, max_iter=1000)
    model.fit(
        np.concatenate([odds, odds])[:, None],
        np.repeat([1, 0], len(odds)),
        sample_weight=np.concatenate([target, 1 - target]),
    )
    slope, intercept = float(model.coef_[0, 0]), float(model.intercept_[0])
    if slope > 0:
        return slope, intercept
    # What it says of this label is no better than chance: state how often the label applies.
    return 0.0, math.log(target.mean() / (1 - target.mean()))


def _isotonic(proba: Array, truth: Codes, labels: LabelSet, few: Sequence[int]) -> Isotonic:
    from sklearn.isotonic import IsotonicRegression

    applies, knots = of_labels(truth, labels), []
    # Nothing is certain after so many rows: Laplace's rule bounds what is said.
    least = 1 / (len(truth) + 2)
    for k in range(len(labels)):
        if k in few:
            knots.append(((0.0, 1.0), (0.0, 1.0)))
            continue
        model = IsotonicRegression(y_min=least, y_max=1 - least).fit(proba[:, k], applies[:, k])
        knots.append((tuple(model.X_thresholds_.tolist()), tuple(model.y_thresholds_.tolist())))
    return Isotonic(tuple(knots))


FITS: Mapping[str, Callable[[Array, Codes, LabelSet, Sequence[int]], Calibrator]] = MappingProxyType(
    {"temperature": _temperature, "platt": _platt, "isotonic": _isotonic}
)


def _numbers(values: Any) -> tuple[float, ...]:
    return tuple(float(one) for one in values)


def _expect(found: int, expected: int) -> None:
    if found != expected:
        raise ValueError(f"calibration of {found} labels, where there are {expected}")


def _hold(values: Sequence[float], sound: Callable[[float], bool], what: str) -> None:
    for one in values:
        if not (math.isfinite(one) and sound(one)):
            raise ValueError(f"{what} {one!r}")
