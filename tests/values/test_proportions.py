"""Wilson's interval and McNemar's test: by hand in the docstrings, here against statsmodels."""

import itertools

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

from harness.values.proportions import mcnemar_p, wilson


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_wilson_is_that_of_statsmodels(level: float) -> None:
    cases = [(hits, n) for n in (1, 2.5, 30, 1000) for hits in (0, n / 3, n)]
    for hits, n in cases:
        expected = proportion_confint(hits, n, alpha=1 - level, method="wilson")
        assert wilson(hits, n, level) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("exact", [True, False])
def test_mcnemar_is_that_of_statsmodels(exact: bool) -> None:
    for first, second in itertools.product((0, 1, 7, 40), (1, 2, 12, 41)):
        expected = mcnemar(np.array([[3, first], [second, 5]]), exact=exact).pvalue
        assert mcnemar_p(first, second, exact=exact) == pytest.approx(float(expected), abs=1e-15)
