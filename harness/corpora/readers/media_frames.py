"""Annotations of the Media Frames Corpus, and the texts that a person got, in; a Corpus out.

One JSON file an issue: key → article with ``annotations.framing``, which holds each annotator's spans. A span
has ``start`` and ``end`` in the text and a ``code``: its whole part is the frame, ``.0`` is a span of it,
``.1`` the headline's frame and ``.2`` the primary one. The publishers may not give the texts out: they are
found in the field ``text``, or in ``articles/KEY.txt``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harness.corpora.card import load_card
from harness.corpora.checks import Raw, build, capped, written
from harness.corpora.corpus_files import read_all
from harness.corpora.tabular import content, shown
from harness.corpora.text_files import brief, held, json_object
from harness.values.errors import ConfigError, CorpusError, Problem
from harness.values.labels import POLICY_FRAMES, LabelSet, Task
from harness.values.tables import Corpus

NAME = "media_frames"

IRRELEVANT, PRIMARY = 16, 2
NOT_ISSUES = ("codes.json", "sources.json")
SLACK = 2
"""So many characters a published span may stand beyond the text."""

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Span:
    """What an annotator marked: the frame's place (15: irrelevant) and the tenths of the code."""

    annotator: str
    frame: int
    kind: int
    start: int
    end: int

    @property
    def label(self) -> str:
        """The frame's name."""
        return POLICY_FRAMES[self.frame]


def media_frames(
    *,
    folder: Path | None = None,
    issues: tuple[str, ...] = (),
    frames: Literal["primary", "spans"] = "primary",
    agreed: float = 0.5,
    labels: LabelSet | None = None,
    task: Task = "framing",
) -> Corpus:
    """Read the Media Frames Corpus.

    Parameters
    ----------
    folder : Path, optional
        Where ``immigration.json`` and the others are, or the publishers' repository; left out,
        ``HARNESS_MEDIA_FRAMES`` says it.
    issues : tuple of str
        Which files, without ``.json``; left empty, all that are there.
    frames : {"primary", "spans"}
        What an article is labelled with: its primary frame, or every frame that enough annotators marked a
        span with.
    agreed : float
        Which share of an article's annotators is enough for ``spans``, in (0, 1].
    labels : LabelSet, optional
        The labels of ``task``.
    task : {"framing"}
        What the corpus is read for.

    Returns
    -------
    Corpus
        One row an article, which is its own group, without those that are irrelevant; those whose text is not
        there, or that have no such label, are counted in the source. Beyond the usual columns: ``issue``,
        ``title``, ``primary_frame``, ``frames_votes`` (the frames each annotator marked) and ``spans``
        (``economic 120-164 annotator``, by offsets into the text).

    Raises
    ------
    ConfigError
        Where ``agreed`` is no such share, or is set without ``spans``.
    CorpusError
        Where a file is missing, or with everything that is wrong with the files.
    """
    if not 0 < agreed <= 1:
        raise ConfigError([Problem("corpus.agreed", f"should be a share above 0, up to 1, got {agreed}")])
    if frames == "primary" and agreed != 0.5:
        raise ConfigError([Problem("corpus.agreed", "has no effect without frames: spans")])
    home = load_card(NAME).folder(folder)
    found = read_all(_files(home, issues), lambda path: _issue(home, path))
    rows, textless, unlabelled = [], 0, 0
    for row in (row for issue in found for row in issue):
        row["frames"] = _frames(row, frames, agreed)
        textless += row["text"] is None
        unlabelled += row["text"] is not None and row["frames"] is None
        rows += [row] if row["text"] is not None and row["frames"] is not None else []
    source = shown(home)
    source += f"; left out for want of a text: {textless:,}" if textless else ""
    source += f"; left out for want of an agreed primary frame: {unlabelled:,}" if unlabelled else ""
    if not rows:
        hint = "put each article's text in articles/KEY.txt" if textless else ""
        raise CorpusError([Problem(source, "no article is left", hint)])
    return build(NAME, _raw(rows, source), labels=labels, task=task)


def _files(home: Path, issues: tuple[str, ...]) -> list[Path]:
    inner = home / "annotations"
    place = inner if inner.is_dir() else home
    if issues:
        return [place / f"{issue}.json" for issue in issues]
    found = [one for one in sorted(place.glob("*.json")) if one.name not in NOT_ISSUES]
    if not found:
        hint = load_card(NAME).offer
        raise CorpusError([Problem(shown(place), "holds no issue.json", hint)])
    return found


def _issue(home: Path, path: Path) -> Rows:
    articles = json_object(path)
    if not articles:
        raise CorpusError([Problem(shown(path), "has no articles")])
    items = [(key, article, f"{shown(path)}: {key}") for key, article in articles.items()]
    try:
        found = read_all(items, lambda item: _article(home, path.stem, *item))
    except CorpusError as error:
        raise CorpusError(capped(error.problems, shown(path))) from None
    return [row for row in found if row is not None]


