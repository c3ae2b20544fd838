"""What the README says is run, in the order in which it says it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
README = (TOP / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
COMMANDS = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]

ELSEWHERE = {
    "make test": "these are the tests",
    "make setup TORCH_INDEX=https://download.pytorch.org/whl/cpu": "tests/deploy/test_bootstrap.py",
    "make ui": "tests/store/test_store_ui.py",
    'export PATH="$PWD/.venv/bin:$PATH" MLFLOW_TRACKING_URI="sqlite:///$PWD/.harness/mlflow.db"': "a setting",
    "mlflow models serve -m models:/stance@champion --env-manager local --port 5002": "tests/serving",
    "make predict FRAMES=models:/framing@champion INPUT=sentences.csv OUTPUT=labelled.csv": (
        "tests/inference/test_together.py"
    ),
    'make suite SUITE=configs/suites/public.yaml ARGS="--only gvfc,pstance --classifier majority,linear"': (
        "tests/suites"
    ),
    "export HARNESS_NEWSMTSC=~/corpora/newsmtsc": "a setting",
}
"""Commands that other tests run, and which."""

CUT = {
    "make experiment CONFIG=configs/quickstart.yaml": "classifiers.embedding=~",
    "make experiment CONFIG=configs/partyline.yaml": (
        "classifiers.encoder=~ classifiers.encoder-blind=~ classifiers.embedding=~ split.k=2"
    ),
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


def block(kind: str, start: str) -> str:
    return next(text for found, text in BLOCKS if found == kind and text.startswith(start))


@pytest.fixture
def newcomer(template: Path, tmp_path: Path) -> Path:
    """A folder as after a clone and a set-up, with the files that the README has one write."""
    shutil.copytree(template / ".harness", tmp_path / ".harness")
    shutil.copytree(TOP / "configs", tmp_path / "configs")
    shutil.copy(TOP / "Makefile", tmp_path)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    body = f'test "$2" = deploy/bootstrap.py || exec {sys.executable} "$@"'
    python.write_text(f"#!/bin/sh\n{body}\n")
    python.chmod(0o755)
    (tmp_path / ".venv" / "stamp").touch()
    rows = [
        f"{verb} {party} over item {n}.,{party},{stance}"
        for n in range(20)
        for verb, stance in (("We blame", "critical"), ("We met", "neutral"), ("We thank", "supportive"))
        for party in ("Varna", "Ostrel")
    ]
    (tmp_path / "sentences.csv").write_text("\n".join(["text,target,stance", *rows, ""]), encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(block("yaml", "name: mine"), encoding="utf-8")
    (tmp_path / "length.yaml").write_text(block("yaml", "name: length"), encoding="utf-8")
    (tmp_path / "article.txt").write_text("NATO praised Ukraine.\n", encoding="utf-8")
    (tmp_path / "length.py").write_text(block("python", "# length.py"), encoding="utf-8")
    return tmp_path


def run(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    environment["PYTHONPATH"] = os.pathsep.join([str(TOP), environment.get("PYTHONPATH", "")])
    return subprocess.run(
        command, cwd=folder, shell=True, env=environment, capture_output=True, text=True, check=False
    )


def cut(command: str) -> str:
    addition = CUT.get(command, "")
    if 'SET="' in command:
        return command.replace('SET="', f'SET="{addition} ')
    return f'{command} SET="{addition}"' if addition else command


def test_a_newcomer_goes_through_the_readme(newcomer: Path) -> None:
    for command in COMMANDS:
        if command in ELSEWHERE:
            continue
        done = run(newcomer, cut(command))
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    labelled = (newcomer / "labelled.csv").read_text(encoding="utf-8").splitlines()
    assert labelled[0] == "text,target,stance,label,p_critical,p_neutral,p_supportive,abstain"
    assert len(labelled) == 121
    (newcomer / "label.py").write_text(block("python", "import harness"), encoding="utf-8")
    done = run(newcomer, f"{sys.executable} label.py")
    assert done.returncode == 0, done.stderr
    assert "p_supportive" in done.stdout


def test_what_is_run_elsewhere_is_still_said() -> None:
    assert set(ELSEWHERE) | set(CUT) <= {*COMMANDS, *re.findall(r"`(make [^`]+)`", README)}


def test_the_readme_shows_what_validate_says() -> None:
    said = (TOP / "tests" / "golden" / "config" / "several-problems.txt").read_text(encoding="utf-8")
    shown = block("text", "mine.yaml")
    for line in shown.splitlines():
        assert line.replace("mine.yaml", "several-problems.yaml") in said


def test_files_that_the_readme_links_to_exist() -> None:
    links = [one for one in re.findall(r"\]\(([^)]+)\)", README) if not one.startswith("http")]
    assert [one for one in links if not (TOP / one).exists()] == []
