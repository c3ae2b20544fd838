"""The gate sees what was planted, and lets an honest corpus through."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.splits.leaks import Leaks, leaks
from harness.values.catalog import bind
from harness.values.errors import ConfigError
from harness.values.labels import STANCE
from tests.splits.leaks.planted import PARTIES, corpus_of, fold_of, rows


def inspected(planted: list[dict[str, Any]], **settings: Any) -> Leaks:
    encode = settings.pop("encode", None)
    return leaks(**settings).inspect(corpus_of(planted), [fold_of(planted)], STANCE, encode)


def test_an_honest_corpus_passes() -> None:
    found = inspected(rows())
    assert found.finding.verdict == "passed"
    assert found.finding.sentence == "None of 24 test rows repeats a sentence of train or dev."
    assert (found.refusal, found.notes) == ("", ())
    counts = {one.name: one.value for one in found.finding.measures}
    assert counts == {
        "repeated_rows": 0,
        "near_rows": 0,
        "repeated_dev_rows": 0,
        "shared_group_rows": 0,
        "conflicting_rows": 0,
        # 24 test rows, 8 of each label; each party's commonest label in train is right no more often.
        "target_shortcut": pytest.approx(0.0, abs=0.15),
    }


@pytest.mark.parametrize("part", ["train", "dev"])
def test_a_repeated_sentence_stops_training(part: str) -> None:
    planted = rows()
    source = next(row for row in planted if row["split"] == part)
    # Case, punctuation and white space do not make a sentence another one.
    planted[4]["text"] = f"  “{source['text'].upper()}”!"
    found = inspected(planted)
    assert found.finding.verdict == "failed"
    named = {"train": "train", "dev": "validation"}[part]
    assert found.refusal == (
        "1 of 24 test rows repeats a sentence of train or dev, 0 are allowed:\n"
        f"  r004 (test) repeats {source['id']} ({named})\n"
        "Take them out of the corpus; where they are known and official, say so with"
        " audits.leaks.max_leaked_rows: 1; or run with --allow-leaks, which marks the runs."
    )


def test_as_many_as_are_allowed_may_repeat_and_no_more() -> None:
    planted = rows()
    for place in (4, 9):
        planted[place]["text"] = planted[0]["text"]
    allowed = inspected(planted, max_leaked_rows=2)
    assert (allowed.refusal, allowed.finding.verdict) == ("", "warning")
    assert allowed.notes[0] == "2 of 24 test rows repeat a sentence of train or dev; 2 are allowed."
    planted[9]["text"] = "Nobody else says so."
    assert inspected(planted, max_leaked_rows=1).notes[0] == (
        "1 of 24 test rows repeats a sentence of train or dev; 1 is allowed."
    )
    planted[9]["text"] = planted[0]["text"]
    assert inspected(planted, max_leaked_rows=1).refusal.startswith(
        "2 of 24 test rows repeat a sentence of train or dev, 1 is allowed:"
    )


def test_near_duplicates_warn_and_stop_only_where_asked() -> None:
    planted = rows()
    words = planted[0]["text"].split()
    # One of 19 words is another: 36 of 37 + 3 − … words and pairs stay; well above 0.7.
    planted[4]["text"] = " ".join([*words[:5], "indeed", *words[6:]])
    found = inspected(planted)
    assert (found.finding.verdict, found.refusal) == ("warning", "")
    assert found.finding.sentence == "1 of 24 test rows is a near duplicate of train or dev."
    (table,) = found.finding.details
    assert table.rows[0][:5] == ("r004", "test", table.rows[0][2], "r000", "train")
    assert inspected(planted, max_near_rows=1).refusal == ""
    assert inspected(planted, max_near_rows=0).refusal.startswith(
        "1 of 24 test rows nearly repeats one, 0 are allowed:\n  r004 (test) nearly repeats r000 (train)\n"
    )


def test_a_refusal_names_the_rows_and_the_setting_that_it_is_about() -> None:
    planted = rows()
    planted[4]["text"] = f"{planted[0]['text']} indeed"
    planted[9]["text"] = planted[1]["text"]
    found = inspected(planted, max_leaked_rows=1, max_near_rows=0)
    assert found.refusal == (
        "1 of 24 test rows nearly repeats one, 0 are allowed:\n"
        "  r004 (test) nearly repeats r000 (train)\n"
        "Take them out of the corpus; where they are known and official, say so with"
        " audits.leaks.max_near_rows: 1; or run with --allow-leaks, which marks the runs."
    )
    assert found.finding.sentence.count("nearly repeats") == 1
    assert "near duplicates" not in found.finding.sentence
    both = inspected(planted, max_near_rows=0).refusal
    assert "audits.leaks.max_leaked_rows: 1 and audits.leaks.max_near_rows: 1;" in both


def test_dev_rows_that_repeat_train_warn() -> None:
    planted = rows()
    planted[3]["text"] = planted[0]["text"]
    found = inspected(planted)
    assert (found.finding.verdict, found.refusal) == ("warning", "")
    assert found.finding.sentence == "1 dev row repeats a sentence of train, nearly or word for word."


def test_a_target_that_settles_the_label_is_seen() -> None:
    planted = rows(300)
    for row in planted:
        row["stance"] = STANCE.names[PARTIES.index(row["target"])]
    found = inspected(planted)
    assert found.finding.verdict == "failed"
    assert found.refusal == ""  # it is how the corpus is, not a copy of what is trained on
    assert found.finding.value("target_shortcut") == pytest.approx(2 / 3, abs=0.05)
    assert found.finding.sentence.startswith(
        "The target alone tells much of the label: the commonest label of each target is right for 100 % of"
    )


def test_conflicting_labels_and_shared_groups_warn() -> None:
    planted = rows()
    planted[1] |= {key: planted[0][key] for key in ("text", "target")}
    planted[4]["group"] = planted[0]["group"]
    found = inspected(planted)
    assert found.finding.verdict == "warning"
    assert found.finding.sentence == (
        "2 rows say the same of the same target and are labelled differently. 1 of 24 test rows comes from"
        " a group (article) that stands in train: see the slices of seen and unseen articles."
    )
    # The split has a note of its own on groups.
    assert found.notes == ("2 rows say the same of the same target and are labelled differently.",)


def test_a_row_counts_once_over_folds() -> None:
    planted = rows()
    planted[4]["text"] = planted[0]["text"]
    fold = fold_of(planted)
    found = leaks().inspect(corpus_of(planted), [fold, fold], STANCE)
    assert found.refusal.startswith("1 of 24 test rows")


def test_vectors_find_what_words_do_not() -> None:
    planted = rows()
    texts = {row["text"].casefold() for row in (planted[0], planted[4])}

    def encode(words: Any) -> Any:
        return np.array([[1.0, 0.0] if w in texts else [0.0, 1.0 + k] for k, w in enumerate(words)])

    # All others point the same way too: they are each other's near duplicates in this toy encoder.
    found = inspected(planted, embeddings=0.99, encode=encode)
    assert ("r004", "test", "1.00", "r000", "train") in [row[:5] for row in found.finding.details[0].rows]


@pytest.mark.parametrize(("said", "meant"), [(True, 0.9), (False, None), (0.95, 0.95), (1, 1)])
def test_vectors_are_compared_on_request(said: float | bool, meant: float | None) -> None:
    assert bind("audit", "leaks", {"embeddings": said}).make().embeddings == meant


def test_texts_are_left_out_where_asked() -> None:
    planted = rows()
    planted[4]["text"] = planted[0]["text"]
    bare = inspected(planted).finding.without_texts()
    assert bare.details[0].columns == ("id", "in", "alike", "of", "in which")
    assert planted[0]["text"] not in str(bare.to_dict())


def test_every_setting_out_of_range_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        leaks(max_leaked_rows=-1, max_near_rows=-2, near=0.0, embeddings=1.5, shortcut=2.0)
    assert str(caught.value).splitlines() == [
        "max_leaked_rows: should be 0 or more, got -1",
        "max_near_rows: should be 0 or more, got -2",
        "near: should be a share above 0 and up to 1, got 0.0",
        "embeddings: should be a cosine above 0 and up to 1, got 1.5",
        "shortcut: should be a share above 0 and up to 1, got 2.0",
    ]
