"""What README and docs say is run: every command of a page, in the order in which it stands there."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
PAGES = [TOP / "README.md", *sorted((TOP / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)

TUTORIAL = TOP / "docs" / "tutorial" / "index.md"

GENERATED = {"api", "audits", "classifiers", "cli", "config", "corpora", "limits", "metrics", "splits"}
"""Pages of docs/reference that ``make docs`` writes."""

ELSEWHERE = {
    "make test": "these are the tests",
    "make setup": "tests/deploy",
    "make check": "run beside these tests",
    "make ui": "tests/tracking/store",
    'export PATH="$PWD/.venv/bin:$PATH" MLFLOW_TRACKING_URI="sqlite:///$PWD/.harness/mlflow.db"': "a setting",
    "mlflow models serve -m models:/stance@champion --env-manager local --port 5002": "tests/serving",
    "make ui EXPERIMENT=monitor": "tests/tracking/store",
    "harness label sentences.csv": "tests/explorer/labelling",
    "harness label gold.csv": "tests/explorer/labelling",
    "make explore EXPERIMENT=quickstart": "tests/explorer",
    'make suite SUITE=configs/suites/public.yaml ARGS="--only gvfc,pstance --classifier majority,linear"': (
        "tests/runs/suites"
    ),
    "export HARNESS_NEWSMTSC=~/corpora/newsmtsc": "a setting",
    "harness corpus fetch vast": "tests/corpora",
    'make test ARGS="-k bootstrap"': "these are the tests",
}
"""Commands that other tests run, and where."""

CUT = {
    "make experiment CONFIG=configs/quickstart.yaml": "classifiers.embedding=~",
    (
        "make experiment CONFIG=configs/partyline.yaml"
        ' SET="split.repeats=10 classifiers.encoder=~ classifiers.encoder-blind=~"'
    ): "classifiers.embedding=~ split.k=2 split.repeats=1",
    "make experiment CONFIG=configs/newsmtsc.yaml": (
        "corpus.kind=partyline classifiers.embedding=~ classifiers.linear=~ classifiers.linear-blind=~ "
        "classifiers.linear-words=~"
    ),
    "make experiment CONFIG=configs/newsmtsc-encoder.yaml": (
        "corpus.kind=files corpus.path=sentences.csv split.kind=holdout seeds=[1] "
        "classifiers.encoder.epochs=1"
    ),
    'make experiment CONFIG=configs/quickstart.yaml SET="seeds=[1,2]"': "classifiers.embedding=~",
}
"""What is added to SET so that a command takes seconds."""

ARTICLE = """\
Varna's ferry saved the islands

The minister praised Ukraine for its patience. Germany, he said, had kept its word.

France broke the treaty again, and Germany paid the same bill twice.
"""


def blocks(path: Path, kind: str) -> list[str]:
    """Return the fenced blocks of one kind of a page."""
    return [text for found, text in FENCE.findall(path.read_text(encoding="utf-8")) if found == kind]


def commands(path: Path) -> list[str]:
    """Return the commands of a page, in order."""
    return [line for text in blocks(path, "sh") for line in text.splitlines() if line.strip()]


ELSEWHERE |= dict.fromkeys(
    commands(TOP / "docs" / "how-to" / "server.md"),
    "tests/deploy/test_compose.py, tests/tracking/test_real_server.py",
)

SCRIPTS_ELSEWHERE = {"fetch_articles.py": "needs a site: tests/articles/test_feeds.py"}
"""Code on the pages that is not run by these tests, and where it is."""


def files_of(path: Path) -> dict[str, str]:
    """Return the files that a page has one write: configs by their name, code by its first comment."""
    files = {}
    for text in blocks(path, "yaml"):
        if name := re.match(r"name: (\S+)", text):
            files[f"{name[1]}.yaml"] = text
    for text in blocks(path, "python"):
        name = re.match(r"# (\S+\.py)", text)
        files[name[1] if name else "example.py"] = text
    return files


@pytest.fixture(scope="module")
def prepared(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as after a clone, a set-up and the quickstarts, with champions of both tasks."""
    folder = tmp_path_factory.mktemp("newcomer")
    shutil.copytree(template / ".harness", folder / ".harness")
    shutil.copytree(TOP / "configs", folder / "configs")
    shutil.copy(TOP / "Makefile", folder)
    scripts = folder / ".venv" / "bin"
    scripts.mkdir(parents=True)
    bodies = {
        "python": f'test "$2" = deploy/bootstrap.py || exec {sys.executable} "$@"',
        "harness": f'exec {sys.executable} -m harness "$@"',
    }
    for name, body in bodies.items():
        (scripts / name).write_text(f"#!/bin/sh\n{body}\n")
        (scripts / name).chmod(0o755)
    (folder / ".venv" / "stamp").touch()
    rows = [
        f"{verb} {party} over item {n}.,{party},{stance}"
        for n in range(20)
        for verb, stance in (("We blame", "critical"), ("We met", "neutral"), ("We thank", "supportive"))
        for party in ("Varna", "Ostrel")
    ]
    (folder / "sentences.csv").write_text("\n".join(["text,target,stance", *rows, ""]), encoding="utf-8")
    unlabelled = [row.rpartition(",")[0] for row in rows]
    (folder / "new.csv").write_text("\n".join(["text,target", *unlabelled, ""]), encoding="utf-8")
    (folder / "article.txt").write_text(ARTICLE, encoding="utf-8")
    (folder / "articles").mkdir()
    (folder / "articles" / "one.txt").write_text(ARTICLE, encoding="utf-8")
    for command in (
        "make experiment CONFIG=configs/quickstart.yaml",
        "make promote",
        'make experiment CONFIG=configs/quickstart-framing.yaml SET="classifiers.embedding=~"',
        "make promote",
    ):
        done = run(folder, cut(command))
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    done = run(folder, "harness compare --experiment quickstart")
    assert done.returncode == 0, done.stderr
    external_predictions(folder)
    return folder


