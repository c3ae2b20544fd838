"""A text in, its sentences out, with exact offsets and the kind of line that each stands in.

Lines are paragraphs, unless the text was wrapped at a fixed width. In a paragraph sentencex finds the ends of
sentences: it knows abbreviations, initials, quotes and ellipses of many languages. What it gets wrong on news
(posts, emoji, "D-W.Va.") is corrected by :mod:`harness.articles.sentence_ends`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.articles.datelines import is_dateline
from harness.articles.line_kinds import (
    BULLET,
    INTERVIEW_LETTERS,
    INTERVIEW_TURN,
    LEFT_OUT,
    LineKind,
    is_boilerplate,
    kind_of_line,
)
from harness.articles.sentence_ends import corrected
from harness.values.parties import Span

MAX_SENTENCE = 1000
"""Characters of a sentence; longer ones are cut at a space."""

# Characters that are split in one go: the time of sentencex grows with the square of an open quotation.
_MAX_PIECE = 10_000
# Widths between which lines count as wrapped by an editor or a mail program.
_WRAPPED = (45, 110)
# Wrapped lines differ by the word that did not fit, and thirty characters hold nearly every word.
_MAX_WORD = 30
# Characters; a longer speech in quotation marks is split into its sentences.
_MAX_QUOTED = 300


@dataclass(frozen=True)
class Sentence:
    """A sentence of an article, ``text[start:end]``.

    Attributes
    ----------
    number : int
        From 1, in order; sentences that are no part of the article are counted too.
    text : str
        Its characters, line breaks as spaces.
    start, end : int
        Character offsets in the text of the article, or in its title; ``end`` is exclusive.
    paragraph : int
        From 0; the title is -1.
    kind : str
        ``headline``, ``heading`` and ``body`` are part of the article; ``dateline``, ``byline``, ``credit``
        (who posted) and ``boilerplate`` ("Read next", share links) are not.
    """

    number: int
    text: str
    start: int
    end: int
    paragraph: int
    kind: LineKind

    @property
    def in_article(self) -> bool:
        """Whether it is part of the article."""
        return self.kind not in LEFT_OUT


def split_sentences(text: str, *, title: str = "", language: str = "en") -> list[Sentence]:
    """Split an article into sentences.

    Parameters
    ----------
    text : str
    title : str
        A headline that is not part of ``text``: it becomes the first sentence, with offsets in the title.
    language : str
        Code that sentencex knows; kinds of lines are recognised by English words.

    Returns
    -------
    list of Sentence
        In order, without overlaps; every character outside them is space, a bullet or a lone emoji.
    """
    sentences: list[Sentence] = []
    if title.strip():
        start, end = _stripped(title, (0, len(title)))
        sentences.append(Sentence(1, _flat(title[start:end]), start, end, -1, "headline"))
    blocks = list(paragraphs(text))
    opens = True
    for number, (block, spans) in enumerate(_split(text, blocks, language)):
        kind = kind_of_line(
            _flat(text[slice(*block)]), first=number == 0 and not sentences, alone=len(blocks) == 1
        )
        opened = spans
        if kind == "body" and opens and spans:
            opens = False
            kind, opened = _opening(text, spans, alone=len(blocks) == 1)
        for start, end in opened:
            line_kind = kind
            # "Share this story" may end a paragraph of text.
            if kind in ("body", "heading", "headline") and is_boilerplate(_flat(text[start:end])):
                line_kind = "boilerplate"
            sentences.append(
                Sentence(len(sentences) + 1, _flat(text[start:end]), start, end, number, line_kind)
            )
    return sentences


def _opening(text: str, spans: list[Span], *, alone: bool) -> tuple[LineKind, list[Span]]:
    """Join the dateline of an article with its first sentence ("MOSCOW. It rained."), or leave it out."""
    if not is_dateline(text[slice(*spans[0])]):
        return "body", spans
    if len(spans) > 1 and spans[1][1] - spans[0][0] <= MAX_SENTENCE:
        return "body", [(spans[0][0], spans[1][1]), *spans[2:]]
    return "body" if alone or len(spans) > 1 else "dateline", spans


def paragraphs(text: str) -> Iterator[Span]:
    """Yield the spans of the paragraphs of a text: its lines, or runs of lines that were wrapped."""
    runs = list(_runs(text))
    # Two lines may be a heading and its text, unless longer paragraphs show that lines were wrapped.
    wraps = any(len(run) > 2 and _is_wrapped(text, run) for run in runs)
    for run in runs:
        yield from _joined(text, run, wraps=wraps)


def _runs(text: str) -> Iterator[list[Span]]:
    """Yield the lines between empty ones."""
    run: list[Span] = []
    for match in re.finditer(r"[^\r\n\u2028\u2029]+|(?:\r\n|[\r\n\u2028\u2029])", text):
        span = _stripped(text, match.span())
        if match.group() in ("\r\n", "\n", "\r", "\u2028", "\u2029"):
            continue
        if run and (
            not _has_text(text, span)
            or "\n\n" in text[run[-1][1] : span[0]].replace("\r", "").replace(" ", "")
        ):
            yield run
            run = []
        if _has_text(text, span):
            run.append(span)
    yield run


def _has_text(text: str, span: Span) -> bool:
    return bool(text[span[0] : span[1]].strip(_SPACE))


def _is_wrapped(text: str, run: list[Span]) -> bool:
    """Whether lines were wrapped: of about the same length, most of them ending inside a sentence."""
    lengths = [end - start for start, end in run[:-1]]
    ends = [text[end - 1] not in '.!?:…"”’)»' for _, end in run[:-1]]
    short, long = _WRAPPED
    if not lengths or not all(short <= length <= long for length in lengths):
        return False
    # The last line of a paragraph is short whether it was wrapped or not, but never longer than the others.
    last = run[-1][1] - run[-1][0]
    return (
        sum(ends) * 2 > len(ends)
        and max(lengths) - min(lengths) <= _MAX_WORD
        and last <= max(lengths) + _MAX_WORD
    )


# "the leader of": no heading ends with such a word.
_GOES_ON = re.compile(r"(?:,|\b[a-z]{1,3})$")


def _joined(text: str, run: list[Span], *, wraps: bool) -> Iterator[Span]:
    """Join lines that were wrapped; ``wraps`` is whether other lines of the text were."""
    if _is_wrapped(text, run) and (
        len(run) > 2 or wraps or text[run[1][0]].islower() or _GOES_ON.search(text[slice(*run[0])])
    ):
        yield run[0][0], run[-1][1]
        return
    joined = run[:1]
    for start, end in run[1:]:
        if _breaks_off(text[slice(*joined[-1])]):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    yield from joined


# "... waited. The Saffron": a line that goes on after its last full stop with a word that ends no sentence.
_BREAKS_OFF = re.compile(
    r"[.!?…][\"”’»)]*\s+(?:The|A|An|In|On|At|But|And|For|With|From|Its|His|Her|Their|Der|Die|Das|Ein|Eine|Im|Le|La|Les|Une?"
    r"|Des|El|Los|Las|En)(?:\s+[^\W\d_][\w’'-]*){0,2}$"
)


def _breaks_off(line: str) -> bool:
    """Whether a line ends inside a sentence, whose rest is on the next one."""
    return len(line) >= _WRAPPED[0] and _BREAKS_OFF.search(line[-80:]) is not None


def _split(text: str, blocks: list[Span], language: str) -> Iterator[tuple[Span, list[Span]]]:
    """Yield each paragraph with the spans of its sentences."""
    # One letter may begin an item, two kinds of them an interview.
    turns = {text[start] for start, end in blocks if INTERVIEW_TURN.match(text, start, end)}
    for block in blocks:
        spans: list[Span] = []
        for piece in _pieces(text, block):
            spans += _sentences_of(text, piece, language, interview=turns in INTERVIEW_LETTERS)
        yield block, spans


def _pieces(text: str, span: Span) -> Iterator[Span]:
    """Cut a paragraph that is too long to be split in one go, after a full stop or else at a space."""
    start, end = span
    while end - start > _MAX_PIECE:
        # Not in the first half: a text with few spaces would fall into many small pieces.
        within = (start + _MAX_PIECE // 2, start + _MAX_PIECE)
        stops = [text.rfind(mark, *within) for mark in (". ", "? ", "! ")]
        cut = max(stops) + 2 if max(stops) >= 0 else text.rfind(" ", *within) + 1 or start + _MAX_PIECE
        yield start, cut
        start = cut
    yield start, end


def _sentences_of(text: str, span: Span, language: str, *, interview: bool) -> list[Span]:
    import sentencex

    # Breaks inside a paragraph are wraps, and no ends of sentences.
    piece = _flat(text[slice(*span)])
    marker = None if interview and INTERVIEW_TURN.match(piece) else BULLET.match(piece)
    begin = marker.end() if marker and marker.end() < len(piece) else 0
    ends = _ends(sentencex.segment(language, piece[begin:]), begin)
    ends = _with_long_quotes_split(piece, ends, begin, language)
    ends = corrected(piece, ends, begin, language)
    sentences: list[Span] = []
    start = begin
    for end in ends:
        sentence = _stripped(piece, (start, end))
        start = end
        if not re.search(r"\w", piece[slice(*sentence)]):
            continue
        if sentences and _is_link(piece[slice(*sentence)]):
            sentences[-1] = (sentences[-1][0], sentence[1])
        else:
            sentences += _cut(piece, sentence)
    return [(span[0] + start, span[0] + end) for start, end in sentences]


def _ends(pieces: list[str], begin: int) -> list[int]:
    """Return the offsets at which consecutive pieces of a text end."""
    return list(itertools.accumulate(map(len, pieces), initial=begin))[1:]


def _with_long_quotes_split(piece: str, ends: list[int], begin: int, language: str) -> list[int]:
    """Split a long speech in quotation marks into its sentences, which sentencex leaves whole.

    A short one stays whole: its sentences are one speaker's, named once.
    """
    import sentencex

    split: list[int] = []
    start = begin
    for end in ends:
        if end - start > _MAX_QUOTED and re.search('["“”]', piece[start:end]):
            bare = re.sub('["“”]', " ", piece[start:end])
            split += [_past_quote(piece, inner) for inner in _ends(sentencex.segment(language, bare), start)]
        else:
            split.append(end)
        start = end
    return split


def _past_quote(piece: str, end: int) -> int:
    """Move an end so that a closing mark stays with its sentence and an opening one with the next."""
    while end > 1 and end < len(piece) and piece[end - 1] in '"“' and piece[end - 2].isspace():
        end -= 1
    while end < len(piece) and piece[end] == "”":
        end += 1
    return end


_LINKS = re.compile(
    r"(?:https?://\S+|pic\.twitter\.com/\S+|t\.co/\S+|\[\d+\])(?:\s+(?:https?://\S+|pic\.twitter\.com/\S+))*"
)


def _is_link(text: str) -> bool:
    """Whether a text is links or a footnote mark alone, which belong to the sentence before it."""
    return _LINKS.fullmatch(text) is not None


def _cut(piece: str, span: Span) -> list[Span]:
    """Cut a sentence that is too long, at a space where there is one."""
    start, end = span
    spans = []
    while end - start > MAX_SENTENCE:
        cut = piece.rfind(" ", start + MAX_SENTENCE // 2, start + MAX_SENTENCE) + 1 or start + MAX_SENTENCE
        spans.append(_stripped(piece, (start, cut)))
        start = cut
    spans.append(_stripped(piece, (start, end)))
    return [(start, end) for start, end in spans if end > start]


def _stripped(text: str, span: Span) -> Span:
    start, end = span
    inside = text[start:end]
    return start + len(inside) - len(inside.lstrip(_SPACE)), end - len(inside) + len(inside.rstrip(_SPACE))


# All white space, and what has no width, which some pages have beside every word.
_SPACE = "".join(filter(str.isspace, map(chr, range(0x3001)))) + "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"


def _flat(text: str) -> str:
    """Write line breaks as spaces, one character for one."""
    return re.sub(r"[\r\n\t\v\f\u2028\u2029\x85]", " ", text)
