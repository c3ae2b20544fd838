"""Both published layouts on invented sentences, and the real files if they are there."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from harness.corpora.readers.newsmtsc import newsmtsc
from harness.splits import predefined, seen_in_training
from harness.values.errors import ConfigError, CorpusError
from harness.values.labels import STANCE
from harness.values.tables import Corpus
from tests.corpora.messages import Messages
from tests.corpora.published import source_notes

REAL = os.environ.get("HARNESS_NEWSMTSC")
needs_files = pytest.mark.skipif(not REAL, reason="HARNESS_NEWSMTSC is not set")


def target(id_: str, sentence: str, mention: str, polarity: float) -> dict[str, Any]:
    start = sentence.index(mention)
    end = start + len(mention)
    return {
        "mention": mention,
        "polarity": polarity,
        "from": start,
        "to": end,
        "sentence": sentence,
        "id": f"{id_}_{mention}_{start}_{end}",
    }


PRAISE, DOUBT = "Oldin praised Venn.", "She doubted him."
ROWS = {
    "train": [target("allsides_1_2_3", PRAISE, "Oldin", 0), target("allsides_1_2_3", PRAISE, "Venn", 1)],
    "dev": [target("polusa_v1_77_-1_4", DOUBT, "him", -1)],
    "test": [
        target("allsides_1_2_9", "Venn left.", "Venn", 0),
        target("allsides_5_6_0", "Oldin stayed.", "Oldin", 0),
    ],
}


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def layout(home: Path, *files: str, rows: dict[str, list[dict[str, Any]]] = ROWS) -> Path:
    for file in files:
        subset, part = file.split("/")
        folder = home / f"newsmtsc-{subset}-hf"
        folder.mkdir(exist_ok=True)
        renamed = [row | {"id": f"{subset}{row['id']}" if part == "dev" else row["id"]} for row in rows[part]]
        (folder / f"{part}.jsonl").write_text(lines(renamed), encoding="utf-8")
    return home


EVERYTHING = ("mt/train", "mt/dev", "mt/test", "rw/train", "rw/dev")


def splits(corpus: Corpus) -> dict[str, int]:
    return dict(corpus.rows["split"].value_counts())


def error_of(**options: Any) -> CorpusError | ConfigError:
    with pytest.raises((CorpusError, ConfigError)) as caught:
        newsmtsc(**options, labels=STANCE)
    return caught.value


def wheres(error: CorpusError | ConfigError) -> list[str]:
    return [problem.where for problem in error.problems]


def test_a_row_keeps_span_article_and_the_name_in_its_id(tmp_path: Path) -> None:
    rows = newsmtsc(folder=layout(tmp_path, *EVERYTHING), labels=STANCE).rows.set_index("id")
    row = rows.loc["allsides_1_2_3_Venn_14_18"]
    assert row[["text", "target", "entity", "stance", "split", "subset"]].tolist() == [
        PRAISE,
        "Venn",
        "Venn",
        "supportive",
        "train",
        "mt",
    ]
    assert row["text"][row["start"] : row["end"]] == "Venn"
    assert row["group"] == "allsides_1_2"
    assert rows.loc["mtpolusa_v1_77_-1_4_him_12_15", "group"] == "mtpolusa_v1_77"


@pytest.mark.parametrize(
    "options, counted",
    [
        ({}, {"train": 2, "test": 2, "dev": 1}),
        ({"dev": "mt"}, {"train": 2, "test": 2, "dev": 1}),
        ({"dev": "rw"}, {"train": 2, "test": 2, "dev": 1}),
        ({"dev": "both"}, {"train": 2, "test": 2, "dev": 2}),
        ({"variant": "paper"}, {"train": 2, "test": 3}),
        ({"variant": "rw"}, {"train": 2, "dev": 1}),
        ({"variant": "rw", "dev": "mt"}, {"train": 2, "dev": 1}),
    ],
)
def test_variants(tmp_path: Path, options: dict[str, Any], counted: dict[str, int]) -> None:
    assert splits(newsmtsc(folder=layout(tmp_path, *EVERYTHING), labels=STANCE, **options)) == counted


@pytest.mark.parametrize("dev, subsets", [(None, ["mt"]), ("rw", ["rw"]), ("both", ["mt", "rw"])])
def test_dev_says_whose_rows_are_chosen_on(tmp_path: Path, dev: Any, subsets: list[str]) -> None:
    rows = newsmtsc(folder=layout(tmp_path, *EVERYTHING), dev=dev, labels=STANCE).rows
    assert rows.loc[rows["split"] == "dev", "subset"].tolist() == subsets


def test_a_missing_test_file_is_noted_and_train_and_dev_are_read(tmp_path: Path, messages: Messages) -> None:
    corpus = newsmtsc(folder=layout(tmp_path, *EVERYTHING), variant="rw", labels=STANCE)
    (note,) = source_notes(corpus, tmp_path)
    assert "newsmtsc-rw-hf/test.jsonl" in note.split()
    messages(corpus.source)
    error = error_of(folder=tmp_path, variant="paper_rw")
    assert wheres(error) == [f"{tmp_path}/newsmtsc-rw-hf/test.jsonl"]
    messages(error)


def test_required_files_are_all_named(tmp_path: Path) -> None:
    error = error_of(folder=layout(tmp_path, "mt/test"), dev="both")
    assert [where.removeprefix(f"{tmp_path}/") for where in wheres(error)] == [
        "newsmtsc-mt-hf/train.jsonl",
        "newsmtsc-mt-hf/dev.jsonl",
        "newsmtsc-rw-hf/dev.jsonl",
    ]


def original(home: Path, *parts: str) -> Path:
    """Write the other published layout: a sentence a line, with its targets."""
    for part in parts:
        chosen = ROWS["train"] if part == "train" else [*ROWS["dev"], *ROWS["test"]]
        sentences: dict[str, dict[str, Any]] = {}
        for row in chosen:
            line = {"primary_gid": row["id"], "sentence_normalized": row["sentence"], "targets": []}
            about = {name: row[name] for name in ("from", "to", "mention")}
            about |= {"Input.gid": row["id"], "polarity": {-1: 2.0, 0: 4.0, 1: 6.0}[row["polarity"]]}
            about["further_mentions"] = [{"from": 0, "to": 3, "mention": "She"}]
            sentences.setdefault(row["sentence"], line)["targets"].append(about)
        (home / f"{part}.jsonl").write_text(lines(list(sentences.values())), encoding="utf-8")
    return home


def test_the_other_layout_gives_the_same_rows(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "other").mkdir()
    rows = {
        part: [row | {"id": row["id"].removeprefix("mt")} for row in targets]
        for part, targets in ROWS.items()
    }
    first = newsmtsc(
        folder=layout(tmp_path / "first", *EVERYTHING, rows=rows), variant="paper", labels=STANCE
    )
    home = original(tmp_path / "other", "train", "devtest_mt", "devtest_rw")
    other = newsmtsc(folder=home, variant="paper", labels=STANCE)
    assert other.rows["id"].tolist() == [id_.removeprefix("mt") for id_ in first.rows["id"]]
    compared = ["text", "target", "start", "end", "stance", "split", "entity"]
    assert other.rows[compared].equals(first.rows[compared])
    assert splits(newsmtsc(folder=home, variant="paper_rw", labels=STANCE)) == {"train": 2, "test": 3}


@pytest.mark.parametrize("variant", ["mt", "rw"])
def test_the_other_layout_does_not_tell_dev_from_test(
    tmp_path: Path, variant: str, messages: Messages
) -> None:
    error = error_of(folder=original(tmp_path, "train", f"devtest_{variant}"), variant=variant)
    assert wheres(error) == [f"{tmp_path}/devtest_{variant}.jsonl"]
    messages(error)


def test_dev_has_no_effect_where_dev_is_scored(tmp_path: Path, messages: Messages) -> None:
    messages(error_of(folder=tmp_path, variant="paper", dev="both"))


BROKEN_ROWS: dict[str, tuple[dict[str, Any], str]] = {
    "unknown polarity": ({"polarity": 3}, "1: polarity"),
    "polarity in words": ({"polarity": "positive"}, "1: polarity"),
    "no polarity": ({"polarity": None}, "1"),
    "no sentence": ({"sentence": None}, "1"),
    "start as text": ({"from": "0"}, "1: from"),
    "another mention": ({"mention": "Odin"}, "1: mention"),
    "another span": ({"to": 99}, "1: mention"),
}


@pytest.mark.parametrize(("change", "where"), BROKEN_ROWS.values(), ids=BROKEN_ROWS)
def test_the_error_of_a_broken_row_names_its_line(
    tmp_path: Path, change: dict[str, Any], where: str, messages: Messages
) -> None:
    rows = ROWS | {"train": [ROWS["train"][0] | change, ROWS["train"][1]]}
    home = layout(tmp_path, *EVERYTHING, rows=rows)
    error = error_of(folder=home)
    assert wheres(error) == [f"{home}/newsmtsc-mt-hf/train.jsonl:{where}"]
    messages(error)


@pytest.mark.parametrize(
    ("content", "line"),
    [(b"", ""), (b'{"mention": "Ol', ":1"), (b'{"mention": "Oldi\xe9"}\n', ":1")],
    ids=["empty", "cut off", "latin-1"],
)
def test_the_error_of_a_broken_file_names_its_line(
    tmp_path: Path, content: bytes, line: str, messages: Messages
) -> None:
    home = layout(tmp_path, *EVERYTHING)
    broken = home / "newsmtsc-mt-hf" / "test.jsonl"
    broken.write_bytes(content)
    error = error_of(folder=home)
    assert wheres(error) == [f"{broken}{line}"]
    messages(error)


def test_a_repeated_id(tmp_path: Path, messages: Messages) -> None:
    home = layout(tmp_path, *EVERYTHING, rows=ROWS | {"dev": ROWS["train"][:1], "test": ROWS["train"][:1]})
    error = error_of(folder=home)
    assert wheres(error) == [f"{home}/newsmtsc-mt-hf/test.jsonl:1: id"]
    messages(error)


def test_a_folder_that_is_not_set_or_does_not_exist(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, messages: Messages
) -> None:
    monkeypatch.delenv("HARNESS_NEWSMTSC", raising=False)
    messages(error_of())
    monkeypatch.setenv("HARNESS_NEWSMTSC", str(tmp_path / "none"))
    messages(error_of())
    messages(error_of(folder=tmp_path / "no"))
    monkeypatch.setenv("HARNESS_NEWSMTSC", str(layout(tmp_path, *EVERYTHING)))
    assert len(newsmtsc(labels=STANCE)) == 5


@needs_files
@pytest.mark.parametrize(
    "options, counted",
    [
        ({}, {"train": 8739, "dev": 442, "test": 1034}),
        ({"dev": "both"}, {"train": 8739, "dev": 785, "test": 1034}),
        ({"variant": "paper"}, {"train": 8739, "test": 1476}),
    ],
)
def test_the_real_files_have_the_published_sizes(options: dict[str, Any], counted: dict[str, int]) -> None:
    corpus = newsmtsc(labels=STANCE, **options)
    assert splits(corpus) == counted
    rows = corpus.rows
    spanned = [
        text[start:end] for text, start, end in zip(rows["text"], rows["start"], rows["end"], strict=True)
    ]
    assert spanned == rows["target"].tolist()


@needs_files
def test_the_real_split_shares_articles_and_says_so() -> None:
    corpus = newsmtsc(labels=STANCE)
    (split,) = predefined().draw(corpus, STANCE)
    assert [re.findall(r"\b(?:[\d,]+|train|dev)\b", note) for note in split.notes] == [
        ["491", "1,034", "train"],
        ["61", "1,034", "dev"],
    ]
    assert sum(seen_in_training(corpus, split)) == 491
    # 442 dev rows: as near to halves as whole articles allow.
    assert len(split.validation) + len(split.calibration) == 442
    assert len(split.validation) == pytest.approx(221, abs=3)
