"""Folds and repeats: intervals about a classifier trained anew, the parts of their variance, and cautions."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from golden import Golden

from harness.scoring.aligned import AlignedPredictions, Design
from harness.scoring.comparison import Comparison, compare
from harness.scoring.comparison.disagreement import RunItems
from harness.scoring.limitations import limitations
from harness.scoring.metrics.selection import resolve
from harness.scoring.retraining import described, first_repeat, folds_run_once, question, stretch
from harness.scoring.score import interval_of, label_counts, score
from harness.scoring.slice_tests import slice_results
from harness.scoring.slices import Slice
from harness.scoring.variance import score_variance
from harness.values.labels import STANCE
from harness.values.tables import Predictions

N, ARTICLES = 240, 80
(F1_MACRO,) = resolve(["f1_macro"], "f1_macro", STANCE)


def cross_validated(
    name: str = "a", *, folds: int = 4, repeats: int = 1, n_seeds: int = 1, unstable: float = 0.3
) -> Predictions:
    """A run whose models of one item agree the less, the more unstable it is; right in two of three items."""
    stream, parts = np.random.default_rng(sum(map(ord, name))), []
    truth = np.arange(N) % 3
    steady = np.where(stream.random(N) < 0.67, truth, (truth + 1) % 3)
    names = np.array(STANCE.names, dtype=object)
    for seed in range(1, n_seeds + 1):
        for repeat in range(repeats):
            anew = np.where(stream.random(N) < 0.67, truth, (truth + 1) % 3)
            predicted = np.where(stream.random(N) < unstable, anew, steady)
            partition = np.random.default_rng(repeat).permutation(np.arange(ARTICLES) % folds)
            fold = 1 + repeat * folds + partition[np.arange(N) // 3]
            columns = {"run": name, "split": "test", "seed": seed, "fold": fold if folds > 1 else 0}
            columns |= {"id": [f"i{index:03}" for index in range(N)], "target": "t"}
            columns |= {"group": [f"g{index // 3}" for index in range(N)]}
            columns |= {"truth": names[truth], "prediction": names[predicted]}
            columns |= {f"p_{label}": np.eye(3)[predicted][:, k] for k, label in enumerate(STANCE.names)}
            parts.append(pd.DataFrame(columns))
    return Predictions(STANCE, pd.concat(parts, ignore_index=True))


def compared(**options: float) -> Comparison:
    runs = [(name, cross_validated(name, **options)) for name in "ab"]  # type: ignore[arg-type]
    return compare(runs, "f1_macro", draws=2_000)


def test_items_are_counted_once_however_often_they_are_scored() -> None:
    table = cross_validated(repeats=3)
    rows = score(table, [F1_MACRO], draws=100).rows
    assert rows["n"].tolist() == [N]
    assert label_counts(AlignedPredictions.of(table)).tolist() == [N // 3] * 3
    (part,) = slice_results(table, [Slice("half", "yes", frozenset(table.rows["id"][:120]))], draws=200)
    assert (part.n, part.groups) == (120, 40)
    assert len(first_repeat(table)) == N
    assert set(first_repeat(table).rows["fold"]) == {1, 2, 3, 4}


@pytest.mark.parametrize(("repeats", "n_seeds"), [(1, 1), (3, 1), (3, 2)])
def test_an_interval_about_the_classifier_is_that_about_its_models_stretched(
    repeats: int, n_seeds: int
) -> None:
    sample = AlignedPredictions.of(cross_validated(repeats=repeats, n_seeds=n_seeds))
    factor = stretch(sample)
    # At least by the rule of the folds, more where the repeats disagree.
    assert factor >= math.sqrt(1 / repeats + 4 / 3)
    ends = [interval_of(sample, F1_MACRO, draws=500, anew=anew) for anew in (True, False)]
    (low, high), (inner_low, inner_high) = ends
    assert (high - low) / (inner_high - inner_low) == pytest.approx(factor)


def test_repeats_that_disagree_widen_and_more_repeats_narrow() -> None:
    unstable, steady = (
        stretch(AlignedPredictions.of(cross_validated(repeats=4, unstable=share))) for share in (0.6, 0.0)
    )
    assert unstable > steady
    assert steady == pytest.approx(math.sqrt(1 / 4 + 4 / 3))
    widths = []
    for repeats in (1, 10):
        sample = AlignedPredictions.of(cross_validated(repeats=repeats))
        low, high = interval_of(sample, F1_MACRO, draws=500)
        widths.append(float(high[0] - low[0]))
    assert widths[1] < widths[0]


def test_a_single_test_set_is_about_its_fitted_model() -> None:
    variance = score_variance(cross_validated(folds=1), F1_MACRO)
    assert stretch(AlignedPredictions.of(cross_validated(folds=1))) == 1
    assert math.isnan(variance.training)
    assert math.isnan(variance.seeds)
    assert variance.shares["items"] == 1


@pytest.mark.parametrize(("repeats", "n_seeds"), [(1, 1), (2, 1), (3, 3)])
def test_the_parts_of_the_variance(repeats: int, n_seeds: int) -> None:
    table = cross_validated(repeats=repeats, n_seeds=n_seeds)
    variance = score_variance(table, F1_MACRO)
    assert variance.design == Design(4, repeats)
    assert variance.measured == (repeats > 1)
    assert math.isnan(variance.seeds) == (n_seeds == 1)
    assert sum(share for share in variance.shares.values() if not math.isnan(share)) == pytest.approx(1)
    known = variance.items**2 + (variance.seeds**2 if n_seeds > 1 else 0)
    factor = stretch(AlignedPredictions.of(table))
    assert variance.training**2 == pytest.approx((factor**2 - 1) * known)


def test_differences_of_cross_validated_runs_are_wider_than_over_items() -> None:
    (pair,) = compared(repeats=3).pairs
    factor = max(stretch(AlignedPredictions.of(cross_validated(name, repeats=3))) for name in "ab")
    difference = pair.difference
    assert difference.se_training > 0
    assert difference.se == pytest.approx(factor * difference.se_items)
    assert (difference.low < 0 < difference.high) == (difference.p > 0.05)
    (single,) = compared(folds=1).pairs
    assert single.difference.se_training == 0


def test_a_comparison_says_what_it_is_about_and_gives_both_intervals() -> None:
    folds, single = compared(repeats=2), compared(folds=1)
    assert folds.n_items == single.n_items == N
    assert folds.question != single.question
    for run in folds.runs:
        assert run.low < run.fitted_low < run.value < run.fitted_high < run.high
    assert single.fitted_sentence == ""
    assert [(run.low, run.high) for run in single.runs] == [
        (run.fitted_low, run.fitted_high) for run in single.runs
    ]
    # McNemar's test is about two fitted models.
    assert "McNemar" in folds.omitted_tests


def test_folds_of_other_repeats_are_not_compared() -> None:
    runs = [("a", cross_validated("a", repeats=2)), ("b", cross_validated("b", repeats=2))]
    comparison = compare([*runs, ("c", cross_validated("c"))], "f1_macro", draws=2_000)
    assert list(comparison.refused) == ["c"]


def test_disagreement_is_over_all_models() -> None:
    items = RunItems.of(cross_validated(repeats=3, n_seeds=2))
    assert len(items.sample) == N
    assert len(items.sample.seeds) == 6
    assert set(np.unique(items.correct * 6).round().astype(int)) <= set(range(7))


@pytest.mark.parametrize(("folds", "repeats", "warned"), [(1, 1, False), (4, 1, True), (4, 2, False)])
def test_folds_that_were_run_once_are_a_caution(folds: int, repeats: int, warned: bool) -> None:
    design = Design(folds, repeats)
    sentence = folds_run_once(design)
    assert bool(sentence) == warned
    table = cross_validated(folds=folds, repeats=repeats)
    of_run = [line for line in limitations(table) if sentence and sentence in line]
    in_comparison = [
        line for line in compared(folds=folds, repeats=repeats).limitations if sentence[4:] in line
    ]
    assert (len(of_run) == 1) == warned
    assert len(in_comparison) == 1 if warned else True


def test_the_words(golden: Golden) -> None:
    lines = [
        f"{described(Design(folds, repeats))}, {n_seeds} seeds: {question(Design(folds, repeats), n_seeds)}"
        for folds, repeats, n_seeds in ((1, 1, 1), (1, 1, 5), (5, 1, 1), (5, 10, 2))
    ]
    golden(
        "scoring/trained-anew",
        "\n".join([*lines, folds_run_once(Design(5)), compared(repeats=2).fitted_sentence]),
    )
