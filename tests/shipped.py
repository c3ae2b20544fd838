"""The files of the shipped corpus as they are on disk: articles, lines, (line, target) rows, registry."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.corpora.readers.partyline import HOME
from harness.values import parties

ARTICLES: list[dict[str, Any]] = [
    json.loads(line) for line in (HOME / "articles.jsonl").read_text(encoding="utf-8").splitlines()
]
CODEBOOK = (HOME / "codebook.md").read_text(encoding="utf-8")
REGISTRY = parties.read(HOME / "parties.yaml")


@dataclass(frozen=True)
class Line:
    """A line with its article."""

    article: Mapping[str, Any]
    number: int
    fields: Mapping[str, Any]

    @property
    def place(self) -> str:
        return f"{self.article['id']}.{self.number}"

    @property
    def text(self) -> str:
        return str(self.fields["text"])

    @property
    def split(self) -> str:
        return str(self.article["split"])

    @property
    def targets(self) -> list[dict[str, Any]]:
        return list(self.fields.get("targets", []))


LINES = [Line(a, k, line) for a in ARTICLES for k, line in enumerate(a["lines"], start=1)]
LABELLED = [line for line in LINES if line.fields.get("labelled")]
ROWS = [(line, target) for line in LABELLED for target in line.targets]
