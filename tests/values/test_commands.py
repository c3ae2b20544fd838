"""Hints: a line that works from where the person is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from harness.cli import main as cli
from harness.values import commands
from harness.values.commands import MAKE_TARGETS, command_line, is_checkout, script

TOP = Path(__file__).parents[2]
SCRIPT = ".venv/bin/harness"
VALUES = {"experiment": "toys", "metric": "brier", "port": "5001", "model": "models:/stance@champion"}
VALUES |= {
    "config": "c.yaml",
    "frames": "a folder",
    "input": "in.csv",
    "output": "out.csv",
    "parties": "p.yaml",
}


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Python environment in a working folder, its scripts not on the PATH."""
    scripts = tmp_path / ".venv" / "bin"
    scripts.mkdir(parents=True)
    for name in ("python", "harness", "mlflow"):
        (scripts / name).write_text("#!/bin/sh\n")
        (scripts / name).chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(scripts / "python"))
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.chdir(tmp_path)
    return scripts


def make_checkout(folder: Path) -> None:
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(TOP / name, folder)


@pytest.mark.parametrize(
    ("words", "options", "line"),
    [
        (["promote"], {"experiment": "my toys"}, "harness promote --experiment 'my toys'"),
        (["corpus describe", "gvfc"], {}, "harness corpus describe gvfc"),
        (["promote", "--replace"], {"experiment": "toys"}, "harness promote --replace --experiment toys"),
    ],
)
def test_on_the_path_it_is_the_command(
    words: list[str],
    options: dict[str, str],
    line: str,
    environment: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_checkout(Path())
    monkeypatch.setenv("PATH", str(environment))
    assert command_line(*words, **options) == line
    assert script("mlflow") == "mlflow"


@pytest.mark.parametrize(
    ("words", "options", "line"),
    [
        (["promote"], {"experiment": "toys"}, "make promote EXPERIMENT=toys"),
        (["run", "a b.yaml"], {}, "make experiment CONFIG='a b.yaml'"),
        # Switches have no variable of their own: the Makefile passes them on.
        (["promote", "--replace"], {}, "make promote ARGS=--replace"),
        (["promote", "--a", "--b"], {"experiment": "toys"}, "make promote EXPERIMENT=toys ARGS='--a --b'"),
        # No target, or no variable for an option: the script itself.
        (["rollback", "stance"], {}, f"{SCRIPT} rollback stance"),
        (["promote"], {"classifier": "a"}, f"{SCRIPT} promote --classifier a"),
        (["run", "a.yaml", "b.yaml"], {}, f"{SCRIPT} run a.yaml b.yaml"),
    ],
)
def test_in_the_checkout_it_is_make(
    words: list[str], options: dict[str, str], line: str, environment: Path
) -> None:
    make_checkout(Path())
    assert command_line(*words, **options) == line


def test_elsewhere_it_is_the_script(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command_line("promote") == f"{SCRIPT} promote"
    # A Makefile of somebody else's does not count, and make needs its folder.
    shutil.copy(TOP / "Makefile", Path())
    assert command_line("promote") == f"{SCRIPT} promote"
    shutil.copy(TOP / "pyproject.toml", Path())
    Path("inner").mkdir()
    monkeypatch.chdir("inner")
    assert command_line("promote") == f"{environment}/harness promote"


def test_the_harness_of_another_environment_does_not_count(
    environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(environment / "harness", other)
    monkeypatch.setenv("PATH", str(other))
    assert command_line("ui") == f"{SCRIPT} ui"


def test_without_a_script_python_runs_the_module(environment: Path) -> None:
    (environment / "harness").unlink()
    line = ".venv/bin/python -m harness ui"
    assert command_line("ui") == line


@pytest.mark.parametrize("folder", [TOP, TOP / "harness", Path("/nowhere")])
def test_the_checkout_is_known_by_its_project_file(folder: Path) -> None:
    assert is_checkout(folder) == (folder == TOP)


@pytest.mark.parametrize("verb", MAKE_TARGETS)
def test_make_calls_what_the_line_without_it_calls(verb: str, tmp_path: Path) -> None:
    """Every target with every variable, through the Makefile, is the command with the same options."""
    shutil.copy(TOP / "Makefile", tmp_path)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\ntest "$2" = deploy/bootstrap.py || for word; do echo "$word"; done\n')
    python.chmod(0o755)
    (tmp_path / ".venv" / "stamp").touch()
    _, variables = MAKE_TARGETS[verb]
    arguments = ("an argument",) if "" in variables else ()
    options = {name: VALUES[name] for name in variables if name}
    line = commands._make_line(verb, arguments, options)
    plain = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
    done = subprocess.run(
        line, shell=True, cwd=tmp_path, env=plain, capture_output=True, text=True, check=True
    )
    words = done.stdout.splitlines()
    assert words[:3] == ["-m", "harness", verb]
    named = {words[index]: words[index + 1] for index in range(3, len(words) - 1) if words[index][:2] == "--"}
    assert named == {f"--{name}": value for name, value in options.items()}
    assert [word for word in words[3:4] if "" in variables] == list(arguments)


def test_hints_use_options_that_there_are() -> None:
    verbs = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
    for verb, (_, variables) in MAKE_TARGETS.items():
        options = {option for parameter in verbs[verb].params for option in parameter.opts}
        assert {f"--{name}" for name in variables if name} <= options
