"""Data cards as text, and the law that every entry of the catalogue keeps."""

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
from harness.scoring.statistics.agreement import alpha
from harness.values import catalog
from harness.values.errors import ConfigError
from harness.values.labels import FRAMING, STANCE
from harness.values.tables import Corpus
from tests.corpora.published import rows_that_break_the_table

MAX_OPTIONS = 12


def broken_laws(card: Card, factory: Callable[..., Any]) -> list[str]:
    """What a module of a corpus has to keep to, as the laws that it breaks."""
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
    return [law for law, kept in laws.items() if not kept]


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
def test_the_laws_catch_who_breaks_them(card: Card, factory: Callable[..., Any], broken: list[str]) -> None:
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
def test_the_promises_catch_who_breaks_them(change: Callable[[Any], Any], promise: str) -> None:
    corpus = partyline()
    assert rows_that_break_the_table(replace(corpus, rows=change(corpus.rows))) == [promise]


def test_cards_come_in_the_order_of_the_catalogue() -> None:
    assert [card.name for card in describe.cards()] == list(catalog.CATALOGUES["corpus"])


def test_an_unknown_name() -> None:
    with pytest.raises(ConfigError) as caught:
        describe.describe("partylin")
    assert str(caught.value) == "corpus: unknown corpus 'partylin'; did you mean 'partyline'?"


def test_a_corpus_that_is_not_here_shows_its_card_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HARNESS_NEWSMTSC", raising=False)
    text = describe.describe("newsmtsc")
    assert text.startswith("NewsMTSC (newsmtsc)\n")
    assert text.endswith(
        "\n\nSet HARNESS_NEWSMTSC to its folder, or fetch it (harness corpus fetch newsmtsc),"
        " to see what the files hold."
    )
    assert "- 5 rows of mt test and 1 of rw dev repeat a sentence of train word for word.\n" in text


def test_ones_own_files_have_nothing_to_count() -> None:
    assert describe.describe("files").splitlines() == [
        "your own files (files)",
        "",
        "Labelled sentences of your own, one row a (sentence, party), in CSV, TSV, JSONL or Parquet.",
        "",
        "Labels: stance: critical, neutral, supportive; framing: conflict, human_interest,",
        "  economic_consequences, morality, responsibility (several or none)",
    ]


def test_the_packaged_corpus_is_described_from_its_rows() -> None:
    text = describe.describe("partyline", alpha)
    assert f"{len(partyline()):,}" in text
    for title in ("Composition", "Stance, (sentence, party) by split", "Frames, sentences by split"):
        assert f"\n{title}\n" in text
    assert "\nAgreement of those who labelled\n" in text
    assert "Krippendorff" not in describe.describe("partyline")


def test_counts() -> None:
    import pandas as pd

    wanted = {
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
    raw = Raw(pd.DataFrame(wanted, dtype=object), [f"x:{n}" for n in range(4)])
    tables = describe.contents(build("x", raw, labels=STANCE), load_card("partyline"), alpha)
    shown = "\n".join(map(str, tables))
    # One stance a sentence: of the two rows of "A met B." one is right at best, of "B left." the one: 2 of 3.
    # Of two pairs of votes one agrees. Coincidences: neutral-neutral 2, critical-neutral 1 each way; in all
    # 4, of them 3 neutral. Observed 2 / 4; expected (16 - 10) / (4 * 3) = 1/2; alpha = 1 - 1 = 0.
    assert shown.splitlines() == [
        "Composition",
        "  rows                                            4",
        "  sentences                                       3",
        "  groups (articles)                               2",
        "  different targets                               2",
        "  rows with a span                                2   50 %",
        "  sentences with two targets or more              1   33 %",
        "  … whose stances differ                          1  100 %",
        "  rows right with the best one stance a sentence  2   67 %",
        "  The last count bounds every classifier that is blind to the target: it gives one stance to all",
        "  targets of a sentence, and with the commonest of each sentence it is right so often, whatever it",
        "  learns.",
        "Stance, (sentence, party) by split",
        "         all  critical    neutral  supportive",
        "  train    2  1 (50 %)   1 (50 %)     0 (0 %)",
        "  test     1   0 (0 %)  1 (100 %)     0 (0 %)",
        "  all      3  1 (33 %)   2 (67 %)     0 (0 %)",
        "Frames, sentences by split",
        "         all   conflict  human_interest  economic_consequences  morality  responsibility      none",
        "  train    1  1 (100 %)         0 (0 %)                0 (0 %)   0 (0 %)         0 (0 %)   0 (0 %)",
        "  test     2   1 (50 %)         0 (0 %)                0 (0 %)  1 (50 %)         0 (0 %)  1 (50 %)",
        "  all      3   2 (67 %)         0 (0 %)                0 (0 %)  1 (33 %)         0 (0 %)  1 (33 %)",
        "Rows by target",
        "     all        train  test",
        "  B    2  50 %      1     1",
        "  A    1  25 %      1     0",
        "Rows by mood",
        "       all        train  test",
        "  dry    3  75 %      2     1",
        "  wet    1  25 %      0     1",
        "Agreement of those who labelled",
        "          items  all agree  Krippendorff's alpha",
        "  stance      2       50 %                 0.000",
    ]
