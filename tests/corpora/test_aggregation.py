"""Labels of several annotators: majority, Dawid-Skene by hand and on simulated annotators, and ties."""

from __future__ import annotations

import numpy as np
import pytest

from harness.corpora import aggregation
from harness.corpora.aggregation import aggregate, dawid_skene


@pytest.mark.parametrize(
    ("votes", "label"),
    [("a", "a"), ("ab", None), ("aab", "a"), ("aabb", None), ("aabbb", "b"), ("", None), ("abc", None)],
)
def test_the_label_of_most_annotators_wins_and_a_tie_has_none(votes: str, label: str | None) -> None:
    assert aggregate([{str(k): vote for k, vote in enumerate(votes)}], "majority") == [label]


def test_one_round_of_dawid_skene_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    # Votes of x, y, z: aaa, bbb, aab. By the shares of votes, the items are a with 1, 0, 2/3.
    # Prior of a: (1 + 0 + 2/3) / 3 = 5/9. Where a is true, x and y always say a, z says b in 0.4;
    # where b is true, x and y say a in 1/3 of 4/3 = 1/4, z always b.
    # Third item: a: 5/9 · 1 · 1 · 0.4 = 8/36; b: 4/9 · 1/4 · 1/4 · 1 = 1/36; so a with 8/9.
    monkeypatch.setattr(aggregation, "MAX_ROUNDS", 1)
    monkeypatch.setattr(aggregation, "SMOOTHING", 1e-12)
    items = [dict(zip("xyz", votes, strict=True)) for votes in ("aaa", "bbb", "aab")]
    probabilities, labels = dawid_skene(items)
    assert labels == ("a", "b")
    assert probabilities[:, 0] == pytest.approx([1, 0, 8 / 9], abs=1e-6)
    assert probabilities.sum(axis=1) == pytest.approx(1)


def test_annotators_who_err_more_count_less() -> None:
    draw = np.random.default_rng(0)
    truth = draw.choice(["c", "n", "s"], 400)
    right = {"good": 0.95, "fair": 0.7, "bad 1": 0.4, "bad 2": 0.4, "bad 3": 0.4}
    items = [
        {
            name: str(label if draw.random() < share else draw.choice(["c", "n", "s"]))
            for name, share in right.items()
        }
        for label in truth
    ]
    correct = {
        how: float(np.mean([label == true for label, true in zip(aggregate(items, how), truth, strict=True)]))
        for how in ("majority", "dawid_skene")
    }
    assert correct["dawid_skene"] > correct["majority"] + 0.05


def test_what_nothing_decides_is_tied_for_dawid_skene_too() -> None:
    items = [{"x": "a", "y": "a"}, {"x": "b", "y": "b"}, {"x": "a", "y": "b"}, {}]
    assert aggregate(items, "dawid_skene") == ["a", "b", None, None]


def test_the_order_of_items_and_annotators_changes_nothing() -> None:
    draw = np.random.default_rng(1)
    items = [{name: str(draw.choice(["a", "b"])) for name in "vwxyz"} for _ in range(30)]
    labels = aggregate(items, "dawid_skene")
    backwards = [dict(reversed(item.items())) for item in reversed(items)]
    assert aggregate(backwards, "dawid_skene") == labels[::-1]
