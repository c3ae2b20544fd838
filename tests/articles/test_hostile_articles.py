"""Hostile input of ``harness read``, through its command line: it gets an answer, or a clear error."""

from __future__ import annotations

import io
import json
import random
import re
import sys
from pathlib import Path

import pytest
from articles.toy_models import model
from golden import Golden

from harness.articles import article_files, article_results, reading_outputs
from harness.cli.main import main
from harness.values.errors import ArticleError, ModelError

PARTIES = """
- {name: Ostrel, kind: country, leaders: [{name: Mara Crane, aliases: [Crane]}]}
- {name: "<script>alert(1)</script>", kind: party, aliases: [Scripters]}
- {name: Varna, kind: country}
"""
WEB = """<html><head><title>Talks</title><script>alert("head")</script></head><body><article>
<h1 onclick="alert(2)">Talks</h1><script>document.write("Ostrel blamed Varna")</script>
<p onmouseover="alert(3)">Varna praised Ostrel on Monday after long talks in the harbour,
officials said.</p>
<p>Ostrel blamed &lt;script&gt;alert(4)&lt;/script&gt; Varna for the failure of the talks,
the ministry said at night.</p>
</article></body></html>"""


@pytest.fixture(autouse=True)
def models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def load(uri: str) -> object:
        if "none" in uri:
            raise ModelError("there is no model")
        return model("framing" if "framing" in uri else "stance")

    monkeypatch.setattr("harness.tracking.models.load", load)
    monkeypatch.setattr("harness.tracking.article_models.advice", lambda address: "")
    monkeypatch.chdir(tmp_path)
    Path("parties.yaml").write_text(PARTIES)


def answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, str, str]:
    """Run ``harness read``: exit status, standard output and standard error."""
    monkeypatch.setattr(sys, "argv", ["harness", "read", *arguments, "--parties", "parties.yaml"])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out, printed.err


