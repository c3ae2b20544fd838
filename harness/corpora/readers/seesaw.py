"""The raw annotations of SEESAW in, a Corpus out: who takes which side toward whom, sentence by sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from harness.corpora.card import load_card
from harness.corpora.checks import SPLITS, RawRow, build, from_rows, limit_problems
from harness.corpora.text_files import (
    json_field,
    json_object,
    short_path,
    without_underscores,
)
from harness.values.errors import CorpusError, Problem, abbreviate
from harness.values.labels import LabelSet, Task
from harness.values.tables import Corpus

NAME = "seesaw"

PLACEHOLDERS = ("None", "Not in the list")
"""Annotated where a holder or target has no name."""
PARTY = re.compile(
    r"(Republican|Democratic|Tea|Green|Libertarian) Party|((House|Senate) )?(Democrats|Republicans)|GOP"
)
"""Targets that are political parties, or one's members of a chamber."""
SIDES: Mapping[str, str] = {"NEG": "critical", "POS": "supportive"}


def seesaw(
    *,
    folder: Path | None = None,
    scored: Literal["test", "valid"] = "test",
    labels: LabelSet | None = None,
    task: Task = "stance",
) -> Corpus:
    """Read SEESAW.

    Parameters
    ----------
    folder : Path, optional
        Where ``annotations``, ``articles`` and ``meta`` are; left out, that of ``HARNESS_SEESAW`` or the
        cache.
    scored : {"test", "valid"}
        Which published part is the test part. With ``valid``, whose rows are then not dev rows, dev is drawn
        from train, and stories of the published test part are left out.
    labels : LabelSet, optional
        The labels of ``task``.
    task : {"stance"}
        What the corpus is read for.

    Returns
    -------
    Corpus
        One row per (sentence, holder, target); ``group`` is the story. Beyond the usual columns: ``article``,
        ``subject`` as annotated, ``target_kind`` (People, Organization, …), ``party`` (``yes`` or ``no``: is
        the target a political party) and ``topic`` of the story, which slices can name.

    Raises
    ------
    CorpusError
        If a folder or file is missing, or with everything that is wrong with the files.
    """
    home = load_card(NAME).folder(folder)
    rows: list[RawRow] = []
    problems: list[Problem] = []
    stories = sorted((home / "meta").glob("*.json"))
    if not stories:
        raise CorpusError([Problem(short_path(home / "meta"), "holds no story", load_card(NAME).offer)])
    for story in stories:
        try:
            rows += _story(home, story, scored)
        except CorpusError as error:
            problems += error.problems
    if problems:
        raise CorpusError(limit_problems(problems, short_path(home)))
    splits = {row["split"] for row in rows}
    source = short_path(home) + (
        "" if "test" in splits else "; the stories of the published test part are missing"
    )
    return build(NAME, from_rows(rows, source), labels=labels, task=task, languages=load_card(NAME).languages)


def _story(home: Path, path: Path, scored: str) -> list[RawRow]:
    meta = json_object(path)
    file = short_path(path)
    split = SPLITS.get(json_field(meta, "Split", str, file).lower())
    if split is None:
        raise CorpusError(
            [Problem(f"{file}: Split", f"unknown split {meta['Split']!r}", "known: train, valid, test")]
        )
    # The published test part stays unseen where valid is scored in its place.
    if scored == "valid":
        if split == "test":
            return []
        split = "test" if split == "dev" else split
    rows: list[RawRow] = []
    # A story is three articles on one event, from the left, the centre and the right.
    for number in range(3):
        article = json_field(meta, f"Meta info for article {number}", dict, file)
        shared = {
            "group": path.stem,
            "split": split,
            "date": meta.get("story_time"),
            "topic": meta.get("story_topic"),
            "outlet": article.get("source"),
        }
        rows += [shared | row for row in _article(home, f"{path.stem}_DOCUMENT_{number}")]
    return rows


def _article(home: Path, name: str) -> list[RawRow]:
    path, article = home / "annotations" / f"{name}.json", home / "articles" / f"{name}.json"
    file = short_path(path)
    annotations, texts = json_object(path), _sentences(json_object(article), short_path(article))
    kinds = _kinds(json_field(annotations, "entity lists", list, file), f"{file}: entity lists")
    rows: list[RawRow] = []
    problems: list[Problem] = []
    for where, sentence, stance in _stances(annotations, file):
        faults = _faults(where, sentence, stance, texts)
        problems += faults
        # A side toward nobody by name has no target to label; the card says how many are left out.
        if not faults and stance["object"] not in PLACEHOLDERS:
            rows.append(
                _row(name, sentence, stance, texts)
                | {"where": where, "target_kind": kinds.get(stance["object"])}
            )
    if problems:
        raise CorpusError(problems)
    return rows


def _sentences(article: Mapping[str, Any], where: str) -> dict[str, str]:
    """Return number of the sentence, as text → sentence."""
    texts = {}
    for number, line in enumerate(json_field(article, "text", list, where), start=1):
        at = f"{where}: sentence {number}"
        # As text, because stances name their sentence by the key of a JSON object.
        texts[str(json_field(line, "id", int, at))] = str(json_field(line, "text", str, at))
    return texts


def _kinds(entities: Sequence[Any], where: str) -> dict[str, str]:
    """Return entity → the first of its kinds."""
    kinds: dict[str, str] = {}
    for entity in entities:
        if not isinstance(entity, list) or len(entity) < 2 or not isinstance(entity[1], list):
            raise CorpusError([Problem(where, f"is not a name with its kinds: {abbreviate(entity)}")])
        kinds |= {str(entity[0]): str(entity[1][0])} if entity[1] else {}
    return kinds


def _stances(annotations: Mapping[str, Any], file: str) -> Iterator[tuple[str, str, Any]]:
    """Yield where each annotated stance stands, the number of its sentence, and the stance."""
    by_sentence = json_field(annotations, "sentence-level stances", dict, file)
    for sentence in by_sentence:
        for stance in json_field(by_sentence, sentence, list, f"{file}: sentence-level stances"):
            yield f"{file}: sentence {sentence}", sentence, stance


def _faults(where: str, sentence: str, stance: Any, texts: Mapping[str, str]) -> list[Problem]:
    if not isinstance(stance, Mapping):
        return [Problem(where, f"is not a stance: {abbreviate(stance)}")]
    missing = [name for name in ("id", "subject", "object", "sentiment") if name not in stance]
    if missing:
        return [Problem(where, f"lacks {name!r}") for name in missing]
    mistyped = [name for name in ("subject", "object", "sentiment") if not isinstance(stance[name], str)]
    if mistyped:
        return [Problem(f"{where}: {name}", f"is not text: {abbreviate(stance[name])}") for name in mistyped]
    problems = [] if sentence in texts else [Problem(where, "is not in the article")]
    if stance["sentiment"] not in SIDES:
        what = f"unknown code {stance['sentiment']!r}"
        problems.append(Problem(f"{where}: sentiment", what, "known: NEG, POS"))
    return problems


def _row(name: str, sentence: str, stance: Mapping[str, Any], texts: Mapping[str, str]) -> RawRow:
    # One target of 8,233 is written with an underscore: Democratic_Party.
    subject, target = stance["subject"], without_underscores(stance["object"])
    return {
        "id": f"{name}.{sentence}.{stance['id']}",
        "text": texts[sentence],
        "target": target,
        "holder": None if subject in PLACEHOLDERS else without_underscores(subject),
        "stance": SIDES[stance["sentiment"]],
        "article": name,
        "subject": subject,
        "party": "yes" if PARTY.fullmatch(target) else "no",
    }
