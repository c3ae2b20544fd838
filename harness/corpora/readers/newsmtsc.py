"""The files of NewsMTSC in, a Corpus out.

Two layouts were published: one row a target with polarity -1, 0, 1 (``newsmtsc-mt-hf/train.jsonl``, …), and
one row a sentence with a list of targets and polarity 2, 4, 6 (``train.jsonl``, ``devtest_mt.jsonl``,
``devtest_rw.jsonl``). Either is read; each row says itself which it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harness.corpora.card import load_card
from harness.corpora.checks import Raw, build, capped
from harness.corpora.tabular import json_lines, shown
from harness.values.errors import ConfigError, CorpusError, Problem
from harness.values.labels import LabelSet, Task
from harness.values.tables import Corpus

NAME = "newsmtsc"

POLARITY: Mapping[float, str] = {
    -1: "critical",
    0: "neutral",
    1: "supportive",
    2: "critical",
    4: "neutral",
    6: "supportive",
}
"""Codes of both layouts; they do not overlap."""

FIELDS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "id": ((str,), "text"),
    "sentence": ((str,), "text"),
    "mention": ((str,), "text"),
    "from": ((int,), "whole number"),
    "to": ((int,), "whole number"),
    "polarity": ((int, float), "number"),
}
"""What a target has to have, and of which type."""

NAMED = re.compile(r"(?:allsides_\d+_\d+_\d+|polusa_v1_\d+_-?\d+_\d+)_(?P<entity>.*)_\d+_\d+", re.DOTALL)
"""An id: article (three fields), place in it, the person's name, offsets."""


def newsmtsc(
    *,
    folder: Path | None = None,
    variant: Literal["mt", "rw", "paper", "paper_rw"] = "mt",
    dev: Literal["mt", "rw", "both"] | None = None,
    labels: LabelSet | None = None,
    task: Task = "stance",
) -> Corpus:
    """Read NewsMTSC.

    Parameters
    ----------
    folder : Path, optional
        Where the files are, in either layout; left out, the variable ``HARNESS_NEWSMTSC`` says it.
    variant : {"mt", "rw", "paper", "paper_rw"}
        The official split of a subset; or what published numbers are computed on, ``dev`` and ``test`` of mt
        (``paper``) or of rw (``paper_rw``) as one test set, so that a dev has to be carved from train.
    dev : {"mt", "rw", "both"}, optional
        Whose dev rows are chosen on; left out, the variant's own.
    labels : LabelSet, optional
        The labels of ``task``.
    task : {"stance"}
        What the corpus is read for.

    Returns
    -------
    Corpus
        ``target`` is the mention; ``group`` the article, which the first three fields of the id name. Beyond
        the usual columns: ``entity``, the person's name as the publishers noted it, and ``subset``.

    Raises
    ------
    ConfigError
        Where ``dev`` is set for a variant that scores the dev rows.
    CorpusError
        Where a file that is needed is missing, or something is wrong with one. A missing ``test`` file of
        ``mt`` or ``rw`` is said in the corpus's source, so that train and dev can still be used.
    """
    if dev is not None and variant in ("paper", "paper_rw"):
        what = f"has no effect with variant {variant}, which scores the dev rows; dev is carved from train"
        raise ConfigError([Problem("corpus.dev", what)])
    home = load_card(NAME).folder(folder)
    parts, absent = _parts(home, variant, dev)
    found = [_read(part) for part in parts]
    problems = [problem for _, wrong in found for problem in wrong]
    if problems:
        raise CorpusError(capped(problems, shown(home)))
    rows = [row for read, _ in found for row in read]
    source = shown(home) + "".join(f"; {name} is not there" for name in absent)
    return build(NAME, _raw(rows, source), labels=labels, task=task)


@dataclass(frozen=True)
class Part:
    """A file to read, the subset it belongs to, and the split that its rows go to."""

    path: Path
    subset: str
    split: str


