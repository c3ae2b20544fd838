"""SemEval-2016 Task 6, TweetEval and x-stance in their published formats, on lines of our own."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.corpora.readers.semeval2016 import semeval2016
from harness.corpora.readers.tweeteval import tweeteval
from harness.corpora.readers.xstance import xstance
from harness.splits import predefined
from harness.values.catalog import bind
from harness.values.errors import ConfigError
from harness.values.labels import STANCE, TWO_SIDES
from tests.corpora import small
from tests.corpora.published import complaint, splits


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


def test_semeval2016_subtask_b_tests_a_target_that_train_lacks(tmp_path: Path) -> None:
    corpus = semeval2016(folder=small.semeval2016().write(tmp_path), subtask="B", labels=STANCE)
    rows = corpus.rows
    assert rows.loc[rows["split"] == "test", "target"].tolist() == ["Donald Trump"]
    assert set(rows.loc[rows["split"] == "train", "target"]) == {"Atheism"}
    with pytest.raises(ConfigError) as caught:
        semeval2016(folder=tmp_path, subtask="B", target="Atheism")
    assert str(caught.value) == (
        "corpus.target: has no effect with subtask B:"
        " its one target is not among those of the training tweets"
    )


def test_semeval2016_of_one_target(tmp_path: Path) -> None:
    home = small.semeval2016().write(tmp_path)
    train = home / "trainingdata-all-annotations.txt"
    data = train.read_bytes().replace(b"102\tAtheism", b"102\tHillary Clinton")
    train.write_bytes(data)
    assert semeval2016(folder=home, target="Hillary Clinton", labels=STANCE).rows["id"].tolist() == ["102"]
    assert complaint(semeval2016, home, target="Feminist Movement") == (
        f"{home}: has no tweet on 'Feminist Movement'"
    )


def test_semeval2016_as_the_competition_named_its_files(tmp_path: Path) -> None:
    row = "ID\tTarget\tTweet\tStance\n{}\tAtheism\tNaïve. #SemST\tFAVOR\n"
    names = ("semeval2016-task6-trainingdata.txt", "SemEval2016-Task6-subtaskA-testdata-gold.txt")
    for number, name in enumerate(names):
        (tmp_path / name).write_bytes(row.format(number).encode("latin-1"))
    corpus = semeval2016(folder=tmp_path, labels=STANCE)
    assert corpus.source == f"{tmp_path}; semeval2016-task6-trialdata.txt is not there"
    assert corpus.rows["text"].tolist() == ["Naïve. #SemST"] * 2


def test_semeval2016_in_the_folder_of_its_archive_and_saved_anew(tmp_path: Path) -> None:
    inner = tmp_path / "data-all-annotations"
    inner.mkdir()
    home = small.semeval2016().write(inner)
    train = home / "trainingdata-all-annotations.txt"
    train.write_bytes(train.read_bytes().decode("latin-1").encode("utf-8"))
    assert semeval2016(folder=tmp_path, labels=STANCE).rows.loc[0, "text"] == 'The "café is open. #SemST'


def test_semeval2016_without_its_files(tmp_path: Path) -> None:
    assert complaint(semeval2016, tmp_path) == (
        "trainingdata-all-annotations.txt: is not there; SemEval-2016 Task 6 is offered at"
        " http://www.saifmohammad.com/WebPages/StanceDataset.htm"
    )


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


def test_tweeteval_within_the_whole_benchmark_or_without_test(tmp_path: Path) -> None:
    inner = tmp_path / "datasets" / "stance"
    inner.mkdir(parents=True)
    home = small.tweeteval().write(inner)
    (home / "hillary" / "test_text.txt").unlink()
    corpus = tweeteval(folder=tmp_path, target="hillary", labels=STANCE)
    assert corpus.source == f"{home}; hillary/test_text.txt is not there"
    assert complaint(tweeteval, home).splitlines()[0] == (
        "abortion/train_text.txt: is not there; TweetEval stance is offered at"
        " https://github.com/cardiffnlp/tweeteval"
    )
    (home / "hillary" / "val_labels.txt").unlink()
    assert complaint(tweeteval, home, target="hillary") == (
        "hillary/val_labels.txt: cannot be read: No such file or directory"
    )


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


def test_xstance_in_some_languages(tmp_path: Path) -> None:
    home = small.xstance().write(tmp_path)
    assert splits(xstance(folder=home, languages=("de",), labels=TWO_SIDES)) == {
        "train": 1,
        "dev": 1,
        "test": 2,
    }
    made = bind("corpus", "xstance", {"folder": str(home), "languages": ["fr", "it"]}).make(labels=TWO_SIDES)
    assert made.rows["language"].tolist() == ["fr", "it"]
    with pytest.raises(ConfigError, match=r"^corpus\.languages: names none; known: de, fr, it$"):
        xstance(folder=home, languages=())
    (home / "train.jsonl").write_text((home / "valid.jsonl").read_text(encoding="utf-8"), encoding="utf-8")
    (home / "test.jsonl").unlink()
    assert complaint(xstance, home, languages=("it",)) == (
        f"{home}; test.jsonl is not there: has no comment in it"
    )


def test_xstance_with_a_field_or_a_language_that_is_not_known(tmp_path: Path) -> None:
    home = small.xstance().write(tmp_path)
    train = home / "train.jsonl"
    whole = train.read_text(encoding="utf-8")
    train.write_text(whole.replace('"fr"', '"rm"'), encoding="utf-8")
    assert complaint(xstance, home) == "train.jsonl:2: language: unknown code 'rm'; known: de, fr, it"
    train.write_text(whole.replace('"author"', '"writer"'), encoding="utf-8")
    assert complaint(xstance, home) == (
        "train.jsonl: has no column 'author' for group; known: comment, id, label, language,"
        " numerical_label, question, question_id, topic, writer"
    )


def test_the_official_splits_can_be_drawn(tmp_path: Path) -> None:
    corpus = tweeteval(folder=small.tweeteval().write(tmp_path), target="hillary", labels=STANCE)
    (split,) = predefined().draw(corpus, STANCE)
    assert (len(split.train), len(split.validation) + len(split.calibration), len(split.test)) == (3, 3, 3)
