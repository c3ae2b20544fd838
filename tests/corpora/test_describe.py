"""Data cards as text, and the laws of every corpus of the catalogue."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.corpora import describe
from harness.corpora.card import Card, load_card
from harness.corpora.checks import Raw, build
from harness.corpora.readers.partyline import partyline
from harness.scoring.statistics.krippendorff import alpha
from harness.values import catalog
from harness.values.errors import ConfigError
from harness.values.labels import FRAMING, STANCE
from harness.values.tables import Corpus
from tests.corpora.messages import Messages
from tests.corpora.published import rows_that_break_the_table

MAX_OPTIONS = 14
"""A person writes the options of a corpus of their own by hand: they stay flat, and there is one more."""


def broken_laws(card: Card, factory: Callable[..., Any]) -> list[str]:
    """The laws of a corpus that this one breaks."""
    parameters = inspect.signature(factory).parameters
    options = [name for name in parameters if name not in catalog.INJECTED]
    laws = {
        "the card says what the corpus is": bool(card.title and card.description),
        "tasks and labels match": set(card.tasks) == set(card.labels) != set(),
        "framing alone takes several labels": all(
            card.labels[t].multi == (t == "framing") for t in card.labels
        ),
        "options are keyword-only": all(p.kind is p.KEYWORD_ONLY for p in parameters.values()),
        "labels and task are taken": {"labels", "task"} <= set(parameters),
        "options are few": len(options) <= MAX_OPTIONS,
        "options are documented": all(name in (factory.__doc__ or "") for name in options),
        "a corpus of a variable can be given a folder": not card.variable or "folder" in parameters,
        "a corpus of a variable says where it is offered": not card.variable or bool(card.address),
    }
    return [law for law, holds in laws.items() if not holds]


@pytest.mark.parametrize("name", catalog.CATALOGUES["corpus"])
def test_every_corpus_keeps_the_laws(name: str) -> None:
    card = load_card(name)
    assert card.name == name
    assert broken_laws(card, catalog.lookup("corpus", name, "")) == []


def good(*, folder: Path | None = None, labels: Any = None, task: str = "stance") -> Corpus:
    """Read from ``folder``."""
    raise NotImplementedError


def positional(folder: Path, *, labels: Any = None, task: str = "stance") -> Corpus:
    """Read from ``folder``."""
    raise NotImplementedError


def silent(*, folder: Path | None = None, depth: int = 1, labels: Any = None, task: str = "stance") -> Corpus:
    """Read from ``folder``."""
    raise NotImplementedError


def deaf(*, folder: Path | None = None) -> Corpus:
    """Read from ``folder``."""
    raise NotImplementedError


def homeless(*, labels: Any = None, task: str = "stance") -> Corpus:
    """Read from nowhere."""
    raise NotImplementedError


WHOLE = Card(
    "x", "X", "Rows of x.", ("stance",), {"stance": STANCE}, variable="HARNESS_X", address="https://x"
)


@pytest.mark.parametrize(
    "card, factory, broken",
    [
        (WHOLE, good, []),
        (replace(WHOLE, title=""), good, ["the card says what the corpus is"]),
        (replace(WHOLE, tasks=("framing",)), good, ["tasks and labels match"]),
        (replace(WHOLE, labels={"stance": FRAMING}), good, ["framing alone takes several labels"]),
        (replace(WHOLE, address=""), good, ["a corpus of a variable says where it is offered"]),
        (WHOLE, positional, ["options are keyword-only"]),
        (WHOLE, silent, ["options are documented"]),
        (WHOLE, deaf, ["labels and task are taken"]),
        (WHOLE, homeless, ["a corpus of a variable can be given a folder"]),
    ],
)
def test_broken_laws_are_seen(card: Card, factory: Callable[..., Any], broken: list[str]) -> None:
    assert broken_laws(card, factory) == broken


def test_the_packaged_corpus_holds_what_the_table_promises() -> None:
    assert rows_that_break_the_table(partyline()) == []


@pytest.mark.parametrize(
    "change, promise",
    [
        (lambda rows: rows[list(rows.columns[::-1])], "columns"),
        (lambda rows: rows.iloc[::-1], "index"),
        (lambda rows: rows.assign(id="x"), "ids"),
        (lambda rows: rows.assign(text=" "), "texts"),
        (lambda rows: rows.assign(start=1.0), "spans"),
        (lambda rows: rows.assign(group=float("nan")), "none"),
        (lambda rows: rows.assign(frames="conflict"), "tuples"),
    ],
)
def test_broken_promises_are_seen(change: Callable[[Any], Any], promise: str) -> None:
    corpus = partyline()
    assert rows_that_break_the_table(replace(corpus, rows=change(corpus.rows))) == [promise]


def test_cards_come_in_the_order_of_the_catalogue() -> None:
    assert [card.name for card in describe.cards()] == list(catalog.CATALOGUES["corpus"])


def test_an_unknown_name() -> None:
    with pytest.raises(ConfigError) as caught:
        describe.describe("partylin")
    (problem,) = caught.value.problems
    assert problem.where == "corpus"
    assert "'partyline'" in problem.hint


def test_a_corpus_without_a_card() -> None:
    with pytest.raises(ConfigError) as caught:
        describe.describe(f"{__name__}:good")
    assert [problem.where for problem in caught.value.problems] == [f"{__name__}:good"]


def test_without_the_files_only_the_card_is_shown(
    monkeypatch: pytest.MonkeyPatch, messages: Messages
) -> None:
    monkeypatch.delenv("HARNESS_NEWSMTSC", raising=False)
    messages(describe.describe("newsmtsc"))


def test_your_own_files_have_nothing_to_count(messages: Messages) -> None:
    messages(describe.describe("files"))


def test_the_packaged_corpus_is_described_from_its_rows(messages: Messages) -> None:
    text = describe.describe("partyline", alpha)
    assert f"{len(partyline()):,}" in text
    assert "Krippendorff" not in describe.describe("partyline")
    messages(text)


def test_counts(messages: Messages) -> None:
    import pandas as pd

    columns = {
        "text": ["A met B.", "A met B.", "B left.", "Rain."],
        "target": ["A", "B", "B", None],
        "stance": ["neutral", "critical", "neutral", None],
        "start": [0, 6, None, None],
        "end": [1, 7, None, None],
        "frames": [("conflict",), ("conflict",), (), ("conflict", "morality")],
        "split": ["train", "train", "test", "test"],
        "group": ["g1", "g1", "g2", "g2"],
        "votes": [("neutral", "neutral"), ("critical", "neutral"), None, None],
        "mood": ["dry", "dry", "dry", "wet"],
        "number": [1, 2, 3, 4],
    }
    raw = Raw(pd.DataFrame(columns, dtype=object), [f"x:{n}" for n in range(4)])
    tables = describe.contents(build("x", raw, labels=STANCE), load_card("partyline"), alpha)
    # One stance per sentence: of the two rows of "A met B." one is right at best, of "B left." the only one:
    # 2 of 3. Of two pairs of votes one agrees. Coincidences: neutral-neutral 2, critical-neutral 1 each way;
    # in all 4, of them 3 neutral. Observed 2 / 4; expected (16 - 10) / (4 * 3) = 1/2; alpha = 1 - 1 = 0.
    assert [[row[1:] for row in table.rows] for table in tables] == [
        [
            ("4", ""),
            ("3", ""),
            ("2", ""),
            ("2", ""),
            ("2", "50 %"),
            ("1", "33 %"),
            ("1", "100 %"),
            ("2", "67 %"),
        ],
        [
            ("2", "1 (50 %)", "1 (50 %)", "0 (0 %)"),
            ("1", "0 (0 %)", "1 (100 %)", "0 (0 %)"),
            ("3", "1 (33 %)", "2 (67 %)", "0 (0 %)"),
        ],
        [
            ("1", "1 (100 %)", "0 (0 %)", "0 (0 %)", "0 (0 %)", "0 (0 %)", "0 (0 %)"),
            ("2", "1 (50 %)", "0 (0 %)", "0 (0 %)", "1 (50 %)", "0 (0 %)", "1 (50 %)"),
            ("3", "2 (67 %)", "0 (0 %)", "0 (0 %)", "1 (33 %)", "0 (0 %)", "1 (33 %)"),
        ],
        [("2", "50 %", "1", "1"), ("1", "25 %", "1", "0")],
        [("3", "75 %", "2", "1"), ("1", "25 %", "0", "1")],
        [("2", "50 %", "0.000")],
    ]
    messages("\n".join(map(str, tables)))
