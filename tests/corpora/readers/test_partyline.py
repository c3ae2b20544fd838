"""Articles in the form of the package: what becomes a row, and what may be wrong."""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from harness.corpora.readers.partyline import HOME, partyline
from harness.values.errors import ConfigError, CorpusError
from harness.values.labels import FRAMING, STANCE, Task
from harness.values.tables import Corpus
from tests.corpora.messages import Messages

PARTIES = "- {name: Varna, kind: country}\n- {name: Korr, kind: country, aliases: [Korrish]}\n"
ARTICLE: dict[str, Any] = {
    "id": "x1",
    "outlet": "The Quay",
    "country": "Varna",
    "date": "2031-03-14",
    "register": "wire report",
    "split": "train",
    "lines": [
        {"kind": "dateline", "text": "SELLEN, 14 March"},
        {
            "kind": "body",
            "text": "Varna shames Korr.",
            "labelled": True,
            "holder": "writer",
            "frames": ["conflict", "morality"],
            "frames_votes": [["conflict"], ["conflict", "morality"]],
            "holder_votes": ["writer", "Varna"],
            "targets": [
                {
                    "party": "Varna",
                    "start": 0,
                    "end": 5,
                    "stance": "supportive",
                    "votes": ["neutral", "supportive"],
                },
                {"party": "Korr", "start": 13, "end": 17, "stance": "critical"},
            ],
        },
        {"kind": "body", "text": "Rain.", "labelled": True, "holder": "writer", "frames": [], "targets": []},
        {"kind": "boilerplate", "text": "Read next"},
    ],
}


def read(folder: Path, *articles: Any, parties: str = PARTIES, task: Task = "stance") -> Corpus:
    (folder / "parties.yaml").write_text(parties, encoding="utf-8")
    text = "".join(json.dumps(article) + "\n" for article in articles)
    (folder / "articles.jsonl").write_text(text, encoding="utf-8")
    return partyline(folder=folder, labels=STANCE if task == "stance" else FRAMING, task=task)


def changed(change: dict[str, Any], *, line: int | None = None, target: int | None = None) -> dict[str, Any]:
    """The article with some fields of it, of a line or of a target, set, or removed where set to ``...``."""
    article = copy.deepcopy(ARTICLE)
    part = article if line is None else article["lines"][line - 1]
    part = part if target is None else part["targets"][target - 1]
    part |= change
    for name in [name for name, value in change.items() if value is ...]:
        del part[name]
    return article


def test_a_row_is_a_sentence_and_a_party(tmp_path: Path) -> None:
    corpus = read(tmp_path, ARTICLE)
    rows = corpus.rows
    assert rows["id"].tolist() == ["x1.2.1", "x1.2.2", "x1.3.0"]
    assert rows["target"].tolist() == ["Varna", "Korr", None]
    assert rows["stance"].tolist() == ["supportive", "critical", None]
    assert rows["start"].isna().tolist() == [False, False, True]
    assert rows["frames"].tolist() == [("conflict", "morality"), ("conflict", "morality"), ()]
    assert rows["votes"].tolist() == [("neutral", "supportive"), None, None]
    assert rows["frames_votes"].tolist()[1:] == [(("conflict",), ("conflict", "morality")), ()]
    assert rows["holder_votes"].tolist() == [("writer", "Varna"), ("writer", "Varna"), ()]
    assert set(rows["group"]) == {"x1"}
    assert rows.loc[0, ["outlet", "country", "register", "kind"]].tolist() == [
        "The Quay",
        "Varna",
        "wire report",
        "body",
    ]
    assert (corpus.name, len(corpus.for_task("stance")), len(corpus.for_task("framing"))) == (
        tmp_path.name,
        2,
        2,
    )
    assert corpus.parties.spans("The Korrish fleet", "Korr") == ((4, 11),)


BROKEN: dict[str, tuple[dict[str, Any], list[str]]] = {
    "article fields": (changed({"outlet": ..., "date": 2031}), [":1", ":1: date"]),
    "lines": (changed({"lines": "none"}), [":1: lines"]),
    "a line": (changed({"lines": ["text"]}), [":1: line 1"]),
    "unknown kind": (changed({"kind": "footer"}, line=4), [":1: line 4: kind"]),
    "misspelt kind": (changed({"kind": "headlines"}, line=4), [":1: line 4: kind"]),
    "line fields": (
        changed({"frames": ..., "holder": None}, line=2),
        [":1: line 2: holder", ":1: line 2"],
    ),
    "unknown party": (changed({"party": "Vrana"}, line=2, target=1), [":1: line 2: target 1: party"]),
    "start as text": (changed({"start": "0"}, line=2, target=2), [":1: line 2: target 2: start"]),
    "no stance": (changed({"stance": ...}, line=2, target=2), [":1: line 2: target 2"]),
    "a target": (changed({"targets": ["Varna"]}, line=2), [":1: line 2: target 1"]),
    "unknown stance": (changed({"stance": "pro"}, line=2, target=1), [":1: line 2: stance"]),
    "unknown split": (
        changed({"end": 18}, line=2, target=2) | {"split": "dve"},
        [":1: line 2: split"],
    ),
    "span outside the text": (changed({"end": 19}, line=2, target=2), [":1: line 2: end"]),
    "empty text": (changed({"text": ""}, line=3), [":1: line 3: text"]),
    "no text": (changed({"text": ...}, line=3), [":1: line 3: text"]),
}


