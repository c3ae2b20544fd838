"""The raw annotations of SEESAW in, a Corpus out: who takes which side toward whom, sentence by sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from harness.corpora.card import load_card
from harness.corpora.checks import SPLITS, Raw, build, capped
from harness.corpora.tabular import shown
from harness.corpora.text_files import brief, held, json_object, spaced
from harness.values.errors import CorpusError, Problem
from harness.values.labels import LabelSet, Task
from harness.values.tables import Corpus

NAME = "seesaw"

PLACEHOLDERS = ("None", "Not in the list")
PARTY = re.compile(
    r"(Republican|Democratic|Tea|Green|Libertarian) Party|((House|Senate) )?(Democrats|Republicans)|GOP"
)
"""Targets that are political parties, or one's members of a chamber."""
SIDES: Mapping[str, str] = {"NEG": "critical", "POS": "supportive"}
Rows = list[dict[str, Any]]


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
        Where ``annotations``, ``articles`` and ``meta`` are; left out, ``HARNESS_SEESAW`` says it.
    scored : {"test", "valid"}
        Which published part is the test part. With ``valid``, whose rows are then no dev rows, dev is carved
        from train, and stories of the published test part are left out.
    labels : LabelSet, optional
        The labels of ``task``.
    task : {"stance"}
        What the corpus is read for.

    Returns
    -------
    Corpus
        One row a (sentence, holder, target); ``group`` is the story. Beyond the usual columns: ``article``,
        ``subject`` as annotated, ``target_kind`` (People, Organization, …), ``party``, ``yes`` or ``no``, of
        the target, and ``topic`` of the story: each can be sliced by.

    Raises
    ------
    CorpusError
        Where a folder or file is missing, or with everything that is wrong with the files.
    """
    home = load_card(NAME).folder(folder)
    rows: Rows = []
    problems: list[Problem] = []
    stories = sorted((home / "meta").glob("*.json"))
    if not stories:
        raise CorpusError([Problem(shown(home / "meta"), "holds no story", load_card(NAME).offer)])
    for story in stories:
        try:
            rows += _story(home, story, scored)
        except CorpusError as error:
            problems += error.problems
    if problems:
        raise CorpusError(capped(problems, shown(home)))
    splits = {row["split"] for row in rows}
    source = shown(home) + ("" if "test" in splits else "; no story of the published test part is there")
    return build(NAME, _raw(rows, source), labels=labels, task=task)


def _story(home: Path, path: Path, scored: str) -> Rows:
    meta = json_object(path)
    place = shown(path)
    split = SPLITS.get(held(meta, "Split", str, place).lower())
    if split is None:
        raise CorpusError(
            [Problem(f"{place}: Split", f"unknown split {meta['Split']!r}", "known: train, valid, test")]
        )
    if scored == "valid":
        if split == "test":
            return []
        split = "test" if split == "dev" else split
    rows: Rows = []
    for number in range(3):
        of_article = held(meta, f"Meta info for article {number}", dict, place)
        shared = {
            "group": path.stem,
            "split": split,
            "date": meta.get("story_time"),
            "topic": meta.get("story_topic"),
            "outlet": of_article.get("source"),
        }
        rows += [shared | row for row in _article(home, f"{path.stem}_DOCUMENT_{number}")]
    return rows


def _article(home: Path, name: str) -> Rows:
    path = home / "annotations" / f"{name}.json"
    place = shown(path)
    article = home / "articles" / f"{name}.json"
    annotated, texts = json_object(path), _sentences(json_object(article), shown(article))
    kinds = _kinds(held(annotated, "entity lists", list, place), f"{place}: entity lists")
    rows: Rows = []
    problems: list[Problem] = []
    for where, sentence, stance in _stances(annotated, place):
        wrong = _faults(where, sentence, stance, texts)
        problems += wrong
        if not wrong and stance["object"] not in PLACEHOLDERS:
            rows.append(
                _row(name, sentence, stance, texts)
                | {"place": where, "target_kind": kinds.get(stance["object"])}
            )
    if problems:
        raise CorpusError(problems)
    return rows


def _sentences(article: Mapping[str, Any], place: str) -> dict[str, str]:
    found = {}
    for number, line in enumerate(held(article, "text", list, place), start=1):
        at = f"{place}: sentence {number}"
        found[str(held(line, "id", int, at))] = str(held(line, "text", str, at))
    return found


def _kinds(entities: Sequence[Any], place: str) -> dict[str, str]:
    """Return what each entity is: the first of the kinds that it was given."""
    found: dict[str, str] = {}
    for entity in entities:
        if not isinstance(entity, list) or len(entity) < 2 or not isinstance(entity[1], list):
            raise CorpusError([Problem(place, f"holds {brief(entity)}, which is no name with its kinds")])
        found |= {str(entity[0]): str(entity[1][0])} if entity[1] else {}
    return found


def _stances(annotated: Mapping[str, Any], place: str) -> Iterator[tuple[str, str, Any]]:
    by_sentence = held(annotated, "sentence-level stances", dict, place)
    for sentence in by_sentence:
        for stance in held(by_sentence, sentence, list, f"{place}: sentence-level stances"):
            yield f"{place}: sentence {sentence}", sentence, stance


def _faults(where: str, sentence: str, stance: Any, texts: Mapping[str, str]) -> list[Problem]:
    if not isinstance(stance, Mapping):
        return [Problem(where, f"holds {brief(stance)}, which is no stance")]
    lacking = [name for name in ("id", "subject", "object", "sentiment") if name not in stance]
    if lacking:
        return [Problem(where, f"lacks {name!r}") for name in lacking]
    strange = [name for name in ("subject", "object", "sentiment") if not isinstance(stance[name], str)]
    if strange:
        return [Problem(f"{where}: {name}", f"is not text: {brief(stance[name])}") for name in strange]
    wrong = [] if sentence in texts else [Problem(where, "is not in the article")]
    if stance["sentiment"] not in SIDES:
        wrong.append(
            Problem(f"{where}: sentiment", f"unknown code {stance['sentiment']!r}", "known: NEG, POS")
        )
    return wrong


def _row(name: str, sentence: str, stance: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    # One target of 8,233 is written with an underscore: Democratic_Party.
    subject, target = stance["subject"], spaced(stance["object"])
    return {
        "id": f"{name}.{sentence}.{stance['id']}",
        "text": texts[sentence],
        "target": target,
        "holder": None if subject in PLACEHOLDERS else spaced(subject),
        "stance": SIDES[stance["sentiment"]],
        "article": name,
        "subject": subject,
        "party": "yes" if PARTY.fullmatch(target) else "no",
    }


def _raw(rows: Rows, source: str) -> Raw:
    import pandas as pd

    frame = pd.DataFrame(rows, dtype=object)
    return Raw(frame.drop(columns="place"), frame["place"].tolist(), source)
