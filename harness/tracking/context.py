"""The running machine and repository in, what a run records of them out."""

from __future__ import annotations

import getpass
import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from harness.values.packages import installed
from harness.values.threads import usable_cores
from harness.values.version import VERSION

REPORTED_PACKAGES = ("mlflow", "numpy", "pandas", "scikit-learn", "torch", "transformers")
GIT_SECONDS = 10
"""So long git may take, on a slow network drive, say."""


@dataclass(frozen=True)
class Git:
    """The state of a working tree; empty outside of one.

    Attributes
    ----------
    commit, branch : str
    dirty : bool
        Whether tracked files differ from the commit.
    """

    commit: str = ""
    branch: str = ""
    dirty: bool = False

    @classmethod
    def of(cls, folder: Path) -> Git:
        """Ask git about a folder; without git, or outside of a repository, the state is empty."""
        commit = _git(folder, "rev-parse", "HEAD")
        if not commit:
            return cls()
        branch = _git(folder, "rev-parse", "--abbrev-ref", "HEAD")
        # Without untracked files: the store and reports of the harness are among them.
        return cls(commit, branch, bool(_git(folder, "status", "--porcelain", "--untracked-files=no")))


def _git(folder: Path, *arguments: str) -> str:
    try:
        answer = subprocess.run(  # noqa: S603 (fixed arguments, no shell)
            ["git", *arguments],  # noqa: S607 (whichever git is installed)
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=GIT_SECONDS,
            check=True,
        )
    # Provenance is worth having and not worth failing for: without git, experiments run all the same.
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.strip()


@cache
def environment() -> dict[str, Any]:
    """Return Python, machine, processor, thread settings, and the version of every installed package."""
    packages = {package.name: package.version for package in installed().values()}
    return {
        "harness": VERSION,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "cores usable": usable_cores(),
        "memory GiB": _memory(),
        # Another number of threads changes fine-tuned models in the last digits.
        "thread settings": {
            name: value for name, value in sorted(os.environ.items()) if name.endswith("_NUM_THREADS")
        },
        "packages": dict(sorted(packages.items(), key=lambda pair: pair[0].lower())),
    }


def versions() -> dict[str, str]:
    """Return the versions that affect a result most."""
    return reported_versions(environment())


def reported_versions(recorded: Mapping[str, Any]) -> dict[str, str]:
    """Return these of an :func:`environment`, which a run recorded."""
    packages = recorded.get("packages", {})
    programs = {name: str(recorded[name]) for name in ("harness", "python") if name in recorded}
    return programs | {name: packages[name] for name in REPORTED_PACKAGES if name in packages}


def machine() -> str:
    """Describe the machine in one line."""
    facts = environment()
    return f"{facts['processor'] or facts['machine']}, {facts['cores usable']} cores, {platform.system()}"


def user() -> str:
    """Return the user's name; empty where the system knows none (a container without a user)."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    # On Linux platform.processor() is often empty.
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor())


def _memory() -> float:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (OSError, ValueError):
        return 0.0
