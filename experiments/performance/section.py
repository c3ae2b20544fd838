"""A heading and text in, ``results.md`` with that section in place of the one it had out."""

from __future__ import annotations

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).with_name("results.md")
TITLE = "# Measured\n\nEach section names the command that writes it, and the machine it was measured on.\n"

INSTRUCTIONS = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")
"""Those that products of matrices are made of, as far as they are told."""


def write(heading: str, command: str, text: str, path: Path = RESULTS) -> None:
    """Write a section; the others stay as they are, in alphabetical order."""
    known = path.read_text(encoding="utf-8") if path.exists() else TITLE
    head, *parts = re.split(r"^## ", known, flags=re.MULTILINE)
    sections = {part.partition("\n")[0]: f"{part.rstrip()}\n\n" for part in parts}
    about = f"`{command}`, {datetime.now(tz=UTC):%Y-%m-%d}, {machine()}"
    sections[heading] = f"{heading}\n\n{about}\n\n{text.strip()}\n\n"
    body = "".join(f"## {sections[name]}" for name in sorted(sections))
    path.write_text(f"{head.rstrip()}\n\n{body}".rstrip() + "\n", encoding="utf-8")


def machine() -> str:
    """Describe the machine in a few words."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    processor = next(named, platform.processor() or platform.machine())
    said = next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), [])
    has = ", ".join(name.upper() for name in INSTRUCTIONS if name in said)
    parts = [
        processor,
        f"{os.cpu_count()} cores",
        has,
        platform.system(),
        f"Python {platform.python_version()}",
    ]
    return ", ".join(part for part in parts if part)
