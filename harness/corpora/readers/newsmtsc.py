"""The files of NewsMTSC in, a Corpus out.

Two layouts were published: one row per target with polarity -1, 0, 1 (``newsmtsc-mt-hf/train.jsonl``, …), and
one row per sentence with a list of targets and polarity 2, 4, 6 (``train.jsonl``, ``devtest_mt.jsonl``,
``devtest_rw.jsonl``). Both are read; each row shows which it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harness.corpora.card import load_card
from harness.corpora.checks import Raw, RawRow, build, limit_problems
from harness.corpora.text_files import json_lines, short_path
from harness.values.errors import ConfigError, CorpusError, Problem
from harness.values.labels import LabelSet, Task
from harness.values.option_checks import checked_by
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
    "from": ((int,), "a whole number"),
    "to": ((int,), "a whole number"),
    # The layout of one row per sentence writes 2.0, 4.0 and 6.0.
    "polarity": ((int, float), "a number"),
}
"""Fields that a target must have: types, and what they are called in a message."""

# Anchored at both ends: a name may hold underscores, and even line breaks (hence DOTALL).
ID_PATTERN = re.compile(r"(?:allsides_\d+_\d+_\d+|polusa_v1_\d+_-?\d+_\d+)_(?P<entity>.*)_\d+_\d+", re.DOTALL)
"""An id: article (three fields), position in it, the person's name, offsets."""


def _check_options(options: Mapping[str, Any]) -> None:
    variant = options["variant"]
    if options["dev"] is not None and variant in ("paper", "paper_rw"):
        what = f"has no effect with variant {variant}, which scores the dev rows; dev is drawn from train"
        raise ConfigError([Problem("corpus.dev", what)])


