"""Two columns held apart at once: what that costs in rows, and that it is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from harness.splits import PARTS, Split, disjoint
from harness.values.catalog import bind
from harness.values.errors import ConfigError, SplitError
from harness.values.labels import FRAMING, STANCE
from harness.values.tables import Corpus
from tests.splits.articles import CYCLE, corpus_of, rows_of


def crossed(n_groups: int = 60, rows_a_group: int = 4, topics: int = 90) -> Corpus:
    """Articles with a few rows each, on topics that come back in other articles."""
    corpus = corpus_of(n_groups, rows_a_group)
    targets = [f"t{(7 * number) % topics if number % 3 else number % 5}" for number in range(len(corpus))]
    return replace(corpus, rows=corpus.rows.assign(target=targets))


def values(corpus: Corpus, split: Split, column: str) -> list[set[Any]]:
    return [set(rows_of(corpus, split.part(part))[column]) for part in PARTS]


def shared(sets: Sequence[set[Any]]) -> int:
    return sum(len(one & other) for k, one in enumerate(sets) for other in sets[k + 1 :])


@pytest.mark.parametrize(
    "by", [("target", "group"), ("group", "target"), ("target",), ("group", "target", "text")]
)
@pytest.mark.parametrize("seed", [0, 1])
def test_every_column_is_held_apart_in_every_two_parts(by: tuple[str, ...], seed: int) -> None:
    corpus = crossed()
    (split,) = disjoint(by=by, seed=seed).draw(corpus, STANCE)
    assert all(split.part(part) for part in PARTS)
    for column in by:
        assert shared(values(corpus, split, column)) == 0
    kept = sum(len(split.part(part)) for part in PARTS)
    held = " or ".join(by)
    notes = [note for note in split.notes if "dropped" in note]
    if kept == len(corpus):
        assert notes == []
    else:
        dropped = len(corpus) - kept
        assert notes == [f"{dropped} of 240 rows are dropped: their {held} stands in another part"]


def test_a_column_alone_drops_nothing() -> None:
    (split,) = disjoint(by=("target",)).draw(crossed(), STANCE)
    assert not [note for note in split.notes if "dropped" in note]


def test_the_drop_by_hand() -> None:
    # Four articles in four parts, whatever the order. Topic x stands in all of them: it goes with one of its
    # four rows and loses three. y, z, u and v stand once each and stay.
    corpus = corpus_of(4, 2)
    rows = corpus.rows.assign(target=["x", "y", "x", "z", "x", "u", "x", "v"])
    for seed in range(8):
        (split,) = disjoint(by=("group", "target"), seed=seed).draw(replace(corpus, rows=rows), STANCE)
        assert "3 of 8 rows are dropped: their group or target stands in another part" in split.notes
        assert sorted(len(split.part(part)) for part in PARTS) == [1, 1, 1, 2]


def test_a_value_goes_to_each_part_as_often_as_its_rows_are_there() -> None:
    # x stands once in each of ten articles, of which the parts hold 60, 10, 10 and 20 %.
    corpus = corpus_of(10, 2)
    rows = corpus.rows.assign(target=["x" if number % 2 else f"y{number}" for number in range(20)])
    splitter = [
        disjoint(by=("group", "target"), test=0.2, dev=0.2, stratify=False, seed=seed) for seed in range(400)
    ]
    corpus = replace(corpus, rows=rows)
    where = [
        next(part for part in PARTS if "x" in set(rows_of(corpus, split.part(part))["target"]))
        for one in splitter
        for split in one.draw(corpus, STANCE)
    ]
    shares = [where.count(part) / 400 for part in PARTS]
    # Standard errors: sqrt(.6 * .4 / 400) = .024 for train, at most .02 for the others.
    assert shares == pytest.approx([0.6, 0.1, 0.1, 0.2], abs=0.08)


def test_the_seed_decides_and_nothing_else() -> None:
    corpus = crossed()
    one, same, other = (disjoint(seed=seed).draw(corpus, STANCE)[0].fingerprint for seed in (0, 0, 1))
    assert one == same != other


def test_labels_have_their_shares_in_the_first_columns_parts() -> None:
    corpus = crossed(200, 4)
    (split,) = disjoint(by=("group",), test=0.25).draw(corpus, STANCE)
    share = rows_of(corpus, split.test)["stance"].value_counts(normalize=True)
    assert share["neutral"] == pytest.approx(CYCLE.count("neutral") / 4, abs=0.02)


def test_rows_without_a_value_are_nobodys_and_those_of_one_text_stay_together() -> None:
    corpus = corpus_of(40, 3, grouped=False)
    rows = corpus.rows.assign(text=[f"Sentence {number // 2}." for number in range(120)])
    corpus = replace(corpus, rows=rows)
    few = rows.assign(group=[None] * 118 + ["g"] * 2, target=[None] * 118 + ["t"] * 2)
    (split,) = disjoint().draw(replace(corpus, rows=few), STANCE)
    assert shared([set(rows_of(corpus, split.part(part))["text"]) for part in PARTS]) == 0
    assert not [note for note in split.notes if "dropped" in note]


def test_without_dev_and_for_several_labels() -> None:
    (split,) = disjoint(by=("group",), dev=0.0).draw(corpus_of(multi=True), FRAMING)
    assert (split.validation, split.calibration) == ((), ())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": ()}, "by: names no column; try [target, group]"),
        ({"by": ("group", "group")}, "by.1: 'group' is named twice"),
        ({"test": 0.0}, "test: should be a share above 0 and below 1, got 0.0"),
        ({"test": 0.6, "dev": 0.4}, "test: leaves no row to train on: test 0.6 and dev 0.4"),
    ],
)
def test_settings_that_cannot_be(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        disjoint(**options)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("by", "message"),
    [
        (
            ("topic", "group"),
            "split.by.0: mine has no column 'topic' to hold apart; known: date, group, holder,",
        ),
        (("group", "stance"), "split.by.1: mine has no column 'stance' to hold apart; known: date, group,"),
        (("group", "holder"), "split.by.1: mine has nothing in column 'holder'"),
    ],
)
def test_columns_that_cannot_be_held_apart(by: tuple[str, ...], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        disjoint(by=by).draw(corpus_of(), STANCE)
    assert str(caught.value).startswith(message)


def test_too_few_values_or_rows() -> None:
    with pytest.raises(SplitError) as caught:
        disjoint(by=("target", "group")).draw(corpus_of(), STANCE)
    assert str(caught.value) == "mine: 1 values of target cannot be divided into 4 parts"
    corpus = corpus_of(4, 1)
    with pytest.raises(SplitError) as caught:
        disjoint(by=("group", "target")).draw(corpus, STANCE)
    assert str(caught.value).startswith("mine: no row is left for ")
    assert str(caught.value).endswith(" with group and target held apart")


def test_a_config_names_the_columns() -> None:
    bound = bind("split", "disjoint", {"by": ["group", "target"], "seed": 3})
    assert bound.make(labels=STANCE, seed=9) == disjoint(seed=3)
