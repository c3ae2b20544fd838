from __future__ import annotations

import csv
import html
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from articles.toy_models import ARTICLE, model
from golden import Golden

from harness.articles import pipeline
from harness.articles.pipeline import Articles, ReadingOptions, read
from harness.articles.reading import Reading
from harness.articles.table_writer import flat_rows
from harness.serving.trust import trust_lines
from harness.values.errors import ArticleError, ModelError

NO_MODEL = "there is no model"
NOT_WRITTEN = "so no table was written"
PARTIES = """
- {name: Ostrel, kind: country, leaders: [{name: Mara Crane, aliases: [Crane]}]}
- {name: Varna, kind: country, aliases: [Varnans]}
"""


@pytest.fixture(autouse=True)
def models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def load(uri: str) -> object:
        if uri == "models:/none@champion":
            raise ModelError(NO_MODEL)
        return model("framing" if "framing" in uri else "stance")

    monkeypatch.setattr("harness.tracking.models.load", load)
    monkeypatch.setattr("harness.tracking.article_models.advice", lambda address: "")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "parties.yaml").write_text(PARTIES)
    (tmp_path / "a.txt").write_text(ARTICLE)


def read_files(*names: str, **options: object) -> Reading:
    settings = {"parties": Path("parties.yaml")} | options
    return read(tuple(map(Path, names)), ReadingOptions(**settings))  # type: ignore[arg-type]


def test_a_single_article_gets_a_page_with_its_name_and_reasons() -> None:
    reading = read_files("a.txt", outputs=(Path("a.html"),))
    assert reading.written == [Path("a.html")]
    page = Path("a.html").read_text()
    assert "blamed" in page
    assert '"words": [["blamed", 0.6]]' in page
    assert (reading.n_articles, reading.n_rows) == (1, 7)


def test_the_screen_says_how_far_to_trust_the_labels(capsys: pytest.CaptureFixture[str]) -> None:
    reading = read_files("a.txt", outputs=(Path("a.html"),))
    lines = trust_lines(
        {name: model(task).card for name, task in (("stance", "stance"), ("frames", "framing"))}
    )
    assert list(reading.trust) == lines
    reading.show()
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.endswith(" ".join(" ".join(lines).split()))
    # The page says the same.
    assert all(html.escape(line) in Path("a.html").read_text() for line in lines)


def test_without_labels_there_is_nothing_to_trust(capsys: pytest.CaptureFixture[str]) -> None:
    reading = read_files("a.txt", stance=None, frames=None)
    assert reading.trust == ()
    Path("b.txt").write_text("Nobody is named here.")
    unnamed = read_files("b.txt")
    capsys.readouterr()
    unnamed.show()
    assert unnamed.trust
    assert unnamed.trust[0] not in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(("n", "expected"), [(1, "1 article, "), (2, "2 articles, ")])
def test_one_article_is_one_article(n: int, expected: str) -> None:
    Path("some.jsonl").write_text("".join(json.dumps({"text": ARTICLE}) + "\n" for _ in range(n)))
    reading = read_files("some.jsonl", outputs=(Path("pages"),))
    assert repr(reading).startswith(f"Reading({expected}")
    index = Path("pages/index.html").read_text()
    heading = expected.removesuffix(", ")
    assert f"<title>{heading}</title>" in index
    assert f"<h1>{heading}</h1>" in index


def test_several_get_a_table_without_reasons() -> None:
    Path("many.jsonl").write_text("".join(json.dumps({"text": ARTICLE}) + "\n" for _ in range(3)))
    reading = read_files("many.jsonl", outputs=(Path("readings.csv"),))
    assert reading.written == [Path("readings.csv")]
    with Path("readings.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == 21
    assert "words" not in rows[0]
    assert {row["article"] for row in rows} == {"many.jsonl:1", "many.jsonl:2", "many.jsonl:3"}


@pytest.mark.parametrize("name", ["o.csv", "o.tsv", "o.jsonl", "o.parquet", "deep/o.csv"])
def test_tables_are_written_by_their_endings(name: str) -> None:
    reading = read_files("a.txt", outputs=(Path(name),), explain=True)
    ending = Path(name).suffix
    table = {
        ".csv": pd.read_csv,
        ".tsv": lambda path: pd.read_csv(path, sep="\t"),
        ".jsonl": lambda path: pd.read_json(path, lines=True),
        ".parquet": pd.read_parquet,
    }[ending](name)
    assert len(table) == 7
    assert table["words"].tolist()[1] == "blamed +0.600"
    assert table["target"].tolist() == reading.rows["target"].tolist()


def test_a_folder_gets_a_page_each_and_an_index() -> None:
    Path("in").mkdir()
    for name in ("x.txt", "y.txt"):
        (Path("in") / name).write_text(ARTICLE)
    reading = read_files("in", outputs=(Path("out"),))
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "0001-x-txt.html", "0002-y-txt.html", "index.html",
    ]  # fmt: skip
    assert reading.written == [Path("out/index.html")]


