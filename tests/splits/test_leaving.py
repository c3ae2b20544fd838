"""One party at a time, and forward in time: what is tested was never trained on."""

from __future__ import annotations

from typing import Any

import pytest
from tests.audits.world import NAMES, corpus_of

from harness.splits import PARTS, Split
from harness.values.catalog import bind
from harness.values.errors import ConfigError, SplitError
from harness.values.labels import STANCE
from harness.values.tables import Corpus
from tests.splits import articles


def drawn(corpus: Corpus, kind: str, **options: Any) -> tuple[Split, ...]:
    splits: tuple[Split, ...] = bind("split", kind, options).make().draw(corpus, STANCE)
    return splits


def values(corpus: Corpus, ids: tuple[str, ...], column: str) -> set[Any]:
    return set(corpus.rows.set_index("id").loc[list(ids), column])


def laws(corpus: Corpus, splits: tuple[Split, ...]) -> None:
    assert [split.fold for split in splits] == ([0] if len(splits) == 1 else list(range(1, len(splits) + 1)))
    for split in splits:
        groups = [values(corpus, split.part(part), "group") for part in PARTS]
        assert sum(map(len, groups)) == len(set.union(*groups)), "an article stands in one part"


@pytest.mark.parametrize("by", ["target", "outlet"])
def test_each_value_is_tested_by_what_never_saw_it(by: str) -> None:
    corpus = corpus_of()
    splits = drawn(corpus, "leave_one_out", by=by)
    laws(corpus, splits)
    tested = [values(corpus, split.test, by) for split in splits]
    assert sorted(map(len, tested)) == [1] * 4
    assert set.union(*tested) == set(corpus.rows[by])
    for split, value in zip(splits, tested, strict=True):
        for part in ("train", "validation", "calibration"):
            assert not values(corpus, split.part(part), by) & value
    again = drawn(corpus, "leave_one_out", by=by)
    assert [one.fingerprint for one in again] == [one.fingerprint for one in splits]


def test_many_values_are_gathered_into_folds() -> None:
    corpus = corpus_of()
    # Every article of two sentences speaks of nearly all of the four.
    with pytest.raises(SplitError, match="nothing is left to train on without target .* and the articles"):
        drawn(corpus, "leave_one_out", folds=2)
    corpus = corpus_with(corpus, corpus.rows.assign(group=None))
    splits = drawn(corpus, "leave_one_out", folds=2)
    tested = [values(corpus, split.test, "target") for split in splits]
    assert sorted(map(len, tested)) == [2, 2]
    assert set.union(*tested) == set(NAMES)


def test_what_leaves_too_little_to_train_on_says_so() -> None:
    corpus = corpus_of()
    named = corpus.rows["text"].str.contains("Coastal Union")
    torn = corpus_with(corpus, corpus.rows.assign(group=named.map({True: "one", False: "other"})))
    left = int((~named).sum())
    with pytest.raises(SplitError) as raised:
        drawn(torn, "leave_one_out")
    assert str(raised.value) == (
        f"without target Coastal Union, and the articles that mention them, {left} rows of world are left,"
        " which is too little (world: 1 group cannot be divided into 3 parts)"
    )


def test_what_is_dropped_or_never_tested_is_noted() -> None:
    corpus = corpus_of()
    *others, last = drawn(corpus, "leave_one_out")
    rows = corpus.rows
    dropped = [
        (~rows["id"].isin([*split.train, *split.validation, *split.calibration, *split.test])).sum()
        for split in (*others, last)
    ]
    mean = round(sum(dropped) / 4)
    assert (
        last.notes[0] == f"about {mean:,} rows a fold are dropped: they share an article with what it tests"
    )
    rows = rows.copy()
    rows.loc[rows["target"] == NAMES[0], "target"] = None
    lacking = type(corpus)(corpus.name, rows, corpus.source)
    note = drawn(lacking, "leave_one_out")[-1].notes[0]
    assert note == "82 rows are never tested: their target is unknown or has too few rows"


def test_values_of_few_rows_are_not_tested() -> None:
    corpus = corpus_of()
    rows = corpus.rows.copy()
    rows.loc[rows.index[rows["target"] == NAMES[0]][:-20], "target"] = NAMES[1]
    few = type(corpus)(corpus.name, rows, corpus.source)
    assert len(drawn(few, "leave_one_out", fewest=20)) == 4
    assert len(drawn(few, "leave_one_out", fewest=21)) == 3


