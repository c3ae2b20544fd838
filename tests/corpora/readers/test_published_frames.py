"""GVFC and Narrative Frames in their published formats, on invented lines; and the real files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.corpora.card import load_card
from harness.corpora.readers.gvfc import FRAMES, gvfc
from harness.corpora.readers.narrative_frames import narrative_frames
from harness.splits import kfold
from harness.splits.leaks.duplicates import normalised
from harness.values.labels import FRAMING
from tests.corpora.messages import Messages
from tests.corpora.published import error_of, needs, source_notes, wheres


def gvfc_file(home: Path, *rows: list[Any], header: tuple[str, ...] = ("Q3 Theme1", "Q3 Theme2")) -> Path:
    import openpyxl

    book = openpyxl.Workbook()
    for row in [["news_title", "Q1 Relevant", "Q2 Focus", *header], *rows]:
        book.active.append(row)
    book.save(home / "GVFC_headlines_and_annotations.xlsx")
    return home


def test_gvfc(tmp_path: Path) -> None:
    home = gvfc_file(
        tmp_path, ["Senate votes", 1, 1, 3, 2], ["Rain", 2, 99, 99, 99], ["Shops shut", 1, 1, 9, 99]
    )
    labels = load_card("gvfc").labels["framing"]
    corpus = gvfc(folder=home, labels=labels)
    assert corpus.rows["id"].tolist() == ["headline:2", "headline:4"]
    assert corpus.rows["frames"].tolist() == [("politics", "gun_control"), ("economic_consequences",)]
    assert corpus.rows["first_frame"].tolist() == ["politics", "economic_consequences"]
    assert gvfc(folder=home, unframed=True, labels=labels).rows["frames"].tolist()[1] == ()
    assert labels.names == tuple(FRAMES.values())


def test_gvfc_with_an_unknown_code_another_header_or_no_file(tmp_path: Path, messages: Messages) -> None:
    messages(error_of(gvfc, tmp_path))
    home = gvfc_file(tmp_path, ["Senate votes", 1, 1, 10, 99])
    messages(error_of(gvfc, home))
    gvfc_file(home, ["Senate votes", 1, 1, 1, 99], header=("Q3 Theme1", "Theme2"))
    messages(error_of(gvfc, home))
    (home / "GVFC_headlines_and_annotations.xlsx").write_bytes(b"PK\x03\x04 cut off")
    messages(error_of(gvfc, home))


LINE = "8\tPost\tleft_bias\t2019-01-08\tFog.\tTrue\tFalse\t{}\tFalse\tFalse"


def narrative_files(home: Path, dev: str = LINE.format("True") + ")") -> Path:
    folder = home / "Fold_2"
    folder.mkdir(exist_ok=True)
    train = 'The "odd" quote.\tFalse\tFalse\tFalse\tFalse\tFalse'
    (folder / "train.txt").write_text(f"7\tWire\tright_bias\t2018-02-03\t{train}\n", encoding="utf-8")
    (folder / "dev.txt").write_text(f"{dev}\n", encoding="utf-8")
    return home


def test_narrative_frames(tmp_path: Path, messages: Messages) -> None:
    corpus = narrative_frames(folder=narrative_files(tmp_path), fold=2, labels=FRAMING)
    assert corpus.rows["frames"].tolist() == [(), ("responsibility", "conflict")]
    assert corpus.rows.loc[0, ["id", "text", "outlet", "date", "bias", "split"]].tolist() == [
        "article:7",
        'The "odd" quote.',
        "Wire",
        "2018-02-03",
        "right_bias",
        "train",
    ]
    (note,) = source_notes(corpus, tmp_path)
    assert "Fold_2/test.txt" in note.split()
    messages(corpus.source)


def test_narrative_frames_that_are_broken_or_missing(tmp_path: Path, messages: Messages) -> None:
    missing = error_of(narrative_frames, tmp_path)
    assert wheres(missing, tmp_path) == ["Fold_1/train.txt", "Fold_1/dev.txt"]
    home = narrative_files(tmp_path, LINE.format("maybe"))
    messages(error_of(narrative_frames, home, fold=2))
    narrative_files(tmp_path, LINE.format("True").removesuffix("\tFalse"))
    messages(error_of(narrative_frames, home, fold=2))


@needs("HARNESS_GVFC")
def test_the_real_headlines_are_read() -> None:
    labels = load_card("gvfc").labels["framing"]
    corpus = gvfc(labels=labels)
    assert (len(corpus), len(gvfc(unframed=True, labels=labels))) == (1_301, 2_990)
    assert len(kfold(k=10).draw(corpus.for_task("framing"), labels)) == 10


@needs("HARNESS_GVFC")
def test_the_card_counts_the_repeated_headlines() -> None:
    labels = load_card("gvfc").labels["framing"]
    entire, corpus = gvfc(unframed=True, labels=labels).rows, gvfc(labels=labels)
    pairs = [rows["frames"].nunique() for _, rows in entire.groupby("text") if len(rows) > 1]
    assert (len(pairs), sum(different > 1 for different in pairs)) == (11, 2)
    words = corpus.rows["text"].map(normalised)
    assert words.duplicated().sum() == 4
    alike = dict(zip(corpus.rows["id"], words, strict=True))
    parted = 0
    for fold in kfold(k=3).draw(corpus.for_task("framing"), labels):
        others = {alike[id_] for id_ in (*fold.train, *fold.validation, *fold.calibration)}
        parted += sum(alike[id_] in others for id_ in fold.test)
    assert parted == 2


@needs("HARNESS_NARRATIVE_FRAMES")
def test_naming_every_frame_always_gives_the_score_on_the_card() -> None:
    corpus = narrative_frames(labels=FRAMING)
    share = corpus.truth(FRAMING)[(corpus.rows["split"] == "dev").to_numpy()].mean(axis=0)
    # Precision is the frame's share, recall 1: F1 = 2 s / (1 + s).
    assert (2 * share / (1 + share)).mean() == pytest.approx(0.453, abs=5e-4)
