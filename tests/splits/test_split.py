"""What a split proves and notes, and how units are dealt out."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from golden import Golden
from refused import listing, refused
from sentences import numbers, words

from harness.splits import PARTS, Split, holdout, predefined, seen_in_training
from harness.splits.drawing import allocate
from harness.values.errors import SplitError
from harness.values.labels import STANCE
from harness.values.tables import Corpus
from tests.splits.articles import corpus_of, groups_of, rows_of, thirds


def shared_articles() -> Corpus:
    """Of twelve test rows, three share their article with train, three with dev, three have none."""
    corpus = corpus_of(n_groups=20, split=thirds)
    groups = corpus.rows["group"].replace({"a4": "a0", "a9": "a3", "a14": None})
    return Corpus("mine", corpus.rows.assign(group=groups))


def counted_groups(split: Split) -> list[tuple[list[float], list[str]]]:
    """Rows that share their group and test rows, and the other part, as the notes of a split count them."""
    counted = [
        (numbers(note), [word for word in words(note) if word in ("train", "dev")]) for note in split.notes
    ]
    return [(counts, parts) for counts, parts in counted if counts]


def test_articles_in_two_parts_are_counted_and_found() -> None:
    corpus = shared_articles()
    (split,) = predefined().draw(corpus, STANCE)
    assert counted_groups(split) == [([3, 12], ["train"]), ([3, 12], ["dev"])]
    assert seen_in_training(corpus, split) == (True,) * 3 + (False,) * 9


def test_drawing_by_row_notes_the_cost() -> None:
    corpus = corpus_of()
    (split,) = holdout(by="row").draw(corpus, STANCE)
    groups = {part: groups_of(corpus, split.part(part)) for part in PARTS}
    of_test = list(rows_of(corpus, split.test)["group"])
    shared = [
        ([sum(group in others for group in of_test), 24], [name])
        for name, others in (
            ("train", groups["train"]),
            ("dev", groups["validation"] | groups["calibration"]),
        )
    ]
    assert counted_groups(split) == shared
    assert all(count for (count, _), _ in shared)


def lacking() -> Corpus:
    """Every test row is neutral."""
    corpus = corpus_of(n_groups=4, rows_a_group=4, split=lambda article: "train" if article < 3 else "test")
    test = corpus.rows["split"] == "test"
    return Corpus("mine", corpus.rows.assign(stance=np.where(test, "neutral", corpus.rows["stance"])))


def test_what_limits_a_split_is_noted(golden: Golden) -> None:
    splits = {
        "shared articles": predefined().draw(shared_articles(), STANCE)[0],
        "labels without test rows": predefined(dev=0.0).draw(lacking(), STANCE)[0],
    }
    assert [len(split.notes) for split in splits.values()] == [2, 1]
    golden("splits/notes", "\n\n".join("\n".join((f"# {name}", *s.notes)) for name, s in splits.items()))


OVERLAPS: dict[str, tuple[tuple[str, ...], ...]] = {
    "train twice": (("a", "a"), (), (), ("b",)),
    "validation twice": (("a",), ("b", "b"), (), ("c",)),
    "train and test": (("a", "b"), (), (), ("b", "c")),
    "validation and calibration": (("a",), ("b",), ("b",), ("c",)),
    "calibration and test": (("a",), ("b",), ("c",), ("c",)),
    "no train": ((), ("b",), (), ("c",)),
    "no test": (("a",), ("b",), (), ()),
}


@pytest.mark.parametrize("case", OVERLAPS)
@pytest.mark.parametrize("fold", [0, 2])
def test_a_split_that_is_not_disjoint_cannot_be_made(case: str, fold: int) -> None:
    assert type(refused(partial(Split, fold, *OVERLAPS[case]))) is SplitError


def test_an_overlap_is_named(golden: Golden) -> None:
    cases = {
        f"{case}, fold {fold}": partial(Split, fold, *parts)
        for case, parts in OVERLAPS.items()
        for fold in (0, 2)
    }
    golden("splits/overlaps", listing(cases))


def test_the_fingerprint_follows_the_members_and_not_their_order() -> None:
    split = Split(0, ("a", "b"), ("c",), (), ("d",))
    assert split.fingerprint == Split(3, ("b", "a"), ("c",), (), ("d",), ("a note",)).fingerprint
    assert split.fingerprint != Split(0, ("a", "b"), (), ("c",), ("d",)).fingerprint
    assert split.fingerprint != Split(0, ("a",), ("b", "c"), (), ("d",)).fingerprint
    assert split.fingerprint != Split(0, ("a", "b"), ("c",), (), ("e",)).fingerprint


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
