"""What verbs print: words for people, one document for programs, nothing where nothing is wanted."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import toys
import typer
from golden import Golden
from typer.testing import CliRunner, Result

from harness.cli import main as cli
from harness.cli.reporting import as_json
from harness.tracking.store import Store
from harness.tracking.store.relocate import relocate
from harness.values import errors
from harness.values.errors import HarnessError

ROOT = Path(__file__).parents[2]
ARTICLE = "Germany praised France on Monday. France blasted Germany before the vote.\n\nBrazil met France.\n"
FRAMED = "text,target,stance,frames\n" + "".join(f"s{n},Varna,critical,conflict\n" for n in range(12))
GOLD = (
    "text,target,gold\nA reporter of the Standard blasted Varna over its lamps,Varna,critical\n"
    "Fishermen from three villages praised Ostrel and its new pier,Ostrel,supportive\n"
)
SUITE = """\
name: small
common: {split: {kind: predefined, calibration: 0}, classifiers: {prior: {kind: prior}}}
experiments: {first: {corpus: {kind: files, path: sentences.csv}}}
"""

CALLS: dict[str, list[str]] = {
    "validate": ["toys.yaml"],
    "init": ["sentences.csv", "-o", "mine.yaml", "--force"],
    "run": ["toys.yaml"],
    "list": ["classifier", "linear"],
    "compare": ["--metric", "accuracy"],
    "score": ["theirs.csv", "--config", "toys.yaml"],
    "learn": ["labels.csv", "--config", "toys.yaml", "--classifier", "verbs", "--curve", "0"],
    "promote": ["--experiment", "toys", "--classifier", "verbs"],
    "rollback": ["stance"],
    "registry": [],
    "predict": ["-i", "in.csv", "-o", "out.csv"],
    "read": ["article.txt", "--frames", "none"],
    "sample": ["readings.csv", "-o", "gold.csv", "--size", "4"],
    "shares": ["readings.csv", "--by", "target"],
    "drift": ["stream.csv", "--reference", "4"],
    "audit": ["models:/stance@champion", "--corpus", "toys.yaml"],
    "suite": ["small.yaml"],
    "crosstab": ["framed.csv"],
    "relocate": [],
    "store check": [],
    "example": ["quickstart", "example"],
    "trust": [],
    "report methods": ["--experiment", "toys"],
    "cache": [],
    "contamination": ["toys.yaml"],
    "corpus list": [],
    "parties check": [],
    "parties find": ["article.txt", "--minimum", "1"],
    "corpus describe": ["partyline"],
    "corpus fetch": ["gvfc", "--from", "nowhere"],
}
"""Verb → arguments of a call that works in :func:`world`."""

FAILING = {"corpus fetch": 1, "contamination": 2}
"""Calls that fail here, with their exit codes: what they print is a document, too."""


def verbs() -> Iterator[tuple[str, Any]]:
    """Yield every verb of the command line with its command."""
    group: Any = typer.main.get_command(cli.app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from ((f"{name} {inner}", verb) for inner, verb in command.commands.items())
        else:
            yield name, command


VERBS = dict(verbs())


def call(*words: str) -> Result:
    return CliRunner().invoke(cli.app, list(words))


@pytest.fixture(scope="module")
def prepared(ladder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with finished runs, two promotions, and the files that verbs read."""
    folder = tmp_path_factory.mktemp("world")
    shutil.copytree(ladder, folder, dirs_exist_ok=True)
    relocate(Store.open(folder, check=False))
    (folder / "in.csv").write_text("text,target\nVarna blasted Harbour Party,Harbour Party\n")
    (folder / "article.txt").write_text(ARTICLE)
    (folder / "framed.csv").write_text(FRAMED)
    (folder / "labels.csv").write_text(GOLD)
    (folder / "small.yaml").write_text(SUITE)
    weeks = pd.date_range("2030-01-07", periods=8, freq="7D").strftime("%Y-%m-%d")
    stream = [(day, f"a{day}.{k}", ("critical", "neutral")[k % 2]) for day in weeks for k in range(12)]
    pd.DataFrame(stream, columns=["date", "article", "label"]).to_csv(folder / "stream.csv", index=False)
    if not (folder / "sentences.csv").exists():
        toys.write_corpus(folder)
    before = Path.cwd()
    os.chdir(folder)
    try:
        outcome = json.loads(call("run", "toys.yaml", "--json").stdout)
        assert outcome["experiment"] == "toys"
        predictions = Store.open().client.search_runs(["1"])
        assert predictions
        for classifier in ("strong", "verbs"):
            assert call("promote", "-e", "toys", "--classifier", classifier).exit_code == 0
        assert call("read", "article.txt", "--frames", "none", "-o", "readings.csv").exit_code == 0
        write_external(folder)
    finally:
        os.chdir(before)
    return folder


