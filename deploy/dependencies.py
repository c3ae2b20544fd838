"""``constraints.txt`` in, a bill of materials, or the known vulnerabilities of what it pins, out.

``make sbom`` writes ``build/sbom.json``: CycloneDX, the same bytes from the same constraints. ``make
audit-deps`` compares the constraints with the Python Packaging Advisory Database. Their tools, cyclonedx-bom
and pip-audit (both Apache-2.0), are installed into ``build/tools`` at the first call: the environment of the
harness has neither, so that what is audited is not changed by the audit.
"""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parent.parent
CONSTRAINTS = TOP / "constraints.txt"
PYPROJECT = TOP / "pyproject.toml"
BUILD = TOP / "build"
TOOLS = ("cyclonedx-bom==7.5.0", "pip-audit==2.10.1")

CLEAN, VULNERABLE, UNKNOWN = 0, 1, 3
"""Exit codes of the audit; 2 is make's own."""

Run = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]


class ToolError(Exception):
    """A tool that cannot be installed, or that failed."""


def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command and keep what it prints."""
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (ours, no shell)


def tools(folder: Path, run: Run = run) -> Path:
    """Return the folder of the tools' scripts, installed where they are not yet.

    Parameters
    ----------
    folder : Path
        Of their environment.
    run : callable
        Runs pip.

    Raises
    ------
    ToolError
        Where pip cannot install them; with its reason.
    """
    stamp = folder / "stamp"
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != "\n".join(TOOLS):
        venv.create(folder, with_pip=True, clear=True)
        answer = run([str(folder / "bin" / "pip"), "install", "--quiet", *TOOLS])
        if answer.returncode != 0:
            raise ToolError(f"{', '.join(TOOLS)} cannot be installed: {last_line(answer.stderr)}")
        stamp.write_text("\n".join(TOOLS), encoding="utf-8")
    return folder / "bin"


def write_sbom(scripts: Path, target: Path, run: Run = run) -> int:
    """Write the bill of materials; return the number of its components.

    Parameters
    ----------
    scripts : Path
        From :func:`tools`.
    target : Path
    run : callable
        Runs the tool.

    Raises
    ------
    ToolError
        Where the tool fails.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    command = [str(scripts / "cyclonedx-py"), "requirements", str(CONSTRAINTS), "--pyproject", str(PYPROJECT)]
    command += ["--output-reproducible", "--output-format", "JSON", "--output-file", str(target)]
    answer = run(command)
    if answer.returncode != 0:
        raise ToolError(f"cyclonedx-py failed: {last_line(answer.stderr)}")
    return len(json.loads(target.read_text(encoding="utf-8"))["components"])


def audit(scripts: Path, say: Callable[[str], object], run: Run = run) -> int:
    """Compare the constraints with the database of vulnerabilities.

    Parameters
    ----------
    scripts : Path
        From :func:`tools`.
    say : callable
        Called with each line of the outcome.
    run : callable
        Runs the tool.

    Returns
    -------
    int
        :data:`CLEAN`, :data:`VULNERABLE`, or :data:`UNKNOWN` where the database cannot be reached.
    """
    # By the constraints as they are: they pin every dependency, so that pip need not resolve or download any.
    command = [str(scripts / "pip-audit"), "--requirement", str(CONSTRAINTS), "--no-deps", "--disable-pip"]
    answer = run([*command, "--format", "json", "--progress-spinner", "off"])
    try:
        packages: list[dict[str, Any]] = json.loads(answer.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        say(f"the database of vulnerabilities cannot be reached: {last_line(answer.stderr)}")
        return UNKNOWN
    skipped = [package for package in packages if "skip_reason" in package]
    # A mirror that serves packages and no advisories answers "not found" to every question, and the tool then
    # finds no vulnerability at all.
    if len(skipped) == len(packages):
        say(
            f"the database of vulnerabilities cannot be reached: none of {len(packages)} packages is in it"
            " (does pip use a mirror?)"
        )
        return UNKNOWN
    vulnerable = [package for package in packages if package.get("vulns")]
    for package in vulnerable:
        for known in package["vulns"]:
            fixed = f"; fixed in {', '.join(known['fix_versions'])}" if known.get("fix_versions") else ""
            say(f"{package['name']} {package['version']}: {known['id']}{fixed}")
    if skipped:
        say(f"not in the database: {', '.join(package['name'] for package in skipped)}")
    say(f"{len(packages) - len(skipped)} packages compared, {len(vulnerable)} with known vulnerabilities")
    return VULNERABLE if vulnerable else CLEAN


def last_line(text: str) -> str:
    """Return the last line of a tool's messages: the others lead up to it."""
    return (text.strip().splitlines() or ["it gave no reason"])[-1]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def main(arguments: Sequence[str]) -> int:
    """Do what the first argument names, ``sbom`` or ``audit``; return the exit status."""
    try:
        scripts = tools(BUILD / "tools")
        if arguments[0] == "audit":
            return audit(scripts, _say)
        target = BUILD / "sbom.json"
        _say(f"{target.relative_to(TOP)}: {write_sbom(scripts, target)} components")
    except ToolError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
