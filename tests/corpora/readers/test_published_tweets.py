"""SemEval-2016 Task 6, TweetEval and x-stance in their published formats, on invented lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.corpora.card import load_card
from harness.corpora.readers.semeval2016 import semeval2016
from harness.corpora.readers.tweeteval import tweeteval
from harness.corpora.readers.xstance import xstance
from harness.splits import predefined
from harness.values.catalog import bind
from harness.values.errors import ConfigError
from harness.values.labels import STANCE, TWO_SIDES
from tests.corpora import small
from tests.corpora.messages import Messages
from tests.corpora.published import error_of, source_notes, splits, wheres


def test_semeval2016(tmp_path: Path) -> None:
    home = small.semeval2016().write(tmp_path)
    corpus = semeval2016(folder=home, labels=STANCE)
    rows = corpus.rows
    assert rows["id"].tolist() == ["101", "102", "1", "10001"]
    assert rows["stance"].tolist() == ["critical", "neutral", "supportive", "supportive"]
    assert rows.loc[0, "text"] == 'The "café is open. #SemST'
    assert splits(corpus) == {"train": 3, "test": 1}
    assert list(rows.columns[-2:]) == ["opinion_towards", "sentiment"]
    assert corpus.source == str(home)


def test_semeval2016_subtask_b_tests_a_target_that_train_lacks(tmp_path: Path, messages: Messages) -> None:
    corpus = semeval2016(folder=small.semeval2016().write(tmp_path), subtask="B", labels=STANCE)
    rows = corpus.rows
    assert rows.loc[rows["split"] == "test", "target"].tolist() == ["Donald Trump"]
    assert set(rows.loc[rows["split"] == "train", "target"]) == {"Atheism"}
    with pytest.raises(ConfigError) as caught:
        semeval2016(folder=tmp_path, subtask="B", target="Atheism")
    assert [problem.where for problem in caught.value.problems] == ["corpus.target"]
    messages(caught.value)


def test_semeval2016_of_one_target(tmp_path: Path, messages: Messages) -> None:
    home = small.semeval2016().write(tmp_path)
    train = home / "trainingdata-all-annotations.txt"
    data = train.read_bytes().replace(b"102\tAtheism", b"102\tHillary Clinton")
    train.write_bytes(data)
    assert semeval2016(folder=home, target="Hillary Clinton", labels=STANCE).rows["id"].tolist() == ["102"]
    messages(error_of(semeval2016, home, target="Feminist Movement"))


def test_semeval2016_as_the_competition_named_its_files(tmp_path: Path, messages: Messages) -> None:
    row = "ID\tTarget\tTweet\tStance\n{}\tAtheism\tNaïve. #SemST\tFAVOR\n"
    names = ("semeval2016-task6-trainingdata.txt", "SemEval2016-Task6-subtaskA-testdata-gold.txt")
    for number, name in enumerate(names):
        (tmp_path / name).write_bytes(row.format(number).encode("latin-1"))
    corpus = semeval2016(folder=tmp_path, labels=STANCE)
    (note,) = source_notes(corpus, tmp_path)
    assert "semeval2016-task6-trialdata.txt" in note.split()
    messages(corpus.source)
    assert corpus.rows["text"].tolist() == ["Naïve. #SemST"] * 2


def test_semeval2016_in_the_folder_of_its_archive_and_saved_again(tmp_path: Path) -> None:
    inner = tmp_path / "data-all-annotations"
    inner.mkdir()
    home = small.semeval2016().write(inner)
    train = home / "trainingdata-all-annotations.txt"
    train.write_bytes(train.read_bytes().decode("latin-1").encode("utf-8"))
    assert semeval2016(folder=tmp_path, labels=STANCE).rows.loc[0, "text"] == 'The "café is open. #SemST'


def test_semeval2016_without_its_files(tmp_path: Path, messages: Messages) -> None:
    messages(error_of(semeval2016, tmp_path))


def test_tweeteval(tmp_path: Path) -> None:
    home = small.tweeteval().write(tmp_path)
    corpus = tweeteval(folder=home, target="hillary", labels=STANCE)
    rows = corpus.rows
    assert rows["id"].tolist()[:4] == [
        "hillary/train:1",
        "hillary/train:2",
        "hillary/train:3",
        "hillary/val:1",
    ]
    # 1 is against, 2 favor, 0 none.
    assert rows["stance"].tolist()[:3] == ["critical", "supportive", "neutral"]
    assert rows.loc[0, "text"] == '@user no \u2028 "café" #SemST'
    assert set(rows["target"]) == {"Hillary Clinton"}
    assert splits(corpus) == {"train": 3, "dev": 3, "test": 3}


def test_tweeteval_within_the_whole_benchmark_or_without_test(tmp_path: Path, messages: Messages) -> None:
    inner = tmp_path / "datasets" / "stance"
    inner.mkdir(parents=True)
    home = small.tweeteval().write(inner)
    (home / "hillary" / "test_text.txt").unlink()
    corpus = tweeteval(folder=tmp_path, target="hillary", labels=STANCE)
    (note,) = source_notes(corpus, home)
    assert "hillary/test_text.txt" in note.split()
    messages(corpus.source)
    missing = error_of(tweeteval, home)
    assert wheres(missing, home)[0] == "abortion/train_text.txt"
    assert missing.problems[0].hint == load_card("tweeteval").offer
    (home / "hillary" / "val_labels.txt").unlink()
    messages(error_of(tweeteval, home, target="hillary"))


def test_xstance(tmp_path: Path) -> None:
    corpus = xstance(folder=small.xstance().write(tmp_path), labels=TWO_SIDES)
    rows = corpus.rows
    assert rows["id"].tolist() == ["train:1", "train:2", "valid:3", "test:4", "test:5", "test:6"]
    assert rows["stance"].tolist() == ["critical", "supportive"] + ["critical"] * 4
    assert rows["novelty"].tolist() == [None, None, None, "comments", "topics", "questions"]
    assert rows["language"].tolist() == ["de", "fr", "de", "de", "de", "it"]
    assert rows.loc[0, ["target", "text", "group", "topic"]].tolist() == [
        "Soll es mehr Fähren geben?",
        "Nein, das geht nicht.",
        "c1",
        "Transport",
    ]
    assert splits(corpus) == {"train": 2, "dev": 1, "test": 3}


def test_xstance_in_some_languages(tmp_path: Path, messages: Messages) -> None:
    home = small.xstance().write(tmp_path)
    assert splits(xstance(folder=home, languages=("de",), labels=TWO_SIDES)) == {
        "train": 1,
        "dev": 1,
        "test": 2,
    }
    corpus = bind("corpus", "xstance", {"folder": str(home), "languages": ["fr", "it"]}).make(
        labels=TWO_SIDES
    )
    assert corpus.rows["language"].tolist() == ["fr", "it"]
    with pytest.raises(ConfigError) as caught:
        xstance(folder=home, languages=())
    assert [problem.where for problem in caught.value.problems] == ["corpus.languages"]
    (home / "train.jsonl").write_text((home / "valid.jsonl").read_text(encoding="utf-8"), encoding="utf-8")
    (home / "test.jsonl").unlink()
    messages(error_of(xstance, home, languages=("it",)))


def test_xstance_with_an_unknown_field_or_language(tmp_path: Path, messages: Messages) -> None:
    home = small.xstance().write(tmp_path)
    train = home / "train.jsonl"
    whole = train.read_text(encoding="utf-8")
    train.write_text(whole.replace('"fr"', '"rm"'), encoding="utf-8")
    messages(error_of(xstance, home))
    train.write_text(whole.replace('"author"', '"writer"'), encoding="utf-8")
    messages(error_of(xstance, home))


def test_the_official_splits_can_be_drawn(tmp_path: Path) -> None:
    corpus = tweeteval(folder=small.tweeteval().write(tmp_path), target="hillary", labels=STANCE)
    (split,) = predefined().draw(corpus, STANCE)
    assert (len(split.train), len(split.validation) + len(split.calibration), len(split.test)) == (3, 3, 3)