@pytest.fixture
def newcomer(prepared: Path, tmp_path: Path) -> Path:
    """A copy of that folder."""
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    done = run(tmp_path, "harness relocate")
    assert done.returncode == 0, done.stderr
    return tmp_path


def external_predictions(folder: Path) -> None:
    """Write predictions that somebody made for the quickstart's test rows."""
    import harness

    corpus = harness.load_corpus("partyline")
    test = corpus.rows[corpus.rows["split"] == "test"]
    rows = [f"{id_},neutral" for id_ in test["id"]]
    (folder / "theirs.csv").write_text("\n".join(["id,prediction", *rows, ""]), encoding="utf-8")


def fill_in_gold(folder: Path, name: str = "gold.csv") -> None:
    """Label what ``harness sample`` drew, as a person does before ``shares`` and ``learn``."""
    path = folder / name
    with path.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    for row in rows:
        row["gold"] = "neutral"
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def run(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    environment["PYTHONPATH"] = os.pathsep.join([str(TOP), environment.get("PYTHONPATH", "")])
    environment["PATH"] = os.pathsep.join([str(folder / ".venv" / "bin"), environment["PATH"]])
    return subprocess.run(
        command, cwd=folder, shell=True, env=environment, capture_output=True, text=True, check=False
    )


def cut(command: str) -> str:
    addition = CUT.get(command, "")
    if 'SET="' in command and addition:
        return command.replace('SET="', f'SET="{addition} ')
    return f'{command} SET="{addition}"' if addition else command


def to_run(path: Path) -> list[str]:
    return [command for command in commands(path) if command not in ELSEWHERE]


@pytest.mark.parametrize(
    "path",
    [path for path in PAGES if to_run(path) or files_of(path)],
    ids=lambda path: path.relative_to(TOP).as_posix(),
)
def test_what_a_page_says_works(path: Path, newcomer: Path) -> None:
    files = files_of(path)
    for name, text in files.items():
        (newcomer / name).write_text(text, encoding="utf-8")
    for command in to_run(path):
        if "shares" in command and "--gold" in command:
            fill_in_gold(newcomer)
        if command.startswith("harness learn"):
            fill_in_gold(newcomer, command.split()[2])
        done = run(newcomer, cut(command))
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    if path == TUTORIAL:
        with (newcomer / "shares" / "shares.csv").open(encoding="utf-8", newline="") as handle:
            shares = [row["share"] for row in csv.DictReader(handle) if row["voice"] == "all"]
        assert len(shares) == 9, "three stances of three parties"
        assert all(shares), "the tutorial ends in corrected shares"
    for name in (name for name in files if name.endswith(".py") and name not in SCRIPTS_ELSEWHERE):
        done = run(newcomer, f"{sys.executable} {name}")
        assert done.returncode == 0, f"{name}\n{done.stdout}\n{done.stderr}"


def test_a_file_is_labelled_with_all_its_columns(newcomer: Path) -> None:
    assert run(newcomer, "make predict INPUT=sentences.csv OUTPUT=labelled.csv").returncode == 0
    labelled = (newcomer / "labelled.csv").read_text(encoding="utf-8").splitlines()
    assert labelled[0] == "text,target,stance,label,p_critical,p_neutral,p_supportive,abstain,risk_met"
    assert len(labelled) == 121


def test_what_is_run_elsewhere_is_still_said() -> None:
    said = {command for path in PAGES for command in commands(path)}
    said |= set(re.findall(r"`(make [^`]+)`", (TOP / "README.md").read_text(encoding="utf-8")))
    said |= set(commands(TOP / "CONTRIBUTING.md"))
    said |= set(re.findall(r"`(make [^`]+)`", (TOP / "CONTRIBUTING.md").read_text(encoding="utf-8")))
    assert set(ELSEWHERE) | set(CUT) <= said


def test_the_docs_show_what_validate_says() -> None:
    problems = (TOP / "tests" / "golden" / "config" / "several-problems.txt").read_text(encoding="utf-8")
    (shown,) = (text for text in blocks(TOP / "docs/how-to/experiments.md", "text") if "mine.yaml:" in text)
    for line in shown.splitlines():
        assert line.replace("mine.yaml", "several-problems.yaml") in problems


@pytest.mark.parametrize(
    "path", [*PAGES, TOP / "CONTRIBUTING.md"], ids=lambda path: path.relative_to(TOP).as_posix()
)
def test_files_that_a_page_links_to_exist(path: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    local = [link for link in links if not link.startswith("http")]
    missing = [link for link in local if not (path.parent / link).exists()]
    assert [link for link in missing if Path(link).stem not in GENERATED] == []


def test_the_readme_is_short() -> None:
    assert len((TOP / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_every_verb_is_in_the_reference() -> None:
    sys.path.insert(0, str(TOP / "docs"))
    try:
        import generated
    finally:
        sys.path.pop(0)
    page = generated.cli()
    import typer

    from harness.cli.main import app

    for name in typer.main.get_command(app).list_commands(None):  # type: ignore[arg-type]
        assert f"## harness {name}" in page