def _parts(home: Path, variant: str, dev: str | None) -> tuple[list[Part], list[str]]:
    """Find the files of a variant; and the test file, where that one is not there but not needed either."""
    subset = "rw" if variant in ("rw", "paper_rw") else "mt"
    joined = home / f"devtest_{subset}.jsonl"
    if joined.is_file():
        return _joined(home, joined, subset, variant), []
    if variant == subset:
        devs = ("mt", "rw") if dev == "both" else (dev or subset,)
        wanted = [
            (subset, "train", "train"),
            *((one, "dev", "dev") for one in devs),
            (subset, "test", "test"),
        ]
    else:
        wanted = [(subset, "train", "train"), (subset, "dev", "test"), (subset, "test", "test")]
    parts = [Part(_placed(home, owner, file), owner, split) for owner, file, split in wanted]
    absent = [part for part in parts if not part.path.is_file()]
    needed = [part for part in absent if variant != subset or part.split != "test"]
    if needed:
        hint = load_card(NAME).offer
        raise CorpusError(
            Problem(shown(part.path), f"is not there; variant {variant} needs it", hint) for part in needed
        )
    names = [str(part.path.relative_to(home)) for part in absent]
    return [part for part in parts if part not in absent], names


def _joined(home: Path, joined: Path, subset: str, variant: str) -> list[Part]:
    if variant == subset:
        hint = "use variant paper" + ("_rw" if subset == "rw" else "")
        raise CorpusError(
            [Problem(shown(joined), "holds dev and test in one and cannot tell them apart", hint)]
        )
    return [Part(home / "train.jsonl", subset, "train"), Part(joined, subset, "test")]


def _placed(home: Path, subset: str, file: str) -> Path:
    plain = home / f"newsmtsc-{subset}" / f"{file}.jsonl"
    return plain if plain.is_file() else home / f"newsmtsc-{subset}-hf" / f"{file}.jsonl"


def _read(part: Part) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Read a file into canonical rows, with what is wrong in it."""
    rows: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for place, target, text in _targets(part.path):
        wrong = _faults(place, target, text)
        problems += wrong
        if not wrong:
            rows.append(_row(part, place, target, str(text)))
    return rows, problems


def _faults(place: str, target: Mapping[str, Any], text: Any) -> list[Problem]:
    """Say what keeps a target from becoming a row; rows are checked further as those of any corpus."""
    given = {name: target.get(name) for name in FIELDS} | {"sentence": text}
    wrong = [
        Problem(place, f"lacks {name!r}" if given[name] is None else f"has {name} {given[name]!r}, no {kind}")
        for name, (types, kind) in FIELDS.items()
        if not isinstance(given[name], types)
    ]
    if wrong:
        return wrong
    if given["polarity"] not in POLARITY:
        hint = f"known: {', '.join(map(str, POLARITY))}"
        wrong.append(Problem(f"{place}: polarity", f"unknown code {given['polarity']}", hint))
    spanned = text[given["from"] : given["to"]]
    if spanned != given["mention"]:
        wrong.append(Problem(f"{place}: mention", f"is {given['mention']!r}, the span holds {spanned!r}"))
    return wrong


def _targets(path: Path) -> Iterator[tuple[str, dict[str, Any], str | None]]:
    """Yield place, target and sentence of either layout."""
    for place, line in json_lines(path):
        if "targets" in line:
            for target in line["targets"]:
                yield place, {**target, "id": target.get("Input.gid")}, line.get("sentence_normalized")
        else:
            yield place, line, line.get("sentence")


def _row(part: Part, place: str, target: Mapping[str, Any], text: str) -> dict[str, Any]:
    id_ = str(target["id"])
    named = NAMED.fullmatch(id_)
    return {
        "place": place,
        "id": id_,
        "text": text,
        "target": target["mention"],
        "start": target["from"],
        "end": target["to"],
        "group": "_".join(id_.split("_")[:3]),
        "stance": POLARITY[target["polarity"]],
        "split": part.split,
        "entity": named["entity"] if named else target["mention"],
        "subset": part.subset,
    }


def _raw(rows: Sequence[Mapping[str, Any]], source: str) -> Raw:
    import pandas as pd

    frame = pd.DataFrame(rows)
    named = {"text": "sentence", "start": "from", "end": "to", "stance": "polarity", "target": "mention"}
    return Raw(frame.drop(columns="place"), frame["place"].tolist(), source, named)
