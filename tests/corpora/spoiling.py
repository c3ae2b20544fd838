"""A small corpus, and what may be wrong with one of its files."""

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
    """A small whole corpus, and how one of its files is broken.

    ``cut`` bytes are removed from the end of ``file``; ``incomplete`` is the file without something required,
    ``unknown_code`` the file with a code that the reader does not know.
    """

    name: str
    files: Files
    file: str
    cut: int
    incomplete: bytes
    unknown_code: bytes
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def broken(self) -> Mapping[str, bytes]:
        """What may replace ``file``: the damage → the bytes."""
        whole = self.files[self.file]
        return {
            "truncated": whole[: -self.cut],
            "encoding": whole.decode("latin-1").encode("utf-16"),
            "column": self.incomplete,
            "code": self.unknown_code,
            "empty": b"",
        }

    def load(self, factory: Callable[..., Corpus], home: Path) -> Corpus:
        """Read the corpus from where it was written, for its own labels."""
        card = load_card(self.name)
        task = card.tasks[0]
        location = {"path": home / self.file} if self.name == "files" else {"folder": home}
        return factory(**location, **self.options, labels=card.labels[task], task=task)

    def write(self, home: Path, **changed: bytes) -> Path:
        """Write the files; ``changed={file: bytes}`` replaces some."""
        for name, data in {**self.files, **changed}.items():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_bytes(data)
        return home


def json_of(value: Any) -> bytes:
    return json.dumps(value, indent=1).encode()


def lines_of_json(*rows: Mapping[str, Any]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def workbook_of(*rows: list[Any]) -> bytes:
    import openpyxl

    book, saved = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(saved)
    return saved.getvalue()
