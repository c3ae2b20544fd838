"""The articles that ship with the package in, a Corpus out.

A folder holds ``articles.jsonl``, an article per line, and ``parties.yaml`` (:mod:`harness.values.parties`)::

    {"id": "a001", "outlet": …, "country": …, "date": "2031-03-14", "register": "wire report",
     "split": "train",
     "lines": [{"kind": "dateline", "text": …},
               {"kind": "body", "text": …, "labelled": true,
                "holder": "writer", "holder_votes": ["writer", "writer"],
                "frames": ["conflict"], "frames_votes": [["conflict"], []],
                "targets": [{"party": …, "start": 0, "end": 5, "stance": "critical",
                             "votes": ["critical", "neutral"]}]}]}

The articles of the package are in two parts: ``articles.jsonl`` holds train, dev and test, and
``training.jsonl`` more of train, with parties of their own (``training-parties.yaml``). Other articles in
this form are read with ``folder``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from harness.corpora.card import load_card
from harness.corpora.checks import RawRow, build, from_rows, limit_problems
from harness.corpora.text_files import json_lines, short_path
from harness.values.errors import ConfigError, CorpusError, Problem, suggest
from harness.values.labels import LabelSet, Task
from harness.values.parties import Registry, from_records
from harness.values.parties import read as read_parties
from harness.values.tables import Corpus

NAME = "partyline"

HOME = Path(__file__).parents[1] / "data" / "partyline"
TRAINING = HOME / "training.jsonl"
TRAINING_PARTIES = HOME / "training-parties.yaml"
KINDS = ("headline", "dateline", "body", "boilerplate")
ARTICLE_FIELDS = dict.fromkeys(("id", "outlet", "country", "date", "register", "split"), str) | {
    "lines": list
}
LINE_FIELDS = {"holder": str, "frames": list, "targets": list}
TARGET_FIELDS = {"party": str, "start": int, "end": int, "stance": str}
TYPES = {str: "text", int: "a whole number", list: "a list"}


def partyline(
    *,
    folder: Path | None = None,
    training: Literal["core", "full"] = "full",
    labels: LabelSet | None = None,
    task: Task = "stance",
) -> Corpus:
    """Read Partyline.

    Parameters
    ----------
    folder : Path, optional
        Other articles in the same form; left out, those of the package.
    training : {"core", "full"}
        Which articles of train are read: all of them, or the core alone, whose writers and parties are those
        of dev and test. Dev and test are the same with both.
    labels : LabelSet, optional
        The labels of ``task``.
    task : {"stance", "framing"}
        What the corpus is read for.

    Returns
    -------
    Corpus
        One row per (sentence, party); a labelled sentence without a party has one row without a target, for
        its frames. ``group`` is the article, ``id`` article, line and number of the party in it (from 1; 0
        for none), joined by dots. Beyond the usual columns: ``country``, ``register``, ``kind``,
        ``frames_votes``, ``holder_votes``.

    Raises
    ------
    CorpusError
        With everything that is wrong with the files.
    ConfigError
        Where ``training`` chooses a part of articles that have none.
    """
    if folder is not None and training != "full":
        problem = Problem("training", f"{training!r} has no effect with folder", "leave one of them out")
        raise ConfigError([problem])
    home = HOME if folder is None else folder
    parties = read_parties(home / "parties.yaml")
    rows, problems = _read(home / "articles.jsonl", parties)
    if folder is None and training == "full":
        more = read_parties(TRAINING_PARTIES)
        more_rows, more_problems = _read(TRAINING, more)
        rows, problems = rows + more_rows, problems + more_problems
        parties = from_records([*parties.to_records(), *more.to_records()])
    if problems:
        raise CorpusError(limit_problems(problems, short_path(home)))
    if not rows:
        raise CorpusError([Problem(short_path(home), "has no labelled line")])
    # Under the shipped corpus's name, scores on other articles would be taken for scores on it.
    name = NAME if folder is None else folder.name
    raw = from_rows(rows, short_path(home))
    languages = load_card(NAME).languages if folder is None else ()
    return build(name, raw, labels=labels, task=task, parties=parties, languages=languages)


def _read(path: Path, parties: Registry) -> tuple[list[RawRow], list[Problem]]:
    """Read a file of articles; return its rows and what is wrong with it."""
    rows: list[RawRow] = []
    problems: list[Problem] = []
    for file, article in json_lines(path):
        # The fields come first: without them there are no lines to check.
        missing = _mistyped(file, article, ARTICLE_FIELDS)
        problems += missing
        for where, line, number in [] if missing else _labelled(file, article):
            faults = _faults(where, line, parties)
            problems += faults
            if not faults:
                rows += _rows(article, line, number, where)
    return rows, problems


def _labelled(where: str, article: Mapping[str, Any]) -> Iterator[tuple[str, Any, int]]:
    """Yield where each labelled line stands, the line and its number; broken lines are yielded too."""
    for number, line in enumerate(article["lines"], start=1):
        if not isinstance(line, Mapping) or line.get("kind") not in KINDS or line.get("labelled"):
            yield f"{where}: line {number}", line, number


def _faults(where: str, line: Any, parties: Registry) -> list[Problem]:
    """Return what keeps a line from becoming rows; rows are checked further as those of any corpus."""
    if not isinstance(line, Mapping):
        return [Problem(where, f"is not a line: {line!r}")]
    if line.get("kind") not in KINDS:
        kind = line.get("kind")
        return [Problem(f"{where}: kind", f"unknown kind {kind!r}", suggest(str(kind), KINDS))]
    problems = _mistyped(where, line, LINE_FIELDS)
    for number, target in enumerate([] if problems else line["targets"], start=1):
        at = f"{where}: target {number}"
        if not isinstance(target, Mapping):
            return [Problem(at, f"is not a target: {target!r}")]
        problems += _mistyped(at, target, TARGET_FIELDS)
        if not problems and parties.get(target["party"]) is None:
            hint = suggest(target["party"], [party.name for party in parties.parties])
            problems.append(Problem(f"{at}: party", f"{target['party']!r} is not in parties.yaml", hint))
    return problems


def _mistyped(where: str, data: Mapping[str, Any], fields: Mapping[str, type]) -> list[Problem]:
    mistyped = {name: kind for name, kind in fields.items() if not isinstance(data.get(name), kind)}
    return [
        Problem(where, f"lacks {name!r}")
        if name not in data
        else Problem(f"{where}: {name}", f"is not {TYPES[kind]}: {data[name]!r}")
        for name, kind in mistyped.items()
    ]


def _rows(article: Mapping[str, Any], line: Mapping[str, Any], number: int, where: str) -> list[RawRow]:
    shared = {
        "where": where,
        "text": line.get("text"),
        "holder": line["holder"],
        "frames": tuple(line["frames"]),
        "group": article["id"],
        "outlet": article["outlet"],
        "date": article["date"],
        "split": article["split"],
        "country": article["country"],
        "register": article["register"],
        "kind": line["kind"],
        "frames_votes": tuple(tuple(vote) for vote in line.get("frames_votes") or ()),
        "holder_votes": tuple(line.get("holder_votes") or ()),
    }
    name = f"{article['id']}.{number}"
    # A sentence without a party still has frames.
    if not line["targets"]:
        return [shared | {"id": f"{name}.0"}]
    return [
        shared
        | {
            "id": f"{name}.{k}",
            "target": target["party"],
            "start": target["start"],
            "end": target["end"],
            "stance": target["stance"],
            "votes": tuple(target.get("votes") or ()) or None,
        }
        for k, target in enumerate(line["targets"], start=1)
    ]
