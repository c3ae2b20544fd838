"""The articles that ship with the package in, a Corpus out.

A folder holds ``articles.jsonl``, one article a line, and ``parties.yaml`` (:mod:`harness.values.parties`)::

    {"id": "a001", "outlet": …, "country": …, "date": "2031-03-14", "register": "wire report",
     "split": "train",
     "lines": [{"kind": "dateline", "text": …},
               {"kind": "body", "text": …, "labelled": true,
                "holder": "writer", "holder_votes": ["writer", "writer"],
                "frames": ["conflict"], "frames_votes": [["conflict"], []],
                "targets": [{"party": …, "start": 0, "end": 5, "stance": "critical",
                             "votes": ["critical", "neutral"]}]}]}

One's own articles in this form are read with ``folder``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.corpora.checks import Raw, build, capped
from harness.corpora.tabular import json_lines, shown
from harness.values.errors import CorpusError, Problem, suggest
from harness.values.labels import LabelSet, Task
from harness.values.parties import Registry
from harness.values.parties import read as read_parties
from harness.values.tables import Corpus

NAME = "partyline"

HOME = Path(__file__).parents[1] / "data" / "partyline"
Rows = list[dict[str, Any]]
KINDS = ("headline", "dateline", "body", "boilerplate")
OF_ARTICLE = dict.fromkeys(("id", "outlet", "country", "date", "register", "split"), str) | {"lines": list}
OF_LINE = {"holder": str, "frames": list, "targets": list}
OF_TARGET = {"party": str, "start": int, "end": int, "stance": str}
TYPES = {str: "text", int: "a whole number", list: "a list"}


def partyline(*, folder: Path | None = None, labels: LabelSet | None = None, task: Task = "stance") -> Corpus:
    """Read Partyline.

    Parameters
    ----------
    folder : Path, optional
        One's own articles in the same form; left out, those of the package.
    labels : LabelSet, optional
        The labels of ``task``.
    task : {"stance", "framing"}
        What the corpus is read for.

    Returns
    -------
    Corpus
        One row a (sentence, party); a labelled sentence without a party has one row without a target, for its
        frames. ``group`` is the article, ``id`` article, line and number of the party in it (from 1; 0 for
        none), joined by dots. Beyond the usual columns: ``country``, ``register``, ``kind``,
        ``frames_votes``, ``holder_votes``.

    Raises
    ------
    CorpusError
        With everything that is wrong with the files.
    """
    home = HOME if folder is None else folder
    parties = read_parties(home / "parties.yaml")
    rows: Rows = []
    problems: list[Problem] = []
    for place, article in json_lines(home / "articles.jsonl"):
        wrong = _lacking(place, article, OF_ARTICLE)
        problems += wrong
        for where, line, number in [] if wrong else _labelled(place, article):
            faults = _faults(where, line, parties)
            problems += faults
            if not faults:
                rows += _rows(article, line, number, where)
    if problems:
        raise CorpusError(capped(problems, shown(home)))
    name = NAME if folder is None else folder.name
    return build(name, _raw(rows, shown(home)), labels=labels, task=task, parties=parties)


def _labelled(place: str, article: Mapping[str, Any]) -> Iterator[tuple[str, Any, int]]:
    """Yield the lines that count, with their place and number; what is no line at all is yielded too."""
    for number, line in enumerate(article["lines"], start=1):
        if not isinstance(line, Mapping) or line.get("kind") not in KINDS or line.get("labelled"):
            yield f"{place}: line {number}", line, number


def _faults(where: str, line: Any, parties: Registry) -> list[Problem]:
    """Say what keeps a line from becoming rows; rows are checked further as those of any corpus."""
    if not isinstance(line, Mapping):
        return [Problem(where, f"is no line but {line!r}")]
    if line.get("kind") not in KINDS:
        kind = line.get("kind")
        return [Problem(f"{where}: kind", f"unknown kind {kind!r}", suggest(str(kind), KINDS))]
    wrong = _lacking(where, line, OF_LINE)
    for number, target in enumerate([] if wrong else line["targets"], start=1):
        at = f"{where}: target {number}"
        if not isinstance(target, Mapping):
            return [Problem(at, f"is no target but {target!r}")]
        wrong += _lacking(at, target, OF_TARGET)
        if not wrong and parties.get(target["party"]) is None:
            hint = suggest(target["party"], [party.name for party in parties.parties])
            wrong.append(Problem(f"{at}: party", f"{target['party']!r} is not in parties.yaml", hint))
    return wrong


def _lacking(where: str, given: Mapping[str, Any], fields: Mapping[str, type]) -> list[Problem]:
    wrong = {name: kind for name, kind in fields.items() if not isinstance(given.get(name), kind)}
    return [
        Problem(where, f"lacks {name!r}")
        if name not in given
        else Problem(f"{where}: {name}", f"is not {TYPES[kind]}: {given[name]!r}")
        for name, kind in wrong.items()
    ]


def _rows(article: Mapping[str, Any], line: Mapping[str, Any], number: int, place: str) -> Rows:
    of_line = {
        "place": place,
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
    if not line["targets"]:
        return [of_line | {"id": f"{name}.0"}]
    return [
        of_line
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


def _raw(rows: Rows, source: str) -> Raw:
    import pandas as pd

    if not rows:
        raise CorpusError([Problem(source, "has no labelled line")])
    frame = pd.DataFrame(rows, dtype=object)
    return Raw(frame.drop(columns="place"), frame["place"].tolist(), source)
