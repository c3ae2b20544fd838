"""Spans that count something else than characters, spans beside their target, and targets that are absent."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from harness.corpora.readers.files import files
from harness.values.errors import CorpusError
from harness.values.labels import STANCE
from harness.values.tables import Corpus
from tests.corpora.messages import Messages

TEXT = "🎉🎉 Voters thanked Saffron Party."
START = TEXT.index("Saffron")
LENGTH = len("Saffron Party")


@pytest.fixture(autouse=True)
def _beside_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def load(*rows: tuple[str, str, int | None, int | None], parties: str = "") -> Corpus:
    table = pd.DataFrame(rows, columns=["text", "target", "start", "end"]).astype(
        {"start": "Int64", "end": "Int64"}
    )
    table.assign(stance="neutral").to_csv("mine.csv", index=False)
    if parties:
        Path("parties.yaml").write_text(parties, encoding="utf-8")
    return files(path=Path("mine.csv"), parties=Path("parties.yaml") if parties else None, labels=STANCE)


def reads(corpus: Corpus) -> list[str]:
    return [row.text[row.start : row.end] for row in corpus.rows.itertuples() if not pd.isna(row.start)]  # type: ignore[misc]


def test_spans_in_utf_16_units_become_characters(messages: Messages) -> None:
    # Behind two emoji every offset is two too high; the second row has its emoji behind the target.
    behind = ("Saffron Party won 🎉.", "Saffron Party", 0, LENGTH)
    corpus = load((TEXT, "Saffron Party", START + 2, START + 2 + LENGTH), behind)
    assert reads(corpus) == ["Saffron Party", "Saffron Party"]
    messages("\n".join(corpus.notes))


def test_a_span_that_ends_beyond_the_characters_is_converted_too() -> None:
    text = "🎉🎉 thanks, Varna"
    assert reads(load((text, "Varna", len(text) + 2 - 5, len(text) + 2))) == ["Varna"]


def test_spans_in_characters_stay() -> None:
    corpus = load((TEXT, "Saffron Party", START, START + LENGTH))
    assert reads(corpus) == ["Saffron Party"]
    assert corpus.notes == ()


def test_a_file_that_counts_both_ways_is_refused(messages: Messages) -> None:
    with pytest.raises(CorpusError) as caught:
        load(
            (TEXT, "Saffron Party", START, START + LENGTH),
            (TEXT, "Saffron Party", START + 2, START + 2 + LENGTH),
        )
    messages(caught.value)


@pytest.mark.parametrize("shift", [-1, 1])
def test_a_span_that_cuts_its_target_is_refused(shift: int, messages: Messages) -> None:
    text = "Voters thanked-Saffron Partys"
    start = text.index("Saffron")
    with pytest.raises(CorpusError) as caught:
        load(
            ("Voters of xSaffron Party", "xSaffron", 10 + shift, 18 + shift),
            (text, "Varna", start, start + 3),
        )
    assert [problem.where.split(": ") for problem in caught.value.problems] == [["mine.csv:2", "start"]]
    messages(caught.value)


def test_spans_of_other_names_are_counted_and_those_of_a_registry_are_not(messages: Messages) -> None:
    text = "The republic thanked Korr, and she left."
    rows = [(text, "Varna", 4, 12), (text, "Korr", 21, 25), (text, "Korr", 31, 34)]
    messages("\n".join(load(*rows).notes))
    known = load(*rows, parties="- {name: Varna, aliases: [republic]}\n- {name: Korr, aliases: [she]}\n")
    assert known.notes == ()


def test_targets_that_do_not_occur_are_counted(messages: Messages) -> None:
    rows = [
        ("Varna waits.", "Varna", None, None),
        ("They wait.", "Korr", None, None),
        ("He waits.", "Korr", None, None),
    ]
    messages("\n".join(load(*rows).notes))
    assert load(rows[0]).notes == ()