@checked_by(_check_options)
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
        Where the files are, in either layout; left out, that of ``HARNESS_NEWSMTSC`` or the cache.
    variant : {"mt", "rw", "paper", "paper_rw"}
        The official split of a subset; or what published scores are computed on, ``dev`` and ``test`` of mt
        (``paper``) or of rw (``paper_rw``) as one test set, so that dev has to be drawn from train.
    dev : {"mt", "rw", "both"}, optional
        Which subset's dev rows are used; left out, those of the variant.
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
        If ``dev`` is set for a variant that scores the dev rows.
    CorpusError
        If a required file is missing, or something is wrong with one. A missing ``test`` file of
        ``mt`` or ``rw`` is noted in the corpus's source, so that train and dev can still be used.
    """
    home = load_card(NAME).folder(folder)
    files, missing = _files(home, variant, dev)
    contents = [_read(file) for file in files]
    problems = [problem for _, faults in contents for problem in faults]
    if problems:
        raise CorpusError(limit_problems(problems, short_path(home)))
    rows = [row for read, _ in contents for row in read]
    source = short_path(home) + "".join(f"; {name} is missing" for name in missing)
    return build(NAME, _raw(rows, source), labels=labels, task=task, languages=load_card(NAME).languages)


@dataclass(frozen=True)
class SubsetFile:
    """A file to read, its subset, and the split that its rows go to."""

    path: Path
    subset: str
    split: str


def _files(home: Path, variant: str, dev: str | None) -> tuple[list[SubsetFile], list[str]]:
    """Return the files of a variant, and the name of its test file if that is missing but not required."""
    subset = "rw" if variant in ("rw", "paper_rw") else "mt"
    # This file is of the layout of one row per sentence, which has dev and test together.
    devtest = home / f"devtest_{subset}.jsonl"
    if devtest.is_file():
        return _devtest(home, devtest, subset, variant), []
    if variant == subset:
        devs = ("mt", "rw") if dev == "both" else (dev or subset,)
        sources = [
            (subset, "train", "train"),
            *((owner, "dev", "dev") for owner in devs),
            (subset, "test", "test"),
        ]
    else:
        # Published scores are on dev and test together, so that no dev rows are left to choose on.
        sources = [(subset, "train", "train"), (subset, "dev", "test"), (subset, "test", "test")]
    files = [SubsetFile(_path(home, owner, name), owner, split) for owner, name, split in sources]
    missing = [file for file in files if not file.path.is_file()]
    required = [file for file in missing if variant != subset or file.split != "test"]
    if required:
        what, hint = f"is missing; variant {variant} needs it", load_card(NAME).offer
        raise CorpusError(Problem(short_path(file.path), what, hint) for file in required)
    names = [str(file.path.relative_to(home)) for file in missing]
    return [file for file in files if file not in missing], names


def _devtest(home: Path, devtest: Path, subset: str, variant: str) -> list[SubsetFile]:
    if variant == subset:
        hint = "use variant paper" + ("_rw" if subset == "rw" else "")
        raise CorpusError(
            [Problem(short_path(devtest), "holds dev and test in one and cannot tell them apart", hint)]
        )
    return [SubsetFile(home / "train.jsonl", subset, "train"), SubsetFile(devtest, subset, "test")]


def _path(home: Path, subset: str, name: str) -> Path:
    # Both names occur: newsmtsc-mt in the publishers' converter, newsmtsc-mt-hf in their repository.
    plain = home / f"newsmtsc-{subset}" / f"{name}.jsonl"
    return plain if plain.is_file() else home / f"newsmtsc-{subset}-hf" / f"{name}.jsonl"


def _read(file: SubsetFile) -> tuple[list[RawRow], list[Problem]]:
    """Read a file into rows with canonical columns, and its problems."""
    rows: list[RawRow] = []
    problems: list[Problem] = []
    for where, target, text in _targets(file.path):
        faults = _faults(where, target, text)
        problems += faults
        if not faults:
            rows.append(_row(file, where, target, str(text)))
    return rows, problems


def _faults(where: str, target: Mapping[str, Any], text: Any) -> list[Problem]:
    """Return what keeps a target from becoming a row; rows are checked further as those of any corpus."""
    fields = {name: target.get(name) for name in FIELDS} | {"sentence": text}
    faults = [
        Problem(where, f"lacks {name!r}")
        if fields[name] is None
        else Problem(f"{where}: {name}", f"is not {kind}: {fields[name]!r}")
        for name, (types, kind) in FIELDS.items()
        if not isinstance(fields[name], types)
    ]
    if faults:
        return faults
    if fields["polarity"] not in POLARITY:
        hint = f"known: {', '.join(map(str, POLARITY))}"
        faults.append(Problem(f"{where}: polarity", f"unknown code {fields['polarity']}", hint))
    # Offsets that were counted on another text would mark wrong words from here on, without any error.
    spanned = text[fields["from"] : fields["to"]]
    if spanned != fields["mention"]:
        faults.append(
            Problem(f"{where}: mention", f"is {fields['mention']!r}, but the span holds {spanned!r}")
        )
    return faults


def _targets(path: Path) -> Iterator[tuple[str, dict[str, Any], str | None]]:
    """Yield where each target stands, the target and its sentence, of either layout."""
    for where, line in json_lines(path):
        # The layout of a line is seen by its fields, not by the file's name, which users change.
        if "targets" in line:
            # Offsets of this layout count the characters of the normalised sentence.
            for target in line["targets"]:
                yield where, {**target, "id": target.get("Input.gid")}, line.get("sentence_normalized")
        else:
            yield where, line, line.get("sentence")


def _row(file: SubsetFile, where: str, target: Mapping[str, Any], text: str) -> RawRow:
    id_ = str(target["id"])
    match = ID_PATTERN.fullmatch(id_)
    return {
        "where": where,
        "id": id_,
        "text": text,
        "target": target["mention"],
        "start": target["from"],
        "end": target["to"],
        # The first three fields of an id name the article, whose sentences must not be divided by a split.
        "group": "_".join(id_.split("_")[:3]),
        "stance": POLARITY[target["polarity"]],
        "split": file.split,
        "entity": match["entity"] if match else target["mention"],
        "subset": file.subset,
    }


def _raw(rows: Sequence[Mapping[str, Any]], source: str) -> Raw:
    import pandas as pd

    frame = pd.DataFrame(rows)
    source_names = {
        "text": "sentence",
        "start": "from",
        "end": "to",
        "stance": "polarity",
        "target": "mention",
    }
    return Raw(frame.drop(columns="where"), frame["where"].tolist(), source, source_names)
