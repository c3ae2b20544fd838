"""Every loader meets files that are spoiled with one error that a person can act on."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from harness.corpora.card import load_card
from harness.corpora.checks import Raw, build
from harness.corpora.tabular import PUBLISHED, read
from harness.values import catalog
from harness.values.errors import CorpusError, Problem
from harness.values.tables import Corpus
from tests.corpora.published import rows_that_break_the_table
from tests.corpora.small import SMALL, Small

DAMAGES = ("truncated", "encoding", "column", "code", "empty")
AS_PUBLISHED = "is not utf-8: byte 0xff; was it saved anew? take it as published"
STANCES = "the labels are critical, neutral, supportive"
SIDES = "the labels are critical, supportive"
SAYS = "the file should say"
FRAMES = (
    "the labels are economic, capacity_and_resources, morality, fairness_and_equality,"
    " legality_constitutionality_and_jurisprudence, policy_prescription_and_evaluation, crime_and_punishment,"
    " security_and_defense, health_and_safety, quality_of_life, cultural_identity, public_opinion, political,"
    " external_regulation_and_reputation"
)
IN_FILES = "; the kind files reads CSV, JSONL and Parquet too, and names the line of a fault"

# What is said of the spoiled file, after its name: in the order of the damages above.
SAID = {
    "partyline": (
        ":2: is not valid JSON: Expecting ':' delimiter (character 332)",
        f":1: {AS_PUBLISHED}",
        ":2: line 1: target 1: lacks 'party'",
        f":2: line 1: stance: unknown label 'hostile'; {STANCES}",
        ": is empty",
    ),
    "files": (
        ":3: has 2 fields, the header 3",
        ":1: is not utf-8: byte 0xff; set encoding, perhaps to utf-16",
        ": has no column 'stance'; name it under columns, as stance: …, out of text, target, side",
        f":3: stance: unknown label 'mixed'; {STANCES}; label_map turns others into these",
        ": is empty",
    ),
    "newsmtsc": (
        ":2: is not valid JSON: Unterminated string starting at (character 88)",
        f":1: {AS_PUBLISHED}",
        ":2: lacks 'mention'",
        ":2: polarity: unknown code 3.0; known: -1, 0, 1, 2, 4, 6",
        ": is empty",
    ),
    "pstance": (
        ":3: has 2 fields, the header 3",
        f":1: {AS_PUBLISHED}",
        ": has no column 'Stance' for stance; known: Side, Target, Tweet",
        f":3: Stance: unknown label 'NONE'; {SIDES}; {SAYS} AGAINST, FAVOR",
        ": is empty",
    ),
    "vast": (
        ":3: has 10 fields, the header 12",
        f":1: {AS_PUBLISHED}",
        ": has no column 'new_topic' for target; did you mean 'topic'?",
        f":3: label: unknown label '5'; {STANCES}; {SAYS} 0, 1, 2",
        ": is empty",
    ),
    "seesaw": (
        ":38: is not valid JSON: Expecting ',' delimiter (character 5)",
        f":1: {AS_PUBLISHED}",
        ": sentence 0: lacks 'object'",
        ": sentence 0: sentiment: unknown code 'NEU'; known: NEG, POS",
        ": is empty",
    ),
    "gvfc": (
        ": cannot be read as Excel: File is not a zip file",
        ": cannot be read as Excel: File is not a zip file",
        ": has no column 'Q3 Theme2'; did you mean 'Q3 Theme1'?",
        ": row 3: theme: unknown code '10'; known: 1 to 9, 99",
        ": is empty",
    ),
    "narrative_frames": (
        ":2: has 7 fields, the header 10",
        f":1: {AS_PUBLISHED}",
        ":2: has 9 fields, the header 10",
        ":2: CO: is neither 0 nor 1: 'maybe'",
        ": is empty",
    ),
    "semeval2016": (
        ":3: has 3 fields, the header 6",
        f":1: {AS_PUBLISHED}",
        ": has no column 'Stance' for stance; known: ID, Opinion towards, Sentiment, Side, Target, Tweet",
        f":3: Stance: unknown label 'UNKNOWN'; {STANCES}; {SAYS} AGAINST, FAVOR, NONE",
        ": is empty",
    ),
    "tweeteval": (
        ": has 2 lines, train_text.txt 3; is one of them cut off?",
        f":1: {AS_PUBLISHED}",
        ": has 2 lines, train_text.txt 3; is one of them cut off?",
        ":3: unknown code '3'; known: 0, 1, 2",
        ": is empty",
    ),
    "xstance": (
        ":2: is not valid JSON: Expecting ':' delimiter (character 178)",
        f":1: {AS_PUBLISHED}",
        ":2: lacks 'label'",
        f":2: label: unknown label 'NEUTRAL'; {SIDES}; {SAYS} AGAINST, FAVOR",
        ": is empty",
    ),
    "media_frames": (
        ":88: is not valid JSON: Unterminated string starting at (character 11)",
        f":1: {AS_PUBLISHED}",
        ": Immigration1.0-1: lacks 'framing'",
        ": Immigration1.0-1: ann: code: unknown code 17.4; known: 1.0 to 15.2, and 16.2",
        ": is empty",
    ),
    "semeval2023": (
        f":2: frames: unknown label 'Health_and_sa'; {FRAMES}",
        f":1: {AS_PUBLISHED}",
        ":2: has 1 field, the header 2",
        f":2: frames: unknown label 'Other'; {FRAMES}",
        ": is empty",
    ),
    "basil": (
        ":32: is not valid JSON: Expecting ',' delimiter (character 21)",
        f":1: {AS_PUBLISHED}",
        ": sentence 0: annotation 1: lacks 'target'",
        ": sentence 0: annotation 1: polarity: unknown code 'bad';"
        " known: neg, negative, neu, neutral, pos, positive",
        ": is empty",
    ),
}
WHOLE_FILES = {name: make() for name, make in SMALL.items()}
LIBRARYS = "hub"
"""Read by a library, which does not tell lines; tests/corpora/test_hub.py holds what is said instead."""

OTHERS = "joined"
"""Made of others, whose faults are told as theirs; see tests/corpora/test_joined.py."""


def factory(name: str) -> Callable[..., Corpus]:
    made: Callable[..., Corpus] = catalog.lookup("corpus", name, "")
    return made


def broken_laws(load: Callable[..., Corpus], small: Small, home: Path) -> dict[str, str]:
    """What a loader does to spoiled files that it must not: the damage → what was wrong with the answer."""
    broken = {}
    for damage, data in small.spoiled.items():
        answer = answer_to(load, small, home, data)
        if not isinstance(answer, CorpusError):
            broken[damage] = f"no CorpusError but {type(answer).__name__}"
        elif len(answer.problems) != 1:
            broken[damage] = f"{len(answer.problems)} problems"
        elif not re.match(rf"{re.escape(small.file)}(:|$)", answer.problems[0].where):
            broken[damage] = f"the file is not named but {answer.problems[0].where!r}"
    return broken


def answer_to(load: Callable[..., Corpus], small: Small, home: Path, data: bytes) -> Any:
    small.write(home, **{small.file: data})
    try:
        return small.load(load, home)
    except Exception as error:  # noqa: BLE001 - whatever a loader lets out is what is judged
        return error


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_corpus_is_there_in_small() -> None:
    assert SMALL.keys() == catalog.CATALOGUES["corpus"].keys() - {OTHERS} == {*SAID, LIBRARYS}


@pytest.mark.parametrize("name", SAID)
def test_the_whole_files_are_read(name: str, home: Path) -> None:
    small = WHOLE_FILES[name]
    corpus = small.load(factory(name), small.write(home))
    assert len(corpus) > 0
    assert rows_that_break_the_table(corpus) == []


@pytest.mark.parametrize("name", SAID)
def test_spoiled_files_are_told_once_with_their_place(name: str, home: Path) -> None:
    small = WHOLE_FILES[name]
    assert broken_laws(factory(name), small, home) == {}
    said = [str(answer_to(factory(name), small, home, small.spoiled[damage])) for damage in DAMAGES]
    assert said == [small.file + end for end in SAID[name]]


@pytest.mark.parametrize("name", SAID)
def test_a_file_cut_off_anywhere_is_refused_or_read(name: str, home: Path) -> None:
    small = WHOLE_FILES[name]
    whole = small.files[small.file]
    for length in range(1, len(whole), max(1, len(whole) // 12)):
        answer = answer_to(factory(name), small, home, whole[:length])
        assert isinstance(answer, Corpus | CorpusError), (length, repr(answer))


@pytest.mark.parametrize("name", [name for name in SAID if name not in ("files", "partyline")])
def test_a_needed_file_that_is_missing_is_told_with_its_source(name: str, home: Path) -> None:
    small = WHOLE_FILES[name]
    for file in small.write(home).rglob("*.*"):
        if file.is_file():
            file.unlink()
    with pytest.raises(CorpusError) as caught:
        small.load(factory(name), home)
    assert {problem.hint for problem in caught.value.problems} == {load_card(name).offer}


def a_csv(name: str = "mine.csv") -> Small:
    text = "text,target,stance\nA,b,critical\nC,d,neutral\n"
    return Small(
        "files",
        {name: text.encode()},
        name,
        6,
        text.replace("stance", "side").encode(),
        text.replace("neutral", "mixed").encode(),
    )


def honest(*, path: Path, labels: Any, task: str) -> Corpus:
    """Reads a CSV as it should be read."""
    raw = read(path, PUBLISHED)
    if "stance" not in raw.frame.columns:
        raise CorpusError([Problem(raw.source, "has no column 'stance'")])
    return build("mine", raw, labels=labels)


def hasty(*, path: Path, labels: Any, task: str) -> Corpus:
    return build("mine", Raw(pd.read_csv(path, dtype=object), ["row 1", "row 2"]), labels=labels)


def lenient(*, path: Path, labels: Any, task: str) -> Corpus:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[1:]
    rows = [dict(zip(("text", "target", "stance"), line.split(","), strict=False)) for line in lines]
    known = [row for row in rows if row.get("stance") in labels.names]
    frame = pd.DataFrame([*known, {"text": "a", "target": "b", "stance": "neutral"}], dtype=object)
    return build("mine", Raw(frame, [f"mine.csv:{n}" for n in range(len(frame))]))


def vague(*, path: Path, labels: Any, task: str) -> Corpus:
    try:
        return honest(path=path, labels=labels, task=task)
    except CorpusError as error:
        raise CorpusError([Problem("the corpus", one.what) for one in error.problems]) from None


def garrulous(*, path: Path, labels: Any, task: str) -> Corpus:
    try:
        return honest(path=path, labels=labels, task=task)
    except CorpusError as error:
        raise CorpusError([*error.problems, Problem(path.name, "is not good")]) from None


@pytest.mark.parametrize(
    ("villain", "told"),
    [
        (honest, {}),
        (hasty, {"code": "the file is not named", "encoding": "no CorpusError but"}),
        (lenient, dict.fromkeys(DAMAGES, "no CorpusError but Corpus")),
        (vague, dict.fromkeys(DAMAGES, "the file is not named but 'the corpus'")),
        (garrulous, dict.fromkeys(DAMAGES, "2 problems")),
    ],
)
def test_the_laws_catch_who_breaks_them(
    villain: Callable[..., Corpus], told: dict[str, str], home: Path
) -> None:
    broken = broken_laws(villain, a_csv(), home)
    assert {damage: broken.get(damage, "")[: len(what)] for damage, what in told.items()} == told
    assert bool(broken) == bool(told)


def test_json_that_is_nested_beyond_reading_is_refused(home: Path) -> None:
    for name in ("seesaw", "media_frames", "basil", "newsmtsc", "xstance"):
        small, own = WHOLE_FILES[name], home / name
        answer = answer_to(factory(name), small, own, b'{"a": ' + b"[" * 200_000)
        assert isinstance(answer, CorpusError)
        assert "nested too deeply" in str(answer)


@pytest.mark.parametrize("name", ["seesaw", "media_frames", "basil"])
def test_a_json_document_of_another_shape_is_refused(name: str, home: Path) -> None:
    """Every value of the document is replaced, one at a time, by values of other kinds."""
    small = WHOLE_FILES[name]
    whole = json.loads(small.files[small.file])
    for path in paths(whole):
        for other in (7, [None]):
            data = json.dumps(changed(whole, path, other)).encode()
            answer = answer_to(factory(name), small, home, data)
            assert isinstance(answer, Corpus | CorpusError), (path, other, repr(answer))


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, one in items for path in paths(one, (*at, key)))]


def changed(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    if not path:
        return other
    copy = value.copy()
    copy[path[0]] = changed(value[path[0]], path[1:], other)
    return copy
