"""Predefined, holdout and k-fold: which rows are in which part, and with which share of each label."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd
import pytest

from harness.corpora.checks import Raw, build
from harness.splits import PARTS, Splitter, count_repeats, holdout, kfold, predefined
from harness.values.catalog import bind
from harness.values.labels import FRAMING, STANCE, LabelSet
from tests.splits.articles import CYCLE, corpus_of, groups_of, rows_of, thirds

SPLITTERS: list[tuple[str, dict[str, Any]]] = [
    ("predefined", {}),
    ("predefined", {"calibration": 0.0}),
    ("predefined", {"by": "row", "stratify": False, "seed": 4}),
    ("holdout", {}),
    ("holdout", {"dev": 0.0}),
    ("holdout", {"by": "row"}),
    ("holdout", {"stratify": False}),
    ("kfold", {}),
    ("kfold", {"k": 2, "calibration": 0.25}),
    ("kfold", {"k": 4, "by": "row", "dev": 0.0}),
    ("kfold", {"k": 2, "repeats": 3}),
]
each_splitter = pytest.mark.parametrize(
    ("kind", "options"), SPLITTERS, ids=[f"{kind}-{options}" for kind, options in SPLITTERS]
)


def split_by(kind: str, options: dict[str, Any]) -> Splitter:
    splitter: Splitter = bind("split", kind, options).make(labels=STANCE, seed=99)
    return splitter


@each_splitter
@pytest.mark.parametrize("multi", [False, True], ids=["stance", "framing"])
def test_the_laws_of_every_splitter(kind: str, options: dict[str, Any], multi: bool) -> None:
    corpus, labels = corpus_of(split=thirds, multi=multi), FRAMING if multi else STANCE
    splits = split_by(kind, options).draw(corpus, labels)
    again = split_by(kind, options).draw(corpus, labels)
    assert [split.fingerprint for split in splits] == [split.fingerprint for split in again]
    assert [split.fold for split in splits] == ([0] if len(splits) == 1 else list(range(1, len(splits) + 1)))
    for split in splits:
        parts = [set(split.part(name)) for name in PARTS]
        # No row is lost and none is in two parts.
        assert sum(map(len, parts)) == len(set.union(*parts)) == len(corpus)
        for name in PARTS:
            assert list(split.part(name)) == sorted(split.part(name)), "rows keep the corpus's order"
        if options.get("by", "group") == "group":
            groups = [groups_of(corpus, split.part(name)) for name in PARTS]
            assert sum(map(len, groups)) == len(set.union(*groups)), "a group is in one part"


@each_splitter
def test_another_seed_draws_another_split(kind: str, options: dict[str, Any]) -> None:
    corpus = corpus_of(split=thirds)
    if options == {"calibration": 0.0}:
        pytest.skip("nothing is drawn")
    drawn = {
        split_by(kind, options | {"seed": seed}).draw(corpus, STANCE)[0].fingerprint for seed in range(5)
    }
    # Where eight articles are halved with labels in balance, some draws coincide.
    assert len(drawn) >= 3


def test_predefined_takes_what_is_declared_and_halves_dev_by_group() -> None:
    corpus = corpus_of(split=thirds)
    (split,) = predefined().draw(corpus, STANCE)
    for name, part in (("train", "train"), ("test", "test")):
        assert set(rows_of(corpus, split.part(part))["split"]) == {name}
    assert set(rows_of(corpus, split.validation + split.calibration)["split"]) == {"dev"}
    assert (len(split.train), len(split.validation), len(split.calibration), len(split.test)) == (
        72,
        12,
        12,
        24,
    )
    assert split.notes == ()


@pytest.mark.parametrize("calibration, sizes", [(0.0, (24, 0)), (0.25, (18, 6)), (0.5, (12, 12))])
def test_the_share_of_dev_that_calibrates(calibration: float, sizes: tuple[int, int]) -> None:
    (split,) = predefined(calibration=calibration).draw(corpus_of(split=thirds), STANCE)
    assert (len(split.validation), len(split.calibration)) == sizes


def test_predefined_carves_dev_from_train_by_group_where_there_is_none() -> None:
    corpus = corpus_of(split=lambda article: "test" if article % 5 == 4 else "train")
    (split,) = predefined(dev=0.25).draw(corpus, STANCE)
    # Of 32 articles in train, 96 rows: three quarters, one eighth, one eighth.
    assert (len(split.train), len(split.validation), len(split.calibration), len(split.test)) == (
        72,
        12,
        12,
        24,
    )
    assert groups_of(corpus, split.train).isdisjoint(groups_of(corpus, split.validation + split.calibration))
    (bare,) = predefined(dev=0.0).draw(corpus, STANCE)
    assert (len(bare.train), bare.validation, bare.calibration) == (96, (), ())


def test_rows_without_a_split_are_left_out_and_counted() -> None:
    corpus = corpus_of(split=lambda article: thirds(article) if article < 35 else None)
    (split,) = predefined().draw(corpus, STANCE)
    (note,) = split.notes
    assert note.startswith("15 rows ")
    assert sum(len(split.part(name)) for name in PARTS) == 105


def test_holdout_keeps_the_shares() -> None:
    corpus = corpus_of(n_groups=200, rows_a_group=5)
    (split,) = holdout(test=0.2, dev=0.1, calibration=0.5).draw(corpus, STANCE)
    sizes = [len(split.part(name)) for name in PARTS]
    assert sizes == pytest.approx([700, 50, 50, 200], abs=5)


def test_kfold_scores_every_row_once_and_shares_out_the_rest() -> None:
    corpus = corpus_of(n_groups=100)
    splits = kfold(k=5, dev=0.2).draw(corpus, STANCE)
    tested = Counter(id_ for split in splits for id_ in split.test)
    assert set(tested.values()) == {1}
    assert len(tested) == len(corpus) == 300
    for split in splits:
        # 240 rows outside test: 192 to train on, 24 and 24.
        assert [len(split.part(name)) for name in PARTS] == pytest.approx([192, 24, 24, 60], abs=3)


def test_each_repeat_scores_every_row_once_in_another_partition() -> None:
    corpus = corpus_of(n_groups=60)
    single, repeated = kfold(k=3).draw(corpus, STANCE), kfold(k=3, repeats=4).draw(corpus, STANCE)
    assert [split.fold for split in repeated] == list(range(1, 13))
    # The first repeat is the single partition: what was trained for it is found again.
    assert [split.fingerprint for split in repeated[:3]] == [split.fingerprint for split in single]
    partitions = [
        frozenset(frozenset(split.test) for split in repeated[start : start + 3]) for start in range(0, 12, 3)
    ]
    assert len(set(partitions)) == 4
    for partition in partitions:
        assert sorted(id_ for test in partition for id_ in test) == sorted(corpus.rows["id"])
    assert (count_repeats(single), count_repeats(repeated)) == (1, 4)
    assert count_repeats(holdout().draw(corpus, STANCE)) == 1


@pytest.mark.parametrize("by", ["group", "row"])
def test_stratified_parts_have_the_corpus_shares_of_labels(by: Any) -> None:
    corpus = corpus_of(n_groups=100, rows_a_group=4)
    for splitter in (holdout(by=by), kfold(by=by)):
        for split in splitter.draw(corpus, STANCE):
            for name in PARTS:
                rows = rows_of(corpus, split.part(name))
                shares = rows["stance"].value_counts(normalize=True)
                assert shares["neutral"] == pytest.approx(0.5, abs=1 / len(rows) + 0.01)


def test_stratified_parts_have_the_corpus_shares_of_frames() -> None:
    corpus = corpus_of(n_groups=120, rows_a_group=5, multi=True)
    truth = corpus.truth(FRAMING)
    overall = truth.mean(axis=0)
    index_of = {id_: index for index, id_ in enumerate(corpus.rows["id"])}
    for split in kfold(k=3).draw(corpus, FRAMING):
        for name in PARTS:
            rows = truth[[index_of[id_] for id_ in split.part(name)]]
            assert rows.mean(axis=0) == pytest.approx(overall, abs=4 / len(rows)), (split.fold, name)


def test_one_sentence_about_two_parties_is_never_torn_apart() -> None:
    rows = [
        {"id": f"{n}{party}", "text": f"Sentence {n}.", "target": party, "stance": stance}
        for n in range(60)
        for party, stance in (("Varna", "critical"), ("Korr", CYCLE[n % 4]))
    ]
    corpus = build("pairs", Raw(pd.DataFrame(rows), [row["id"] for row in rows]), labels=STANCE)
    for split in kfold(k=3).draw(corpus, STANCE):
        texts = [set(rows_of(corpus, split.part(name))["text"]) for name in PARTS]
        assert sum(map(len, texts)) == len(set.union(*texts)) == 60
    by_row = kfold(k=3, by="row").draw(corpus, STANCE)[0]
    assert set(rows_of(corpus, by_row.train)["text"]) & set(rows_of(corpus, by_row.test)["text"])


@pytest.mark.parametrize("labels, multi", [(STANCE, False), (FRAMING, True)])
def test_an_ungrouped_corpus_is_drawn_by_text(labels: LabelSet, multi: bool) -> None:
    corpus = corpus_of(n_groups=40, grouped=False, multi=multi)
    (split,) = holdout().draw(corpus, labels)
    assert split.notes == ()
    assert len(split.test) == pytest.approx(24, abs=2)