def counted(out: str) -> tuple[int, int]:
    """Articles and rows: the numbers in the first line of an answer, which without rows has one number."""
    numbers = [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", out.splitlines()[0])]
    articles, rows, *_ = [*numbers, 0]
    return articles, rows


REFUSED = {
    "empty": b"",
    "space": b" \n\t \n" * 1000,
    "null": b"\0" * 100_000,
    "binary": b"Varna \xf9" + random.Random(1).randbytes(1000),
    "PDF": b"%PDF-1.7 \xff",
    "long": b"Varna " * 200_000,
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_article_is_refused_in_a_line(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("a.txt").write_bytes(REFUSED[name])
    with pytest.raises(ArticleError) as raised:
        article_files.from_text(REFUSED[name], "a.txt")
    assert answer(monkeypatch, capsys, "a.txt") == (1, "", f"{raised.value}\n")
    assert not Path("a.html").exists()


ANSWERED = {
    "no sentence end": ("Varna blamed Ostrel while " * 500, 29),
    "no space": ("Varna" * 20_000, 0),
    "emoji": ("😀🇷🇺🔥" * 3_000, 0),
    "right to left": ('قال الرئيس إن \u202eVarna\u202c blamed Ostrel. נאט"ו\n' * 50, 100),
    "some nulls": ("Varna blamed\0Ostrel. Crane left.", 3),
    "quotes": ('"' * 5_000 + "“Varna " * 2_000, 16),
    "brackets": ("(" * 20_000 + " Varna " + ")" * 20_000, 1),
    "dots": ("Varna... " * 500, 500),
    "combining": ("Varna blamed Ostrel" + "\u0301" * 20_000 + ".", 2),
    "links": ("https://example.org/Varna " * 2_000, 58),
}


@pytest.mark.parametrize("name", ANSWERED)
def test_what_is_no_prose_is_answered(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text, rows = ANSWERED[name]
    Path("a.txt").write_text(text, encoding="utf-8", newline="")
    status, out, err = answer(monkeypatch, capsys, "a.txt", "-o", "a.html", "--no-explain")
    assert (status, err) == (0, "")
    assert counted(out) == (1, rows)
    assert Path("a.html").is_file()


def test_scripts_of_a_page_and_a_party_called_so_are_shown_not_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("a.html").write_text(WEB + "<p>The Scripters left.</p>")
    status, out, _ = answer(monkeypatch, capsys, "a.html", "-o", "page.html", "-o", "rows.csv")
    assert status == 0
    assert counted(out) == (1, 4)
    page = Path("page.html").read_text()
    assert "&lt;script&gt;alert(4)&lt;/script&gt;" in page
    assert len(re.findall("<script", page)) == 2, "the page's own: its data and its code"
    assert not re.search(r"<[^>]+ on(click|mouseover)=", page)
    assert "document.write" not in page
    Path("b.txt").write_text("The Scripters praised Varna.")
    status, out, _ = answer(monkeypatch, capsys, "b.txt", "-o", "page.html")
    assert "<script>alert(1)" in out
    page = Path("page.html").read_text()
    assert "&lt;script&gt;alert(1)" in page
    assert len(re.findall("<script", page)) == 2


def test_a_page_nested_beyond_reading_is_answered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("a.html").write_text(
        "<html><body>" + "<div>" * 20_000 + "<p>Varna left.</p>" + "</div>" * 20_000 + "</body></html>"
    )
    status, out, err = answer(monkeypatch, capsys, "a.html", "-o", "page.html")
    assert (status == 0 and counted(out) == (1, 1)) or (status, err[:7]) == (1, "a.html:")


def test_a_mixed_folder_is_read_as_far_as_it_goes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path("in")
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a.txt").write_text("Varna left.")
    (folder / "b.html").write_text(WEB)
    lines = ['{"text": "Varna won."}', '{"text": "Varna', '{"txt": 1}', "[1]", "", '{"text": "Ostrel won."}']
    (folder / "c.jsonl").write_text("\n".join(lines))
    (folder / "d.png").write_bytes(b"\x89PNG")
    (folder / "e.txt").write_bytes(b"\xff\x00\xff")
    (folder / "f.txt").write_bytes(b"")
    (folder / "loop").symlink_to(".")
    status, out, err = answer(monkeypatch, capsys, "in", "-o", "out", "-o", "rows.csv")
    assert (status, err) == (0, "")
    assert counted(out) == (4, 7)
    noted = re.findall(r"^note: ([\w.]+(?::\d)?): ", out, re.MULTILINE)
    assert noted == ["c.jsonl:2", "c.jsonl:3", "c.jsonl:4", "e.txt", "f.txt"]
    assert len(list(Path("out").glob("0*.html"))) == 4


def test_a_line_of_json_without_an_end_is_not_read_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], golden: Golden
) -> None:
    monkeypatch.setattr(article_files, "MAX_PAGE", 5_000)
    path = Path("a.jsonl")
    path.write_text('{"text": "Varna left."}\n{"text": "' + "a" * 9_000 + '"}\n{"text": "Varna left."}\n')
    status, out, err = answer(monkeypatch, capsys, "a.jsonl", "-o", "rows.csv")
    assert (status, err) == (0, "")
    assert counted(out) == (1, 1)
    note = out[out.index("note: ") : out.index("rows.csv")]
    assert note.startswith("note: a.jsonl:2: ")
    assert "5,000" in note
    golden("articles/endless-line", note)


def test_standard_input_is_read_line_by_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Endless:
        """Read piece by piece; reading all of it at once fails."""

        def __init__(self) -> None:
            self.rest = json.dumps({"text": "Varna left. " * 400}).encode() + b'\n{"text": "Ostrel left."}\n'

        def read(self, size: int = -1) -> bytes:
            assert size > 0
            piece, self.rest = self.rest[:size], self.rest[size:]
            return piece

        def readline(self, size: int) -> bytes:
            line = self.rest.partition(b"\n")[0] + b"\n" if self.rest else b""
            return self.read(min(size, len(line))) if line else b""

    monkeypatch.setattr(sys, "stdin", type("Input", (), {"buffer": Endless()}))
    status, out, err = answer(monkeypatch, capsys, "-", "-o", "rows.csv")
    assert (status, err) == (0, "")
    assert counted(out) == (2, 401)


def test_a_page_is_not_written_over_by_the_next_article(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = b'{"text": "Varna won."}\n{"text": "Ostrel won."}\n'
    monkeypatch.setattr(sys, "stdin", type("Input", (), {"buffer": io.BytesIO(lines)}))
    streamed = answer(monkeypatch, capsys, "-", "-o", "a.html", "-o", "a.csv")
    assert streamed == (1, "", f"{reading_outputs._several_articles(Path('a.html'))}\n")
    Path("a.txt").write_bytes(lines)
    assert answer(monkeypatch, capsys, "a.txt", "--format", "jsonl", "-o", "a.html") == streamed
    assert not Path("a.html").exists()
    assert not Path("a.csv").exists()


def test_several_articles_of_standard_input_become_a_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = b'{"text": "Varna won."}\n{"text": "Ostrel won."}\n'
    monkeypatch.setattr(sys, "stdin", type("Input", (), {"buffer": io.BytesIO(lines)}))
    status, _, err = answer(monkeypatch, capsys, "-", "-o", "readings.csv")
    assert (status, err) == (0, "")
    assert Path("readings.csv").exists()


def test_without_an_output_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], golden: Golden
) -> None:
    before = sorted(Path().iterdir())
    lines = b'{"text": "Varna won."}\n{"text": "Ostrel won."}\n'
    monkeypatch.setattr(sys, "stdin", type("Input", (), {"buffer": io.BytesIO(lines)}))
    status, out, err = answer(monkeypatch, capsys, "-")
    assert (status, err) == (0, "")
    golden("articles/without-output", out)
    assert sorted(Path().iterdir()) == before


def test_a_page_of_too_many_rows_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], golden: Golden
) -> None:
    monkeypatch.setattr(article_results, "MAX_PAGE_ROWS", 2)
    Path("a.txt").write_text("Varna won. " * 2)
    assert answer(monkeypatch, capsys, "a.txt", "-o", "a.html")[0] == 0
    Path("b.txt").write_text("Varna won. " * 3)
    status, out, err = answer(monkeypatch, capsys, "b.txt", "-o", "b.html")
    assert (status, out) == (1, "")
    assert err.startswith("b.txt: ")
    assert re.findall(r"\d+", err) == ["3", "2"]
    golden("articles/too-many-rows", err)
    assert not Path("b.html").exists()
    assert answer(monkeypatch, capsys, "b.txt", "-o", "b.csv")[0] == 0


def test_a_date_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("a.txt").write_text("Varna won.")
    status, out, err = answer(monkeypatch, capsys, "a.txt", "--date", "May 2024")
    assert (status, out) == (1, "")
    assert err.startswith("date: ")
    assert "'May 2024'" in err
