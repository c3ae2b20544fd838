from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep

from harness.scoring.statistics.corrected_share import Predicted, SampleCounts, ShareFit, fit_share
from harness.scoring.statistics.labels_needed import labels_needed, row_spread
from harness.scoring.statistics.sample_design import SampleDesign
from harness.scoring.statistics.share_difference import share_difference


def gold_alone(
    first: int, second: int, n: int = 100, rows: int = 100_000
) -> tuple[ShareFit, ShareFit, SampleDesign]:
    """Two groups, ``n`` labels each, so many with the label; the model predicts nothing."""
    group = np.repeat([0, 1], n)
    label = np.concatenate([np.arange(n) < first, np.arange(n) < second]).astype(float)
    design = SampleDesign.of(np.full(2 * n, n / rows), group, article=np.arange(2 * n))
    fits = []
    for code in (0, 1):
        inside = group == code
        counts = SampleCounts(
            label * inside, inside.astype(float), np.zeros(2 * n), inside.astype(float), inside
        )
        fit = fit_share(
            Predicted(np.zeros(rows), np.ones(rows), np.arange(rows) + code * rows), counts, design, power=0.0
        )
        assert fit is not None
        fits.append(fit)
    return fits[0], fits[1], design


@pytest.mark.parametrize(("first", "second"), [(40, 25), (30, 30), (60, 12)])
def test_the_interval_of_independent_counts_is_that_of_newcombe(first: int, second: int) -> None:
    fits = gold_alone(first, second)
    difference = share_difference(*fits)
    low, high = confint_proportions_2indep(first, 100, second, 100, method="newcomb", compare="diff")
    assert difference.value == pytest.approx((first - second) / 100)
    # Ours is by Student's t on 99 degrees of freedom.
    assert (difference.low, difference.high) == (
        pytest.approx(low, abs=0.003),
        pytest.approx(high, abs=0.003),
    )


def test_the_p_value_is_where_the_interval_begins_to_leave_out_nothing() -> None:
    for second, below in ((25, True), (28, False)):
        difference = share_difference(*gold_alone(40, second))
        assert (difference.p < 0.05) is (difference.low > 0) is below
    assert share_difference(*gold_alone(30, 30)).p == 1.0
    forwards, backwards = share_difference(*gold_alone(40, 25)), share_difference(*gold_alone(25, 40))
    assert backwards.p == pytest.approx(forwards.p)
    assert (backwards.low, backwards.high) == (pytest.approx(-forwards.high), pytest.approx(-forwards.low))
    assert share_difference(*gold_alone(90, 10)).p <= 1e-11


def test_a_shared_article_makes_a_difference_known_better_in_the_stream() -> None:
    # Both groups stand in the same articles, whose rows lean alike: what articles came does not matter.
    articles = np.repeat(np.arange(50), 4)
    lean = (np.arange(50) % 2 == 0).astype(float)[articles]
    inside = [np.arange(200) % 2 == code for code in (0, 1)]
    design = SampleDesign.of(np.full(200, 0.99), np.zeros(200, dtype=np.int64), article=articles)
    fits = [
        fit_share(
            Predicted(lean[mask], np.ones(100), articles[mask]),
            SampleCounts(lean * mask, mask.astype(float), lean * mask, mask.astype(float), mask),
            design,
        )
        for mask in inside
    ]
    first, second = fits
    assert first is not None
    assert second is not None
    difference = share_difference(first, second, design, stream=True)
    alone = first.bounds(stream=True)
    assert difference.high - difference.low < 0.2 * (alone[1] - alone[0])


def test_labels_needed_are_those_that_give_the_interval() -> None:
    fit, _, _ = gold_alone(30, 30)
    # 1.96² * .3 * .7 * 100/99 / .03² = 905.4; of 100,000 rows a few less.
    assert labels_needed(row_spread(fit, 100_000, 100), 100_000, 0.03) == pytest.approx(898, abs=2)
    # Articles that vary by .02 cannot be known to .03 either way; by .01 they can.
    assert math.isinf(labels_needed(0.21, 100_000, 0.03, of_articles=0.02**2))
    assert 900 < labels_needed(0.21, 100_000, 0.03, of_articles=0.01**2) < 2_000
    # Never more than there are.
    assert labels_needed(0.21, 120, 0.001) == 120
    # 20 labels of which none is wrong do not show that none will be: one in 22 may be.
    assert row_spread(
        ShareFit(0.3, (0.0, 0.0), (19, 19), None, 1.0, fit.influence, fit.articles), 500, 20
    ) == (pytest.approx(1 / 22 * 21 / 22))
