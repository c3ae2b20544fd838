"""One party at a time, and forward in time: what is tested was never trained on."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from golden import Golden
from refused import listing, places, refused
from sentences import numbers, words

from harness.splits import PARTS, Split
from harness.values.catalog import bind
from harness.values.errors import ConfigError, SplitError
from harness.values.labels import STANCE
from harness.values.tables import Corpus
from tests.audits.toy_world import NAMES, corpus_of
from tests.splits import articles


def drawn(corpus: Corpus, kind: str, **options: Any) -> tuple[Split, ...]:
    splits: tuple[Split, ...] = bind("split", kind, options).make().draw(corpus, STANCE)
    return splits


def values(corpus: Corpus, ids: tuple[str, ...], column: str) -> set[Any]:
    return set(corpus.rows.set_index("id").loc[list(ids), column])


def corpus_with(corpus: Corpus, rows: Any) -> Corpus:
    return type(corpus)(corpus.name, rows, corpus.source)


def torn() -> Corpus:
    """Two groups: the sentences that name one of the parties, and all others."""
    corpus = corpus_of()
    names_it = corpus.rows["text"].str.contains("Coastal Union")
    return corpus_with(corpus, corpus.rows.assign(group=names_it.map({True: "first", False: "second"})))


def laws(corpus: Corpus, splits: tuple[Split, ...]) -> None:
    assert [split.fold for split in splits] == ([0] if len(splits) == 1 else list(range(1, len(splits) + 1)))
    for split in splits:
        groups = [values(corpus, split.part(part), "group") for part in PARTS]
        assert sum(map(len, groups)) == len(set.union(*groups)), "an article is in one part"


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
    assert [split.fingerprint for split in again] == [split.fingerprint for split in splits]


def test_many_values_are_gathered_into_folds() -> None:
    corpus = corpus_of()
    # Without groups: every article of two sentences mentions nearly all of the four.
    corpus = corpus_with(corpus, corpus.rows.assign(group=None))
    splits = drawn(corpus, "leave_one_out", folds=2)
    tested = [values(corpus, split.test, "target") for split in splits]
    assert sorted(map(len, tested)) == [2, 2]
    assert set.union(*tested) == set(NAMES)


def test_what_is_dropped_or_never_tested_is_noted(golden: Golden) -> None:
    corpus = corpus_of()
    *others, last = drawn(corpus, "leave_one_out")
    rows = corpus.rows
    dropped = [
        (~rows["id"].isin([*split.train, *split.validation, *split.calibration, *split.test])).sum()
        for split in (*others, last)
    ]
    mean = round(sum(dropped) / 4)
    assert numbers(last.notes[0]) == [mean]
    rows = rows.copy()
    rows.loc[rows["target"] == NAMES[0], "target"] = None
    lacking = type(corpus)(corpus.name, rows, corpus.source)
    note = drawn(lacking, "leave_one_out")[-1].notes[0]
    assert numbers(note) == [82]
    assert "target" in words(note)
    golden("splits/leave_one_out_notes", f"{last.notes[0]}\n{note}")


def test_values_of_few_rows_are_not_tested() -> None:
    corpus = corpus_of()
    rows = corpus.rows.copy()
    rows.loc[rows.index[rows["target"] == NAMES[0]][:-20], "target"] = NAMES[1]
    few = type(corpus)(corpus.name, rows, corpus.source)
    assert len(drawn(few, "leave_one_out", fewest=20)) == 4
    assert len(drawn(few, "leave_one_out", fewest=21)) == 3


LEAVE_ONE_OUT: dict[str, tuple[Callable[[], object], list[str]]] = {
    "a column that is not there": (partial(drawn, corpus_of(), "leave_one_out", by="targt"), ["split.by"]),
    "too many values for a fold each": (
        partial(drawn, corpus_of(), "leave_one_out", by="group", fewest=4),
        ["split.by"],
    ),
    "settings out of range": (
        partial(drawn, corpus_of(), "leave_one_out", folds=1, fewest=0),
        ["fewest", "folds", "fewest"],
    ),
}
TOO_FEW_TO_LEAVE_OUT = {
    "no value with enough rows": partial(drawn, corpus_of(), "leave_one_out", fewest=83),
    "fewer values than folds": partial(drawn, corpus_of(), "leave_one_out", folds=5),
    "every article mentions every value": partial(drawn, corpus_of(), "leave_one_out", folds=2),
    "one group left to train on": partial(drawn, torn(), "leave_one_out"),
}


@pytest.mark.parametrize("case", LEAVE_ONE_OUT)
def test_settings_of_leaving_out_that_are_refused(case: str) -> None:
    action, where = LEAVE_ONE_OUT[case]
    error = refused(action)
    assert type(error) is ConfigError
    assert places(error) == where


@pytest.mark.parametrize("case", TOO_FEW_TO_LEAVE_OUT)
def test_too_few_values_or_rows_to_leave_out(case: str) -> None:
    assert type(refused(TOO_FEW_TO_LEAVE_OUT[case])) is SplitError


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
        days = re.findall(r"\d{4}-\d\d-\d\d", split.notes[0])
        assert days == [min(validation | calibration), min(test), max(test)]
        ends = max(test)
    assert ends == max(corpus.rows["date"])
    tested = sum(len(split.test) for split in splits)
    assert tested == pytest.approx(0.2 * len(corpus), abs=2 * folds)


def test_a_day_is_never_cut() -> None:
    corpus = corpus_of()
    rows = corpus.rows.assign(date=corpus.rows["date"].str[:7] + "-01", group=None)
    (split,) = drawn(type(corpus)(corpus.name, rows, corpus.source), "forward", test=0.3, dev=0.2)
    months = [values(corpus_with(corpus, rows), split.part(part), "date") for part in PARTS]
    assert not months[0] & (months[1] | months[2])
    assert not (months[0] | months[1] | months[2]) & months[3]


def test_rows_of_an_article_that_goes_on_are_dropped_and_undated_ones_left_out(golden: Golden) -> None:
    corpus = corpus_of()
    rows = corpus.rows.copy()
    rows.loc[rows["date"] == max(rows["date"]), "group"] = "a0"
    rows.loc[rows.index[4:7], "date"] = None
    (split,) = drawn(corpus_with(corpus, rows), "forward")
    # Of a0 four rows are early, and the rows of the last day are now its own; of a1 one row has a date.
    assert not {"s000.1", "s000.2", "s001.1", "s001.2"} & set(split.train)
    assert [id_ for id_ in split.train if id_ < "s004"] == ["s003.2"]
    assert [numbers(note) for note in split.notes[1:]] == [[4], [3]]
    golden("splits/forward_notes", "\n".join(split.notes))


def on_one_day() -> Corpus:
    corpus = corpus_of()
    return corpus_with(corpus, corpus.rows.assign(date="2031-01-01"))


FORWARD: dict[str, tuple[Callable[[], object], list[str]]] = {
    "no dates": (partial(drawn, articles.corpus_of(), "forward"), ["split.kind"]),
    "settings out of range": (
        partial(drawn, corpus_of(), "forward", test=0.9, dev=0.2, folds=0),
        ["test", "folds"],
    ),
    "nothing but test": (partial(drawn, corpus_of(), "forward", test=1.0), ["test"]),
}
TOO_FEW_DATES = {
    "one day to train and test on": partial(drawn, on_one_day(), "forward"),
    "one day for two windows": partial(drawn, on_one_day(), "forward", folds=2),
}


@pytest.mark.parametrize("case", FORWARD)
def test_settings_of_going_forward_that_are_refused(case: str) -> None:
    action, where = FORWARD[case]
    error = refused(action)
    assert type(error) is ConfigError
    assert places(error) == where


@pytest.mark.parametrize("case", TOO_FEW_DATES)
def test_too_few_dates(case: str) -> None:
    assert type(refused(TOO_FEW_DATES[case])) is SplitError


def test_what_is_refused_says_why(golden: Golden) -> None:
    settings = {f"leave one out: {name}": action for name, (action, _) in LEAVE_ONE_OUT.items()}
    rows = {f"leave one out: {name}": action for name, action in TOO_FEW_TO_LEAVE_OUT.items()}
    settings |= {f"forward: {name}": action for name, (action, _) in FORWARD.items()}
    rows |= {f"forward: {name}": action for name, action in TOO_FEW_DATES.items()}
    golden("splits/leave_one_out_and_forward", listing(settings | rows))