@pytest.mark.parametrize("articles", ["a.txt", Path("a.txt"), ARTICLE])
def test_a_text_or_a_path_is_read_and_nothing_is_written(articles: Articles) -> None:
    before = sorted(Path().iterdir())
    reading = read(articles, ReadingOptions(parties=Path("parties.yaml")))
    assert sorted(Path().iterdir()) == before
    assert (reading.n_articles, reading.written) == (1, [])
    assert reading.rows["stance"].tolist() == [
        "neutral", "critical", "critical", "critical", "critical", "supportive", "neutral",
    ]  # fmt: skip
    assert repr(reading).startswith("Reading(")
    assert re.findall(r"\d+", repr(reading)) == ["1", "7", "2"]


@pytest.mark.parametrize(
    ("articles", "where"), [("no.txt", "no.txt"), ("  ", "article"), ("", "article"), ((), "")]
)
def test_what_holds_no_text_is_refused(articles: Articles, where: str) -> None:
    with pytest.raises(ArticleError) as raised:
        read(articles, ReadingOptions(parties=Path("parties.yaml")))
    assert [problem.where for problem in raised.value.problems] == [where]


def test_a_text_longer_than_a_name_may_be_is_a_text() -> None:
    reading = read("Varna won. " * 500, ReadingOptions(parties=Path("parties.yaml"), frames=None))
    assert reading.n_rows == 500


def test_models_may_be_handed_over_or_left_out() -> None:
    options = ReadingOptions(parties=Path("parties.yaml"), stance=model(), frames=None)
    assert set(read(ARTICLE, options).rows["stance"]) == {"critical", "neutral", "supportive"}
    nothing = read(ARTICLE, ReadingOptions(parties=Path("parties.yaml"), stance="none", frames="none"))
    assert "stance" not in nothing.rows.columns
    assert nothing.counts.to_dict("list") == {
        "party": ["Varna", "Varna", "Ostrel", "Ostrel"],
        "voice": ["own voice", "quoted", "own voice", "quoted"],
        "mentions": [2, 2, 0, 3],
        "abstains": [0, 0, 0, 0],
        "unsure": [0, 0, 0, 0],
    }


def test_rows_that_were_not_kept_are_an_error() -> None:
    reading = read_files("a.txt", keep_rows=False)
    with pytest.raises(ArticleError) as raised:
        _ = reading.rows
    assert [problem.where for problem in raised.value.problems] == ["rows"]


def test_what_cannot_be_read_is_noted_and_the_rest_goes_on() -> None:
    Path("bad.txt").write_bytes(b"\xff")
    reading = read_files("bad.txt", "a.txt")
    assert reading.n_articles == 1
    assert [problem.where for problem in reading.unreadable] == ["bad.txt"]


def test_nothing_readable_is_an_error() -> None:
    Path("bad.txt").write_bytes(b"\xff")
    with pytest.raises(ArticleError) as raised:
        read_files("bad.txt")
    assert [problem.where for problem in raised.value.problems] == ["bad.txt"]


def test_outputs_that_cannot_be_are_refused_before_work(golden: Golden) -> None:
    Path("b.txt").write_text("B.")
    with pytest.raises(ArticleError) as raised:
        read_files("a.txt", "b.txt", outputs=(Path("o.html"), Path("o.docx")))
    assert [problem.where for problem in raised.value.problems] == ["o.html", "o.docx"]
    assert not Path("o.html").exists()
    golden("articles/outputs", str(raised.value))


def test_a_party_may_be_named_by_alias() -> None:
    assert set(read_files("a.txt", only=("varnans",)).tallies) == {"Varna"}
    with pytest.raises(ArticleError) as raised:
        read_files("a.txt", only=("Vana",))
    (problem,) = raised.value.problems
    assert problem.where == "party"
    assert "'Varna'" in problem.hint


