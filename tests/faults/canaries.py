"""A classifier, a corpus and an audit that take secrets, and a config that gives them one in every place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import toys

from harness.audits.audit_protocol import Subject
from harness.corpora.readers.files import files
from harness.values.errors import ClassifierError
from harness.values.findings import Finding
from harness.values.labels import LabelSet, Task
from harness.values.tables import Corpus

CANARIES = {
    "HUB_TOKEN": "canary-hub-4711",
    "api_key": "canary-api'\"4712",
    "GRANT_PASSWORD": "canary 4713 ä/+%",
    "MY_SECRET_LIST": "canary-list-4714",
    "SET_TOKEN": "canary-set-4715",
    "PLAIN": "canary-under-key-4716",
    "LISTED": "canary-listed-4717",
    "LISTED_PIN": "47184718",
    "GRID_TOKEN": "canary-grid-4719",
    "CORPUS_TOKEN": "canary-corpus-4720",
    "AUDIT_KEY": "canary-audit-4721",
    "FAILING_TOKEN": "canary-failing-4722",
    "EXTENDED_TOKEN": "canary-extended-4723",
}
"""Variable → a value that must be found nowhere."""

VISIBLE = {"PLACE": "a-visible-place", "MAX_TOKENS": "17"}
"""No secrets: a text, and a number whose name looks like that of one."""

BASE = """\
description: paid by ${GRANT_PASSWORD}
tracking: {tags: {owner: "${HUB_TOKEN}"}}
classifiers:
  inherited: {kind: 'tests.faults.canaries:spy', token: '${EXTENDED_TOKEN}'}
"""

CONFIG = """\
extends: base.yaml
name: canaries
corpus: {kind: 'tests.faults.canaries:corpus', path: sentences.csv, token: '${CORPUS_TOKEN}'}
split: {kind: predefined, calibration: 0}
secrets: [LISTED, LISTED_PIN]
audits:
  leaks: {}
  watching: {kind: 'tests.faults.canaries:watching', word: '${AUDIT_KEY}'}
classifiers:
  spy:
    kind: tests.faults.canaries:spy
    token: Bearer ${HUB_TOKEN} at ${PLACE}
    headers: ['X: ${MY_SECRET_LIST}', '${api_key}']
    account: {key: '${PLAIN}', name: '${LISTED}', pin: '${LISTED_PIN}'}
    limit: ${MAX_TOKENS}
  tuned:
    kind: tests.faults.canaries:spy
    tune: {token: ['${GRID_TOKEN}', 'none']}
  failing: {kind: 'tests.faults.canaries:spy', token: '${FAILING_TOKEN}', fails: error}
"""


@dataclass(frozen=True)
class Account:
    """A group of options."""

    key: str = ""
    name: str = ""
    pin: int = 0


SEEN: list[Mapping[str, Any]] = []
"""What the factories were called with."""


class Spy(toys.Verbs):
    """Fails, if it is to, with a message that holds its token."""

    token, fails_by = "", ""

    def fit(self, *data: Any, **more: Any) -> None:
        message = f"the hub refused the token {self.token}"
        if self.fails_by == "fault":
            raise RuntimeError(message)
        if self.fails_by:
            raise ClassifierError(message)
        super().fit(*data, **more)


def spy(
    *,
    token: str = "",
    headers: tuple[str, ...] = (),
    account: Account = Account(),
    limit: int = 0,
    extra: str = "",
    fails: str = "",
    labels: LabelSet,
    seed: int,
) -> Spy:
    SEEN.append({"token": token, "headers": headers, "account": account, "limit": limit, "extra": extra})
    classifier = Spy(1.0, "", labels, seed)
    classifier.token, classifier.fails_by = token, fails
    return classifier


class Careless(Spy):
    """Saves its token beside its weights."""

    def save(self, folder: Path) -> str:
        (folder / "options.json").write_text(json.dumps({"token": self.token}), encoding="utf-8")
        return super().save(folder)


def careless(*, token: str = "", labels: LabelSet, seed: int) -> Careless:
    classifier = Careless(1.0, "", labels, seed)
    classifier.token = token
    return classifier


def corpus(*, path: Path, token: str, labels: LabelSet | None = None, task: Task = "stance") -> Corpus:
    SEEN.append({"corpus": token})
    return files(path=path, name="canaries", labels=labels, task=task)


class Watching:
    needs_model = False

    def prepare(self, subject: Subject) -> Finding:
        return Finding("watching", "passed", f"All is well with {subject.name}.")


def watching(*, word: str) -> Watching:
    SEEN.append({"audit": word})
    return Watching()


def write(folder: Path) -> Path:
    """Write corpus and config; return the config."""
    toys.write_corpus(folder)
    (folder / "base.yaml").write_text(BASE, encoding="utf-8")
    (folder / "canaries.yaml").write_text(CONFIG, encoding="utf-8")
    return folder / "canaries.yaml"
