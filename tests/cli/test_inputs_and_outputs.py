"""Files that a call names: none is both read and written, and one that is missing is named first."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from harness.cli import main as cli
from harness.serving.inference.labelling import predict_file
from harness.values.errors import ArticleError, HarnessError, SameFileError
from harness.values.outputs import keep_apart

READINGS = "article,sentence,target,sure,own_voice,stance,text\na1,1,Varna,True,True,neutral,Varna won.\n"

CALLS: dict[str, tuple[str, list[str]]] = {
    "audit": ("model", ["model", "--corpus", "c.csv", "-o"]),
    "drift": ("stream.csv", ["stream.csv", "-o"]),
    "crosstab": ("framed.csv", ["framed.csv", "-o"]),
    "label": ("data.csv", ["data.csv", "-o"]),
    "init": ("data.csv", ["data.csv", "--force", "-o"]),
    "predict": ("in.csv", ["-i", "in.csv", "-o"]),
    "read": ("articles.jsonl", ["articles.jsonl", "-o"]),
    "sample": ("readings.csv", ["readings.csv", "-o"]),
    "shares": ("readings.csv", ["readings.csv", "-o"]),
    "suite": ("suite.yaml", ["suite.yaml", "-o"]),
}
"""Verb → what it reads, and a call that lacks only the name of its output."""

MORE_CALLS: dict[str, tuple[str, list[str]]] = {
    "aside": ("in.csv", ["predict", "-i", "in.csv", "-o", "out.csv", "--skip-bad"]),
    "corpus": ("c.csv", ["audit", "model", "--corpus", "c.csv", "-o"]),
    "gold": ("gold.csv", ["shares", "readings.csv", "--gold", "gold.csv", "-o"]),
    "parties": ("parties.yaml", ["read", "articles.jsonl", "--parties", "parties.yaml", "-o"]),
    "folder": ("many", ["read", "many", "-o"]),
    "one of a folder": ("many/a.jsonl", ["read", "many", "-o"]),
}
"""Other ways in which an input is named."""

WITHOUT_INPUT = {"explore", "report methods"}
"""Verbs that write a file and read none that is named."""

ALL = {**{verb: (name, [verb, *words]) for verb, (name, words) in CALLS.items()}, **MORE_CALLS}

NAMES: dict[str, Callable[[Path], Path]] = {
    "the same name": lambda path: path,
    "another way of writing it": lambda path: Path("many") / ".." / path,
    "an absolute path": lambda path: path.absolute(),
    "a symbolic link": lambda path: link(path, symbolic=True),
    "a hard link": lambda path: link(path, symbolic=False),
}


def link(path: Path, *, symbolic: bool) -> Path:
    name = Path(f"link{path.suffix}")
    if symbolic:
        name.symlink_to(path)
    else:
        name.hardlink_to(path)
    return name


def call(*words: object) -> Result:
    return CliRunner().invoke(cli.app, [str(word) for word in words])


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("many", "model"):
        (tmp_path / folder).mkdir()
    contents = {
        **dict.fromkeys(("readings.csv", "gold.csv"), READINGS),
        **dict.fromkeys(("articles.jsonl", "many/a.jsonl"), '{"text": "Germany praised France."}\n'),
        **dict.fromkeys(
            ("c.csv", "framed.csv", "data.csv", "in.csv", "stream.csv"), "text,target\nVarna won.,Varna\n"
        ),
        **dict.fromkeys(("parties.yaml", "suite.yaml"), "- {name: Varna}\n"),
    }
    for name, content in contents.items():
        (tmp_path / name).write_text(content)


def contents() -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(Path().rglob("*")) if path.is_file()}


def test_every_verb_that_writes_a_file_is_tried() -> None:
    group: Any = typer.main.get_command(cli.app)
    verbs = {
        name if verb is command else f"{name} {inner}"
        for name, command in group.commands.items()
        for inner, verb in getattr(command, "commands", {"": command}).items()
        if any("--output" in parameter.opts for parameter in verb.params)
    }
    assert verbs == CALLS.keys() | WITHOUT_INPUT


@pytest.mark.parametrize(
    ("case", "name"),
    # Folders have no hard links.
    [
        (case, name)
        for case, (source, _) in ALL.items()
        for name in NAMES
        if "." in source or name != "a hard link"
    ],
)
def test_an_output_that_is_an_input_is_refused_at_once(case: str, name: str) -> None:
    source, words = ALL[case]
    output = NAMES[name](Path(source))
    before = contents()
    outcome = call(*words, output)
    assert isinstance(outcome.exception, SameFileError), outcome.exception
    assert outcome.exception.exit_code == 2
    assert str(outcome.exception).startswith(f"{output} ")
    assert contents() == before


@pytest.mark.parametrize("case", ["readings", "gold"])
@pytest.mark.parametrize("name", ["shares.csv", "differences.csv", "shares.html"])
def test_a_file_of_a_folder_of_shares_is_not_replaced_while_it_is_read(case: str, name: str) -> None:
    Path(name).write_text(READINGS)
    words = [name] if case == "readings" else ["readings.csv", "--gold", name]
    outcome = call("shares", *words, "-o", ".")
    assert isinstance(outcome.exception, SameFileError)
    assert Path(name).read_text() == READINGS


def test_a_table_of_an_earlier_audit_is_not_replaced_while_it_is_audited() -> None:
    table = Path("audits") / "mislabelled.csv"
    table.parent.mkdir()
    table.write_text("text,target\nVarna won.,Varna\n")
    outcome = call("audit", "model", "--corpus", table, "-o", ".")
    assert isinstance(outcome.exception, SameFileError)
    assert table.is_file()


@pytest.mark.parametrize("name", ["index.html", "0001-a-txt.html"])
def test_a_page_does_not_replace_the_article_that_it_is_of(name: str) -> None:
    page = "<p>Germany praised France.</p>"
    (Path("many") / name).write_text(page)
    outcome = call("read", f"many/{name}", "-o", "many")
    assert isinstance(outcome.exception, SameFileError)
    assert Path("many", name).read_text() == page


def test_two_outputs_are_two_files() -> None:
    outcome = call("predict", "-i", "in.csv", "-o", "out.csv", "--skip-bad", "./out.csv")
    assert isinstance(outcome.exception, SameFileError)
    assert str(outcome.exception).startswith("out.csv ")


def test_the_python_call_refuses_it_too() -> None:
    with pytest.raises(SameFileError, match=r"in\.csv is an input"):
        predict_file(None, Path("in.csv"), Path("in.csv"))  # type: ignore[arg-type]


def test_standard_input_may_be_a_file() -> None:
    standard_input = os.dup(0)
    try:
        with Path("in.csv").open() as file:
            os.dup2(file.fileno(), 0)
            with pytest.raises(SameFileError, match=r"in\.csv is an input"):
                keep_apart([Path("in.csv")], [None])
            keep_apart([Path("out.csv")], [None])
    finally:
        os.dup2(standard_input, 0)
        os.close(standard_input)


def test_files_that_differ_streams_and_nothing_are_left_alone() -> None:
    keep_apart([None, Path("out.csv"), Path("/dev/stdout")], [Path("in.csv"), Path("no.csv")])
    keep_apart([Path("/dev/null")], [Path("/dev/null")])
    keep_apart([Path("many/out.csv")], [Path("many")])


MISSING = {
    "crosstab": ["no.csv", "-o", "out.csv"],
    "init": ["no.csv", "-o", "out.yaml"],
    "predict": ["-i", "no.csv", "-o", "out.csv"],
    "sample": ["no.csv", "-o", "no-folder/out.csv"],
    "shares": ["no.csv", "-o", "out"],
    "suite": ["no.yaml", "-o", "out"],
}
"""Verb → a call in which something else is wrong, too: there is no model and no store here."""


@pytest.mark.parametrize("verb", MISSING)
def test_an_input_that_is_missing_is_named_first(verb: str) -> None:
    before = contents()
    outcome = call(verb, *MISSING[verb])
    assert isinstance(outcome.exception, HarnessError), outcome.exception
    assert str(outcome.exception).startswith(("no.csv", "no.yaml"))
    assert contents() == before


@pytest.mark.parametrize(
    "output", ["", "page.html", "rows.csv", "rows.docx", "pages", "in.csv/rows.csv", "no.txt"]
)
@pytest.mark.parametrize("articles", [["no.txt"], ["many", "no.txt"], ["no.txt", "nor.txt"]])
def test_an_article_that_is_missing_is_named_first(articles: list[str], output: str) -> None:
    outcome = call("read", *articles, *(["-o", output] if output else []))
    missing = [name for name in articles if name != "many"]
    assert isinstance(outcome.exception, ArticleError)
    assert [problem.where for problem in outcome.exception.problems] == missing
    assert len({problem.what for problem in outcome.exception.problems}) == 1
