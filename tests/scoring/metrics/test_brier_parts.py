from __future__ import annotations

import numpy as np
import pytest

from harness.scoring.metrics.brier_parts import BrierParts, brier_parts
from harness.scoring.metrics.calibration import brier


def parts(decomposition: BrierParts) -> tuple[float, float, float]:
    return decomposition.miscalibration, decomposition.discrimination, decomposition.uncertainty


def test_statements_that_tell_nothing_apart_are_only_miscalibrated() -> None:
    # Score (.04 + .64 + .64 + .04) / 4 = .34; recalibrated each says .5: .25, as does who states the share.
    decomposition = brier_parts(np.array([[1], [0], [1], [0]]), np.array([[0.8], [0.8], [0.2], [0.2]]))
    assert parts(decomposition) == pytest.approx((0.09, 0.0, 0.25))


def test_modest_statements_that_tell_all_apart_lose_little() -> None:
    # Score .01; recalibrated they are right: 0; both classes of a single label add up, so all counts twice.
    truth, proba = np.array([1, 0, 1, 0]), np.array([[0.1, 0.9], [0.9, 0.1], [0.1, 0.9], [0.9, 0.1]])
    assert parts(brier_parts(truth, proba)) == pytest.approx((0.02, 0.5, 0.5))
    assert parts(brier_parts(truth[:, None], proba[:, 1:])) == pytest.approx((0.01, 0.25, 0.25))


@pytest.mark.parametrize("multi", [False, True])
def test_the_parts_make_up_the_score(multi: bool) -> None:
    stream = np.random.default_rng(0)
    proba = stream.dirichlet(np.ones(3), 200)
    truth = (stream.random((200, 3)) < proba).astype(int) if multi else stream.integers(0, 3, 200)
    decomposition = brier_parts(truth, proba)
    score = brier(truth, proba, truth).mean()
    assert (
        decomposition.miscalibration - decomposition.discrimination + decomposition.uncertainty
        == pytest.approx(score)
    )
    assert min(parts(decomposition)) >= 0
