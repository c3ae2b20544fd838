"""Annotations of the Media Frames Corpus, and texts that the user obtained, in; a Corpus out.

One JSON file per issue: key → article with ``annotations.framing``, which holds each annotator's spans. A
span has ``start`` and ``end`` in the text and a ``code``: its whole part is the frame, ``.0`` marks a span,
``.1`` the headline's frame and ``.2`` the primary one. The publishers may not distribute the texts: they are
read from the field ``text``, or from ``articles/KEY.txt``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harness.corpora.card import load_card
from harness.corpora.checks import RawRow, build, cell_text, from_rows, limit_problems
from harness.corpora.corpus_files import read_all
from harness.corpora.text_files import content, json_field, json_object, short_path
from harness.values.errors import ConfigError, CorpusError, Problem, abbreviate
from harness.values.labels import POLICY_FRAMES, LabelSet, Task
from harness.values.option_checks import checked_by
from harness.values.tables import Corpus

NAME = "media_frames"

IRRELEVANT, PRIMARY = 16, 2
KNOWN_CODES = "known: 1.0 to 15.2, and 16.2"
NOT_ISSUES = ("codes.json", "sources.json")
"""Files of the publishers' repository that hold no articles."""
# As in the publishers' own check of the texts, check_output.py.
MAX_OVERHANG = 2
"""Characters by which a published span may exceed the text; it is cut to the text."""


@dataclass(frozen=True)
class FrameSpan:
    """What an annotator marked.

    Attributes
    ----------
    annotator : str
    frame : int
        Index into the policy frames; 15 is irrelevant.
    kind : int
        The tenths of the code, 0 to 2.
    start, end : int
        In the text as published, its head included.
    """

    annotator: str
    frame: int
    kind: int
    start: int
    end: int

    @property
    def label(self) -> str:
        """The frame's name."""
        return POLICY_FRAMES[self.frame]


def _check_options(options: Mapping[str, Any]) -> None:
    agreed = options["agreed"]
    if not 0 < agreed <= 1:
        raise ConfigError([Problem("corpus.agreed", f"should be a share above 0, up to 1, got {agreed}")])
    if options["frames"] == "primary" and agreed != 0.5:
        raise ConfigError([Problem("corpus.agreed", "has no effect without frames: spans")])


@checked_by(_check_options)
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
        Where ``immigration.json`` and the others are, or the publishers' repository; left out, that of
        ``HARNESS_MEDIA_FRAMES`` or the cache.
    issues : tuple of str
        Which files, without ``.json``; left empty, all of the folder.
    frames : {"primary", "spans"}
        What an article is labelled with: its primary frame, or every frame that enough annotators marked a
        span with.
    agreed : float
        The share of an article's annotators that is enough for ``spans``, in (0, 1].
    labels : LabelSet, optional
        The labels of ``task``.
    task : {"framing"}
        What the corpus is read for.

    Returns
    -------
    Corpus
        One row per relevant article, which is its own group; articles without a text, or without such a
        label, are left out and counted in the source. Beyond the usual columns: ``issue``,
        ``title``, ``primary_frame``, ``frames_votes`` (the frames each annotator marked) and ``spans``
        (``economic 120-164 annotator``, by offsets into the text).

    Raises
    ------
    ConfigError
        If ``agreed`` is not such a share, or is set without ``spans``.
    CorpusError
        If a file is missing, or with everything that is wrong with the files.
    """
    home = load_card(NAME).folder(folder)
    articles = read_all(_files(home, issues), lambda path: _issue(home, path))
    rows, textless, unlabelled = [], 0, 0
    for row in (row for issue in articles for row in issue):
        row["frames"] = _frames(row, frames, agreed)
        textless += row["text"] is None
        unlabelled += row["text"] is not None and row["frames"] is None
        rows += [row] if row["text"] is not None and row["frames"] is not None else []
    source = short_path(home)
    source += f"; left out without a text: {textless:,}" if textless else ""
    source += f"; left out without an agreed primary frame: {unlabelled:,}" if unlabelled else ""
    if not rows:
        hint = "put each article's text in articles/KEY.txt" if textless else ""
        raise CorpusError([Problem(source, "no article remains", hint)])
    return build(NAME, from_rows(rows, source), labels=labels, task=task, languages=load_card(NAME).languages)


def _files(home: Path, issues: tuple[str, ...]) -> list[Path]:
    inner = home / "annotations"
    folder = inner if inner.is_dir() else home
    if issues:
        return [folder / f"{issue}.json" for issue in issues]
    paths = [path for path in sorted(folder.glob("*.json")) if path.name not in NOT_ISSUES]
    if not paths:
        raise CorpusError([Problem(short_path(folder), "holds no issue.json", load_card(NAME).offer)])
    return paths


def _issue(home: Path, path: Path) -> list[RawRow]:
    articles = json_object(path)
    if not articles:
        raise CorpusError([Problem(short_path(path), "has no articles")])
    items = [(key, article, f"{short_path(path)}: {key}") for key, article in articles.items()]
    try:
        rows = read_all(items, lambda item: _article(home, path.stem, *item))
    except CorpusError as error:
        raise CorpusError(limit_problems(error.problems, short_path(path))) from None
    return [row for row in rows if row is not None]


def _article(home: Path, issue: str, key: str, article: Any, where: str) -> RawRow | None:
    framing = json_field(json_field(article, "annotations", dict, where), "framing", dict, where)
    if _number(article.get("irrelevant") or 0, f"{where}: irrelevant"):
        return None
    text, cut = _body(home, key, article)
    spans = read_all(
        [(name, span) for name in framing for span in json_field(framing, name, list, f"{where}: framing")],
        lambda item: _span(item[0], item[1], f"{where}: {item[0]}"),
    )
    # A text from elsewhere than the annotated one is noticed by its length, not by its words.
    outside = [span for span in spans if text is not None and span.end > cut + len(text) + MAX_OVERHANG]
    if outside:
        what = f"marks {outside[0].end}, outside the text of {cut + len(text or '')} characters"
        hint = "is it the text that was annotated?"
        raise CorpusError([Problem(f"{where}: {outside[0].annotator}", what, hint)])
    return {
        "where": where,
        "id": key,
        "group": key,
        "text": text,
        "outlet": article.get("source"),
        "date": _date(article),
        "issue": issue,
        "title": article.get("title"),
        "primary_frame": _primary(article, spans, where),
        "frames_votes": _votes(spans),
        # Spans that begin in the head are not in the text as returned, and code 16, irrelevant, is no frame.
        "spans": tuple(
            f"{span.label} {span.start - cut}-{min(span.end - cut, len(text or ''))} {span.annotator}"
            for span in spans
            if span.kind == 0 and span.start >= cut and span.frame < len(POLICY_FRAMES)
        ),
    }


def _body(home: Path, key: str, article: Mapping[str, Any]) -> tuple[str | None, int]:
    """Return an article's text without its head, and the length of the head."""
    # The last part of the key alone: it comes from a file, and must not lead outside the folder.
    text, file = article.get("text"), home / "articles" / f"{Path(key).name}.txt"
    if not isinstance(text, str):
        if not file.is_file():
            return None, 0
        text = content(file)
    # The publishers' scripts put two paragraphs in front, a number and the mark PRIMARY; offsets count them.
    head, mark, rest = text.partition("PRIMARY\n\n")
    return (rest, len(head) + len(mark)) if mark and head.count("\n\n") == 1 else (text, 0)


