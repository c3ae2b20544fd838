"""Articles as their writers wrote them in, articles in the form of Partyline out.

A folder holds, for each writer, ``articles-NAME.txt`` (headings ``## id | outlet | country | date |
register``, then a line a sentence, see the README beside it), one or two labellings (``labels-*.tsv``) and
the settled labels (``settled-*.tsv``). The first labelling of the training articles stands in their text.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.values.parties import Registry

LETTERS = {"S": "supportive", "C": "critical", "N": "neutral"}
KINDS = {"H": "headline", "L": "headline", "D": "dateline", "X": "boilerplate", "B": "body"}
LABELLED = "BL"
UNKNOWN = "?"
"""The stance in a text whose writer's intent was not recorded."""

TARGET = re.compile(r"(?P<party>.+?) @ (?P<surface>.+?)(?:#(?P<nth>\d+))? = (?P<stance>\S+)")


@dataclass(frozen=True)
class Labels:
    """One labelling of a sentence."""

    stances: tuple[str, ...]
    holder: str
    frames: frozenset[str]


@dataclass(frozen=True)
class Target:
    """A party that a sentence names: its registered name and the span of the name."""

    party: str
    start: int
    end: int


@dataclass(frozen=True)
class Line:
    """A line of an article; ``targets`` and ``labels`` only where it is labelled."""

    kind: str
    text: str
    targets: tuple[Target, ...] = ()
    labels: Labels | None = None


@dataclass(frozen=True)
class Article:
    """An article and its heading."""

    id: str
    outlet: str
    country: str
    date: str
    register: str
    lines: list[Line] = field(default_factory=list)

    def labelled(self) -> Iterator[tuple[str, Line]]:
        """Yield the labelled lines, each with its id: that of the article and its number from 1."""
        for number, line in enumerate(self.lines, start=1):
            if line.labels is not None:
                yield f"{self.id}.{number}", line


def articles(path: Path) -> list[Article]:
    """Read a file of articles."""
    read: list[Article] = []
    for text in path.read_text(encoding="utf-8").splitlines():
        if text.startswith("## "):
            read.append(Article(*(part.strip() for part in text[3:].split("|"))))
        elif text.strip():
            read[-1].lines.append(_line(text))
    return read


def labelling(path: Path) -> dict[str, Labels]:
    """Read a labelling: sentence, stances in order, holder and frames, parted by tabs."""
    rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    return {
        cells[0].strip(): Labels(
            tuple(LETTERS[letter.strip()] for letter in cells[1].split(",")),
            cells[2].strip(),
            _names(cells[3] if len(cells) > 3 else ""),
        )
        for cells in rows
    }


def settled(path: Path) -> list[dict[str, str]]:
    """Read the settled labels: columns sentence, what, first, second, settled, reason.

    ``what`` is ``stance.N`` for the Nth target, ``holder``, or a frame, whose labels are yes and no.
    """
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def decided(first: Labels, second: Labels, rulings: Mapping[str, str]) -> Labels:
    """Return the labels on which two labellings agree, and where they differ those that were settled.

    Raises
    ------
    KeyError
        Where they differ and nothing was settled.
    """
    stances = tuple(
        one if one == other else rulings[f"stance.{number}"]
        for number, (one, other) in enumerate(zip(first.stances, second.stances, strict=True), start=1)
    )
    holder = first.holder if first.holder == second.holder else rulings["holder"]
    disputed = first.frames ^ second.frames
    kept = {frame for frame in disputed if rulings[frame] == "yes"}
    return Labels(stances, holder, (first.frames & second.frames) | kept)


def records(
    read: list[Article],
    split: str,
    votes: tuple[Mapping[str, Labels], Mapping[str, Labels]],
    rulings: Mapping[str, Mapping[str, str]],
    registry: Registry,
) -> Iterator[dict[str, Any]]:
    """Yield articles in the form of :mod:`harness.corpora.readers.partyline`.

    Parameters
    ----------
    read : list of Article
    split : str
        For all of them.
    votes : pair of mappings
        The two labellings: sentence → labels.
    rulings : mapping
        Sentence → what was settled → label.
    registry : Registry
        A span is widened to the whole name that it is part of: ``Oldin`` to ``President Oldin``.
    """
    for article in read:
        lines = []
        for number, line in enumerate(article.lines, start=1):
            record: dict[str, Any] = {"kind": line.kind, "text": line.text}
            if line.labels is not None:
                sentence = f"{article.id}.{number}"
                first, second = (labels[sentence] for labels in votes)
                labels = decided(first, second, rulings.get(sentence, {}))
                record |= _labelled(line, (first, second), labels, registry)
            lines.append(record)
        heading = {name: getattr(article, name) for name in ("id", "outlet", "country", "date", "register")}
        yield heading | {"split": split, "lines": lines}


def _labelled(line: Line, votes: tuple[Labels, Labels], labels: Labels, registry: Registry) -> dict[str, Any]:
    first, second = votes
    spans = [_whole_name(registry, line.text, target) for target in line.targets]
    return {
        "labelled": True,
        "holder": labels.holder,
        "frames": sorted(labels.frames),
        "frames_votes": [sorted(first.frames), sorted(second.frames)],
        "holder_votes": [first.holder, second.holder],
        "targets": [
            {
                "party": target.party,
                "start": spans[k][0],
                "end": spans[k][1],
                "stance": labels.stances[k],
                "votes": [first.stances[k], second.stances[k]],
            }
            for k, target in enumerate(line.targets)
        ],
    }


def _whole_name(registry: Registry, text: str, target: Target) -> tuple[int, int]:
    """Return the span of the registered name that holds a target's."""
    for start, end in registry.spans(text, target.party):
        if start <= target.start and target.end <= end:
            return start, end
    return target.start, target.end


def _line(text: str) -> Line:
    letter, _, rest = text.partition(": ")
    if letter not in LABELLED:
        return Line(KINDS[letter], rest.strip())
    # A line whose last fields are empty may end in the bar that would part them.
    sentence, targets, holder, frames = [*(part.strip() for part in f"{rest} ".split(" || ")), "", "", ""][:4]
    pairs = [_target(sentence, target.strip()) for target in targets.rstrip("|").split(";")]
    stances = tuple(stance for _, stance in pairs)
    labels = Labels(stances, holder.removesuffix("||").strip() or "writer", _names(frames))
    return Line(KINDS[letter], sentence, tuple(target for target, _ in pairs), labels)


def _target(sentence: str, text: str) -> tuple[Target, str]:
    match = TARGET.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not PARTY @ SURFACE = STANCE")
    start = -1
    for _ in range(int(match["nth"] or 1)):
        start = sentence.index(match["surface"], start + 1)
    return Target(match["party"], start, start + len(match["surface"])), match["stance"]


def _names(text: str) -> frozenset[str]:
    return frozenset(name for part in text.split(",") if (name := part.strip()))
