"""The annotated articles of BASIL in, a Corpus out: which bias toward whom, sentence by sentence.

Two forms were published: ``articles`` and ``annotations``, by year, where an annotation does not name its
sentence, which is found by words and offsets; and one JSON file per article (``dataset.zip``: ``0_fox.json``,
…), which holds sentences with their annotations. Both are read.

The polarity of an annotation becomes the stance toward its main target, the quoted speaker the holder, and
the event that three articles report on the group. Bias against someone else that is indirectly aimed at the
target (``aim``) counts toward the target, as published.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harness.corpora.card import load_card
from harness.corpora.checks import RawRow, build, from_rows, is_missing, limit_problems
from harness.corpora.corpus_files import read_all
from harness.corpora.text_files import (
    json_field,
    json_object,
    short_path,
    without_underscores,
)
from harness.values.errors import CorpusError, Problem, abbreviate
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


@dataclass(frozen=True)
class Article:
    """An article of either form.

    Attributes
    ----------
    name, event : str
    fields : mapping
        Of the published file: outlet, date.
    sentences : sequence of str
    annotations : sequence of tuple
        Where each stands, the number of its sentence from 0, and the annotation.
    """

    name: str
    event: str
    fields: Mapping[str, Any]
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
        Where ``articles`` and ``annotations`` are, or the unpacked ``dataset.zip``; left out, that of
        ``HARNESS_BASIL`` or the cache.
    bias : {"all", "lexical", "informational"}
        Which annotations are read.
    labels : LabelSet, optional
        The labels of ``task``.
    task : {"stance"}
        What the corpus is read for.

    Returns
    -------
    Corpus
        One row per (sentence, target, holder, polarity); ``group`` is the event, ``holder`` a quoted speaker
        with a name, empty if the writer speaks. Beyond the usual columns: ``article``, ``bias`` and
        ``bias_span`` (``12-31``, several with commas), ``aim``, ``quote`` and ``speaker`` as annotated.
        Annotations of neutral polarity are left out.

    Raises
    ------
    CorpusError
        If the files are missing, or with everything that is wrong with them.
    """
    home = load_card(NAME).folder(folder)
    paths = _paths(home)
    try:
        articles = read_all(paths, lambda path: list(_rows(_article(home, path), bias)))
    except CorpusError as error:
        raise CorpusError(limit_problems(error.problems, short_path(home))) from None
    rows = [row for article in articles for row in article]
    if not rows:
        raise CorpusError([Problem(short_path(home), "has no annotation of this kind")])
    return build(
        NAME, from_rows(rows, short_path(home)), labels=labels, task=task, languages=load_card(NAME).languages
    )


def _paths(home: Path) -> list[Path]:
    separate = home / "annotations"
    paths = sorted(separate.glob("*/*_ann.json")) if separate.is_dir() else sorted(home.glob("*_*.json"))
    if not paths:
        raise CorpusError([Problem(short_path(home), "holds no annotated article", load_card(NAME).offer)])
    return paths


def _article(home: Path, path: Path) -> Article:
    data, file = json_object(path), short_path(path)
    if "body" not in data:
        return _separate(home, path, data)
    sentences, annotations = [], []
    for number, line in enumerate(json_field(data, "body", list, file)):
        at = f"{file}: sentence {number}"
        sentences.append(json_field(line, "sentence", str, at))
        annotations += [
            (where, number, annotation) for where, annotation in _annotations(line, "annotations", at)
        ]
    return Article(path.stem, path.stem.partition("_")[0], data, sentences, annotations)


