"""Rows and articles in a bucket: the bytes of files on this machine, and nothing that is half there."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
import s3_store
import worker_toys
from pyarrow import parquet
from s3_store import Store
from typer.testing import CliRunner

from harness.cli import main as cli
from harness.serving.inference.drafts import Draft
from harness.values.buckets import Bucket
from harness.values.errors import (
    ArticleError,
    BucketError,
    HarnessError,
    ModelError,
    OutputError,
    SameFileError,
)
from tests.serving.inference.test_shards import ROWS, rows
from tests.serving.toy_models import write_model


@pytest.fixture(scope="module")
def server() -> Iterator[Store]:
    with s3_store.serving() as store:
        yield store


@pytest.fixture(autouse=True)
def store(server: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    for name, value in s3_store.CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv(worker_toys.MARKS, str(tmp_path / "marks"))
    (tmp_path / "marks").mkdir()
    monkeypatch.chdir(tmp_path)
    write_model(Path("model"), loader="worker_toys:load_labeller")
    server.empty()
    return server


def table(start: int, stop: int, ending: str) -> bytes:
    frame, buffer = pd.DataFrame(rows(start, stop - start)), io.BytesIO()
    if ending == ".parquet":
        # Row groups so small that a part needs a few of many.
        parquet.write_table(pa.Table.from_pandas(frame), buffer, row_group_size=100)
    else:
        frame.to_csv(buffer, index=False)
    return buffer.getvalue()


def fill(store: Store, ending: str) -> None:
    """Put two files of rows, and one of something else, into the bucket; and the rows into a folder here."""
    Path("rows/b").mkdir(parents=True)
    for name, start, stop in (("a", 0, 700), ("b/c", 700, ROWS)):
        content = table(start, stop, ending)
        store.put(f"rows/{name}{ending}", content)
        Path(f"rows/{name}{ending}").write_bytes(content)
    store.put("rows/read.me", b"not a row")


def predict(*words: object, model: str = "model/served") -> None:
    """Label as a person does; raise what is raised."""
    outcome = CliRunner().invoke(cli.app, ["predict", "--model", model, *map(str, words)])
    if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    assert outcome.exit_code == 0, outcome.output


def labelled(ending: str) -> bytes:
    """Return what is written of the files of this machine."""
    predict("-i", "rows", "-o", f"here{ending}")
    for mark in Path("marks").iterdir():
        mark.unlink()
    return Path(f"here{ending}").read_bytes()


def left() -> list[Path]:
    """Return what lies in the scratch folder."""
    return [path for path in Path("cache/buckets").rglob("*") if path.is_file()]


@pytest.mark.parametrize("executor", [(), ("--executor", "processes", "--workers", "2")])
@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_folder_of_a_bucket_is_labelled_into_a_bucket(
    store: Store, ending: str, executor: tuple[str, ...]
) -> None:
    fill(store, ending)
    predict("-i", store.address("rows/"), "-o", store.address(f"out/l{ending}"), *executor)
    assert store.get(f"out/l{ending}") == labelled(ending)
    assert {key for key in store.objects() if not key.startswith("rows/")} == {f"out/l{ending}"}
    assert left() == []


def test_only_one_side_may_lie_in_a_bucket(store: Store) -> None:
    fill(store, ".csv")
    here = labelled(".csv")
    predict("-i", store.address("rows"), "-o", "there.csv", "--scratch", "elsewhere")
    assert Path("there.csv").read_bytes() == here
    assert not list(Path("elsewhere").iterdir())
    predict("-i", "rows", "-o", store.address("there.csv"))
    assert store.get("there.csv") == here


def test_a_part_fetches_its_row_groups_alone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store, ".parquet")
    here, source, output = labelled(".parquet"), store.address("rows"), store.address("out/l.parquet")
    ranges: list[int] = []
    fetch_ranges = Bucket.fetch_ranges

    def counted(self: Bucket, item: object, path: Path, wanted: list[tuple[int, int]]) -> None:
        ranges.extend(stop - start for start, stop in wanted)
        fetch_ranges(self, item, path, wanted)  # type: ignore[arg-type]

    monkeypatch.setattr(Bucket, "fetch_ranges", counted)
    size = sum(path.stat().st_size for path in Path("rows").rglob("*.parquet"))
    for number in (1, 2, 3):
        ranges.clear()
        predict("-i", source, "-o", output, "--shard", f"{number}/3")
        assert 0 < sum(ranges) < 0.85 * size
    names = [f"out/l.shard-{number}-of-3.parquet" for number in (1, 2, 3)]
    assert {key for key in store.objects() if key.startswith("out/")} == {
        f"{name}{ending}" for name in names for ending in ("", ".shard.json")
    }
    # A part that is finished is not labelled again, whichever machine did it.
    for mark in Path("marks").iterdir():
        mark.unlink()
    predict("-i", source, "-o", output, "--shard", "2/3", "--resume")
    assert not list(Path("marks").iterdir())
    ranges.clear()
    predict("-i", source, "-o", output, "--shards", "3")
    assert store.get("out/l.parquet") == here
    assert sum(ranges) < 0.5 * size
    assert left() == []


def test_a_missing_part_is_named(store: Store) -> None:
    fill(store, ".csv")
    source, output = store.address("rows"), store.address("out/l.csv")
    predict("-i", source, "-o", output, "--shard", "1/2")
    with pytest.raises(ModelError, match="2/2"):
        predict("-i", source, "-o", output, "--shards", "2")
    assert left() == []


def test_what_is_interrupted_is_not_in_the_bucket_and_goes_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, ".csv")
    here = labelled(".csv")
    call = ("-i", store.address("rows"), "-o", store.address("l.csv"))
    write, calls = Draft.write, []

    def interrupted(self: Draft, *arguments: object, **named: object) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise OutputError("full")
        write(self, *arguments, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Draft, "write", interrupted)
        with pytest.raises(OutputError):
            predict(*call)
    assert "l.csv" not in store.objects()
    assert [path.name for path in left() if path.suffix != ".lock"] != []
    for mark in Path("marks").iterdir():
        mark.unlink()
    predict(*call, "--resume")
    assert store.get("l.csv") == here
    assert sum(int(path.name.split("-")[2]) for path in Path("marks").iterdir()) < ROWS
    assert left() == []


@pytest.mark.parametrize("executor", [(), ("--executor", "processes", "--workers", "1")])
def test_after_an_upload_that_fails_nothing_is_labelled_again(
    store: Store, monkeypatch: pytest.MonkeyPatch, executor: tuple[str, ...]
) -> None:
    fill(store, ".csv")
    here = labelled(".csv")
    call = ("-i", store.address("rows"), "-o", store.address("l.csv"), *executor)

    def fails(self: Bucket, path: Path) -> None:
        raise BucketError("no connection")

    with monkeypatch.context() as patch:
        patch.setattr(Bucket, "upload", fails)
        with pytest.raises(BucketError, match="--resume") as caught:
            predict(*call)
    (whole,) = (path for path in left() if path.name == "l.csv")
    assert whole.name in str(caught.value)
    assert whole.read_bytes() == here
    for mark in Path("marks").iterdir():
        mark.unlink()
    predict(*call, "--resume")
    assert store.get("l.csv") == here
    assert not list(Path("marks").iterdir())
    assert left() == []


def test_another_input_is_labelled_after_an_upload_that_fails(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put("in.csv", table(0, 50, ".csv"))
    call = ("-i", store.address("in.csv"), "-o", store.address("l.csv"))
    with monkeypatch.context() as patch:
        patch.setattr(Bucket, "upload", lambda self, path: (_ for _ in ()).throw(BucketError("gone")))
        with pytest.raises(BucketError):
            predict(*call)
    store.put("in.csv", table(50, 120, ".csv"))
    predict(*call, "--resume")
    assert pd.read_csv(io.BytesIO(store.get("l.csv")))["id"].tolist() == [*range(50, 120)]


def refusals(store: Store) -> dict[str, tuple[type[HarnessError], tuple[str, ...]]]:
    inside = store.address
    return {
        "itself": (SameFileError, ("-i", inside("rows/a.csv"), "-o", inside("rows/a.csv"))),
        "inside": (ModelError, ("-i", inside("rows"), "-o", inside("rows/b/l.csv"))),
        "no input": (BucketError, ("-i", inside("none"), "-o", "l.csv")),
        "no bucket": (BucketError, ("-i", "rows", "-o", inside("l.csv", bucket="elsewhere"))),
        "no format": (ModelError, ("-i", "rows", "-o", inside("labels"))),
        "no rows": (ModelError, ("-i", inside("texts"), "-o", "l.csv")),
        "aside": (BucketError, ("-i", inside("rows"), "-o", "l.csv", "--skip-bad", inside("bad.csv"))),
        "scratch": (ModelError, ("-i", "rows", "-o", "l.csv", "--scratch", "x")),
    }


@pytest.mark.parametrize(
    "case", ["itself", "inside", "no input", "no bucket", "no format", "no rows", "aside", "scratch"]
)
def test_what_cannot_be_is_told_before_a_model_is_loaded(store: Store, case: str) -> None:
    fill(store, ".csv")
    store.put("texts/a.txt", b"A.")
    kind, words = refusals(store)[case]
    before = store.objects()
    with pytest.raises(kind) as caught:
        predict(*words, model="nowhere")
    assert "nowhere" not in str(caught.value)
    assert store.objects() == before
    assert left() == []


def test_errors_name_the_address_and_not_its_copy(store: Store) -> None:
    store.put("in.csv", b"text,target\nVarna met them.,Varna\n,Varna\n")
    with pytest.raises(ModelError) as caught:
        predict("-i", store.address("in.csv"), "-o", "l.csv")
    assert str(caught.value).startswith(f"s3://{s3_store.BUCKET}/in.csv: ")
    assert left() == []


def read(*words: object) -> str:
    """Read as a person does; return what is printed, or raise what is raised."""
    outcome = CliRunner().invoke(cli.app, ["read", "--stance", "none", "--frames", "none", *map(str, words)])
    if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    return outcome.stdout


@pytest.mark.parametrize("executor", [(), ("--executor", "processes", "--workers", "2")])
def test_articles_of_a_bucket_are_read_as_those_of_a_folder(store: Store, executor: tuple[str, ...]) -> None:
    Path("articles/deep").mkdir(parents=True)
    contents = {"deep/a.txt": b"France praised Germany.", "b.jsonl": b'{"text": "Chile met Peru."}\n{\n'}
    for name, content in contents.items():
        Path(f"articles/{name}").write_bytes(content)
        store.put(f"press/{name}", content)
    store.put("press/c.png", b"x")
    here, there = (
        read(articles, "-o", output, *executor)
        for articles, output in (("articles", "here.csv"), (store.address("press/"), "there.csv"))
    )
    assert there.replace("there.csv", "here.csv") == here
    assert Path("there.csv").read_bytes() == Path("here.csv").read_bytes()
    assert left() == []


def test_one_article_of_a_bucket_is_read(store: Store) -> None:
    store.put("press/a.txt", b"France praised Germany.")
    read(store.address("press/a.txt"), "-o", "rows.csv")
    assert pd.read_csv("rows.csv")["article"].tolist() == ["a.txt", "a.txt"]


def test_articles_that_are_not_there_are_named(store: Store) -> None:
    store.put("press/c.png", b"x")
    with pytest.raises(ArticleError) as caught:
        read(store.address("press"))
    assert caught.value.problems[0].where == f"s3://{s3_store.BUCKET}/press"
    with pytest.raises(BucketError, match="--output"):
        read("articles", "-o", store.address("rows.csv"))
    with pytest.raises(ArticleError, match="--scratch"):
        read("articles", "--scratch", "x")
