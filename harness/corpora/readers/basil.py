"""The annotated articles of BASIL in, a Corpus out: which bias toward whom, sentence by sentence.

Two forms were published: ``articles`` and ``annotations``, by year, where an annotation names no sentence
and is found by its words and offsets; and one JSON file an article (``dataset.zip``: ``0_fox.json``, …),
which holds sentences and their annotations. Either is read.

What becomes what: the polarity of an annotation is the stance toward its main target, the quoted speaker is
the holder, and the event that three articles tell of is the group. Bias against someone else that is aimed
at the target all the same (``aim``) counts toward the target, as published.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harness.corpora.card import load_card
from harness.corpora.checks import Raw, build, capped, is_missing
from harness.corpora.corpus_files import read_all
from harness.corpora.tabular import shown
from harness.corpora.text_files import brief, held, json_object, spaced
from harness.values.errors import CorpusError, Problem
from harness.values.labels import LabelSet, Task
from harness.values.tables import Corpus

NAME = "basil"

POLARITIES: Mapping[str, str] = {
    "neg": "critical",
    "negative": "critical",
    "pos": "supportive",
    "positive": "supportive",
}
NEUTRAL = ("neu", "neutral")
BIASES: Mapping[str, str] = {
    "lex": "lexical",
    "lexical": "lexical",
    "inf": "informational",
    "informational": "informational",
}
Row = dict[str, Any]


@dataclass(frozen=True)
class Article:
    """An article of either form: sentences, and each annotation with its place and its sentence's number."""

    name: str
    event: str
    about: Mapping[str, Any]
    sentences: Sequence[str]
    annotations: Sequence[tuple[str, int, Any]]


def basil(
    *,
    folder: Path | None = None,
    bias: Literal["all", "lexical", "informational"] = "all",
    labels: LabelSet | None = None,
    task: Task = "stance",
) -> Corpus:
    """Read BASIL.

    Parameters
    ----------
    folder : Path, optional
        Where ``articles`` and ``annotations`` are, or the unpacked ``dataset.zip``; left out,
        ``HARNESS_BASIL`` says it.
    bias : {"all", "lexical", "informational"}
        Which annotations are read.
    labels : LabelSet, optional
        The labels of ``task``.
    task : {"stance"}
        What the corpus is read for.

    Returns
    -------
    Corpus
        One row a (sentence, target, holder, polarity); ``group`` is the event, ``holder`` a quoted speaker
        with a name, empty where the writer speaks. Beyond the usual columns: ``article``, ``bias`` and
        ``bias_span`` (``12-31``, several by commas), ``aim``, ``quote`` and ``speaker`` as annotated.
        Annotations of neutral polarity are left out.

    Raises
    ------
    CorpusError
        Where the files are missing, or with everything that is wrong with them.
    """
    home = load_card(NAME).folder(folder)
    paths = _paths(home)
    try:
        found = read_all(paths, lambda path: list(_rows(_article(home, path), bias)))
    except CorpusError as error:
        raise CorpusError(capped(error.problems, shown(home))) from None
    rows = [row for article in found for row in article]
    if not rows:
        raise CorpusError([Problem(shown(home), "has no annotation of this kind")])
    return build(NAME, _raw(rows, shown(home)), labels=labels, task=task)


def _paths(home: Path) -> list[Path]:
    separate = home / "annotations"
    paths = sorted(separate.glob("*/*_ann.json")) if separate.is_dir() else sorted(home.glob("*_*.json"))
    if not paths:
        hint = load_card(NAME).offer
        raise CorpusError([Problem(shown(home), "holds no annotated article", hint)])
    return paths


def _article(home: Path, path: Path) -> Article:
    data, place = json_object(path), shown(path)
    if "body" not in data:
        return _separate(home, path, data)
    sentences, annotations = [], []
    for number, line in enumerate(held(data, "body", list, place)):
        at = f"{place}: sentence {number}"
        sentences.append(held(line, "sentence", str, at))
        annotations += [(where, number, one) for where, one in _placed(line, "annotations", at)]
    return Article(path.stem, path.stem.partition("_")[0], data, sentences, annotations)