def _separate(home: Path, path: Path, data: Mapping[str, Any]) -> Article:
    """Read an article whose annotations are in a file of their own."""
    name = path.stem.removesuffix("_ann")
    annotations = _annotations(data, "phrase-level-annotations", short_path(path))
    file = home / "articles" / path.parent.name / f"{name}.json"
    article, at = json_object(file), short_path(file)
    sentences = []
    for number, paragraph in enumerate(json_field(article, "body-paragraphs", list, at)):
        if not isinstance(paragraph, list) or not all(isinstance(text, str) for text in paragraph):
            raise CorpusError([Problem(f"{at}: paragraph {number}", "is not a list of sentences")])
        sentences += paragraph
    numbered = read_all(annotations, lambda item: (item[0], _sentence(sentences, item[1], item[0]), item[1]))
    # These files are named by the event's id and a number, those of the other form by event and outlet.
    return Article(name, name.rpartition("_")[0], article, sentences, numbered)


def _sentence(sentences: Sequence[str], annotation: Any, where: str) -> int:
    """Return the number of the first sentence that has the annotation's words at its offsets."""
    start, end = json_field(annotation, "start", int, where), json_field(annotation, "end", int, where)
    words = json_field(annotation, "txt", str, where)
    # Offsets count from the start of the sentence, so that only the words tell which one it is.
    for number, sentence in enumerate(sentences):
        if sentence[start:end] == words:
            return number
    raise CorpusError([Problem(where, f"no sentence has {abbreviate(words)} at {start}-{end}")])


def _rows(article: Article, bias: str) -> Iterator[RawRow]:
    """Join the annotations of a sentence that have the same target, holder and stance."""
    # Several spans may say the same of one target: a row for each would count the sentence several times.
    joined: dict[tuple[Any, ...], RawRow] = {}
    for row in read_all(article.annotations, lambda item: _row(article, *item)):
        if row is None or bias not in ("all", row["bias"]):
            continue
        key = tuple(row[name] for name in ("sentence", "target", "holder", "stance"))
        first = joined.setdefault(key, row)
        if first is not row:
            first["bias_span"] += f", {row['bias_span']}"
            first["bias"] = first["bias"] if first["bias"] == row["bias"] else "both"
    for number, row in enumerate(joined.values(), start=1):
        id_ = f"{article.name}.{row['sentence']}.{number}"
        yield {name: value for name, value in row.items() if name != "sentence"} | {"id": id_}


def _row(article: Article, where: str, sentence: int, annotation: Any) -> RawRow | None:
    polarity = json_field(annotation, "polarity", str, where).lower()
    kind = json_field(annotation, "bias", str, where).lower()
    target, start, end = (
        json_field(annotation, "target", str, where),
        json_field(annotation, "start", int, where),
        json_field(annotation, "end", int, where),
    )
    for name, value, codes in (("polarity", polarity, {*POLARITIES, *NEUTRAL}), ("bias", kind, set(BIASES))):
        if value not in codes:
            hint = f"known: {', '.join(sorted(codes))}"
            raise CorpusError([Problem(f"{where}: {name}", f"unknown code {value!r}", hint)])
    if polarity in NEUTRAL:
        return None
    # Codes that begin with "other", such as other_anti, stand for a speaker without a name.
    speaker = annotation.get("speaker") if str(annotation.get("quote")).lower() == "yes" else None
    has_name = speaker and not str(speaker).lower().startswith("other")
    fields = article.fields
    return {
        "where": where,
        "text": article.sentences[sentence],
        "target": without_underscores(target),
        "holder": without_underscores(speaker) if has_name else None,
        "stance": POLARITIES[polarity],
        "group": article.event,
        "outlet": fields.get("source"),
        "date": fields.get("date"),
        "article": article.name,
        "sentence": sentence,
        "bias": BIASES[kind],
        "bias_span": f"{start}-{end}",
        "aim": annotation.get("aim"),
        "quote": annotation.get("quote"),
        "speaker": None if is_missing(speaker) else speaker,
    }


def _annotations(data: Mapping[str, Any], key: str, where: str) -> list[tuple[str, Any]]:
    """Return where each annotation under a key stands, and the annotation."""
    annotations = json_field(data, key, list, where)
    return [
        (f"{where}: annotation {number}", annotation)
        for number, annotation in enumerate(annotations, start=1)
    ]
