"""Several columns kept apart at once: which rows that costs, and that a note counts them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import Any

import pytest
from golden import Golden
from refused import listing, places, refused
from sentences import numbers, words

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
    return sum(len(first & second) for first, second in combinations(sets, 2))


def counted_drops(split: Split, *by: str) -> list[tuple[list[float], list[str]]]:
    """Dropped rows and all rows, and the columns, as the notes that name columns count them."""
    counted = [(numbers(note), [word for word in words(note) if word in by]) for note in split.notes]
    return [(counts, columns) for counts, columns in counted if columns]


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
    dropped = len(corpus) - sum(len(split.part(part)) for part in PARTS)
    assert counted_drops(split, *by) == ([([dropped, 240], list(by))] if dropped else [])


def test_a_column_alone_drops_nothing() -> None:
    (split,) = disjoint(by=("target",)).draw(crossed(), STANCE)
    assert counted_drops(split, "target") == []


def test_the_drop_by_hand(golden: Golden) -> None:
    # Four articles in four parts, whatever the order. Topic x is in all of them: it follows one of its four
    # rows and loses three. y, z, u and v occur once each and stay.
    corpus = corpus_of(4, 2)
    rows = corpus.rows.assign(target=["x", "y", "x", "z", "x", "u", "x", "v"])
    for seed in range(8):
        (split,) = disjoint(by=("group", "target"), seed=seed).draw(replace(corpus, rows=rows), STANCE)
        assert counted_drops(split, "group", "target") == [([3, 8], ["group", "target"])]
        assert sorted(len(split.part(part)) for part in PARTS) == [1, 1, 1, 2]
    golden("splits/disjoint_drops", split.notes[0])


def test_a_value_goes_to_each_part_as_often_as_its_rows_are_there() -> None:
    # x occurs once in each of ten articles, of which the parts hold 60, 10, 10 and 20 %.
    corpus = corpus_of(10, 2)
    rows = corpus.rows.assign(target=["x" if number % 2 else f"y{number}" for number in range(20)])
    splitters = [
        disjoint(by=("group", "target"), test=0.2, dev=0.2, stratify=False, seed=seed) for seed in range(400)
    ]
    corpus = replace(corpus, rows=rows)
    parts_of_x = [
        next(part for part in PARTS if "x" in set(rows_of(corpus, split.part(part))["target"]))
        for splitter in splitters
        for split in splitter.draw(corpus, STANCE)
    ]
    shares = [parts_of_x.count(part) / 400 for part in PARTS]
    # Standard errors: sqrt(.6 * .4 / 400) = .024 for train, at most .02 for the others.
    assert shares == pytest.approx([0.6, 0.1, 0.1, 0.2], abs=0.08)


def test_the_seed_decides_and_nothing_else() -> None:
    corpus = crossed()
    first, same, other = (disjoint(seed=seed).draw(corpus, STANCE)[0].fingerprint for seed in (0, 0, 1))
    assert first == same != other


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
    assert counted_drops(split, "group", "target") == []


def test_without_dev_and_for_several_labels() -> None:
    (split,) = disjoint(by=("group",), dev=0.0).draw(corpus_of(multi=True), FRAMING)
    assert (split.validation, split.calibration) == ((), ())


def draw(corpus: Corpus, *by: str) -> None:
    disjoint(by=by).draw(corpus, STANCE)


SETTINGS: dict[str, tuple[Callable[[], object], list[str]]] = {
    "no column": (partial(disjoint, by=()), ["by"]),
    "a column twice": (partial(disjoint, by=("group", "group")), ["by.1"]),
    "no test": (partial(disjoint, test=0.0), ["test"]),
    "no train": (partial(disjoint, test=0.6, dev=0.4), ["test"]),
    "a column that is not there": (partial(draw, corpus_of(), "topic", "group"), ["split.by.0"]),
    "a column of labels": (partial(draw, corpus_of(), "group", "stance"), ["split.by.1"]),
    "an empty column": (partial(draw, corpus_of(), "group", "holder"), ["split.by.1"]),
}
TOO_FEW_ROWS = {
    "one value for four parts": partial(draw, corpus_of(), "target", "group"),
    "a part without rows": partial(draw, corpus_of(4, 1), "group", "target"),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_settings_that_are_refused(case: str) -> None:
    action, where = SETTINGS[case]
    error = refused(action)
    assert type(error) is ConfigError
    assert places(error) == where


@pytest.mark.parametrize("case", TOO_FEW_ROWS)
def test_too_few_values_or_rows(case: str) -> None:
    assert type(refused(TOO_FEW_ROWS[case])) is SplitError


def test_what_is_refused_says_why(golden: Golden) -> None:
    golden(
        "splits/disjoint", listing({name: action for name, (action, _) in SETTINGS.items()} | TOO_FEW_ROWS)
    )


def test_a_config_names_the_columns() -> None:
    bound = bind("split", "disjoint", {"by": ["group", "target"], "seed": 3})
    assert bound.make(labels=STANCE, seed=9) == disjoint(seed=3)
