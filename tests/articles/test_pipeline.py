from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from articles.toy_models import ARTICLE, model

from harness.articles import pipeline as running
from harness.articles import reading as shown
from harness.articles.pipeline import ReadingRequest, run
from harness.values.errors import ArticleError, ModelError

PARTIES = """
- {name: Ostrel, kind: country, leaders: [{name: Mara Crane, aliases: [Crane]}]}
- {name: Varna, kind: country, aliases: [Varnans]}
"""


@pytest.fixture(autouse=True)
def models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def load(uri: str) -> object:
        if uri == "models:/none@champion":
            raise ModelError("there is no model")
        return model("framing" if "framing" in uri else "stance")

    monkeypatch.setattr("harness.tracking.models.load", load)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "parties.yaml").write_text(PARTIES)
    (tmp_path / "a.txt").write_text(ARTICLE)


def request(*articles: str, **options: object) -> ReadingRequest:
    return ReadingRequest(tuple(map(Path, articles)), parties=Path("parties.yaml"), **options)  # type: ignore[arg-type]


def test_one_article_gets_a_page_with_its_name_and_reasons() -> None:
    outcome = run(request("a.txt"))
    assert outcome.written == [Path("a.html")]
    page = Path("a.html").read_text()
    assert "blamed" in page
    assert '"words": [["blamed", 0.6]]' in page
    assert (outcome.articles, outcome.rows) == (1, 7)


def test_several_get_a_table_without_reasons() -> None:
    Path("many.jsonl").write_text("".join(json.dumps({"text": ARTICLE}) + "\n" for _ in range(3)))
    outcome = run(request("many.jsonl"))
    assert outcome.written == [Path("readings.csv")]
    with Path("readings.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == 21
    assert "words" not in rows[0]
    assert {row["article"] for row in rows} == {"many.jsonl:1", "many.jsonl:2", "many.jsonl:3"}


@pytest.mark.parametrize("name", ["o.csv", "o.tsv", "o.jsonl", "o.parquet", "deep/o.csv"])
def test_tables_are_written_by_their_endings(name: str) -> None:
    import pandas as pd

    run(request("a.txt", outputs=(Path(name),), explain=True))
    ending = Path(name).suffix
    table = {
        ".csv": pd.read_csv,
        ".tsv": lambda path: pd.read_csv(path, sep="\t"),
        ".jsonl": lambda path: pd.read_json(path, lines=True),
        ".parquet": pd.read_parquet,
    }[ending](name)
    assert len(table) == 7
    assert table["words"].tolist()[1] == "blamed +0.600"


def test_a_folder_gets_a_page_each_and_an_index() -> None:
    Path("in").mkdir()
    for name in ("x.txt", "y.txt"):
        (Path("in") / name).write_text(ARTICLE)
    outcome = run(request("in", outputs=(Path("out"),)))
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "0001-x-txt.html", "0002-y-txt.html", "index.html",
    ]  # fmt: skip
    assert outcome.written == [Path("out/index.html")]


def test_what_cannot_be_read_is_told_and_the_rest_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.txt").write_bytes(b"\xff")
    outcome = run(request("bad.txt", "a.txt"))
    assert outcome.articles == 1
    assert outcome.unread == [
        "bad.txt: is no UTF-8 text: byte 0xff at 0; convert it: iconv -f WINDOWS-1252 -t UTF-8"
    ]
    shown.show(outcome)
    said = capsys.readouterr().out
    assert "1 article, 7 rows" in said
    assert "Varna   1 / 1" not in said
    assert "bad.txt: is no UTF-8 text" in said


def test_nothing_readable_is_an_error() -> None:
    Path("bad.txt").write_bytes(b"\xff")
    with pytest.raises(ArticleError, match=r"^bad.txt: is no UTF-8 text"):
        run(request("bad.txt"))


def test_outputs_that_cannot_be_are_refused_before_work() -> None:
    Path("b.txt").write_text("B.")
    with pytest.raises(ArticleError) as raised:
        run(request("a.txt", "b.txt", outputs=(Path("o.html"), Path("o.docx"))))
    assert str(raised.value) == (
        "o.html: is one page, and there are several articles; name a folder, which gets a page each, or a "
        "table\no.docx: has an ending that says no format; use one of .html, .htm, .csv, .tsv, .jsonl, "
        ".ndjson, .parquet, or a folder"
    )


def test_a_party_may_be_named_by_alias() -> None:
    assert set(run(request("a.txt", only=("varnans",))).tallies) == {"Varna"}
    with pytest.raises(ArticleError) as raised:
        run(request("a.txt", only=("Vana",)))
    assert str(raised.value) == "--party: the registry has no 'Vana'; did you mean 'Varna'?"


def test_frames_are_left_out_where_there_is_no_such_champion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "FRAMES", "models:/none@champion")
    outcome = run(request("a.txt", frames="models:/none@champion"))
    assert outcome.notes == ["without frames: there is no model"]
    with pytest.raises(ModelError):
        run(request("a.txt", stance="models:/none@champion"))


def test_the_summary_counts_own_voice_and_quotes_apart(capsys: pytest.CaptureFixture[str]) -> None:
    shown.show(run(request("a.txt")))
    lines = [line.split("  ") for line in capsys.readouterr().out.splitlines()]
    rows = {line[0]: [cell.strip() for cell in line[1:] if cell.strip()] for line in lines}
    assert rows["Varna"] == ["0 / 2 / 0", "2 / 0 / 0", "–"]
    assert rows["Ostrel"] == ["–", "2 / 0 / 1", "–"]


def test_a_table_without_rows_is_said_to_be_missing() -> None:
    Path("b.txt").write_text("It rained.")
    outcome = run(request("b.txt", outputs=(Path("o.csv"),)))
    assert outcome.notes == ["no sentence names a party: the tables have no rows and were not written"]
    assert outcome.written == []


@pytest.mark.parametrize(("most", "told"), [(7, True), (6, False)])
def test_words_are_told_unasked_of_few_rows_alone(
    monkeypatch: pytest.MonkeyPatch, most: int, told: bool
) -> None:
    monkeypatch.setattr(running, "EXPLAINED", most)
    outcome = run(request("a.txt"))
    assert ('"words": [["blamed", 0.6]]' in Path("a.html").read_text()) is told
    note = (
        "with more than 6 rows, what moved them is not told; --explain tells it all the same, which takes"
        " its time"
    )
    assert outcome.notes == ([] if told else [note])
    run(request("a.txt", explain=True))
    assert '"words": [["blamed", 0.6]]' in Path("a.html").read_text()
