"""A heading and text in, ``results.md`` with that section in place of the one it had out.

At the top stand the ratios: what each section says in one number, and the aim.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).with_name("results.md")
TITLE = "# Measured"
RATIOS = "Ratios"
ABOUT = "Each section names the command that writes it, and the machine and the day that it was measured on."
HEAD = ["| section | what | measured | aim |", "|---|---|---:|---:|"]

INSTRUCTIONS = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")
"""Those that products of matrices are made of, as far as they are told."""


def write(
    heading: str,
    command: str,
    text: str,
    ratios: Mapping[str, tuple[str, str]] | None = None,
    path: Path = RESULTS,
) -> None:
    """Write a section; the others stay as they are, in alphabetical order.

    Parameters
    ----------
    heading : str
    command : str
        What writes it.
    text : str
        Markdown.
    ratios : mapping, optional
        What was measured, in a few words: the number and the aim, as they are shown at the top.
    path : Path, optional
    """
    sections = _read(path)
    about = f"`{command}`, {_today()}, {machine()}"
    sections[heading] = f"{about}\n\n{text.strip()}"
    rows = [row for row in _rows(sections) if row.split(" | ")[0] != f"| {heading}"]
    rows += [f"| {heading} | {what} | {value} | {aim} |" for what, (value, aim) in (ratios or {}).items()]
    # Sorted by section alone: within one, what comes first is meant to.
    sections[RATIOS] = "\n".join(
        [_note(sections), "", *HEAD, *sorted(rows, key=lambda row: row.split("|")[1])]
    )
    _write(path, sections)


def lasted(minutes: float, path: Path = RESULTS) -> None:
    """Write down how long all of it took."""
    sections = _read(path)
    note = f"{ABOUT} All of them, in one go, took {minutes:.0f} minutes on {_today()}."
    sections[RATIOS] = "\n".join([note, "", *HEAD, *_rows(sections)])
    _write(path, sections)


def machine() -> str:
    """Describe the machine in a few words."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    processor = next(named, platform.processor() or platform.machine())
    flags = next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), [])
    has = ", ".join(name.upper() for name in INSTRUCTIONS if name in flags)
    parts = [
        processor,
        f"{os.cpu_count()} cores",
        has,
        platform.system(),
        f"Python {platform.python_version()}",
    ]
    return ", ".join(part for part in parts if part)


def _read(path: Path) -> dict[str, str]:
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    parts = [part.partition("\n") for part in re.split(r"^## ", old, flags=re.MULTILINE)[1:]]
    return {heading: text.strip() for heading, _, text in parts}


def _write(path: Path, sections: Mapping[str, str]) -> None:
    order = sorted(sections, key=lambda heading: (heading != RATIOS, heading))
    body = "\n\n".join(f"## {heading}\n\n{sections[heading]}" for heading in order)
    path.write_text(f"{TITLE}\n\n{body}\n", encoding="utf-8")


def _note(sections: Mapping[str, str]) -> str:
    return sections.get(RATIOS, ABOUT).partition("\n")[0]


def _rows(sections: Mapping[str, str]) -> list[str]:
    lines = sections.get(RATIOS, "").splitlines()
    return [line for line in lines if line.startswith("| ") and line != HEAD[0]]


def _today() -> str:
    return f"{datetime.now(tz=UTC):%Y-%m-%d}"
