"""Both published layouts on sentences of our own, and the real files where they are."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from harness.corpora.newsmtsc import newsmtsc
from harness.splits import predefined, seen_in_training
from harness.values.errors import ConfigError, CorpusError
from harness.values.labels import STANCE
from harness.values.tables import Corpus

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


def complaint(**options: Any) -> str:
    with pytest.raises((CorpusError, ConfigError)) as caught:
        newsmtsc(**options, labels=STANCE)
    return str(caught.value)


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


def test_a_missing_test_file_is_said_and_train_and_dev_still_serve(tmp_path: Path) -> None:
    corpus = newsmtsc(folder=layout(tmp_path, *EVERYTHING), variant="rw", labels=STANCE)
    assert corpus.source == f"{tmp_path}; newsmtsc-rw-hf/test.jsonl is not there"
    absent = tmp_path / "newsmtsc-rw-hf" / "test.jsonl"
    assert complaint(folder=tmp_path, variant="paper_rw") == (
        f"{absent}: is not there; variant paper_rw needs it;"
        " the files are at https://github.com/fhamborg/NewsMTSC"
    )


def test_files_that_are_needed_are_all_named(tmp_path: Path) -> None:
    told = complaint(folder=layout(tmp_path, "mt/test"), dev="both").splitlines()
    assert [line.split(": ")[0].removeprefix(f"{tmp_path}/") for line in told] == [
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
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    rows = {part: [row | {"id": row["id"].removeprefix("mt")} for row in held] for part, held in ROWS.items()}
    one = newsmtsc(folder=layout(tmp_path / "one", *EVERYTHING, rows=rows), variant="paper", labels=STANCE)
    home = original(tmp_path / "other", "train", "devtest_mt", "devtest_rw")
    other = newsmtsc(folder=home, variant="paper", labels=STANCE)
    assert other.rows["id"].tolist() == [id_.removeprefix("mt") for id_ in one.rows["id"]]
    compared = ["text", "target", "start", "end", "stance", "split", "entity"]
    assert other.rows[compared].equals(one.rows[compared])
    assert splits(newsmtsc(folder=home, variant="paper_rw", labels=STANCE)) == {"train": 2, "test": 3}


@pytest.mark.parametrize("variant, paper", [("mt", "paper"), ("rw", "paper_rw")])
def test_the_other_layout_does_not_tell_dev_from_test(tmp_path: Path, variant: str, paper: str) -> None:
    told = complaint(folder=original(tmp_path, "train", f"devtest_{variant}"), variant=variant)
    assert told == (
        f"{tmp_path}/devtest_{variant}.jsonl: holds dev and test in one and cannot tell them apart;"
        f" use variant {paper}"
    )


def test_dev_has_no_effect_where_dev_is_scored(tmp_path: Path) -> None:
    assert complaint(folder=tmp_path, variant="paper", dev="both") == (
        "corpus.dev: has no effect with variant paper, which scores the dev rows; dev is carved from train"
    )


@pytest.mark.parametrize(
    "change, message",
    [
        ({"polarity": 3}, "1: polarity: unknown code 3; known: -1, 0, 1, 2, 4, 6"),
        ({"polarity": "positive"}, "1: has polarity 'positive', no number"),
        ({"polarity": None}, "1: lacks 'polarity'"),
        ({"sentence": None}, "1: lacks 'sentence'"),
        ({"from": "0"}, "1: has from '0', no whole number"),
        ({"mention": "Odin"}, "1: mention: is 'Odin', the span holds 'Oldin'"),
        ({"to": 99}, f"1: mention: is 'Oldin', the span holds {PRAISE!r}"),
    ],
)
def test_a_faulty_row_is_told_with_its_line(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    rows = ROWS | {"train": [ROWS["train"][0] | change, ROWS["train"][1]]}
    home = layout(tmp_path, *EVERYTHING, rows=rows)
    assert complaint(folder=home) == f"{home}/newsmtsc-mt-hf/train.jsonl:{message}"


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", ": is empty"),
        (b'{"mention": "Ol', ":1: is not valid JSON: Unterminated string starting at (character 13)"),
        (
            b'{"mention": "Oldi\xe9"}\n',
            ":1: is not utf-8: byte 0xe9; was it saved anew? take it as published",
        ),
    ],
)
def test_a_broken_file_is_told(tmp_path: Path, content: bytes, message: str) -> None:
    home = layout(tmp_path, *EVERYTHING)
    broken = home / "newsmtsc-mt-hf" / "test.jsonl"
    broken.write_bytes(content)
    assert complaint(folder=home) == f"{broken}{message}"


def test_an_id_that_stands_twice(tmp_path: Path) -> None:
    home = layout(tmp_path, *EVERYTHING, rows=ROWS | {"dev": ROWS["train"][:1], "test": ROWS["train"][:1]})
    file = f"{home}/newsmtsc-mt-hf"
    assert complaint(folder=home) == (
        f"{file}/test.jsonl:1: id: 'allsides_1_2_3_Oldin_0_5' stands at {file}/train.jsonl:1 already"
    )


def test_where_the_folder_is_not_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HARNESS_NEWSMTSC", raising=False)
    assert complaint() == (
        "newsmtsc: the environment variable HARNESS_NEWSMTSC is not set; set it to the folder of NewsMTSC"
        " (https://github.com/fhamborg/NewsMTSC), write corpus.folder, or see harness corpus fetch newsmtsc"
    )
    monkeypatch.setenv("HARNESS_NEWSMTSC", str(tmp_path / "none"))
    assert complaint() == f"newsmtsc: HARNESS_NEWSMTSC says {tmp_path}/none, which is not a folder"
    assert complaint(folder=tmp_path / "no") == (
        f"newsmtsc: corpus.folder says {tmp_path}/no, which is not a folder"
    )
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
    assert split.notes == (
        "491 of 1,034 test rows come from groups (articles) that are in train too",
        "61 of 1,034 test rows come from groups (articles) that stand in dev too",
    )
    assert sum(seen_in_training(corpus, split)) == 491
    # 442 dev rows: as near to halves as whole articles allow.
    assert len(split.validation) + len(split.calibration) == 442
    assert len(split.validation) == pytest.approx(221, abs=3)
