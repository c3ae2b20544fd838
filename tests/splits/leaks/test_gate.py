"""The gate finds what was planted, and lets a clean corpus through."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from golden import Golden
from refused import listing, places, refused
from sentences import numbers, words

from harness.splits.leaks import Leaks, leaks
from harness.splits.leaks.duplicates import jaccard, normalised, shingles
from harness.values.catalog import bind
from harness.values.errors import ConfigError
from harness.values.labels import STANCE
from tests.splits.leaks.planted import MAX_LEAKED, MAX_NEAR, PARTIES, corpus_of, fold_of, rows

Rows = list[dict[str, Any]]


def inspect(planted: Rows, **settings: Any) -> Leaks:
    encode = settings.pop("encode", None)
    return leaks(**settings).inspect(corpus_of(planted), [fold_of(planted)], STANCE, encode)


def counts(report: Leaks) -> dict[str, int]:
    """Everything that was counted and is not 0."""
    measures = [measure for measure in report.finding.measures if measure.name != "target_shortcut"]
    return {measure.name: int(measure.value) for measure in measures if measure.value}


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
    planted[4]["text"] = f"{planted[0]['text']} indeed"
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
    }
    sections = [
        f"# {name}: {report.finding.verdict}\n{report.finding.sentence}"
        + (f"\n> {report.refusal}" if report.refusal else "")
        for name, report in reports.items()
    ]
    sections.append(f"# how alike exact repeats are\n{reports['one repeats'].finding.details[0].rows[0][2]}")
    sections.append(listing({"settings out of range": out_of_range}))
    golden("splits/leaks", "\n\n".join(sections))
