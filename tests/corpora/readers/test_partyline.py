"""Articles in the package's own form: what becomes a row, and what may be wrong."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from harness.corpora.readers.partyline import HOME, partyline
from harness.values.errors import CorpusError
from harness.values.labels import FRAMING, STANCE, Task
from harness.values.tables import Corpus

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
    place = article if line is None else article["lines"][line - 1]
    place = place if target is None else place["targets"][target - 1]
    place |= change
    for name in [name for name, value in change.items() if value is ...]:
        del place[name]
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


@pytest.mark.parametrize(
    "article, message",
    [
        (changed({"outlet": ..., "date": 2031}), ":1: lacks 'outlet'\n:1: date: is not text: 2031"),
        (changed({"lines": "none"}), ":1: lines: is not a list: 'none'"),
        (changed({"lines": ["text"]}), ":1: line 1: is no line but 'text'"),
        (changed({"kind": "footer"}, line=4),
         ":1: line 4: kind: unknown kind 'footer'; known: body, boilerplate, dateline, headline"),
        (changed({"kind": "headlines"}, line=4),
         ":1: line 4: kind: unknown kind 'headlines'; did you mean 'headline'?"),
        (changed({"frames": ..., "holder": None}, line=2),
         ":1: line 2: holder: is not text: None\n:1: line 2: lacks 'frames'"),
        (changed({"party": "Vrana"}, line=2, target=1),
         ":1: line 2: target 1: party: 'Vrana' is not in parties.yaml; did you mean 'Varna'?"),
        (changed({"start": "0"}, line=2, target=2),
         ":1: line 2: target 2: start: is not a whole number: '0'"),
        (changed({"stance": ...}, line=2, target=2), ":1: line 2: target 2: lacks 'stance'"),
        (changed({"targets": ["Varna"]}, line=2), ":1: line 2: target 1: is no target but 'Varna'"),
        (changed({"stance": "pro"}, line=2, target=1),
         ":1: line 2: stance: unknown label 'pro'; the labels are critical, neutral, supportive"),
        (changed({"end": 18}, line=2, target=2) | {"split": "dve"},
         ":1: line 2: split: unknown split 'dve', and in 2 more rows; did you mean 'dev'?"),
        (changed({"end": 19}, line=2, target=2), ":1: line 2: end: is 19, outside the text of 18 characters"),
        (changed({"text": ""}, line=3), ":1: line 3: text: is empty"),
        (changed({"text": ...}, line=3), ":1: line 3: text: is empty"),
        (changed({"lines": ARTICLE["lines"][:1]}), None),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_article_and_line(tmp_path: Path, article: Any, message: str | None) -> None:
    with pytest.raises(CorpusError) as caught:
        read(tmp_path, article)
    file = f"{tmp_path}/articles.jsonl"
    told = "\n".join(line.removeprefix(file) for line in str(caught.value).splitlines())
    assert told == (f"{tmp_path}: has no labelled line" if message is None else message)


def test_an_article_that_stands_twice_repeats_its_ids(tmp_path: Path) -> None:
    with pytest.raises(CorpusError) as caught:
        read(tmp_path, ARTICLE, ARTICLE)
    file = f"{tmp_path}/articles.jsonl"
    first = str(caught.value).splitlines()[0]
    assert first == f"{file}:2: line 2: id: 'x1.2.1' stands at {file}:1: line 2 already"


def test_unknown_frames_are_told_where_framing_is_the_task(tmp_path: Path) -> None:
    article = changed({"frames": ["drama"]}, line=3)
    assert len(read(tmp_path, article)) == 3
    with pytest.raises(
        CorpusError, match=r"line 3: frames: unknown label 'drama'; the labels are conflict, "
    ):
        read(tmp_path, article, task="framing")


def test_a_broken_registry_or_no_file_at_all(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"parties\.yaml: is not a list of parties$"):
        read(tmp_path, ARTICLE, parties="Varna")
    (tmp_path / "parties.yaml").unlink()
    with pytest.raises(CorpusError, match=r"parties\.yaml: cannot be read"):
        partyline(folder=tmp_path)


@pytest.mark.parametrize("task, labels", [("stance", STANCE), ("framing", FRAMING)])
def test_the_packaged_articles_serve_both_tasks(task: Task, labels: Any) -> None:
    corpus = partyline(labels=labels, task=task).for_task(task)
    assert set(corpus.rows["split"]) == {"train", "dev", "test"}
    assert corpus.truth(labels).shape[0] == len(corpus)


def test_the_packaged_files_are_where_the_package_is() -> None:
    assert {"articles.jsonl", "parties.yaml"} <= {path.name for path in HOME.iterdir()}
