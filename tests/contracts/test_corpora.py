"""Every reader answers a broken file with one error that a user can act on."""

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
from harness.values import catalog, limits
from harness.values.errors import CorpusError, Problem
from harness.values.tables import Corpus
from tests.corpora.messages import Messages
from tests.corpora.published import rows_that_break_the_table
from tests.corpora.small import SMALL, Small

DAMAGES = ("truncated", "encoding", "column", "code", "empty")
WHOLE_FILES = {name: make() for name, make in SMALL.items()}
LIBRARYS = "hub"
"""Read by a library, which does not name lines; see tests/corpora/readers/test_hub.py."""

COMPOSITE = "joined"
"""Made of other corpora, whose errors are theirs; see tests/corpora/readers/test_joined.py."""

NAMES = [name for name in SMALL if name != LIBRARYS]


def factory(name: str) -> Callable[..., Corpus]:
    reader: Callable[..., Corpus] = catalog.lookup("corpus", name, "")
    return reader


def broken_laws(load: Callable[..., Corpus], small: Small, home: Path) -> dict[str, str]:
    """What is wrong with the answers of a reader to broken files: the damage → what."""
    broken = {}
    for damage, data in small.broken.items():
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
    except Exception as error:  # noqa: BLE001 - whatever a reader lets out is what is tested
        return error


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_corpus_is_there_in_small() -> None:
    assert SMALL.keys() == catalog.CATALOGUES["corpus"].keys() - {COMPOSITE}


@pytest.mark.parametrize("name", NAMES)
def test_the_whole_files_are_read(name: str, home: Path) -> None:
    small = WHOLE_FILES[name]
    corpus = small.load(factory(name), small.write(home))
    assert len(corpus) > 0
    assert rows_that_break_the_table(corpus) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_broken_file_gives_one_error_that_names_it(name: str, home: Path, messages: Messages) -> None:
    small = WHOLE_FILES[name]
    assert broken_laws(factory(name), small, home) == {}
    for damage in DAMAGES:
        messages(f"{damage}: {answer_to(factory(name), small, home, small.broken[damage])}")


@pytest.mark.parametrize("name", NAMES)
def test_a_file_cut_off_anywhere_is_refused_or_read(name: str, home: Path) -> None:
    small = WHOLE_FILES[name]
    whole = small.files[small.file]
    for length in range(1, len(whole), max(1, len(whole) // 12)):
        answer = answer_to(factory(name), small, home, whole[:length])
        assert isinstance(answer, Corpus | CorpusError), (length, repr(answer))


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("files", "partyline")])
def test_a_missing_file_is_reported_with_where_it_is_offered(name: str, home: Path) -> None:
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
    """Read a CSV as it should be read."""
    raw = read(path, PUBLISHED)
    if "stance" not in raw.frame.columns:
        raise CorpusError([Problem(raw.source, "has no column 'stance'")])
    return build("mine", raw, labels=labels)


def broken_hasty(*, path: Path, labels: Any, task: str) -> Corpus:
    return build("mine", Raw(pd.read_csv(path, dtype=object), ["row 1", "row 2"]), labels=labels)


def broken_lenient(*, path: Path, labels: Any, task: str) -> Corpus:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[1:]
    rows = [dict(zip(("text", "target", "stance"), line.split(","), strict=False)) for line in lines]
    labelled = [row for row in rows if row.get("stance") in labels.names]
    frame = pd.DataFrame([*labelled, {"text": "a", "target": "b", "stance": "neutral"}], dtype=object)
    return build("mine", Raw(frame, [f"mine.csv:{n}" for n in range(len(frame))]))


def broken_vague(*, path: Path, labels: Any, task: str) -> Corpus:
    try:
        return honest(path=path, labels=labels, task=task)
    except CorpusError as error:
        raise CorpusError([Problem("the corpus", problem.what) for problem in error.problems]) from None


def broken_garrulous(*, path: Path, labels: Any, task: str) -> Corpus:
    try:
        return honest(path=path, labels=labels, task=task)
    except CorpusError as error:
        raise CorpusError([*error.problems, Problem(path.name, "is not good")]) from None


@pytest.mark.parametrize(
    ("reader", "expected"),
    [
        (honest, {}),
        (broken_hasty, {"code": "the file is not named", "encoding": "no CorpusError but"}),
        (broken_lenient, dict.fromkeys(DAMAGES, "no CorpusError but Corpus")),
        (broken_vague, dict.fromkeys(DAMAGES, "the file is not named but 'the corpus'")),
        (broken_garrulous, dict.fromkeys(DAMAGES, "2 problems")),
    ],
)
def test_broken_readers_are_seen(reader: Callable[..., Corpus], expected: dict[str, str], home: Path) -> None:
    broken = broken_laws(reader, a_csv(), home)
    assert {damage: broken.get(damage, "")[: len(what)] for damage, what in expected.items()} == expected
    assert bool(broken) == bool(expected)


def test_json_that_is_nested_beyond_reading_is_refused(home: Path, messages: Messages) -> None:
    for name in ("seesaw", "media_frames", "basil", "newsmtsc", "xstance"):
        small = WHOLE_FILES[name]
        answer = answer_to(factory(name), small, home / name, b'{"a": ' + b"[" * 200_000)
        assert isinstance(answer, CorpusError)
        (problem,) = answer.problems
        assert re.search(rf"{re.escape(small.file)}(:|$)", problem.where)
        assert str(limits.DEPTH.maximum) in problem.what
        messages(answer)


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
    return [at, *(path for key, part in items for path in paths(part, (*at, key)))]


def changed(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    if not path:
        return other
    copy = value.copy()
    copy[path[0]] = changed(value[path[0]], path[1:], other)
    return copy
