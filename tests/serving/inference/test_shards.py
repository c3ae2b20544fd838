"""Rows that are labelled in parts: the parts together are what one process would have written."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from harness.cli import main as cli
from harness.serving.inference import LabelModel, load_folder
from harness.serving.inference.chunks import CHUNKS_PER_BLOCK, MAX_CHUNK, block_starts, count_rows
from harness.serving.inference.file_options import FileOptions
from harness.serving.inference.labelling import predict_file
from harness.serving.inference.shards import Shard, digest_of, merge, note_of
from harness.serving.inference.text_layout import TextLayout
from harness.values.errors import HarnessError, ModelError
from tests.serving.interruptions import interrupt
from tests.serving.toy_models import write_model

ROWS = 64 + 128 + 256 + 512 + 33
ENDINGS = (".csv", ".tsv", ".jsonl", ".parquet", ".csv.gz", ".jsonl.gz")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LabelModel:
    return load_folder(write_model(tmp_path_factory.mktemp("model")))


def rows(first: int, n: int, *, bad: tuple[int, ...] = ()) -> list[dict[str, Any]]:
    verbs = ("praised", "blasted", "met")
    return [
        {"id": str(i), "text": "" if i in bad else f'Varna {verbs[i % 3]}\n"row {i}".', "target": "Varna"}
        for i in range(first, first + n)
    ]


def write(path: Path, records: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame(records)
    if path.suffix == ".parquet":
        table.to_parquet(path, index=False)
    elif ".jsonl" in path.name:
        data = "".join(json.dumps(record) + "\n" for record in records).encode()
        path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    else:
        table.to_csv(path, index=False, sep="\t" if ".tsv" in path.name else ",")
    return path


def label_parts(model: LabelModel, source: Path, output: Path, of: int, **options: Any) -> None:
    # From the last to the first: parts are labelled in any order.
    for number in range(of, 0, -1):
        predict_file(model, source, output, options=FileOptions(**options, shard=Shard(number, of)))


def left(folder: Path, *but: Path) -> Iterator[str]:
    return (path.name for path in folder.iterdir() if path not in but and ".shard-" not in path.name)


@pytest.mark.parametrize("of", [1, 2, 5])
@pytest.mark.parametrize("ending", ENDINGS)
def test_the_parts_together_are_the_bytes_of_the_whole(
    model: LabelModel, tmp_path: Path, ending: str, of: int
) -> None:
    source = write(tmp_path / f"in{ending}", rows(0, ROWS))
    whole, output = tmp_path / f"whole{ending}", tmp_path / f"out{ending}"
    predict_file(model, source, whole)
    label_parts(model, source, output, of)
    assert merge(source, output, of) == ROWS
    assert output.read_bytes() == whole.read_bytes()
    assert list(left(tmp_path, source, whole, output)) == []


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_folder_is_its_files_one_after_the_other(model: LabelModel, tmp_path: Path, ending: str) -> None:
    single = write(tmp_path / f"in{ending}", rows(0, ROWS))
    for number, first in enumerate(range(0, ROWS, 300)):
        write(tmp_path / "folder" / f"{number}{ending}", rows(first, min(300, ROWS - first)))
    whole, output = tmp_path / f"whole{ending}", tmp_path / f"out{ending}"
    predict_file(model, single, whole)
    assert predict_file(model, tmp_path / "folder", output) == count_rows(tmp_path / "folder") == ROWS
    assert output.read_bytes() == whole.read_bytes()
    label_parts(model, tmp_path / "folder", output, 3)
    assert merge(tmp_path / "folder", output, 3) == ROWS
    assert output.read_bytes() == whole.read_bytes()


def test_files_of_a_folder_have_one_format_and_are_named_where_they_cannot_be_read(
    model: LabelModel, tmp_path: Path
) -> None:
    write(tmp_path / "in" / "a.csv", rows(0, 3))
    (tmp_path / "in" / "b.csv").write_text("id,text,target\n1,2\n", encoding="utf-8")
    with pytest.raises(ModelError, match=r"b\.csv: line 2"):
        predict_file(model, tmp_path / "in", tmp_path / "out.csv")
    write(tmp_path / "in" / "c.jsonl", rows(0, 3))
    with pytest.raises(ModelError, match="csv, jsonl"):
        predict_file(model, tmp_path / "in", tmp_path / "out.csv")
    (tmp_path / "in" / "c.jsonl").unlink()
    with pytest.raises(ModelError, match="lies in the folder"):
        predict_file(model, tmp_path / "in", tmp_path / "in" / "out.csv")


def test_an_interrupted_part_is_resumed(
    model: LabelModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write(tmp_path / "in.csv", rows(0, ROWS))
    whole, output = tmp_path / "whole.csv", tmp_path / "out.csv"
    predict_file(model, source, whole)
    label_parts(model, source, output, 2)
    part, options = Shard(2, 2).beside(output), FileOptions(shard=Shard(2, 2))
    before = part.read_bytes()
    part.unlink()
    interrupt(model, source, output, monkeypatch, chunks=1, options=options)
    predict_file(model, source, output, options=options, resume=True)
    assert part.read_bytes() == before
    merge(source, output, 2)
    assert output.read_bytes() == whole.read_bytes()


def test_rows_that_are_set_aside_are_counted_in_their_part(model: LabelModel, tmp_path: Path) -> None:
    bad = (3, 70, 400, 990)
    source = write(tmp_path / "in.csv", rows(0, ROWS, bad=bad))
    output = tmp_path / "out.csv"
    label_parts(model, source, output, 4, skip_bad=tmp_path / "bad.csv")
    assert merge(source, output, 4) == ROWS - len(bad)
    aside = pd.concat(pd.read_csv(path) for path in sorted(tmp_path.glob("bad.shard-*.csv")))
    assert [number - 1 for number in aside["row"]] == list(bad)


def test_an_encoding_with_a_byte_order_mark_is_joined_or_refused(model: LabelModel, tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", rows(0, ROWS))
    source.write_bytes(source.read_text(encoding="utf-8").encode("cp1252"))
    layout = TextLayout("cp1252")
    predict_file(model, source, tmp_path / "whole.csv", options=FileOptions(layout=layout))
    label_parts(model, source, tmp_path / "out.csv", 3, layout=layout)
    merge(source, tmp_path / "out.csv", 3, layout)
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def mixed(n: int) -> list[dict[str, Any]]:
    """Return rows whose keys, and their order, change after the first part."""
    plain = [{key: row[key] for key in ("text", "target")} for row in rows(0, n)]
    return [
        {"year": i, "note": 0.5, **row} if i < 64 else {**row, "note": None if i < 192 else 1}
        for i, row in enumerate(plain)
    ]


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".jsonl"])
@pytest.mark.parametrize("skip_bad", [False, True])
def test_parts_have_the_columns_and_types_of_the_whole(
    model: LabelModel, tmp_path: Path, ending: str, skip_bad: bool
) -> None:
    bad = [{"text": "", "target": "Varna", "other": "x"}] if skip_bad else []
    source = write(tmp_path / "in.jsonl", bad + mixed(ROWS))
    whole, output = tmp_path / f"whole{ending}", tmp_path / f"out{ending}"
    options: dict[str, Any] = {"skip_bad": tmp_path / "bad.csv"} if skip_bad else {}
    predict_file(model, source, whole, options=FileOptions(**options))
    label_parts(model, source, output, 4, **options)
    assert merge(source, output, 4) == ROWS
    assert output.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("bad", [range(64), range(192, ROWS)])
def test_a_part_may_have_no_row_that_can_be_labelled(
    model: LabelModel, tmp_path: Path, ending: str, bad: range
) -> None:
    source = write(tmp_path / f"in{ending}", rows(0, ROWS, bad=tuple(bad)))
    whole, output, aside = tmp_path / f"whole{ending}", tmp_path / f"out{ending}", tmp_path / "bad.csv"
    predict_file(model, source, whole, options=FileOptions(skip_bad=aside))
    of = len(block_starts(ROWS))
    label_parts(model, source, output, of, skip_bad=aside)
    assert merge(source, output, of) == ROWS - len(bad)
    assert output.read_bytes() == whole.read_bytes()
    # A job that is started again keeps it, and says so where its rows are others now.
    options = FileOptions(skip_bad=aside, shard=Shard(1 if 0 in bad else of, of))
    assert predict_file(model, source, output, options=options, resume=True) == 0
    write(tmp_path / f"in{ending}", rows(0, ROWS))
    with pytest.raises(ModelError):
        predict_file(model, source, output, options=options, resume=True)


def test_parts_none_of_whose_rows_can_be_labelled_are_refused(model: LabelModel, tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", rows(0, 100, bad=tuple(range(100))))
    label_parts(model, source, tmp_path / "out.csv", 2, skip_bad=tmp_path / "bad.csv")
    with pytest.raises(ModelError, match="100"):
        merge(source, tmp_path / "out.csv", 2)
    assert not (tmp_path / "out.csv").exists()


def test_hidden_files_and_folders_are_nobodys_rows(tmp_path: Path) -> None:
    # Of the folder that is named nothing is asked.
    folder = tmp_path / ".data" / "in"
    files = (
        "a.csv",
        "sub/b.csv",
        ".c.csv",
        "_d.csv",
        ".ipynb_checkpoints/a-checkpoint.csv",
        "sub/_log/e.csv",
    )
    for name in files:
        write(folder / name, rows(0, 3))
    assert count_rows(folder) == 6


class Damaged:
    """Ways to spoil labelled parts, each with a word that the refusal holds."""

    @staticmethod
    def missing(source: Path, output: Path) -> str:
        note_of(Shard(2, 3).beside(output)).unlink()
        return "2/3"

    @staticmethod
    def changed(source: Path, output: Path) -> str:
        with Shard(3, 3).beside(output).open("ab") as file:
            file.write(b"x")
        return "changed"

    @staticmethod
    def other_input(source: Path, output: Path) -> str:
        write(source, rows(0, ROWS + 1))
        return f"{ROWS + 1:,} rows"

    @staticmethod
    def no_input(source: Path, output: Path) -> str:
        source.unlink()
        return f"{source.name}: "

    @staticmethod
    def other_columns(source: Path, output: Path) -> str:
        part = Shard(2, 3).beside(output)
        part.write_bytes(part.read_bytes().replace(b"p_critical", b"p_critique", 1))
        note = note_of(part)
        note.write_text(json.dumps({**json.loads(note.read_text()), "sha256": digest_of(part)}))
        return "other columns"

    @staticmethod
    def other_model(source: Path, output: Path) -> str:
        note = note_of(Shard(2, 3).beside(output))
        note.write_text(json.dumps({**json.loads(note.read_text()), "model": "other"}))
        return "another model"


@pytest.mark.parametrize(
    "damage", ["missing", "changed", "other_input", "no_input", "other_columns", "other_model"]
)
def test_parts_that_do_not_fit_are_refused(model: LabelModel, tmp_path: Path, damage: str) -> None:
    source, output = write(tmp_path / "in.csv", rows(0, ROWS)), tmp_path / "out.csv"
    label_parts(model, source, output, 3)
    word = getattr(Damaged, damage)(source, output)
    with pytest.raises(ModelError, match=word):
        merge(source, output, 3)
    assert list(left(tmp_path, source)) == []


@given(total=st.integers(1, 200_000), of=st.integers(1, 50))
def test_parts_cover_all_rows_once_and_begin_where_blocks_do(total: int, of: int) -> None:
    starts = block_starts(total)
    if of > len(starts):
        with pytest.raises(ModelError):
            Shard(1, of).rows(total)
        return
    parts = [Shard(number, of).rows(total) for number in range(1, of + 1)]
    assert (parts[0].start, parts[-1].stop) == (0, total)
    assert all(before.stop == after.start for before, after in pairwise(parts))
    assert {part.start for part in parts} <= set(starts)
    # Each bound is at most half a block from its share.
    if total > 10 * MAX_CHUNK * of:
        assert max(map(len, parts)) - min(map(len, parts)) <= 2 * CHUNKS_PER_BLOCK * MAX_CHUNK


def repeated(n: int) -> list[dict[str, Any]]:
    """Return rows of which many repeat others, near and far."""
    return [
        {**row, "id": str(i), "text": f"Varna praised row {i * i % 97}."} for i, row in enumerate(rows(0, n))
    ]


REPEATED = 2 * CHUNKS_PER_BLOCK * MAX_CHUNK + 4032 + 700


@pytest.mark.parametrize("of", [2, 7])
def test_what_was_cached_before_a_part_changes_no_byte_of_it(tmp_path: Path, of: int) -> None:
    source = write(tmp_path / "in.parquet", repeated(REPEATED))
    whole, output = tmp_path / "whole.csv", tmp_path / "out.csv"
    folder = write_model(tmp_path / "model")
    predict_file(load_folder(folder), source, whole)
    for number in range(1, of + 1):
        # A process of its own has cached nothing.
        predict_file(load_folder(folder), source, output, options=FileOptions(shard=Shard(number, of)))
    merge(source, output, of)
    assert output.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("chunks", [2, 7, 8, 9])
def test_what_is_resumed_amid_a_block_changes_no_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunks: int
) -> None:
    source = write(tmp_path / "in.parquet", repeated(REPEATED))
    whole, output = tmp_path / "whole.csv", tmp_path / "out.csv"
    predict_file(load_folder(write_model(tmp_path / "first")), source, whole)
    interrupted = load_folder(write_model(tmp_path / "second"))
    interrupt(interrupted, source, output, monkeypatch, chunks=chunks)
    # As another process would: with nothing cached.
    interrupted.forget()
    predict_file(interrupted, source, output, resume=True)
    assert output.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "a/b", "1/0", "-1/3", "1/2/3"])
def test_a_part_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(HarnessError):
        Shard.parse(text)


def test_streams_and_workbooks_have_no_parts(model: LabelModel, tmp_path: Path) -> None:
    source, options = write(tmp_path / "in.csv", rows(0, 300)), FileOptions(shard=Shard(1, 2))
    os.mkfifo(tmp_path / "pipe.csv")
    pairs = ((source, None), (source, tmp_path / "out.xlsx"), (tmp_path / "pipe.csv", tmp_path / "out.csv"))
    for rows_in, output in pairs:
        with pytest.raises(ModelError):
            predict_file(model, rows_in, output, options=options)
    executor = ["--executor", "processes", "--output", str(tmp_path / "out.csv")]
    outcome = CliRunner().invoke(cli.app, ["predict", "--input", str(tmp_path / "pipe.csv"), *executor])
    assert isinstance(outcome.exception, ModelError)


def test_parts_are_labelled_and_joined_on_the_command_line(
    model: LabelModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "in.csv", rows(0, ROWS))
    predict_file(model, Path("in.csv"), Path("whole.csv"))
    served = str(write_model(tmp_path / "toy"))
    files = ["--input", "in.csv", "--output", "out.csv"]
    for part in ("2/2", "1/2"):
        outcome = CliRunner().invoke(cli.app, ["predict", "--model", served, *files, "--shard", part])
        assert outcome.exit_code == 0, outcome.output
        assert f".shard-{part[0]}-of-2.csv" in outcome.stderr
    outcome = CliRunner().invoke(cli.app, ["predict", *files, "--shards", "2"])
    assert outcome.exit_code == 0, outcome.output
    assert Path("out.csv").read_bytes() == Path("whole.csv").read_bytes()
    for others in (["--shard", "1/2"], ["--executor", "processes"]):
        outcome = CliRunner().invoke(cli.app, ["predict", *files, "--shards", "2", *others])
        assert isinstance(outcome.exception, ModelError), others
