"""Media Frames, SemEval-2023 Task 3 and BASIL in their published formats, on invented lines."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from harness.corpora.card import load_card
from harness.corpora.readers.basil import basil
from harness.corpora.readers.media_frames import media_frames
from harness.corpora.readers.semeval2023 import semeval2023
from harness.values.errors import ConfigError
from harness.values.labels import POLICY_FRAMES, TWO_SIDES
from tests.corpora import small
from tests.corpora.messages import Messages
from tests.corpora.published import error_of, source_notes, splits

FRAMING = load_card("media_frames").labels["framing"]
COURT = "legality_constitutionality_and_jurisprudence"


def issue(home: Path, **changes: Any) -> Path:
    """The small corpus, its first article changed; a value of ... removes the field."""
    whole = small.media_frames()
    articles = json.loads(whole.files["immigration.json"])
    first = articles["Immigration1.0-1"] | changes
    articles["Immigration1.0-1"] = {name: value for name, value in first.items() if value is not ...}
    return whole.write(home, **{"immigration.json": json.dumps(articles).encode()})


def test_media_frames(tmp_path: Path) -> None:
    corpus = media_frames(folder=small.media_frames().write(tmp_path), labels=FRAMING)
    rows = corpus.rows
    assert rows["frames"].tolist() == [(COURT,), ("economic",)]
    assert rows.loc[0, ["id", "group", "outlet", "date", "issue", "title", "text"]].tolist() == [
        "Immigration1.0-1",
        "Immigration1.0-1",
        "daily café",
        "2007-03-09",
        "immigration",
        "Town opens gate",
        "Town opens gate\n\nWages fell. The court will rule.",
    ]
    assert rows.loc[0, "frames_votes"] == (("economic", COURT), (COURT,))
    spans = rows.loc[0, "spans"]
    assert spans == ("economic 17-28 ann", f"{COURT} 29-49 ann", f"{COURT} 29-49 bo")
    assert [rows.loc[0, "text"][17:28], rows.loc[0, "text"][29:49]] == ["Wages fell.", "The court will rule."]


@pytest.mark.parametrize(
    ("agreed", "frames"), [(0.5, ("economic", COURT)), (0.51, (COURT,)), (1.0, (COURT,))]
)
def test_media_frames_by_spans_that_enough_annotators_marked(
    tmp_path: Path, agreed: float, frames: tuple[str, ...]
) -> None:
    home = small.media_frames().write(tmp_path)
    corpus = media_frames(folder=home, frames="spans", agreed=agreed, labels=FRAMING)
    assert corpus.rows["frames"].tolist() == [frames, frames]


def test_media_frames_whose_primary_frame_was_not_settled(tmp_path: Path, messages: Messages) -> None:
    corpus = media_frames(folder=issue(tmp_path, primary_frame=None), labels=FRAMING)
    assert corpus.rows["id"].tolist() == ["Immigration1.0-2"]
    assert [re.findall(r"\d+", note) for note in source_notes(corpus, tmp_path)] == [["1"]]
    messages(corpus.source)
    # Without the field, the one that both annotators coded as primary.
    assert media_frames(folder=issue(tmp_path, primary_frame=...), labels=FRAMING).rows.loc[0, "frames"] == (
        COURT,
    )
    # 16.2 is irrelevant.
    assert len(media_frames(folder=issue(tmp_path, primary_frame="16.2"), labels=FRAMING)) == 1
    assert len(media_frames(folder=issue(tmp_path, irrelevant=1), labels=FRAMING)) == 1


def test_media_frames_with_texts_in_files_of_their_own(tmp_path: Path, messages: Messages) -> None:
    home = issue(tmp_path, text=...)
    (home / "annotations").mkdir()
    (home / "immigration.json").rename(home / "annotations" / "immigration.json")
    (home / "annotations" / "codes.json").write_text("{}", encoding="utf-8")
    corpus = media_frames(folder=home, labels=FRAMING)
    assert [re.findall(r"\d+", note) for note in source_notes(corpus, home)] == [["1"]]
    messages(corpus.source)
    (home / "articles").mkdir()
    (home / "articles" / "Immigration1.0-1.txt").write_text(small.TEXT, encoding="utf-8")
    assert media_frames(folder=home, issues=("immigration",), labels=FRAMING).source == str(home)
    (home / "articles" / "Immigration1.0-1.txt").write_text("Another.", encoding="utf-8")
    messages(error_of(media_frames, home))
    messages(error_of(media_frames, home, issues=("smoking",)))


def test_media_frames_without_any_text(tmp_path: Path, messages: Messages) -> None:
    whole = small.media_frames()
    articles = json.loads(whole.files["immigration.json"])
    bare = {key: {**article, "text": None} for key, article in articles.items()}
    home = whole.write(tmp_path, **{"immigration.json": json.dumps(bare).encode()})
    messages(error_of(media_frames, home))


@pytest.mark.parametrize(
    "options",
    [{"frames": "spans", "agreed": 0.0}, {"frames": "spans", "agreed": 1.1}, {"agreed": 1.0}],
    ids=["zero", "above 1", "no effect"],
)
def test_media_frames_with_settings_that_cannot_be(options: dict[str, Any], messages: Messages) -> None:
    with pytest.raises(ConfigError) as caught:
        media_frames(folder=Path(), **options)
    assert [problem.where for problem in caught.value.problems] == ["corpus.agreed"]
    messages(caught.value)


def test_semeval2023(tmp_path: Path, messages: Messages) -> None:
    labels = load_card("semeval2023").labels["framing"]
    assert labels.names == POLICY_FRAMES[:-1]
    home = small.semeval2023().write(tmp_path)
    corpus = semeval2023(folder=home, labels=labels)
    rows = corpus.rows
    assert rows["id"].tolist() == ["en:01", "en:02", "en:11", "en:12", "en:21", "en:22"]
    assert rows["frames"].tolist()[:2] == [("economic", COURT), ("health_and_safety",)]
    assert rows.loc[0, ["title", "language", "group"]].tolist() == ["Town opens gate", "en", "en:01"]
    assert rows.loc[0, "text"] == "Town opens gate\n\nWages fell in the café. The court will rule."
    assert splits(corpus) == {"train": 2, "dev": 2, "test": 2}
    (home / "en" / "test-labels-subtask-2.txt").unlink()
    corpus = semeval2023(folder=home, labels=labels)
    (note,) = source_notes(corpus, home)
    assert "en/test-labels-subtask-2.txt" in note.split()
    messages(corpus.source)
    assert splits(semeval2023(folder=home, scored="dev", labels=labels)) == {"train": 2, "test": 2}


def test_semeval2023_with_no_frame_a_name_with_a_comma_or_no_article(
    tmp_path: Path, messages: Messages
) -> None:
    inner = tmp_path / "data"
    inner.mkdir()
    home = small.semeval2023().write(inner)
    file = home / "en" / "train-labels-subtask-2.txt"
    file.write_text("01\t\n02\tLegality,Constitutionality_and_jurisprudence,Morality\n", encoding="utf-8")
    labels = load_card("semeval2023").labels["framing"]
    corpus = semeval2023(folder=tmp_path, labels=labels)
    assert corpus.rows["frames"].tolist()[:2] == [(), (COURT, "morality")]
    file.write_text("01\tMorality\n03\tMorality\n", encoding="utf-8")
    messages(error_of(semeval2023, tmp_path))
    with pytest.raises(ConfigError) as caught:
        semeval2023(folder=tmp_path, languages=())
    assert [problem.where for problem in caught.value.problems] == ["corpus.languages"]


def test_basil(tmp_path: Path) -> None:
    corpus = basil(folder=small.basil().write(tmp_path), labels=TWO_SIDES)
    rows = corpus.rows
    assert rows["id"].tolist() == ["0_fox.0.1", "0_nyt.0.1", "1_hpo.0.1"]
    assert rows["group"].tolist() == ["0", "0", "1"]
    assert rows.loc[0, ["text", "target", "holder", "stance", "outlet", "date"]].tolist() == [
        "The fierce Ann Lee ate at the café.",
        "Ann Lee",
        "Bo Roy",
        "critical",
        "fox",
        "2012-06-21",
    ]
    assert rows.loc[0, ["bias", "bias_span", "aim", "quote", "speaker"]].tolist() == [
        "lexical",
        "4-10",
        "dir",
        "yes",
        "Bo_Roy",
    ]
    assert rows["start"].isna().all()


def annotated(home: Path, *annotations: dict[str, Any]) -> Path:
    """The small corpus, with these annotations on the first sentence of one article."""
    whole = small.basil()
    article = json.loads(whole.files["0_fox.json"])
    (plain,) = article["body"][0]["annotations"]
    article["body"][0]["annotations"] = [plain | change for change in annotations]
    return whole.write(home, **{"0_fox.json": json.dumps(article).encode()})


def test_basil_joins_what_says_the_same_and_keeps_what_differs(tmp_path: Path) -> None:
    home = annotated(
        tmp_path,
        {},
        {"start": 0, "end": 3, "bias": "Informational"},
        {"polarity": "Positive"},
        {"speaker": "other_anti"},
        {"quote": "no", "speaker": ""},
        {"polarity": "neu"},
        {"target": "Bo_Roy"},
    )
    rows = basil(folder=home, labels=TWO_SIDES).rows
    mine = rows[rows["article"] == "0_fox"]
    assert mine[["target", "holder", "stance", "bias", "bias_span"]].to_numpy().tolist() == [
        ["Ann Lee", "Bo Roy", "critical", "both", "4-10, 0-3"],
        ["Ann Lee", "Bo Roy", "supportive", "lexical", "4-10"],
        ["Ann Lee", None, "critical", "lexical", "4-10, 4-10"],
        ["Bo Roy", "Bo Roy", "critical", "lexical", "4-10"],
    ]
    assert mine["speaker"].tolist() == ["Bo_Roy", "Bo_Roy", "other_anti", "Bo_Roy"]
    assert len(basil(folder=home, bias="informational", labels=TWO_SIDES)) == 1


def separate(home: Path, **change: Any) -> Path:
    span = {"start": 4, "end": 10, "txt": "fierce", "target": "Ann_Lee", "polarity": "neg", "bias": "lex"}
    span |= {"aim": "dir", "quote": "no", "speaker": "", "id": "p0"}
    about = {"source": "nyt", "date": "2012-06-21", "triplet-uuid": "ab-12"}
    body = [["Rain fell.", "The fierce Ann Lee ate."], ["She slept."]]
    for folder, name, data in (
        ("articles", "ab-12_2.json", about | {"body-paragraphs": body}),
        ("annotations", "ab-12_2_ann.json", {"phrase-level-annotations": [span | change]}),
    ):
        (home / folder / "2012").mkdir(parents=True, exist_ok=True)
        (home / folder / "2012" / name).write_text(json.dumps(data), encoding="utf-8")
    return home


def test_basil_in_folders_by_year(tmp_path: Path, messages: Messages) -> None:
    rows = basil(folder=separate(tmp_path), labels=TWO_SIDES).rows
    assert rows.loc[0, ["id", "text", "group", "outlet", "holder"]].tolist() == [
        "ab-12_2.1.1",
        "The fierce Ann Lee ate.",
        "ab-12",
        "nyt",
        None,
    ]
    separate(tmp_path, txt="firm")
    messages(error_of(basil, tmp_path))


def test_basil_without_files_or_without_such_annotations(tmp_path: Path, messages: Messages) -> None:
    messages(error_of(basil, tmp_path))
    home = small.basil().write(tmp_path)
    messages(error_of(basil, home, bias="informational"))