def _separate(home: Path, path: Path, data: Mapping[str, Any]) -> Article:
    place, name = shown(path), path.stem.removesuffix("_ann")
    marked = _placed(data, "phrase-level-annotations", place)
    file = home / "articles" / path.parent.name / f"{name}.json"
    article, at = json_object(file), shown(file)
    sentences = []
    for number, paragraph in enumerate(held(article, "body-paragraphs", list, at)):
        if not isinstance(paragraph, list) or not all(isinstance(one, str) for one in paragraph):
            raise CorpusError([Problem(f"{at}: paragraph {number}", "is not a list of sentences")])
        sentences += paragraph
    placed = read_all(marked, lambda item: (item[0], _sentence(sentences, item[1], item[0]), item[1]))
    return Article(name, name.rpartition("_")[0], article, sentences, placed)


def _sentence(sentences: Sequence[str], given: Any, place: str) -> int:
    """Find the sentence that has the annotation's words at its offsets; the first, where several have."""
    start, end = held(given, "start", int, place), held(given, "end", int, place)
    words = held(given, "txt", str, place)
    found = [number for number, one in enumerate(sentences) if one[start:end] == words]
    if not found:
        raise CorpusError([Problem(place, f"no sentence has {brief(words)} at {start}-{end}")])
    return found[0]


def _rows(article: Article, bias: str) -> Iterator[Row]:
    """Join the annotations of one sentence that say the same of the same target by the same holder."""
    joined: dict[tuple[Any, ...], Row] = {}
    for row in read_all(article.annotations, lambda item: _row(article, *item)):
        if row is None or bias not in ("all", row["bias"]):
            continue
        key = tuple(row[name] for name in ("sentence", "target", "holder", "stance"))
        known = joined.setdefault(key, row)
        if known is not row:
            known["bias_span"] += f", {row['bias_span']}"
            known["bias"] = known["bias"] if known["bias"] == row["bias"] else "both"
    for number, row in enumerate(joined.values(), start=1):
        yield row | {"id": f"{article.name}.{row['sentence']}.{number}"}


def _row(article: Article, place: str, sentence: int, given: Any) -> Row | None:
    polarity = held(given, "polarity", str, place).lower()
    kind = held(given, "bias", str, place).lower()
    target, start, end = (
        held(given, "target", str, place),
        held(given, "start", int, place),
        held(given, "end", int, place),
    )
    for name, value, known in (("polarity", polarity, {*POLARITIES, *NEUTRAL}), ("bias", kind, set(BIASES))):
        if value not in known:
            raise CorpusError(
                [Problem(f"{place}: {name}", f"unknown code {value!r}", f"known: {', '.join(sorted(known))}")]
            )
    if polarity in NEUTRAL:
        return None
    speaker = given.get("speaker") if str(given.get("quote")).lower() == "yes" else None
    named = speaker and not str(speaker).lower().startswith("other")
    about = article.about
    return {
        "place": place,
        "text": article.sentences[sentence],
        "target": spaced(target),
        "holder": spaced(speaker) if named else None,
        "stance": POLARITIES[polarity],
        "group": article.event,
        "outlet": about.get("source"),
        "date": about.get("date"),
        "article": article.name,
        "sentence": sentence,
        "bias": BIASES[kind],
        "bias_span": f"{start}-{end}",
        "aim": given.get("aim"),
        "quote": given.get("quote"),
        "speaker": None if is_missing(speaker) else speaker,
    }


def _placed(data: Mapping[str, Any], key: str, place: str) -> list[tuple[str, Any]]:
    """Return the annotations under a key, each with its place."""
    marked = held(data, key, list, place)
    return [(f"{place}: annotation {count}", one) for count, one in enumerate(marked, start=1)]


def _raw(rows: Sequence[Row], source: str) -> Raw:
    import pandas as pd

    frame = pd.DataFrame(rows, dtype=object)
    return Raw(frame.drop(columns=["place", "sentence"]), frame["place"].tolist(), source)
