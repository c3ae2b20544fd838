"""Predictions of unlabelled rows, and a classifier's errors on labelled ones, in; shares of labels out.

Both methods suppose label shift: that the sentences of a label are alike in the labelled and the unlabelled
rows, and only how many there are differs. Nothing in the data can show that it holds.

``acc``
    Adjusted classify and count: the mix of labels that explains how often each label was predicted, given
    how often each is taken for which (Forman 2008; in several classes by constrained least squares, Hopkins &
    King 2010, Bunse 2022).
``emq``
    Expectation maximisation on probabilities (Saerens, Latinne & Decaestecker 2002): the mix under which the
    probabilities, adjusted to it, are that mix on average. It supposes calibrated probabilities, too.

Own code, tested against brute force: quapy has both (BSD licence), and would bring nine more packages for the
two formulas.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.scoring.aligned import effective_number
from harness.scoring.statistics.bootstrap import Draws, by_cluster, interval, totals
from harness.scoring.statistics.share_intervals import ShareEstimate
from harness.values import seeds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]
    Codes = NDArray[np.int64]

Method = Literal["acc", "emq"]
METHODS: tuple[Method, ...] = ("acc", "emq")

DRAWS = {"acc": 1_000, "emq": 200}
"""Of the bootstrap; each draw of ``emq`` passes over all rows several times."""

MAX_CONDITION = 50.0
"""From this condition number on, labels are confused so much that a share says nothing: an error of one point
in how often a label is predicted may move its share by fifty."""

_TOLERANCE, _STEPS = 1e-6, 1_000


@dataclass(frozen=True)
class LabelledErrors:
    """What a classifier does on labelled rows.

    Attributes
    ----------
    truth, predicted : (n,) array
        Label codes.
    proba : (n, k) array
        NaN without probabilities.
    clusters : (n,) array
        Codes from 0.
    seeds : (n,) array, optional
        Codes from 0 of the seeds that predicted the rows; None: one model did. Which of several seeds
        labelled the unlabelled rows is not known.
    """

    truth: Codes
    predicted: Codes
    proba: Reals
    clusters: Codes
    seeds: Codes | None = None

    def by_cluster_and_seed(self, values: Reals) -> Reals:
        """Sum values of rows, ``(n, m)``, to ``(n_clusters, n_seeds, m)``."""
        n_clusters = int(self.clusters.max()) + 1
        if self.seeds is None:
            return by_cluster(values, self.clusters, n_clusters)[:, None]
        n_seeds = int(self.seeds.max()) + 1
        sums = by_cluster(values, self.clusters * n_seeds + self.seeds, n_clusters * n_seeds)
        return sums.reshape(n_clusters, n_seeds, -1)

    @property
    def rates(self) -> Reals:
        """How often each label is taken for which, ``(k, k)`` as ``[predicted, true]``; columns sum to 1."""
        k = self.proba.shape[1]
        table = np.bincount(self.truth * k + self.predicted, minlength=k * k).reshape(k, k)
        return _rates(table.astype(float))

    @property
    def condition(self) -> float:
        """The condition number of :attr:`rates`: 1 where nothing is confused, infinite where all is.

        Where a label is predicted alike whatever is true, no mix of labels can be told from another.
        """
        singular = np.linalg.svd(self.rates, compute_uv=False)
        return float(singular[0] / singular[-1]) if singular[-1] > 1e-12 * singular[0] else float("inf")


@dataclass(frozen=True)
class UnlabelledRows:
    """What the classifier predicts for rows whose labels are unknown.

    Attributes
    ----------
    predicted : (n,) array
        Label codes.
    proba : (n, k) array
        Calibrated; NaN without probabilities.
    clusters : (n,) array
        Any codes: rows of one article are drawn together.
    """

    predicted: Codes
    proba: Reals
    clusters: Codes


def quantify(
    rows: UnlabelledRows, errors: LabelledErrors, method: Method = "acc", *, seed: int = 0
) -> list[ShareEstimate]:
    """Estimate the share of each label among rows without labels.

    Parameters
    ----------
    rows : UnlabelledRows
        At least one.
    errors : LabelledErrors
        Every label occurs.
    method : {"acc", "emq"}
    seed : int
        Of the bootstrap, which draws both labelled and unlabelled rows, by their clusters, and one of several
        seeds for each draw.

    Returns
    -------
    list of ShareEstimate
        One a label, with 95 % intervals for the stream that the rows are from; NaN where the labels are
        confused too much, see :data:`MAX_CONDITION`.
    """
    k = rows.proba.shape[1]
    if method == "acc" and not errors.condition < MAX_CONDITION:
        return [ShareEstimate(*(4 * [float("nan")]))] * k
    codes = np.unique(rows.clusters, return_inverse=True)[1]
    n_draws = DRAWS[method]
    of_rows = np.concatenate(list(Draws(int(codes.max()) + 1, n_draws, seed).blocks()))
    # A stream of its own: labelled and unlabelled rows are unrelated.
    of_errors = np.concatenate(
        list(Draws(int(errors.clusters.max()) + 1, n_draws, seeds.derive(seed, "quantification")).blocks())
    )
    estimate = _acc_draws if method == "acc" else _emq_draws
    value, drawn = estimate(rows, errors, codes, of_rows, _Resamples(of_errors, seed))
    clusters = min(effective_number(codes), effective_number(errors.clusters))
    low, high = interval(drawn, clusters=clusters)
    se = np.nanstd(drawn, axis=0, ddof=1)
    return [ShareEstimate(*map(float, numbers)) for numbers in zip(value, low, high, se, strict=True)]


def adjusted_count(rates: Reals, shares: Reals) -> Reals:
    """Return the mix of labels that best explains the predicted shares.

    Parameters
    ----------
    rates : (..., k, k) array
        As ``[predicted, true]``; columns sum to 1.
    shares : (..., k) array
        Predicted shares.

    Returns
    -------
    (..., k) array
        The ``π`` with ``π ≥ 0`` and sum 1 that makes ``|rates π - shares|²`` least.

    Notes
    -----
    The least on the simplex is the least on the plane through one of its faces: each face is solved, and the
    best solution without a negative share is taken. A handful of labels has few faces.
    """
    k = rates.shape[-1]
    best, least = np.full(shares.shape, np.nan), np.full(shares.shape[:-1], np.inf)
    for face in (list(each) for size in range(1, k + 1) for each in itertools.combinations(range(k), size)):
        solution = np.zeros(shares.shape)
        solution[..., face] = _on_face(rates[..., face], shares)
        loss = (((rates @ solution[..., None])[..., 0] - shares) ** 2).sum(axis=-1)
        inside = (solution >= -1e-12).all(axis=-1)
        # Up to rounding the smaller face: where it explains as much, the other labels need not occur.
        better = inside & (loss < least - 1e-15)
        best, least = np.where(better[..., None], solution, best), np.where(better, loss, least)
    return np.asarray(np.clip(best, 0.0, 1.0), dtype=np.float64)


def expectation_maximisation(proba: Reals, prior: Reals, weights: Reals, start: Reals | None = None) -> Reals:
    """Return the mix of labels under which adjusted probabilities are that mix on average.

    Parameters
    ----------
    proba : (n, k) array
        Calibrated for ``prior``.
    prior : (k,) array
        The mix of the labelled rows; above 0.
    weights : (n,) array
        How often each row counts.
    start : (k,) array, optional
        Where the search begins; above 0.
    """
    mix = prior if start is None else start
    # Rows that do not count, and equal rows, need not be passed over again and again.
    proba, weights = proba[weights > 0], weights[weights > 0] / weights.sum()
    ratio = proba / prior
    for _ in range(_STEPS):
        posterior = ratio * mix
        posterior /= np.maximum(posterior.sum(axis=1, keepdims=True), 1e-300)
        following = weights @ posterior
        if np.abs(following - mix).max() < _TOLERANCE:
            return np.asarray(following, dtype=np.float64)
        mix = following
    return np.asarray(mix)


def _on_face(columns: Reals, shares: Reals) -> Reals:
    """Return the least squares of some columns whose coefficients sum to 1, ``(..., s)``."""
    last = columns[..., -1]
    if columns.shape[-1] == 1:
        return np.ones((*shares.shape[:-1], 1))
    # The last coefficient is 1 less the others.
    differences = columns[..., :-1] - last[..., None]
    others = (np.linalg.pinv(differences) @ (shares - last)[..., None])[..., 0]
    return np.concatenate([others, 1 - others.sum(axis=-1, keepdims=True)], axis=-1)


def _rates(tables: Reals) -> Reals:
    """Turn ``(..., true, predicted)`` counts into rates ``(..., predicted, true)``."""
    of_label = tables.sum(axis=-1, keepdims=True)
    # A draw without an item of a label takes every label to be predicted for it alike.
    shares = np.where(of_label > 0, tables / np.where(of_label > 0, of_label, 1.0), 1 / tables.shape[-1])
    return np.swapaxes(shares, -1, -2)


@dataclass(frozen=True)
class _Resamples:
    """Draws of labelled rows: how often each cluster was drawn, ``(draws, n_clusters)``, and a root seed."""

    weights: Reals
    root: int

    def totals(self, sums: Reals) -> Reals:
        """Return sums over clusters of one seed a draw, ``(draws, m)``, from ``(n_clusters, n_seeds, m)``."""
        drawn = totals(self.weights, sums)
        # Each draw sees one seed, as the unlabelled rows did.
        stream = seeds.generator(self.root, "quantification", "seeds")
        chosen = stream.integers(0, sums.shape[1], size=len(drawn))
        return np.asarray(drawn[np.arange(len(drawn)), chosen], dtype=np.float64)


def _acc_draws(
    rows: UnlabelledRows, errors: LabelledErrors, codes: Codes, of_rows: Reals, of_errors: _Resamples
) -> tuple[Reals, Reals]:
    k = rows.proba.shape[1]
    one_hot = np.eye(k)
    given = by_cluster(one_hot[rows.predicted], codes, int(codes.max()) + 1)
    cells = np.eye(k * k)[errors.truth * k + errors.predicted]
    tables = of_errors.totals(errors.by_cluster_and_seed(cells)).reshape(-1, k, k)
    value = adjusted_count(errors.rates, given.sum(axis=0) / len(rows.predicted))
    counts = totals(of_rows, given)
    # Half a row a label in each draw (over its cells): errors that were not seen may yet occur.
    drawn = adjusted_count(_rates(tables + 0.5 / k), counts / counts.sum(axis=1, keepdims=True))
    return value, drawn


def _emq_draws(
    rows: UnlabelledRows, errors: LabelledErrors, codes: Codes, of_rows: Reals, of_errors: _Resamples
) -> tuple[Reals, Reals]:
    sums = errors.by_cluster_and_seed(errors.proba)
    # The mix that the probabilities are calibrated for: what they say of the labelled rows.
    prior = sums.sum(axis=(0, 1)) / len(errors.truth)
    value = expectation_maximisation(rows.proba, prior, np.ones(len(codes)))
    of_labels = of_errors.totals(sums)
    start = np.maximum(value, 1e-6)
    drawn = [
        expectation_maximisation(rows.proba, each / each.sum(), weights[codes].astype(float), start)
        for weights, each in zip(of_rows, of_labels, strict=True)
    ]
    return value, np.array(drawn)
