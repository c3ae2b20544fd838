"""The bill of materials and the audit of dependencies, with stand-ins for their tools."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from golden import Golden

PATH = Path(__file__).parents[2] / "deploy" / "dependencies.py"
Run = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def dependencies() -> ModuleType:
    specification = importlib.util.spec_from_file_location("deploy_dependencies", PATH)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def answering(status: int, output: str = "", errors: str = "", calls: list[list[str]] | None = None) -> Run:
    def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        if calls is not None:
            calls.append(list(command))
        return subprocess.CompletedProcess(command, status, output, errors)

    return run


def package(name: str, **more: Any) -> Mapping[str, Any]:
    return {"name": name, "version": "1.0", "vulns": [], **more}


SKIPPED = {"name": "a", "skip_reason": "Dependency not found on PyPI"}
WEAK = package("b", vulns=[{"id": "PYSEC-1", "fix_versions": ["1.1"]}, {"id": "GHSA-2", "fix_versions": []}])
AUDITS: dict[str, tuple[int, list[Mapping[str, Any]]]] = {
    "clean": (0, [package("a"), package("b")]),
    "vulnerable": (1, [package("a"), WEAK]),
    "one skipped": (0, [SKIPPED, package("b")]),
    "all skipped": (3, [SKIPPED, SKIPPED | {"name": "b"}]),
}


def test_audits_say_what_they_found(dependencies: ModuleType, golden: Golden) -> None:
    texts = []
    for case, (status, packages) in AUDITS.items():
        lines: list[str] = []
        output = json.dumps({"dependencies": packages})
        assert dependencies.audit(Path("bin"), lines.append, answering(status % 3, output)) == status
        texts += [case, *(f"    {line}" for line in lines)]
    unreachable = answering(1, "", "Traceback\nrequests.exceptions.ConnectionError: no route to host\n")
    lines = []
    assert dependencies.audit(Path("bin"), lines.append, unreachable) == dependencies.UNKNOWN
    assert len(lines) == 1
    golden("deploy/audited-dependencies", "\n".join([*texts, "unreachable", f"    {lines[0]}"]))


def test_constraints_are_audited_as_they_are(dependencies: ModuleType) -> None:
    calls: list[list[str]] = []
    dependencies.audit(Path("bin"), print, answering(0, '{"dependencies": []}', calls=calls))
    (command,) = calls
    assert command[0] == "bin/pip-audit"
    assert {str(dependencies.CONSTRAINTS), "--no-deps", "--disable-pip"} <= set(command)


def test_a_bill_of_materials_is_written_and_counted(dependencies: ModuleType, tmp_path: Path) -> None:
    target = tmp_path / "new" / "sbom.json"

    def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        assert {"--output-reproducible", str(dependencies.CONSTRAINTS), str(target)} <= set(command)
        target.write_text('{"bomFormat": "CycloneDX", "components": [{}, {}]}', encoding="utf-8")
        return subprocess.CompletedProcess(command, 0, "", "")

    assert dependencies.write_sbom(tmp_path, target, run) == 2
    with pytest.raises(dependencies.ToolError, match="no space"):
        dependencies.write_sbom(tmp_path, target, answering(1, "", "first\nno space\n"))


def test_tools_are_installed_once(
    dependencies: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def create(folder: Path, **_: Any) -> None:
        folder.mkdir(exist_ok=True)

    monkeypatch.setattr(dependencies.venv, "create", create)
    calls: list[list[str]] = []
    with pytest.raises(dependencies.ToolError, match="no such index"):
        dependencies.tools(tmp_path / "tools", answering(1, "", "no such index", calls))
    for _ in range(2):
        assert dependencies.tools(tmp_path / "tools", answering(0, calls=calls)) == tmp_path / "tools" / "bin"
    # The failed attempt, and one that succeeded.
    assert len(calls) == 2
    assert set(dependencies.TOOLS) <= set(calls[-1])
    monkeypatch.setattr(dependencies, "TOOLS", ("pip-audit==99",))
    dependencies.tools(tmp_path / "tools", answering(0, calls=calls))
    assert len(calls) == 3
