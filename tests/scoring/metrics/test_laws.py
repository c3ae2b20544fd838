"""Laws that hold for every metric of the catalogue, and a broken metric that each law must catch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from harness.scoring.aligned import AlignedPredictions
from harness.scoring.metrics.metric import Metric
from harness.scoring.metrics.selection import refusal
from harness.scoring.score import drawn_values, seed_values
from harness.scoring.statistics.bootstrap import Draws
from harness.values.catalog import CATALOGUES, lookup
from harness.values.labels import LabelSet
from tests.scoring.metrics import toy_samples
from tests.scoring.metrics.toy_samples import MULTI, SIDES, SINGLE, Recipe

LABEL_SETS = (SINGLE, SIDES, MULTI, LabelSet(("conflict",), multi=True), LabelSet(("a", "b", "c", "d", "e")))
Law = Callable[[Metric, LabelSet], None]


def values(sample: AlignedPredictions, metric: Metric) -> dict[str, np.ndarray]:
    """Each key's value under each seed."""
    by_seed = seed_values(sample, metric).reshape(len(sample.seeds), -1)
    return dict(zip(metric.keys(sample.ordered(metric.needs_labels).labels), by_seed.T, strict=True))


def same(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> None:
    assert first.keys() == second.keys()
    for key, value in first.items():
        np.testing.assert_allclose(value, second[key], rtol=0, atol=1e-12, err_msg=key)


def law_claims(metric: Metric, labels: LabelSet) -> None:
    """It says where it is defined, its range is one, and it reads probabilities if and only if it says so."""
    assert metric.reference
    assert metric.low < metric.high
    assert metric.weighted <= (metric.kind == "table")
    sample = toy_samples.sample(Recipe(labels, skill=0.5))
    flatter = replace(
        sample,
        proba=np.sqrt(sample.proba) / (1 if labels.multi else np.sqrt(sample.proba).sum(-1, keepdims=True)),
    )
    unchanged = [
        np.array_equal(a, b)
        for a, b in zip(values(sample, metric).values(), values(flatter, metric).values(), strict=True)
    ]
    # A ranking does not change when all probabilities of a label are moved in the same way.
    assert metric.probabilities or all(unchanged)
    if metric.kind == "items" or metric.name.startswith("ece"):
        assert metric.probabilities != all(unchanged)


def law_range(metric: Metric, labels: LabelSet) -> None:
    """It never leaves its range, however good or bad, sharp or flat, small or lacking in labels."""
    for root in range(6):
        for skill in (-3.0, 0.0, 3.0):
            for sharpness in (0.1, 40.0):
                for n in (1, 7, 60):
                    sample = toy_samples.sample(Recipe(labels, n=n, skill=skill, sharpness=sharpness), root)
                    for key, value in values(sample, metric).items():
                        assert ((value >= metric.low) & (value <= metric.high)).all(), f"{key}: {value}"


def law_direction(metric: Metric, labels: LabelSet) -> None:
    """Perfect predictions reach the better end of its range; chance stays short of it."""
    best, sign = (metric.high, 1) if metric.direction == "higher" else (metric.low, -1)
    for value in values(toy_samples.perfect(Recipe(labels)), metric).values():
        np.testing.assert_allclose(value, best, rtol=0, atol=1e-12)
    for value in values(toy_samples.sample(Recipe(labels, skill=0.0, sharpness=4.0)), metric).values():
        assert (sign * (best - value) > 0.01).all()


def law_order(metric: Metric, labels: LabelSet) -> None:
    """The order of rows means nothing, ties or not."""
    sample = toy_samples.sample(Recipe(labels))
    tied = replace(sample, proba=np.round(sample.proba, 1)) if labels.multi else _coarse(sample)
    shuffled = np.random.default_rng(1).permutation(len(sample))
    for variant in (sample, tied):
        same(values(variant.at(shuffled), metric), values(variant, metric))


def _coarse(sample: AlignedPredictions) -> AlignedPredictions:
    """Rows of few different probabilities, which still sum to 1."""
    proba = np.round(sample.proba * 8) + 1.0
    return replace(sample, proba=proba / proba.sum(axis=-1, keepdims=True))


def law_draws(metric: Metric, labels: LabelSet) -> None:
    """All draws at once are what each draw is alone."""
    sample = toy_samples.sample(Recipe(labels)).ordered(metric.needs_labels)
    weights = next(Draws(sample.n_clusters, 5, 0).blocks())
    together = drawn_values(sample, metric, weights)
    alone = np.concatenate([drawn_values(sample, metric, weight[None]) for weight in weights])
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-12)


