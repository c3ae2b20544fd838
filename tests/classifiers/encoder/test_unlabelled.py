"""Files of rows for students: what is read from them, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from harness.classifiers.encoder.unlabelled import read_known_labels, read_unlabelled
from harness.values import limits
from harness.values.errors import ClassifierError
from harness.values.labels import STANCE
from harness.values.limits import Limit


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_unlabelled_rows_are_read_in_every_format(tmp_path: Path, suffix: str) -> None:
    table = pd.DataFrame(
        {
            "text": ["Varna met the coast, and Varna won.", "The coast spoke."],
            "target": ["Varna", "coast"],
            "target_start": [25, None],
            "target_end": [30, None],
        }
    )
    file = tmp_path / f"news{suffix}"
    if suffix == ".parquet":
        table.to_parquet(file)
    elif suffix == ".jsonl":
        table.to_json(file, orient="records", lines=True)
    else:
        table.to_csv(file, sep="\t" if suffix == ".tsv" else ",", index=False)
    first, second = read_unlabelled(file)
    assert (first.target, second.target) == ("Varna", "coast")
    assert first.spans[0] == (25, 30)
    assert second.spans == ((4, 9),)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "news.csv"
    file.touch()
    with pytest.raises(ClassifierError) as caught:
        read_unlabelled(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert isinstance(caught.value.__cause__, pd.errors.EmptyDataError)


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("target\nVarna\n", "'text'$"),
        ("text,target\n", "'text'$"),
        ("text,target\nVarna won.,Varna\n,Varna\n", "row 2 "),
    ],
    ids=["no column", "no rows", "no text"],
)
def test_a_file_without_text_is_refused(tmp_path: Path, text: str, detail: str) -> None:
    file = tmp_path / "news.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ClassifierError, match=detail) as caught:
        read_unlabelled(file)
    assert str(caught.value).startswith(f"{file}: ")


@pytest.mark.parametrize("surplus", [0, 1])
def test_unlabelled_text_has_the_limit_of_other_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, surplus: int
) -> None:
    monkeypatch.setattr(limits, "TABLE_BYTES", Limit("a file", 100, "bytes", "split it"))
    file = tmp_path / "news.csv"
    file.write_bytes(b"text\n" + b"x" * (95 + surplus))
    if surplus:
        with pytest.raises(ClassifierError, match="at most 100 bytes; split it"):
            read_unlabelled(file)
    else:
        assert [len(example.text) for example in read_unlabelled(file)] == [95]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
@pytest.mark.parametrize("surplus", [0, 1])
def test_an_unlabelled_text_has_the_limit_of_other_fields(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, surplus: int
) -> None:
    monkeypatch.setattr(limits, "FIELD_CHARACTERS", Limit("a field", 10, "characters", "split it"))
    table, file = pd.DataFrame({"text": ["short", "x" * (10 + surplus)]}), tmp_path / f"news{suffix}"
    if suffix == ".parquet":
        table.to_parquet(file)
    elif suffix == ".jsonl":
        table.to_json(file, orient="records", lines=True)
    else:
        table.to_csv(file, index=False)
    if surplus:
        with pytest.raises(ClassifierError, match="row 2: .* at most 10 characters"):
            read_unlabelled(file)
    else:
        assert len(read_unlabelled(file)) == 2


@pytest.mark.parametrize("surplus", [0, 1])
def test_an_unlabelled_table_has_the_limit_of_other_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, surplus: int
) -> None:
    monkeypatch.setattr(limits, "COLUMNS", Limit("a table", 3, "columns", "keep those that are used"))
    file, names = tmp_path / "news.csv", ["text", "a", "b", "c"][: 3 + surplus]
    file.write_text(f"{','.join(names)}\nVarna won.{',' * (len(names) - 1)}\n", encoding="utf-8")
    if surplus:
        with pytest.raises(ClassifierError, match="at most 3 columns"):
            read_unlabelled(file)
    else:
        assert len(read_unlabelled(file)) == 1


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_some_rows_may_have_a_label_after_all(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"news{suffix}"
    table = pd.DataFrame({"text": ["One.", "Two.", "Three."], "stance": [None, "supportive", "critical"]})
    if suffix == ".parquet":
        table.to_parquet(file)
    elif suffix == ".jsonl":
        table.to_json(file, orient="records", lines=True)
    else:
        table.to_csv(file, index=False)
    assert read_known_labels(file, STANCE) == {1: 2, 2: 0}
    table.drop(columns="stance").to_csv(tmp_path / "plain.csv", index=False)
    assert read_known_labels(tmp_path / "plain.csv", STANCE) == {}


def test_an_unknown_label_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "news.csv"
    file.write_text("text,stance\nOne.,\nTwo.,suportive\n", encoding="utf-8")
    with pytest.raises(ClassifierError, match="row 2: unknown label 'suportive'"):
        read_known_labels(file, STANCE)
