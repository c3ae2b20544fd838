"""Mutated files of rows: each is read or refused, in training and in labelling, whatever format it is."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.corpora.readers.files import files
from harness.corpora.tabular import Layout, read_cells
from harness.serving.inference import LabelModel, load_folder
from harness.serving.inference.file_options import FileOptions
from harness.serving.inference.labelling import predict_file
from harness.serving.inference.text_layout import TextLayout
from harness.values.errors import ConfigError, CorpusError, ModelError
from harness.values.labels import STANCES
from harness.values.spreadsheets import table_text
from tests.faults.conftest import Tally
from tests.faults.fuzz.fuzzing import damaged, edited, fuzz, tried
from tests.serving.toy_models import write_model

ROWS: list[dict[str, Any]] = [
    {"id": f"a{n}", "text": f"Varna {verb} Ostrel, “{n}”.", "target": "Varna", "target_start": 0}
    | {"target_end": 5, "stance": STANCES[n % 3], "votes": None, "nr": n * 0.5}
    for n, verb in enumerate(("praised", "blasted", "met") * 3)
]


def as_jsonl(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def as_parquet(rows: list[dict[str, Any]]) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    out = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows), out, row_group_size=4)
    return out.getvalue()


def as_xlsx(rows: list[dict[str, Any]]) -> bytes:
    import openpyxl

    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in (list(rows[0]), *(list(row.values()) for row in rows)):
        book.worksheets[0].append(row)
    book.save(out)
    return out.getvalue()


CSV = table_text(list(ROWS[0]), ROWS).encode()
BINARY = {
    ".parquet": as_parquet(ROWS),
    ".xlsx": as_xlsx(ROWS),
    ".csv.gz": gzip.compress(CSV, mtime=0),
    ".csv": CSV,
    ".jsonl": as_jsonl(ROWS),
}
TEXTS = {".csv": CSV.decode(), ".jsonl": as_jsonl(ROWS).decode(), ".tsv": CSV.decode().replace(",", "\t")}
FILES = st.one_of(
    *(st.tuples(st.just(ending), damaged(st.just(data))) for ending, data in BINARY.items()),
    *(
        st.tuples(
            st.just(ending), edited(st.just(text)).map(lambda text: text.encode("utf-8", "surrogatepass"))
        )
        for ending, text in TEXTS.items()
    ),
)
ENCODINGS = st.sampled_from(("utf-8", "utf-8", "utf-16", "cp1252", "utf-8-sig", "shift-jis", "utf-32"))

FOUND: dict[str, tuple[str, bytes]] = {
    "an empty file": (".csv", b""),
    "nothing but a byte order mark": (".csv", b"\xef\xbb\xbf"),
    "a null character in a header": (".csv", b"text,tar\0get\na,b\n"),
    "an open quote": (".csv", b'text,target\n"Varna,Varna\n'),
    "an empty archive": (".csv.gz", b""),
    "an archive that is none": (".csv.gz", b"text,target\n"),
    "an archive cut off": (".csv.gz", BINARY[".csv.gz"][:-10]),
    "an archive with a wrong sum": (".csv.gz", BINARY[".csv.gz"][:-8] + b"\0" * 8),
    "a workbook cut off": (".xlsx", BINARY[".xlsx"][:-100]),
    "a workbook that is no archive": (".xlsx", b"PK\x03\x04"),
    "a Parquet file without a footer": (".parquet", BINARY[".parquet"][:-8]),
    "a Parquet footer of another length": (".parquet", BINARY[".parquet"][:-8] + b"\xff\xff\xff\x7fPAR1"),
    "a JSON number beyond all floats": (".jsonl", b'{"text": "a", "target": "b", "target_start": 1e999}\n'),
    "a JSON number that is none": (".jsonl", b'{"text": "a", "target": "b", "target_start": NaN}\n'),
    "JSON lists for text": (".jsonl", b'{"text": ["a"], "target": {"b": 1}, "stance": ["critical"]}\n'),
    "a JSON key that is half a character": (".jsonl", b'{"text": "a", "target": "b", "\\ud83d": 1}\n'),
    "true for an offset": (
        ".jsonl",
        b'{"text": "a", "target": "a", "target_start": true, "target_end": 1}\n',
    ),
    "an offset of 400 digits": (
        ".jsonl",
        b'{"text": "a", "target": "a", "target_start": 0, "target_end": 1%s}\n' % (b"0" * 400),
    ),
    "a superscript digit for an offset": (".csv", "text,target,target_start,target_end\na,a,²,1\n".encode()),
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LabelModel:
    return load_folder(write_model(tmp_path_factory.mktemp("model")))


def read_as_corpus(path: Path, encoding: str = "utf-8") -> str:
    columns = {"start": "target_start", "end": "target_end"}

    def read() -> None:
        read_cells(path, Layout(encoding=encoding))
        files(path=path, columns=columns, encoding=encoding)

    return tried(read, (CorpusError, ConfigError))


def label(model: LabelModel, path: Path, encoding: str = "utf-8") -> tuple[str, str]:
    """Label a file strictly, and without its bad rows, into two formats; return the messages."""
    messages = []
    for skip, ending in ((None, ".parquet"), (path.with_name("aside.csv"), ".jsonl")):
        options = FileOptions(layout=TextLayout(encoding), skip_bad=skip)
        output = path.with_name(f"out{ending}")
        messages.append(tried(partial(predict_file, model, path, output, options=options), ModelError))
    return messages[0], messages[1]


def written(folder: Path, ending: str, data: bytes) -> Path:
    path = folder / f"in{ending}"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", FOUND)
def test_inputs_that_ended_in_a_traceback(model: LabelModel, tmp_path: Path, name: str) -> None:
    path = written(tmp_path, *FOUND[name])
    read_as_corpus(path)
    strict, _ = label(model, path)
    assert strict == "" or strict.startswith(str(path)) or "out." in strict


def fuzzed(count: int, number: int, use: Callable[[Path, str], object], folder: Path) -> None:
    @fuzz(count, number=number)
    @given(file=FILES, encoding=ENCODINGS)
    def file_is_read_or_refused(file: tuple[str, bytes], encoding: str) -> None:
        use(written(folder, *file), encoding)

    file_is_read_or_refused()


def test_mutated_corpus_files(tmp_path: Path) -> None:
    fuzzed(60, 1, read_as_corpus, tmp_path)


def test_mutated_inference_inputs(model: LabelModel, tmp_path: Path) -> None:
    fuzzed(60, 1, lambda path, encoding: label(model, path, encoding), tmp_path)


@pytest.mark.torture
@pytest.mark.parametrize("number", range(1, 5))
def test_500_mutated_corpus_files(tmp_path: Path, number: int, tally: Tally) -> None:
    fuzzed(500, number, read_as_corpus, tmp_path)
    tally("a mutated corpus file", 500)


@pytest.mark.torture
@pytest.mark.parametrize("number", range(1, 5))
def test_500_mutated_inference_inputs(model: LabelModel, tmp_path: Path, number: int, tally: Tally) -> None:
    fuzzed(500, number, lambda path, encoding: label(model, path, encoding), tmp_path)
    tally("a mutated inference input", 500)


def test_whole_files_are_read(model: LabelModel, tmp_path: Path) -> None:
    for ending, data in BINARY.items():
        path = written(tmp_path, ending, data)
        assert (read_as_corpus(path), *label(model, path)) == ("", "", "")