def _span(annotator: str, span: Any, where: str) -> FrameSpan:
    start, end = json_field(span, "start", int, where), json_field(span, "end", int, where)
    frame, kind = _code(span.get("code"), f"{where}: code")
    return FrameSpan(annotator, frame, kind, start, end)


def _code(value: Any, where: str) -> tuple[int, int]:
    """Divide ``5.2`` into the frame's index, 4, and 2."""
    # Rounded, because 10 * 5.1 is not quite 51 in binary.
    tenths = round(10 * _number(value, where))
    frame, kind = divmod(tenths, 10)
    if not 1 <= frame <= IRRELEVANT or kind > PRIMARY:
        raise CorpusError([Problem(where, f"unknown code {abbreviate(value)}", KNOWN_CODES)])
    return frame - 1, kind


def _number(value: Any, where: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise CorpusError([Problem(where, f"is not a number: {abbreviate(value)}")]) from None


def _primary(article: Mapping[str, Any], spans: list[FrameSpan], where: str) -> str | None:
    """Return the primary frame as settled; if none is published, the only one that annotators named."""
    if article.get("primary_frame") is not None:
        candidates = {_code(article["primary_frame"], f"{where}: primary_frame")[0]}
    elif "primary_frame" in article:
        # The annotators differed and did not settle it.
        candidates = set()
    else:
        candidates = {span.frame for span in spans if span.kind == PRIMARY}
    (frame,) = candidates if len(candidates) == 1 else (IRRELEVANT,)
    return POLICY_FRAMES[frame] if frame < len(POLICY_FRAMES) else None


def _votes(spans: list[FrameSpan]) -> tuple[tuple[str, ...], ...]:
    """Return the frames that each annotator marked, in the order of the codebook."""
    frames: dict[str, set[str]] = {}
    for span in spans:
        if span.kind == 0 and span.frame < len(POLICY_FRAMES):
            frames.setdefault(span.annotator, set()).add(span.label)
    return tuple(tuple(name for name in POLICY_FRAMES if name in marked) for marked in frames.values())


def _frames(row: Mapping[str, Any], frames: str, agreed: float) -> tuple[str, ...] | None:
    if frames == "primary":
        return None if row["primary_frame"] is None else (row["primary_frame"],)
    votes = row["frames_votes"]
    counts = Counter(name for vote in votes for name in vote)
    return tuple(name for name in POLICY_FRAMES if counts[name] and counts[name] >= agreed * len(votes))


def _date(article: Mapping[str, Any]) -> str | None:
    parts = [
        cell_text(article[name]) for name in ("year", "month", "day") if article.get(name) not in (None, "")
    ]
    return "-".join(part.zfill(2) for part in parts if part.isdecimal()) or None