def write_external(folder: Path) -> None:
    from harness.config import plan
    from harness.evaluation.prepared import prepare

    test = prepare(plan.read(folder / "toys.yaml")).splits[0].test
    pd.DataFrame({"id": list(test), "prediction": "neutral"}).to_csv(folder / "theirs.csv", index=False)


@pytest.fixture
def world(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder."""
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    relocate(Store.open(tmp_path, check=False))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_verb_that_reports_takes_both_options() -> None:
    for name, command in VERBS.items():
        options = {option for parameter in command.params for option in parameter.opts}
        assert ({"--json", "--quiet"} <= options) == (name not in cli.WITHOUT_OUTPUT_OPTIONS), name
    assert CALLS.keys() == VERBS.keys() - cli.WITHOUT_OUTPUT_OPTIONS.keys()


@pytest.mark.parametrize("verb", CALLS)
def test_json_is_one_document_and_nothing_else(verb: str, world: Path) -> None:
    outcome = call(*verb.split(), *CALLS[verb], "--json")
    assert outcome.stdout, outcome.exception
    report = json.loads(outcome.stdout, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert isinstance(report, dict)
    assert report, "the verb returns no report"
    assert (outcome.exception is None) == (verb not in FAILING), outcome.exception
    assert ("error" in report) == (verb in FAILING), report
    assert report.get("exit_code", 0) == FAILING.get(verb, 0)


@pytest.mark.parametrize("verb", CALLS)
def test_quiet_prints_nothing(verb: str, world: Path) -> None:
    outcome = call(*verb.split(), *CALLS[verb], "--quiet")
    assert outcome.stdout == ""
    assert (outcome.exception is None) == (verb not in FAILING), outcome.exception


def plain(text: str) -> str:
    """The words of a text that stands in a box."""
    return " ".join(re.sub("[│╭╮╰╯─]", " ", text).split())


def test_json_and_quiet_exclude_each_other(golden: Golden) -> None:
    outcome = call("list", "--json", "--quiet")
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    golden("cli/json-and-quiet", plain(outcome.stderr))


def test_a_broken_verb_reports_its_problems(world: Path) -> None:
    (world / "bad.yaml").write_text("name: bad\nsedes: [1]\n")
    outcome = call("validate", "bad.yaml", "--json")
    report = json.loads(outcome.stdout)
    assert isinstance(outcome.exception, HarnessError)
    assert report["exit_code"] == outcome.exception.exit_code == 2
    assert report["error"] == str(outcome.exception)
    assert {"where": "bad.yaml:2: sedes", "what": "there is no setting 'sedes'"}.items() <= next(
        problem for problem in report["problems"] if "sedes" in problem["where"]
    ).items()


def test_classifiers_that_finished_are_reported_beside_those_that_failed(folder: Path) -> None:
    toys.prepared(
        folder,
        "  broken: {kind: 'toys:refusing'}\n  prior: {kind: prior}",
        split="{kind: kfold, k: 2, dev: 0, calibration: 0}",
    )
    outcome = call("run", "toys.yaml", "--json")
    report = json.loads(outcome.stdout)
    assert [row["classifier"] for row in report["classifiers"]] == ["prior"]
    assert list(report["failed"]) == ["broken"]
    assert report["exit_code"] == 1
    assert isinstance(outcome.exception, HarnessError)


def test_rows_pass_where_words_are_held_back(world: Path, golden: Golden) -> None:
    rows = (world / "in.csv").read_text()
    outcome = CliRunner().invoke(cli.app, ["predict", "-i", "in.csv", "--quiet"])
    assert outcome.stdout.splitlines()[1].startswith(rows.splitlines()[1] + ",critical,")
    refused = call("predict", "-i", "in.csv", "--json")
    golden("cli/json-without-output", json.loads(refused.stdout)["error"])


@pytest.mark.parametrize("value", [object(), {"a": object()}, [1, b"bytes"]])
def test_what_is_no_json_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="is no JSON data"):
        as_json(value)


def test_tables_and_numbers_become_json() -> None:
    table = pd.DataFrame({"n": [1, 2], "value": [0.5, float("nan")]})
    assert as_json(table) == [{"n": 1, "value": 0.5}, {"n": 2, "value": None}]
    assert as_json((table["n"].iloc[0], float("inf"), Path("a"))) == [1, None, "a"]


# Lines that are copied stand unbroken: commands and paths.
COPIED = re.compile(r"^\s*(\S*harness |make |/|Nothing was written|Compare it|Label with it|\S*\.(md|html)$)")


@pytest.mark.parametrize("columns", [80, 120, 200])
@pytest.mark.parametrize("verb", ["run", "compare", "list", "score", "audit", "read", "shares", "suite"])
def test_lines_fit_the_terminal(
    verb: str, columns: int, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    outcome = call(*verb.split(), *CALLS[verb])
    assert outcome.exit_code == 0, outcome.exception
    lines = [line.rstrip() for line in outcome.stdout.splitlines()]
    assert max(map(len, lines)) > 20
    assert [line for line in lines if len(line) > columns and not COPIED.match(line)] == []


def test_long_names_get_the_room_that_there_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "a-classifier-whose-name-says-all"
    toys.prepared(folder, f"  {name}: {{kind: prior}}")
    monkeypatch.setenv("COLUMNS", "80")
    narrow = call("run", "toys.yaml").stdout
    monkeypatch.setenv("COLUMNS", "120")
    wide = call("run", "toys.yaml").stdout
    # Cut in the table, and whole in the sentence below it.
    (row,) = (line for line in narrow.splitlines() if re.match(r" *a-class\S*…", line))
    assert name not in row
    assert any(line.strip().startswith(f"{name} *") for line in wide.splitlines())


@pytest.mark.parametrize("columns", [80, 120, 200])
@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help_fits_and_is_not_cut(verb: str, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    shown = call(*verb.split(), "--help").stdout
    assert max(map(len, shown.splitlines())) <= columns
    # A summary that is too long for its line ends in dots.
    assert not re.search(r"\w\.\.\.$", shown, re.MULTILINE)


@pytest.mark.parametrize("verb", VERBS)
def test_help_says_what_everything_is(verb: str) -> None:
    command = VERBS[verb]
    assert (command.help or "").strip()
    for parameter in command.params:
        text = parameter.help
        assert text, (verb, parameter.name)
        # Sentences and noun phrases, not fragments that continue the name of the option.
        assert text[0].isupper() or text.startswith(("f1_", "quickstart", "corpus,")), (verb, text)
        assert "left out" not in text
        assert "say." not in text


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_no_encoding_ends_a_run(world: Path, encoding: str) -> None:
    environment = {
        **os.environ,
        "PYTHONIOENCODING": encoding,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
    }
    command = [sys.executable, "-m", "harness", "run", "toys.yaml"]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    shown = done.stdout.decode(encoding)
    assert "f1_macro" in shown
    # A dash becomes a hyphen where there is none; no question mark stands for it.
    assert "?" not in shown


def test_json_of_a_terminal_without_utf_8_is_ascii(world: Path) -> None:
    (world / "ä.yaml").write_text((world / "toys.yaml").read_text())
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT)}
    environment["PYTHONPATH"] += f"{os.pathsep}{ROOT / 'tests'}"
    command = [sys.executable, "-m", "harness", "validate", "ä.yaml", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert json.loads(done.stdout.decode("ascii")) == {"configs": ["ä.yaml"]}


@pytest.fixture
def untouched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take back what :func:`harness.cli.main.main` sets for its whole process."""
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize(
    ("ending", "code", "text"),
    [
        (KeyboardInterrupt(), 130, "interrupted; run again to finish\n"),
        (errors.StoreError("no store"), 1, "no store\n"),
        (errors.ConfigError([errors.Problem("a.yaml", "is bad")]), 2, "a.yaml: is bad\n"),
    ],
)
def test_a_verb_ends_with_its_code(
    ending: BaseException,
    code: int,
    text: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    untouched: None,
) -> None:
    from harness.runs import experiment

    def fail(*_: object, **__: object) -> None:
        raise ending

    monkeypatch.setattr(experiment, "run", fail)
    monkeypatch.setattr(sys, "argv", ["harness", "run", "a.yaml"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == code
    assert capsys.readouterr() == ("", text)
    assert code in cli.EXIT_CODES


def test_every_error_has_a_documented_code() -> None:
    queue: list[type[HarnessError]] = [HarnessError]
    codes = {0, cli.INTERRUPTED}
    while queue:
        kind = queue.pop()
        codes.add(kind.exit_code)
        queue += kind.__subclasses__()
    assert codes == set(cli.EXIT_CODES)


def test_the_store_option_holds_for_one_call(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(template / ".harness", tmp_path / "elsewhere")
    assert call("--store", "elsewhere", "relocate").exit_code == 0
    assert not (tmp_path / ".harness").exists()
    assert "HARNESS_STORE" not in os.environ


def test_the_version_is_printed() -> None:
    from harness.values.version import VERSION

    assert call("--version").stdout == f"{VERSION}\n"
