from __future__ import annotations

import numpy as np
import pytest

from harness.scoring.statistics.pooled_share import GroupErrors, group_errors, pooled_shares


def errors(excess: list[float], labelled: list[int], rows: int = 100) -> GroupErrors:
    n = len(excess)
    return GroupErrors(
        np.full(n, float(rows)), np.array(labelled, dtype=float), np.full(n, 0.3), np.zeros(n),
        np.array(excess), 0.16,
    )  # fmt: skip


def test_groups_that_agree_are_drawn_together_and_groups_that_differ_are_not() -> None:
    alike = pooled_shares(errors([0.05, -0.05, 0.05, -0.05] * 5, [8] * 20))
    assert max(abs(share.value - 0.3) for share in alike) < 0.02
    apart = pooled_shares(errors([0.3, -0.25, 0.3, -0.25] * 5, [8] * 20))
    assert min(abs(share.value - 0.3) for share in apart) > 0.15
    assert np.mean([share.se for share in apart]) > 1.5 * np.mean([share.se for share in alike])


def test_a_group_without_a_label_takes_part_and_is_the_least_certain() -> None:
    shares = pooled_shares(errors([0.1, -0.1, 0.1, 0.0], [9, 9, 9, 0]))
    assert shares[3].value == pytest.approx(0.3)
    assert shares[3].se > max(share.se for share in shares[:3])


def test_a_group_whose_rows_are_all_labelled_is_known() -> None:
    (share,) = pooled_shares(errors([0.2], [9], rows=9))
    assert (share.value, share.low, share.high) == (pytest.approx(0.5),) * 3


def test_expected_labels_are_those_of_all_groups() -> None:
    # Two groups of four rows; predictions 0 and 1. Of the four labelled rows, both predicted 1 have the label
    # and one of two predicted 0 has. Overall .75; (2 + .375) / 2.5 = .95 and (1 + .375) / 2.5 = .55.
    group, guess = np.repeat([0, 1], 4), np.array([0, 0, 1, 1, 1, 1, 1, 0])
    measured = group_errors(
        (group, guess),
        (np.array([0, 0, 1, 1]), np.array([0, 1, 1, 0]), np.array([1.0, 1, 1, 0]), np.full(4, 2.0)),
        2,
    )
    assert measured.synthetic.tolist() == pytest.approx([(0.55 + 0.95) / 2, (0.55 + 3 * 0.95) / 4])
    assert measured.excess.tolist() == pytest.approx([(0.45 + 0.05) / 2, (0.05 - 0.55) / 2])
    assert measured.labelled.tolist() == [2, 2]


def test_intervals_cover_on_average_over_groups() -> None:
    random = np.random.default_rng(5)
    covered, width = [], []
    for _ in range(100):
        truth = np.clip(0.3 + 0.1 * random.standard_normal(20), 0.02, 0.98)
        group = np.repeat(np.arange(20), 100)
        label = (random.random(2000) < truth[group]).astype(float)
        guess = np.where(random.random(2000) < 0.8, label, 1 - label).astype(np.int64)
        chosen = random.permutation(2000)[:100]
        measured = group_errors(
            (group, guess), (group[chosen], guess[chosen], label[chosen], np.full(100, 20.0)), 2
        )
        for code, share in enumerate(pooled_shares(measured)):
            covered.append(share.low <= label[group == code].mean() <= share.high)
            width.append(share.high - share.low)
    assert 0.93 <= np.mean(covered) <= 0.99
    assert np.mean(width) < 0.4
