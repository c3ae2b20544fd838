"""Who stands where: shares, groups, labels, proofs and warnings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness.catalog import bind
from harness.corpora.checks import Raw, build
from harness.errors import ConfigError, SplitError
from harness.labels import FRAMING, STANCE, LabelSet
from harness.splits import PARTS, Split, Splitter, holdout, kfold, predefined, seen
from harness.splits.drawing import allocate
from harness.tables import Corpus

CYCLE = ("critical", "neutral", "neutral", "supportive")


def corpus_of(
    n_groups: int = 40,
    rows_a_group: int = 3,
    split: Callable[[int], str | None] = lambda _: None,
    *,
    grouped: bool = True,
    multi: bool = False,
) -> Corpus:
    """Articles with a few rows each, the labels in turn; ``split`` goes by article."""
    rows = []
    for number in range(n_groups * rows_a_group):
        article = number // rows_a_group
        frames = tuple(name for k, name in enumerate(FRAMING.names) if (number + k) % (k + 2) == 0)
        rows.append(
            {
                "id": f"r{number:04}",
                "text": f"Sentence {number}.",
                "target": "Varna",
                "stance": CYCLE[number % 4],
                "frames": frames,
                "group": f"a{article}" if grouped else None,
                "split": split(article),
            }
        )
    raw = Raw(pd.DataFrame(rows, dtype=object), [row["id"] for row in rows], "made up")
    made = build("mine", raw, labels=STANCE)
    return made.for_task("framing") if multi else made


def thirds(article: int) -> str:
    return ("train", "train", "train", "dev", "test")[article % 5]


def rows_of(corpus: Corpus, ids: Sequence[str]) -> pd.DataFrame:
    return corpus.rows.set_index("id").loc[list(ids)]


def groups_of(corpus: Corpus, ids: Sequence[str]) -> set[str]:
    return set(rows_of(corpus, ids)["group"])


SPLITTERS: list[tuple[str, dict[str, Any]]] = [
    ("predefined", {}),
    ("predefined", {"calibrate": 0.0}),
    ("predefined", {"by": "row", "stratify": False, "seed": 4}),
    ("holdout", {}),
    ("holdout", {"dev": 0.0}),
    ("holdout", {"by": "row"}),
    ("holdout", {"stratify": False}),
    ("kfold", {}),
    ("kfold", {"k": 2, "calibrate": 0.25}),
    ("kfold", {"k": 4, "by": "row", "dev": 0.0}),
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
        # Nobody is lost and nobody stands twice.
        assert sum(map(len, parts)) == len(set.union(*parts)) == len(corpus)
        for name in PARTS:
            assert list(split.part(name)) == sorted(split.part(name)), "rows keep the corpus's order"
        if options.get("by", "group") == "group":
            held = [groups_of(corpus, split.part(name)) for name in PARTS]
            assert sum(map(len, held)) == len(set.union(*held)), "a group stands on one side"


@each_splitter
def test_another_seed_draws_another_split(kind: str, options: dict[str, Any]) -> None:
    corpus = corpus_of(split=thirds)
    if options == {"calibrate": 0.0}:
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
    assert set(rows_of(corpus, split.select + split.calibrate)["split"]) == {"dev"}
    assert (len(split.train), len(split.select), len(split.calibrate), len(split.test)) == (72, 12, 12, 24)
    assert split.notes == ()


@pytest.mark.parametrize("calibrate, sizes", [(0.0, (24, 0)), (0.25, (18, 6)), (0.5, (12, 12))])
def test_the_share_of_dev_that_calibrates(calibrate: float, sizes: tuple[int, int]) -> None:
    (split,) = predefined(calibrate=calibrate).draw(corpus_of(split=thirds), STANCE)
    assert (len(split.select), len(split.calibrate)) == sizes


def test_predefined_carves_dev_from_train_by_group_where_there_is_none() -> None:
    corpus = corpus_of(split=lambda article: "test" if article % 5 == 4 else "train")
    (split,) = predefined(dev=0.25).draw(corpus, STANCE)
    # Of 32 articles in train, 96 rows: three quarters, one eighth, one eighth.
    assert (len(split.train), len(split.select), len(split.calibrate), len(split.test)) == (72, 12, 12, 24)
    assert groups_of(corpus, split.train).isdisjoint(groups_of(corpus, split.select + split.calibrate))
    (bare,) = predefined(dev=0.0).draw(corpus, STANCE)
    assert (len(bare.train), bare.select, bare.calibrate) == (96, (), ())


def test_rows_without_a_split_are_left_out_and_counted() -> None:
    corpus = corpus_of(split=lambda article: thirds(article) if article < 35 else None)
    (split,) = predefined().draw(corpus, STANCE)
    assert split.notes == ("15 rows have no split and are left out",)
    assert sum(len(split.part(name)) for name in PARTS) == 105


@pytest.mark.parametrize(
    "split, message",
    [
        (lambda _: None, "mine has no train rows but no row with a split (made up);"),
        (
            lambda article: "train" if article else "dev",
            "mine has no test rows but 117 train, 3 dev (made up);",
        ),
        (lambda _: "test", "mine has no train rows but 120 test (made up);"),
    ],
)
def test_predefined_needs_train_and_test(split: Callable[[int], str | None], message: str) -> None:
    with pytest.raises(SplitError) as caught:
        predefined().draw(corpus_of(split=split), STANCE)
    assert str(caught.value) == f"{message} split kind holdout or kfold draws its own"


def test_holdout_keeps_the_shares() -> None:
    corpus = corpus_of(n_groups=200, rows_a_group=5)
    (split,) = holdout(test=0.2, dev=0.1, calibrate=0.5).draw(corpus, STANCE)
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
    place = {id_: row for row, id_ in enumerate(corpus.rows["id"])}
    for split in kfold(k=3).draw(corpus, FRAMING):
        for name in PARTS:
            rows = truth[[place[id_] for id_ in split.part(name)]]
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
    assert seen(shared, split) == (True,) * 3 + (False,) * 9


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
    "splitter, n_groups, message",
    [
        (kfold(k=5), 4, "mine: 4 groups cannot be divided into 5 parts"),
        (kfold(k=2), 4, "mine: 2 groups cannot be divided into 3 parts"),
        (kfold(k=2), 1, "mine: 1 group cannot be divided into 2 parts"),
        (holdout(), 3, "mine: 3 groups cannot be divided into 4 parts"),
        (holdout(by="row"), 1, "mine: 3 rows cannot be divided into 4 parts"),
    ],
)
def test_too_few_groups(splitter: Splitter, n_groups: int, message: str) -> None:
    with pytest.raises(SplitError) as caught:
        splitter.draw(corpus_of(n_groups=n_groups), STANCE)
    assert str(caught.value) == message


@pytest.mark.parametrize("splitter, n_groups", [(kfold(k=5, dev=0.0), 5), (kfold(k=2), 6), (holdout(), 4)])
def test_just_enough_groups(splitter: Splitter, n_groups: int) -> None:
    for split in splitter.draw(corpus_of(n_groups=n_groups), STANCE):
        assert split.train
        assert split.test


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: holdout(test=0.0), "test: should be a share above 0 and below 1, got 0.0"),
        (lambda: holdout(test=1.0), "test: should be a share above 0 and below 1, got 1.0"),
        (lambda: holdout(test=0.6, dev=0.4), "test: leaves no row to train on: test 0.6 and dev 0.4"),
        (lambda: kfold(k=1), "k: should be at least 2, got 1"),
        (
            lambda: predefined(dev=-0.1, calibrate=1.0),
            "dev: should be a share from 0 to below 1, got -0.1\n"
            "calibrate: should be a share from 0 to below 1, got 1.0",
        ),
        (lambda: kfold(dev=0.0, calibrate=0.3), "calibrate: has no effect without dev"),
    ],
)
def test_settings_that_cannot_be(make: Callable[[], Splitter], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make()
    assert str(caught.value) == message


def no_dev(article: int) -> str:
    return "test" if article % 5 == 4 else "train"


@pytest.mark.parametrize(
    "splitter, declared, message",
    [
        (predefined(dev=0.2), thirds, "split.dev: has no effect: mine has dev rows of its own"),
        (predefined(calibrate=0.0, seed=3), thirds, "split.seed: has no effect: nothing is drawn"),
        (
            predefined(dev=0.0, seed=3, by="row", stratify=False),
            no_dev,
            "split.by: has no effect: nothing is drawn\n"
            "split.stratify: has no effect: nothing is drawn\n"
            "split.seed: has no effect: nothing is drawn",
        ),
    ],
)
def test_settings_that_do_nothing_on_this_corpus(
    splitter: Splitter, declared: Callable[[int], str], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        splitter.draw(corpus_of(split=declared), STANCE)
    assert str(caught.value) == message


def test_a_config_sets_the_seed_and_the_harness_does_not() -> None:
    bound = bind("split", "kfold", {"seed": 7, "k": 3})
    assert bound.canonical() == {
        "kind": "kfold",
        "k": 3,
        "dev": 0.15,
        "calibrate": 0.5,
        "by": "group",
        "stratify": True,
        "seed": 7,
    }
    assert bound.make(labels=STANCE, seed=1) == kfold(k=3, seed=7)


def test_a_wrong_setting_is_told_with_a_suggestion() -> None:
    with pytest.raises(ConfigError) as caught:
        bind("split", "holdout", {"test_size": 0.2, "by": "article"}, "split")
    assert str(caught.value).splitlines() == [
        "split.test_size: holdout takes no 'test_size'; did you mean 'test'?",
        "split.by: should be 'group' or 'row', got 'article'",
    ]


@pytest.mark.parametrize(
    "parts, message",
    [
        ((("a", "a"), (), (), ("b",)), "train holds an id twice"),
        ((("a",), ("b", "b"), (), ("c",)), "select holds an id twice"),
        ((("a", "b"), (), (), ("b", "c")), "train and test share 1 ids, 'b' among them"),
        ((("a",), ("b",), ("b",), ("c",)), "select and calibrate share 1 ids, 'b' among them"),
        ((("a",), ("b",), ("c",), ("c",)), "calibrate and test share 1 ids, 'c' among them"),
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
    # Three units of two rows for two equal parts: one part gets four rows, whatever one does. Labels are off
    # by half a row each with the two pure units together (2, 2 against 1, 1; wanted 1.5), and by up to one and
    # a half where the mixed one joins a pure one (3, 1 against 0, 2).
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


@pytest.mark.parametrize("labels, multi", [(STANCE, False), (FRAMING, True)])
def test_an_ungrouped_corpus_is_drawn_by_text(labels: LabelSet, multi: bool) -> None:
    corpus = corpus_of(n_groups=40, grouped=False, multi=multi)
    (split,) = holdout().draw(corpus, labels)
    assert split.notes == ()
    assert len(split.test) == pytest.approx(24, abs=2)