@pytest.mark.parametrize(("article", "expected"), BROKEN.values(), ids=BROKEN)
def test_an_error_names_article_and_line(
    tmp_path: Path, article: Any, expected: list[str], messages: Messages
) -> None:
    with pytest.raises(CorpusError) as caught:
        read(tmp_path, article)
    file = f"{tmp_path}/articles.jsonl"
    assert [problem.where for problem in caught.value.problems] == [file + where for where in expected]
    messages(caught.value)


def test_articles_without_a_labelled_line(tmp_path: Path, messages: Messages) -> None:
    with pytest.raises(CorpusError) as caught:
        read(tmp_path, changed({"lines": ARTICLE["lines"][:1]}))
    assert [problem.where for problem in caught.value.problems] == [str(tmp_path)]
    messages(caught.value)


def test_a_repeated_article_repeats_its_ids(tmp_path: Path, messages: Messages) -> None:
    with pytest.raises(CorpusError) as caught:
        read(tmp_path, ARTICLE, ARTICLE)
    assert caught.value.problems[0].where == f"{tmp_path}/articles.jsonl:2: line 2: id"
    messages(caught.value)


def test_unknown_frames_are_refused_for_framing(tmp_path: Path, messages: Messages) -> None:
    article = changed({"frames": ["drama"]}, line=3)
    assert len(read(tmp_path, article)) == 3
    with pytest.raises(CorpusError) as caught:
        read(tmp_path, article, task="framing")
    assert [problem.where for problem in caught.value.problems] == [
        f"{tmp_path}/articles.jsonl:1: line 3: frames"
    ]
    messages(caught.value)


def test_a_broken_registry_or_no_file_at_all(tmp_path: Path) -> None:
    with pytest.raises(CorpusError) as caught:
        read(tmp_path, ARTICLE, parties="Varna")
    assert [problem.where for problem in caught.value.problems] == [f"{tmp_path}/parties.yaml"]
    (tmp_path / "parties.yaml").unlink()
    with pytest.raises(CorpusError) as caught:
        partyline(folder=tmp_path)
    assert [problem.where for problem in caught.value.problems] == [f"{tmp_path}/parties.yaml"]
    assert isinstance(caught.value.__cause__, FileNotFoundError)


@pytest.mark.parametrize("task, labels", [("stance", STANCE), ("framing", FRAMING)])
def test_the_packaged_articles_are_labelled_for_both_tasks(task: Task, labels: Any) -> None:
    corpus = partyline(labels=labels, task=task).for_task(task)
    assert set(corpus.rows["split"]) == {"train", "dev", "test"}
    assert corpus.truth(labels).shape[0] == len(corpus)


HELD_OUT = "0a682de17d11b677e251e170cae9c8a4e47e2bb610a2042a1839bdc1c8a80aab"
"""SHA-256 of the dev and test rows: scores on them are comparable for as long as it is the same."""


@pytest.mark.parametrize("training, n_train", [("core", 1006), ("full", 7855)])
def test_dev_and_test_are_the_same_rows_whatever_is_trained_on(training: Any, n_train: int) -> None:
    rows = partyline(training=training).rows
    assert (rows["split"] == "train").sum() == n_train
    held_out = rows[rows["split"].isin(["dev", "test"])]
    assert held_out["split"].value_counts().to_dict() == {"dev": 277, "test": 448}
    columns = ["id", "text", "target", "start", "end", "stance", "frames", "holder", "votes", "group"]
    plain = json.dumps([[str(cell) for cell in row] for row in held_out[columns].to_numpy().tolist()])
    assert hashlib.sha256(plain.encode()).hexdigest() == HELD_OUT


def test_the_core_is_read_with_its_parties_alone() -> None:
    core, full = partyline(training="core"), partyline()
    assert (len(core.parties.parties), len(full.parties.parties)) == (26, 182)
    assert set(core.rows["id"]) < set(full.rows["id"])


def test_a_part_of_other_articles_cannot_be_chosen(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"training: 'core' has no effect with folder"):
        partyline(folder=tmp_path, training="core")


def test_the_packaged_files_are_where_the_package_is() -> None:
    assert {"articles.jsonl", "parties.yaml", "training.jsonl", "training-parties.yaml"} <= {
        path.name for path in HOME.iterdir()
    }
