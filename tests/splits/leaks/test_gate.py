"""The gate finds what was planted, and lets a clean corpus through."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from golden import Golden
from refused import listing, places, refused
from sentences import numbers, words

from harness.splits.leaks import Leaks, leaks
from harness.splits.leaks.duplicates import NEAR_JACCARD, jaccard, normalised, shingles
from harness.splits.leaks.passages import without_boilerplate
from harness.values.catalog import bind
from harness.values.errors import ConfigError
from harness.values.labels import STANCE
from tests.splits.leaks.planted import (
    BOILERPLATE,
    MAX_LEAKED,
    MAX_NEAR,
    PARTIES,
    Rows,
    corpus_of,
    counts,
    fold_of,
    inspect,
    rows,
    sentence,
    without_groups,
)


def repeating(*numbers: int, source: int = 0) -> Rows:
    """Rows of which some repeat another one, word for word."""
    planted = rows()
    for number in numbers:
        planted[number]["text"] = planted[source]["text"]
    return planted


def nearly_repeating() -> Rows:
    """A test row that repeats the first row of train, but for one of its 19 words."""
    planted = rows()
    words = planted[0]["text"].split()
    planted[4]["text"] = " ".join([*words[:5], "indeed", *words[6:]])
    return planted


def exact_and_near() -> Rows:
    planted = rows()
    words = planted[0]["text"].split()
    planted[4]["text"] = " ".join([*words[:5], "indeed", *words[5:]])
    planted[9]["text"] = planted[1]["text"]
    return planted


def settled_by_target() -> Rows:
    planted = rows(300)
    for row in planted:
        row["stance"] = STANCE.names[PARTIES.index(row["target"])]
    return planted


def conflicting_and_sharing() -> Rows:
    planted = rows()
    planted[1] |= {key: planted[0][key] for key in ("text", "target")}
    planted[4]["group"] = planted[0]["group"]
    return planted


def test_a_clean_corpus_passes() -> None:
    report = inspect(rows())
    assert (report.finding.verdict, report.refusal, report.notes) == ("passed", "", ())
    measured = {measure.name: measure.value for measure in report.finding.measures}
    assert measured == {
        "repeated_rows": 0,
        "contained_rows": 0,
        "near_rows": 0,
        "repeated_dev_rows": 0,
        "shared_group_rows": 0,
        "conflicting_rows": 0,
        # 24 test rows, 8 of each label; each party's most frequent label in train is right no more often.
        "target_shortcut": pytest.approx(0.0, abs=0.15),
    }


@pytest.mark.parametrize(("part", "named"), [("train", "train"), ("dev", "validation")])
def test_a_repeated_sentence_stops_training(part: str, named: str) -> None:
    planted = rows()
    source = next(row for row in planted if row["split"] == part)
    # Case, punctuation and white space do not make a sentence another one.
    planted[4]["text"] = f"  “{source['text'].upper()}”!"
    report = inspect(planted)
    assert report.finding.verdict == "failed"
    assert counts(report)["repeated_rows"] == 1
    ((copy, part_of_copy, alike, repeated, part_of_repeated, *_),) = report.finding.details[0].rows
    assert (copy, part_of_copy, repeated, part_of_repeated) == ("r004", "test", source["id"], named)
    assert numbers(str(alike)) == []  # a share is given of near duplicates alone
    (line,) = [line for line in report.refusal.splitlines() if "r004" in line]
    ids_and_parts = {"r004", "test", source["id"], named}
    assert [word for word in words(line) if word in ids_and_parts] == ["r004", "test", source["id"], named]
    assert f"{MAX_LEAKED}: 1" in report.refusal


def test_as_many_as_are_allowed_may_repeat_and_no_more() -> None:
    allowed = inspect(repeating(4, 9), max_leaked_rows=2)
    assert (allowed.refusal, allowed.finding.verdict) == ("", "warning")
    assert inspect(repeating(4), max_leaked_rows=1).refusal == ""
    refused_ = inspect(repeating(4, 9), max_leaked_rows=1)
    assert (refused_.finding.verdict, counts(refused_)) == ("failed", {"repeated_rows": 2})
    assert f"{MAX_LEAKED}: 2" in refused_.refusal


def test_near_duplicates_warn_and_stop_only_where_the_config_says_so() -> None:
    report = inspect(nearly_repeating())
    assert (report.finding.verdict, report.refusal) == ("warning", "")
    assert counts(report) == {"near_rows": 1}
    (table,) = report.finding.details
    source, copy = (shingles(normalised(nearly_repeating()[k]["text"])) for k in (0, 4))
    share = f"{jaccard(source, copy):.2f}"
    assert [row[:5] for row in table.rows] == [("r004", "test", share, "r000", "train")]
    assert inspect(nearly_repeating(), max_near_rows=1).refusal == ""
    assert f"{MAX_NEAR}: 1" in inspect(nearly_repeating(), max_near_rows=0).refusal


def test_a_refusal_names_the_rows_and_the_setting_that_it_is_about() -> None:
    near = inspect(exact_and_near(), max_leaked_rows=1, max_near_rows=0).refusal
    assert "r004 (test)" in near
    assert "r009" not in near
    assert ("max_near_rows" in near, "max_leaked_rows" in near) == (True, False)
    both = inspect(exact_and_near(), max_near_rows=0).refusal
    assert {"r004", "r009"} <= set(both.split())
    assert ("max_near_rows" in both, "max_leaked_rows" in both) == (True, True)


def test_dev_rows_that_repeat_train_warn() -> None:
    report = inspect(repeating(3))
    assert (report.finding.verdict, report.refusal) == ("warning", "")
    assert counts(report) == {"repeated_dev_rows": 1}


def test_a_target_that_settles_the_label_is_seen() -> None:
    report = inspect(settled_by_target())
    assert report.finding.verdict == "failed"
    assert report.refusal == ""  # it is a property of the corpus, not a copy of training rows
    assert report.finding.value("target_shortcut") == pytest.approx(2 / 3, abs=0.05)


def test_conflicting_labels_and_shared_groups_warn() -> None:
    report = inspect(conflicting_and_sharing())
    assert report.finding.verdict == "warning"
    assert counts(report) == {"conflicting_rows": 2, "shared_group_rows": 1}
    # The split has its own note on groups, so that the gate has one note less than sentences.
    assert len(report.notes) == 1
    assert report.notes[0] in report.finding.sentence


def test_a_row_counts_once_over_folds() -> None:
    planted = repeating(4)
    fold = fold_of(planted)
    report = leaks().inspect(corpus_of(planted), [fold, fold], STANCE)
    assert counts(report) == {"repeated_rows": 1}
    assert {measure.n for measure in report.finding.measures[:-1]} == {24}


def inside_train(n: int) -> Rows:
    """Test rows that are the first words of a longer row of train."""
    planted = rows()
    planted[4]["text"] = " ".join(planted[0]["text"].split()[:n])
    return planted


@pytest.mark.parametrize(("n", "measured"), [(8, {"contained_rows": 1}), (7, {"near_rows": 1})])
def test_a_sentence_inside_a_longer_row_is_a_copy_from_eight_words_on(
    n: int, measured: dict[str, int]
) -> None:
    report = inspect(inside_train(n))
    assert counts(report) == measured
    assert bool(report.refusal) == ("contained_rows" in measured)
    assert [row[0] for row in report.finding.details[0].rows] == ["r004"]


def test_a_test_row_that_holds_a_sentence_of_train_is_a_copy_too() -> None:
    planted = rows()
    planted[4]["text"] = f"{sentence(997)} {planted[0]['text']} {sentence(998)}"
    report = inspect(planted)
    assert (report.finding.verdict, counts(report)) == ("failed", {"contained_rows": 1})
    assert inspect(planted, max_leaked_rows=1).refusal == ""


def paragraphs() -> Rows:
    """A corpus of 200 rows; every test row stands in a paragraph of train, which Jaccard does not see."""
    planted = rows(200)
    trained = [row for row in planted if row["split"] == "train"]
    tested = [row for row in planted if row["split"] == "test"]
    for number, (row, source) in enumerate(zip(tested, trained, strict=False)):
        source["text"] = f"{sentence(1000 + number)} {row['text']} {sentence(2000 + number)}"
    return planted


def test_a_test_set_inside_longer_rows_does_not_start() -> None:
    report = inspect(paragraphs())
    assert counts(report) == {"contained_rows": 40}
    assert report.refusal


MASTHEAD = " ".join(f"masthead{number}" for number in range(100))


def prefixed() -> Rows:
    """Rows that begin with the same words, but for those of test, which are copies of them."""
    planted = rows()
    for number in range(4, 120, 5):
        planted[number]["text"] = f"breaking news from the wire service: {planted[number - 4]['text']}"
    for row in planted:
        if row["split"] != "test":
            row["text"] = f"{BOILERPLATE}: {row['text']}"
    return planted


def test_what_many_rows_begin_with_makes_no_near_duplicates() -> None:
    planted = rows()
    for row in planted:
        row["text"] = f"{MASTHEAD} {row['text']}"
    first, second = (shingles(normalised(row["text"])) for row in planted[:2])
    assert jaccard(first, second) >= NEAR_JACCARD
    assert counts(inspect(planted)) == {}


def test_copies_with_another_beginning_are_copies() -> None:
    report = inspect(prefixed())
    assert counts(report) == {"contained_rows": 24}
    assert report.refusal


@pytest.mark.parametrize(("n", "left_out"), [(20, True), (19, False)])
def test_boilerplate_is_what_twenty_texts_begin_with(n: int, left_out: bool) -> None:
    texts = [f"{BOILERPLATE} {sentence(k)}".lower() for k in range(n)]
    rests = without_boilerplate(texts)
    assert (rests == [sentence(k).lower() for k in range(n)]) == left_out
    assert (rests == texts) != left_out


def test_boilerplate_that_is_all_of_a_text_stays() -> None:
    texts = [f"{BOILERPLATE} number {k}" for k in range(30)]
    assert without_boilerplate(texts) == texts


def among_unlabelled(**texts_of: list[str]) -> Leaks:
    planted = rows()
    return leaks().inspect(corpus_of(planted), [fold_of(planted)], STANCE, None, texts_of)


def test_test_rows_among_unlabelled_texts_are_counted() -> None:
    planted = rows()
    tested, trained = planted[4]["text"], planted[0]["text"]
    nearly = " ".join(["indeed", *planted[9]["text"].split()[1:]])
    report = among_unlabelled(student=[tested.upper(), nearly, trained], other=[trained])
    assert (report.finding.verdict, report.refusal) == ("warning", "")
    assert counts(report) == {"unlabelled_rows": 2}
    assert len(report.notes) == 2
    assert numbers(report.notes[0]) == [2, 24, 1]
    clean = among_unlabelled(student=[trained])
    assert (clean.finding.verdict, counts(clean)) == ("passed", {})
    assert len(clean.notes) == 1


def test_vectors_find_what_words_do_not() -> None:
    planted = rows()
    texts = {row["text"].casefold() for row in (planted[0], planted[4])}

    def encode(words: Any) -> Any:
        return np.array([[1.0, 0.0] if w in texts else [0.0, 1.0 + k] for k, w in enumerate(words)])

    # All others point in one direction too: they are each other's near duplicates in this toy encoder.
    report = inspect(planted, embeddings=0.99, encode=encode)
    assert ("r004", "test", "1.00", "r000", "train") in [row[:5] for row in report.finding.details[0].rows]


@pytest.mark.parametrize(("setting", "cosine"), [(True, 0.9), (False, None), (0.95, 0.95), (1, 1)])
def test_vectors_are_compared_on_request(setting: float | bool, cosine: float | None) -> None:
    assert bind("audit", "leaks", {"embeddings": setting}).make().embeddings == cosine


def test_texts_are_left_out_on_request() -> None:
    planted = repeating(4)
    bare = inspect(planted).finding.without_texts()
    assert bare.details[0].columns == ("id", "in", "alike", "of", "in which")
    assert planted[0]["text"] not in str(bare.to_dict())


def out_of_range() -> None:
    leaks(max_leaked_rows=-1, max_near_rows=-2, near=0.0, embeddings=1.5, shortcut=2.0)


def test_every_setting_out_of_range_is_named() -> None:
    error = refused(out_of_range)
    assert type(error) is ConfigError
    assert places(error) == ["max_leaked_rows", "max_near_rows", "near", "embeddings", "shortcut"]


def test_sentences_and_refusals(golden: Golden) -> None:
    reports = {
        "clean": inspect(rows()),
        "one repeats": inspect(repeating(4)),
        "two repeat, one is allowed": inspect(repeating(4, 9), max_leaked_rows=1),
        "two repeat, two are allowed": inspect(repeating(4, 9), max_leaked_rows=2),
        "six repeat": inspect(repeating(4, 9, 14, 19, 24, 29)),
        "one nearly repeats": inspect(nearly_repeating()),
        "one nearly repeats, none is allowed": inspect(nearly_repeating(), max_near_rows=0),
        "one repeats, one nearly": inspect(exact_and_near(), max_near_rows=0),
        "dev repeats train": inspect(repeating(3)),
        "the target settles the label": inspect(settled_by_target()),
        "conflicts and shared groups": inspect(conflicting_and_sharing()),
        "one stands in a longer row": inspect(inside_train(8)),
        "copies with another beginning": inspect(prefixed()),
        "no groups": inspect(without_groups()),
        "no groups, but addresses": inspect(without_groups(url="https://example.org/{}")),
        "one among unlabelled texts": among_unlabelled(student=[rows()[4]["text"]]),
        "none among unlabelled texts": among_unlabelled(student=[rows()[0]["text"]]),
    }
    sections = [
        f"# {name}: {report.finding.verdict}\n{report.finding.sentence}"
        + (f"\n> {report.refusal}" if report.refusal else "")
        for name, report in reports.items()
    ]
    sections.append(f"# how alike exact repeats are\n{reports['one repeats'].finding.details[0].rows[0][2]}")
    sections.append(listing({"settings out of range": out_of_range}))
    golden("splits/leaks", "\n\n".join(sections))