def _article(home: Path, issue: str, key: str, article: Any, place: str) -> dict[str, Any] | None:
    framing = held(held(article, "annotations", dict, place), "framing", dict, place)
    if _number(article.get("irrelevant") or 0, f"{place}: irrelevant"):
        return None
    text, cut = _body(home, key, article)
    spans = read_all(
        [(name, one) for name in framing for one in held(framing, name, list, f"{place}: framing")],
        lambda item: _span(item[0], item[1], f"{place}: {item[0]}"),
    )
    outside = [one for one in spans if text is not None and one.end > cut + len(text) + SLACK]
    if outside:
        what = f"marks {outside[0].end}, outside the text of {cut + len(text or '')} characters"
        hint = "is it the text that was annotated?"
        raise CorpusError([Problem(f"{place}: {outside[0].annotator}", what, hint)])
    return {
        "place": place,
        "id": key,
        "group": key,
        "text": text,
        "outlet": article.get("source"),
        "date": _date(article),
        "issue": issue,
        "title": article.get("title"),
        "primary_frame": _primary(article, spans, place),
        "frames_votes": _votes(spans),
        "spans": tuple(
            f"{one.label} {one.start - cut}-{min(one.end - cut, len(text or ''))} {one.annotator}"
            for one in spans
            if one.kind == 0 and one.start >= cut and one.frame < len(POLICY_FRAMES)
        ),
    }


def _body(home: Path, key: str, article: Mapping[str, Any]) -> tuple[str | None, int]:
    """Return an article's text without its first two paragraphs, a number and a mark, and their length."""
    text, file = article.get("text"), home / "articles" / f"{Path(key).name}.txt"
    if not isinstance(text, str):
        if not file.is_file():
            return None, 0
        text = content(file)
    head, mark, rest = text.partition("PRIMARY\n\n")
    return (rest, len(head) + len(mark)) if mark and head.count("\n\n") == 1 else (text, 0)


def _span(annotator: str, given: Any, place: str) -> Span:
    start, end = held(given, "start", int, place), held(given, "end", int, place)
    frame, kind = _code(given.get("code"), f"{place}: code")
    return Span(annotator, frame, kind, start, end)


def _code(value: Any, place: str) -> tuple[int, int]:
    """Divide ``5.2`` into the frame's place and 2."""
    tenths = round(10 * _number(value, place))
    frame, kind = divmod(tenths, 10)
    if not 1 <= frame <= IRRELEVANT or kind > PRIMARY:
        raise CorpusError([Problem(place, f"unknown code {brief(value)}", "known: 1.0 to 15.2, and 16.2")])
    return frame - 1, kind


def _number(value: Any, place: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise CorpusError([Problem(place, f"is not a number: {brief(value)}")]) from None


def _primary(article: Mapping[str, Any], spans: list[Span], place: str) -> str | None:
    """Return the settled primary frame; where none is published, the one that all who named one agree on."""
    if article.get("primary_frame") is not None:
        named = {_code(article["primary_frame"], f"{place}: primary_frame")[0]}
    elif "primary_frame" in article:
        named = set()
    else:
        named = {one.frame for one in spans if one.kind == PRIMARY}
    (frame,) = named if len(named) == 1 else (IRRELEVANT,)
    return POLICY_FRAMES[frame] if frame < len(POLICY_FRAMES) else None


def _votes(spans: list[Span]) -> tuple[tuple[str, ...], ...]:
    by: dict[str, set[str]] = {}
    for one in spans:
        if one.kind == 0 and one.frame < len(POLICY_FRAMES):
            by.setdefault(one.annotator, set()).add(one.label)
    return tuple(tuple(name for name in POLICY_FRAMES if name in marked) for marked in by.values())


def _frames(row: Mapping[str, Any], frames: str, agreed: float) -> tuple[str, ...] | None:
    if frames == "primary":
        return None if row["primary_frame"] is None else (row["primary_frame"],)
    votes = row["frames_votes"]
    counts = Counter(name for vote in votes for name in vote)
    return tuple(name for name in POLICY_FRAMES if counts[name] and counts[name] >= agreed * len(votes))


def _date(article: Mapping[str, Any]) -> str | None:
    parts = [
        written(article[name]) for name in ("year", "month", "day") if article.get(name) not in (None, "")
    ]
    known = [part for part in parts if part.isdecimal()]
    return "-".join(part.zfill(2) for part in known) or None


def _raw(rows: Rows, source: str) -> Raw:
    import pandas as pd

    frame = pd.DataFrame(rows, dtype=object)
    return Raw(frame.drop(columns="place"), frame["place"].tolist(), source)
