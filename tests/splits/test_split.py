"""The proof and the warnings that a split carries, and how units are dealt out."""

from __future__ import annotations

import numpy as np
import pytest

from harness.splits import Split, holdout, predefined, seen_in_training
from harness.splits.drawing import allocate
from harness.values.errors import SplitError
from harness.values.labels import STANCE
from harness.values.tables import Corpus
from tests.splits.articles import corpus_of, thirds


def test_articles_on_both_sides_are_counted_and_found() -> None:
    corpus = corpus_of(n_groups=20, split=thirds)
    rows = corpus.rows.assign(group=corpus.rows["group"].replace({"a4": "a0", "a9": "a3", "a14": None}))
    shared = Corpus("mine", rows)
    (split,) = predefined().draw(shared, STANCE)
    assert split.notes == (
        "3 of 12 test rows come from groups (articles) that stand in train too",
        "3 of 12 test rows come from groups (articles) that stand in dev too",
    )
    # a4 is a0 now, whose rows train has; a14 has no group any more, so nobody shares it.
    assert seen_in_training(shared, split) == (True,) * 3 + (False,) * 9


def test_drawing_by_row_says_what_it_costs() -> None:
    (split,) = holdout(by="row").draw(corpus_of(), STANCE)
    assert [note.split(" of ")[1] for note in split.notes] == [
        "24 test rows come from groups (articles) that stand in train too",
        "24 test rows come from groups (articles) that stand in dev too",
    ]


def test_a_label_that_a_part_lacks_is_said() -> None:
    corpus = corpus_of(n_groups=4, rows_a_group=4, split=lambda article: "train" if article < 3 else "test")
    test = corpus.rows["split"] == "test"
    one_sided = corpus.rows.assign(stance=np.where(test, "neutral", corpus.rows["stance"]))
    (split,) = predefined(dev=0.0).draw(Corpus("mine", one_sided), STANCE)
    assert split.notes == ("test has no row labelled critical or supportive",)


@pytest.mark.parametrize(
    "parts, message",
    [
        ((("a", "a"), (), (), ("b",)), "train holds an id twice"),
        ((("a",), ("b", "b"), (), ("c",)), "validation holds an id twice"),
        ((("a", "b"), (), (), ("b", "c")), "train and test share 1 ids, 'b' among them"),
        ((("a",), ("b",), ("b",), ("c",)), "validation and calibration share 1 ids, 'b' among them"),
        ((("a",), ("b",), ("c",), ("c",)), "calibration and test share 1 ids, 'c' among them"),
        (((), ("b",), (), ("c",)), "train is empty"),
        ((("a",), ("b",), (), ()), "test is empty"),
    ],
)
def test_a_split_that_is_not_disjoint_cannot_be_made(
    parts: tuple[tuple[str, ...], ...], message: str
) -> None:
    with pytest.raises(SplitError) as caught:
        Split(0, *parts)
    assert str(caught.value) == message
    with pytest.raises(SplitError) as caught:
        Split(2, *parts)
    assert str(caught.value) == message.replace(" holds", " of fold 2 holds").replace(
        " is empty", " of fold 2 is empty"
    ).replace(" share", " of fold 2 share")


def test_the_fingerprint_follows_the_members_and_not_their_order() -> None:
    one = Split(0, ("a", "b"), ("c",), (), ("d",))
    assert one.fingerprint == Split(3, ("b", "a"), ("c",), (), ("d",), ("a note",)).fingerprint
    assert one.fingerprint != Split(0, ("a", "b"), (), ("c",), ("d",)).fingerprint
    assert one.fingerprint != Split(0, ("a",), ("b", "c"), (), ("d",)).fingerprint
    assert one.fingerprint != Split(0, ("a", "b"), ("c",), (), ("e",)).fingerprint


def test_units_are_dealt_by_hand() -> None:
    # Three units of two rows for two equal parts: one part gets four rows in any case. Labels are off
    # by half a row each with the two pure units together (2, 2 against 1, 1; wanted 1.5), and by up to one
    # and a half where the mixed one joins a pure one (3, 1 against 0, 2).
    counts = np.array([[2, 0], [1, 1], [0, 2]], dtype=float)
    drawn = [allocate(counts, np.array([0.5, 0.5]), np.random.default_rng(seed)) for seed in range(40)]
    assert {tuple(part.tolist()) for part in drawn} == {(0, 1, 0), (1, 0, 1)}


def test_no_part_stays_empty_while_there_are_units() -> None:
    for seed in range(20):
        part = allocate(np.ones((4, 1)), np.array([0.97, 0.01, 0.01, 0.01]), np.random.default_rng(seed))
        assert sorted(part) == [0, 1, 2, 3]


def test_who_is_drawn_does_not_depend_on_the_size_of_the_group() -> None:
    # Ten articles of 12 rows among 190 of one: over many seeds each kind is tested about one time in five.
    sizes = np.array([[12.0]] * 10 + [[1.0]] * 190)
    drawn = np.array(
        [allocate(sizes, np.array([0.8, 0.2]), np.random.default_rng(seed)) == 1 for seed in range(300)]
    )
    # 3,000 draws of large articles: standard error 0.007 if they were independent.
    assert drawn[:, :10].mean() == pytest.approx(0.2, abs=0.04)
    assert drawn[:, 10:].mean() == pytest.approx(0.2, abs=0.04)