def law_resampling(metric: Metric, labels: LabelSet) -> None:
    """Counting an item twice is having it twice; to a debiased metric, it is counting it more."""
    sample = toy_samples.sample(Recipe(labels)).ordered(metric.needs_labels)
    for weights in next(Draws(sample.n_clusters, 3, 1).blocks()):
        if metric.debiased:
            once, thrice = (drawn_values(sample, metric, times * weights[None]) for times in (1, 3))
            np.testing.assert_allclose(once, thrice, rtol=0, atol=1e-6)
            continue
        repeated = sample.at(np.repeat(np.arange(len(sample)), weights[sample.clusters].astype(int)))
        whole = np.ones((1, repeated.n_clusters), dtype=np.float32)
        counted = drawn_values(sample, metric, weights[None])
        np.testing.assert_allclose(counted, drawn_values(repeated, metric, whole), rtol=0, atol=1e-12)


def law_size(metric: Metric, labels: LabelSet) -> None:
    """All items twice over score as they do once; a debiased metric takes less off them."""
    sample = toy_samples.sample(Recipe(labels))
    twice, once = values(sample.at(np.tile(np.arange(len(sample)), 2)), metric), values(sample, metric)
    if metric.debiased:
        assert all((twice[key] >= value).all() for key, value in once.items())
        assert any((twice[key] > value).any() for key, value in once.items())
        return
    same(twice, once)


def law_names(metric: Metric, labels: LabelSet) -> None:
    """Labels are known by their names: their order in the label set means nothing."""
    sample = toy_samples.sample(Recipe(labels))
    same(values(sample.ordered(labels.names[::-1]), metric), values(sample, metric))


LAWS: tuple[Law, ...] = (
    law_claims,
    law_range,
    law_direction,
    law_order,
    law_draws,
    law_resampling,
    law_size,
    law_names,
)

CASES = [
    pytest.param(
        law,
        lookup("metric", name, ""),
        labels,
        id=f"{law.__name__[4:]}-{name}-{len(labels)}{'m' if labels.multi else ''}",
    )
    for law in LAWS
    for name in CATALOGUES["metric"]
    for labels in LABEL_SETS
    if not refusal(lookup("metric", name, ""), labels)
]


@pytest.mark.parametrize(("law", "metric", "labels"), CASES)
def test_law(law: Law, metric: Metric, labels: LabelSet) -> None:
    law(metric, labels)


def hits(table: np.ndarray) -> np.ndarray:
    return np.trace(table, axis1=-2, axis2=-1)


def share(table: np.ndarray) -> np.ndarray:
    return hits(table) / np.maximum(table.sum(axis=(-2, -1)), 1)


def counts(function: Callable[[np.ndarray], np.ndarray], **claims: object) -> Metric:
    return replace(Metric("broken", function, "counts", "single", reference="none"), **claims)


def table(function: Callable[..., object], **claims: object) -> Metric:
    return replace(
        Metric("broken", function, "table", "single", reference="none", probabilities=True), **claims
    )


def sure(truth: np.ndarray, proba: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    return proba.max(axis=1)


BROKEN_METRICS: dict[str, tuple[Law, Metric]] = {
    "without a source": (law_claims, counts(share, reference="")),
    "range of nothing": (law_claims, counts(share, low=1.0)),
    "reads probabilities without a claim": (
        law_claims,
        Metric("broken", sure, "items", "single", reference="none"),
    ),
    "weights without a table": (law_claims, counts(share, weighted=True)),
    "beyond its range": (law_range, counts(lambda c: 1.2 * share(c))),
    "not a number": (law_range, counts(lambda c: hits(c)[..., None] / c.sum(-1), per_label=True)),
    "better the lower": (law_direction, counts(share, direction="lower")),
    "never at its best": (law_direction, counts(lambda c: 0.9 * share(c))),
    "at its best by chance": (law_direction, counts(lambda c: np.ones(c.shape[:-2]))),
    "looks at the first row": (law_order, table(lambda t, p: p[0, t[0]])),
    "ranks ties as they come": (
        law_order,
        table(lambda t, p: (np.argsort(p[:, 0], kind="stable") * (t == 0)).mean() / len(t)),
    ),
    "mixes draws": (law_draws, counts(lambda c: share(c) * 0 + share(c).mean())),
    "ignores weights": (
        law_resampling,
        table(lambda t, p, w: np.full(w.shape[:-1], p[np.arange(len(t)), t].mean()), weighted=True),
    ),
    "grows with the test set": (law_size, counts(lambda c: 1 - 1 / (1 + hits(c)))),
    "the first label's recall": (
        law_names,
        counts(lambda c: c[..., 0, 0] / np.maximum(c[..., 0, :].sum(-1), 1)),
    ),
}


@pytest.mark.filterwarnings("ignore:.*encountered in divide:RuntimeWarning")
@pytest.mark.parametrize("name", BROKEN_METRICS)
def test_a_broken_metric_is_caught(name: str) -> None:
    law, metric = BROKEN_METRICS[name]
    with pytest.raises(AssertionError):
        law(metric, SINGLE)


@pytest.mark.parametrize("law", LAWS)
def test_every_law_catches_a_broken_metric_and_passes_an_honest_one(law: Law) -> None:
    assert law in {caught for caught, _ in BROKEN_METRICS.values()}
    law(counts(share), SINGLE)