def test_leaving_out_is_refused_where_it_cannot_be() -> None:
    corpus = corpus_of()
    for options, problem in (
        ({"by": "targt"}, "split.by: world has no column 'targt' to leave out by; did you mean 'target'?"),
        (
            {"by": "group", "fewest": 4},
            "split.by: group has 80 values of 4 rows or more, a fold each; gather them into folds, such as"
            " folds: 5, or raise fewest",
        ),
    ):
        with pytest.raises(ConfigError) as caught:
            drawn(corpus, "leave_one_out", **options)
        assert str(caught.value) == problem
    with pytest.raises(SplitError) as few:
        drawn(corpus, "leave_one_out", fewest=83)
    assert str(few.value) == "world has 0 values of target with 83 rows or more; two are needed"
    with pytest.raises(SplitError) as folds:
        drawn(corpus, "leave_one_out", folds=5)
    assert str(folds.value) == "world: 4 values of target cannot be divided into 5 folds"
    with pytest.raises(ConfigError) as wrong:
        drawn(corpus, "leave_one_out", folds=1, fewest=0)
    assert str(wrong.value).splitlines() == [
        "fewest: should be at least 1, got 0",
        "folds: should be at least 2, got 1",
        "fewest: has no effect with folds: every value is tested",
    ]


@pytest.mark.parametrize("folds", [1, 3])
def test_what_is_tested_is_later_than_what_was_trained_on(folds: int) -> None:
    corpus = corpus_of()
    splits = drawn(corpus, "forward", folds=folds)
    laws(corpus, splits)
    ends = ""
    for split in splits:
        train, validation, calibration, test = (values(corpus, split.part(part), "date") for part in PARTS)
        assert max(train) < min(validation | calibration) <= max(validation | calibration) < min(test)
        assert min(test) > ends
        ends = max(test)
    assert ends == max(corpus.rows["date"])
    tested = sum(len(split.test) for split in splits)
    assert tested == pytest.approx(0.2 * len(corpus), abs=2 * folds)
    assert splits[0].notes[0].startswith("train ends before 2031-")


def test_a_day_is_never_cut() -> None:
    corpus = corpus_of()
    rows = corpus.rows.assign(date=corpus.rows["date"].str[:7] + "-01", group=None)
    (split,) = drawn(type(corpus)(corpus.name, rows, corpus.source), "forward", test=0.3, dev=0.2)
    months = [values(corpus_with(corpus, rows), split.part(part), "date") for part in PARTS]
    assert not months[0] & (months[1] | months[2])
    assert not (months[0] | months[1] | months[2]) & months[3]


def corpus_with(corpus: Corpus, rows: Any) -> Corpus:
    return type(corpus)(corpus.name, rows, corpus.source)


def test_rows_of_an_article_that_goes_on_are_dropped_and_undated_ones_left_out() -> None:
    corpus = corpus_of()
    rows = corpus.rows.copy()
    rows.loc[rows["date"] == max(rows["date"]), "group"] = "a0"
    rows.loc[rows.index[:4], "date"] = None
    (split,) = drawn(corpus_with(corpus, rows), "forward")
    assert not {"s001.1", "s001.2"} & set(split.train)
    assert "4 rows have no date and are left out" in split.notes


def test_going_forward_is_refused_where_it_cannot_be() -> None:
    with pytest.raises(ConfigError) as undated:
        drawn(articles.corpus_of(), "forward")
    assert str(undated.value) == "split.kind: mine has no dates to go forward by"
    corpus = corpus_of()
    one_day = corpus_with(corpus, corpus.rows.assign(date="2031-01-01"))
    with pytest.raises(SplitError) as early:
        drawn(one_day, "forward")
    assert str(early.value) == "world: too few dates differ to train before 2031-01-01"
    with pytest.raises(SplitError) as windows:
        drawn(one_day, "forward", folds=2)
    assert str(windows.value) == "world: too few dates differ for 2 test windows"
    with pytest.raises(ConfigError) as wrong:
        drawn(corpus, "forward", test=0.9, dev=0.2, folds=0)
    assert str(wrong.value).splitlines() == [
        "test: leaves no row to train on: test 0.9 and dev 0.2",
        "folds: should be at least 1, got 0",
    ]
    with pytest.raises(ConfigError, match="test: should be a share above 0 and below 1, got 1.0"):
        drawn(corpus, "forward", test=1.0)