def test_frames_are_left_out_where_there_is_no_such_champion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "FRAMES", "models:/none@champion")
    reading = read_files("a.txt", frames="models:/none@champion")
    (note,) = reading.notes
    assert NO_MODEL in note
    assert "frames" not in reading.rows.columns
    with pytest.raises(ModelError):
        read_files("a.txt", stance="models:/none@champion")


def test_the_summary_counts_own_voice_and_quotes_apart(
    capsys: pytest.CaptureFixture[str], golden: Golden
) -> None:
    Path("bad.txt").write_bytes(b"\xff")
    read_files("bad.txt", "a.txt", outputs=(Path("readings.csv"),)).show()
    summary = capsys.readouterr().out
    rows = {
        line.split("  ")[0]: [cell.strip() for cell in line.split("  ")[1:]] for line in summary.splitlines()
    }
    assert [cell for cell in rows["Varna"] if cell] == ["0 / 2 / 0", "2 / 0 / 0", "–"]
    assert [cell for cell in rows["Ostrel"] if cell] == ["–", "2 / 0 / 1", "–"]
    golden("articles/summary", summary)


def test_a_notebook_shows_the_counts() -> None:
    reading = read_files("a.txt")
    assert reading.counts.to_dict("list") == {
        "party": ["Varna", "Varna", "Ostrel", "Ostrel"],
        "voice": ["own voice", "quoted", "own voice", "quoted"],
        "critical": [0, 2, 0, 2],
        "neutral": [2, 0, 0, 0],
        "supportive": [0, 0, 0, 1],
        "abstains": [0, 0, 0, 0],
        "unsure": [0, 0, 0, 0],
    }
    assert "<td>Varna</td>" in reading._repr_html_()


def test_a_table_without_rows_is_not_written() -> None:
    Path("b.txt").write_text("It rained.")
    reading = read_files("b.txt", outputs=(Path("o.csv"),))
    assert NOT_WRITTEN in reading.notes[-1]
    assert reading.written == []
    assert not Path("o.csv").exists()


@pytest.mark.parametrize(("limit", "explained"), [(7, True), (6, False)])
def test_words_are_computed_by_default_for_few_rows_alone(
    monkeypatch: pytest.MonkeyPatch, limit: int, explained: bool
) -> None:
    monkeypatch.setattr(pipeline, "MAX_EXPLAINED", limit)
    reading = read_files("a.txt", outputs=(Path("a.html"),))
    assert ('"words": [["blamed", 0.6]]' in Path("a.html").read_text()) is explained
    assert any("--explain" in note for note in reading.notes) is not explained
    read_files("a.txt", outputs=(Path("a.html"),), explain=True)
    assert '"words": [["blamed", 0.6]]' in Path("a.html").read_text()


def test_the_rows_are_those_of_the_table_in_order() -> None:
    from harness.articles.article_files import ArticleText
    from harness.articles.labelled_articles import ArticleReader
    from harness.values.parties import read as read_registry

    reader = ArticleReader(read_registry(Path("parties.yaml")), model(), model("framing"))
    (article,) = reader.label([ArticleText("a.txt", ARTICLE)])
    assert read_files("a.txt", explain=False).rows.to_dict("records") == flat_rows(article)


@pytest.mark.parametrize("frames", [None, "models:/framing@champion"])
@pytest.mark.parametrize("stance", [None, "models:/stance@champion"])
def test_a_text_without_a_party_gives_the_columns_of_one_with_parties(
    stance: str | None, frames: str | None
) -> None:
    options = ReadingOptions(parties=Path("parties.yaml"), stance=stance, frames=frames, explain=False)
    without, with_rows = read("It rained.", options).rows, read(ARTICLE, options).rows
    assert without.empty
    assert list(without.columns) == list(with_rows.columns)
    assert "target" in without.columns


def test_a_single_party_may_be_a_plain_name() -> None:
    assert set(read_files("a.txt", only="varnans").tallies) == {"Varna"}
    from harness.runs.article_reading import read as read_from_python

    reading = read_from_python(ARTICLE, parties="parties.yaml", only="Varna", stance=None, frames=None)
    assert set(reading.rows["target"]) == {"Varna"}
