"""A corpus in small, and what may be wrong with one of its files."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.corpora.card import load_card
from harness.values.tables import Corpus

Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Small:
    """A corpus that is whole, and how one of its files is spoiled.

    ``cut`` bytes are taken from the end of ``file``; ``lacking`` is the file without something that it needs,
    ``strange`` the file with a code that nobody knows.
    """

    name: str
    files: Files
    file: str
    cut: int
    lacking: bytes
    strange: bytes
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def spoiled(self) -> Mapping[str, bytes]:
        """What may stand in the place of ``file``: what is wrong → the bytes."""
        whole = self.files[self.file]
        return {
            "truncated": whole[: -self.cut],
            "encoding": whole.decode("latin-1").encode("utf-16"),
            "column": self.lacking,
            "code": self.strange,
            "empty": b"",
        }

    def load(self, factory: Callable[..., Corpus], home: Path) -> Corpus:
        """Read the corpus from where it was written, for its own labels."""
        card = load_card(self.name)
        task = card.tasks[0]
        place = {"path": home / self.file} if self.name == "files" else {"folder": home}
        return factory(**place, **self.options, labels=card.labels[task], task=task)

    def write(self, home: Path, **spoiled: bytes) -> Path:
        """Write the files; ``spoiled={file: bytes}`` takes the place of one."""
        for name, data in {**self.files, **spoiled}.items():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_bytes(data)
        return home


def json_of(value: Any) -> bytes:
    return json.dumps(value, indent=1).encode()


def lines_of_json(*rows: Mapping[str, Any]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def workbook_of(*rows: list[Any]) -> bytes:
    import openpyxl

    book, made = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(made)
    return made.getvalue()
