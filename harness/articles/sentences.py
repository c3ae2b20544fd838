"""A text in, its sentences out, with exact offsets; headings and what is no part of the article marked.

Lines are paragraphs, unless the text was wrapped at a fixed width. Inside a paragraph sentences are told
apart by sentencex, which knows abbreviations, initials, quotes and ellipses of many languages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.articles.line_kinds import BULLET, LEFT_OUT, LineKind, is_boilerplate, kind_of_line
from harness.values.parties import Span

LONGEST = 1000
"""Characters; what runs on longer is cut at a space."""

_AT_ONCE = 50_000
_WRAPPED = (45, 110)
_QUOTED_AT_LENGTH = 300


@dataclass(frozen=True)
class Sentence:
    """A sentence, ``document[start:end]``.

    Attributes
    ----------
    number : int
        From 1, in order; of what is left out too.
    text : str
        As it stands there, line breaks as spaces.
    start, end : int
        Offsets into the text it was found in, or into the title.
    paragraph : int
        From 0; the title is -1.
    kind : str
        ``headline``, ``heading`` and ``body`` are read; ``dateline``, ``byline``, ``credit`` (who posted) and
        ``boilerplate`` ("Read next", share links) are left out.
    """

    number: int
    text: str
    start: int
    end: int
    paragraph: int
    kind: LineKind

    @property
    def read(self) -> bool:
        """Whether it belongs to the article."""
        return self.kind not in LEFT_OUT


def split_sentences(text: str, *, title: str = "", language: str = "en") -> list[Sentence]:
    """Split an article into sentences.

    Parameters
    ----------
    text : str
    title : str
        A headline that is not part of ``text``: the first sentence then, with offsets of its own.
    language : str
        Code that sentencex knows; kinds of lines are told by English words.

    Returns
    -------
    list of Sentence
        In order, without overlaps; every character outside them is space, a bullet or a lone emoji.
    """
    made: list[Sentence] = []
    if title.strip():
        start, end = _stripped(title, (0, len(title)))
        made.append(Sentence(1, _flat(title[start:end]), start, end, -1, "headline"))
    blocks = list(paragraphs(text))
    for number, (block, spans) in enumerate(_split(text, blocks, language)):
        kind = kind_of_line(
            _flat(text[slice(*block)]), first=number == 0 and not made, alone=len(blocks) == 1
        )
        for start, end in spans:
            inside = kind
            if kind == "body" and is_boilerplate(_flat(text[start:end])):
                inside = "boilerplate"
            made.append(Sentence(len(made) + 1, _flat(text[start:end]), start, end, number, inside))
    return made


def paragraphs(text: str) -> Iterator[Span]:
    """Yield the paragraphs of a text: its lines; where it is wrapped at a fixed width, runs of lines."""
    run: list[Span] = []
    for match in re.finditer(r"[^\r\n\u2028\u2029]+|(?:\r\n|[\r\n\u2028\u2029])", text):
        span = _stripped(text, match.span())
        if match.group() in ("\r\n", "\n", "\r", "\u2028", "\u2029"):
            continue
        if run and (
            not _filled(text, span) or "\n\n" in text[run[-1][1] : span[0]].replace("\r", "").replace(" ", "")
        ):
            yield from _joined(text, run)
            run = []
        if _filled(text, span):
            run.append(span)
    yield from _joined(text, run)


def _filled(text: str, span: Span) -> bool:
    return span[1] > span[0] and not text[span[0] : span[1]].isspace()


def _joined(text: str, run: list[Span]) -> Iterator[Span]:
    """Join lines that somebody wrapped: of about one length, most of them ending inside a sentence."""
    lengths = [end - start for start, end in run[:-1]]
    ends = [text[end - 1] not in '.!?:…"”’)»' for _, end in run[:-1]]
    short, long = _WRAPPED
    wrapped = bool(lengths) and all(short <= one <= long for one in lengths)
    if wrapped and sum(ends) * 2 > len(ends) and max(lengths) - min(lengths) <= 30:
        yield run[0][0], run[-1][1]
    else:
        yield from run


def _split(text: str, blocks: list[Span], language: str) -> Iterator[tuple[Span, list[Span]]]:
    for block in blocks:
        spans: list[Span] = []
        for part in _parts(text, block):
            spans += _sentences_of(text, part, language)
        yield block, spans


def _parts(text: str, span: Span) -> Iterator[Span]:
    """Cut what is too long to be looked at in one go, at a space where there is one."""
    start, end = span
    while end - start > _AT_ONCE:
        cut = text.rfind(" ", start + _AT_ONCE // 2, start + _AT_ONCE) + 1 or start + _AT_ONCE
        yield start, cut
        start = cut
    yield start, end


_BARE = re.compile(r"\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]\s*$")
_MORE_ENDS = re.compile(
    r"(?:[.!?…][)\]]|\w[.!?…]+)\s+(?=[#@\"“(][\w#@])|[.!?…][)\]]\s+(?=[A-Z])|[.!?]\s+(?=[\U0001F300-\U0001FAFF\u2600-\u27BF\U0001F1E6-\U0001F1FF])"
)
_INITIALS = re.compile(r"\b(?:[A-Z]\.|Mr\.|Mrs\.|Ms\.|Dr\.|Sen\.|Rep\.|Gov\.|No\.)\s+$")


def _sentences_of(text: str, span: Span, language: str) -> list[Span]:
    import sentencex

    piece = _flat(text[slice(*span)])
    marker = BULLET.match(piece)
    begin = marker.end() if marker and marker.end() < len(piece) else 0
    ends = _ends(sentencex.segment(language, piece[begin:]), begin)
    ends = _long_quotes_split(piece, ends, begin, language)
    ends = sorted({*_without_false(piece, ends, begin), *_overlooked(piece, begin), len(piece)})
    found: list[Span] = []
    start = begin
    for end in ends:
        one = _stripped(piece, (start, end))
        start = end
        if not re.search(r"\w", piece[slice(*one)]):
            continue
        if found and _is_tail(piece[slice(*one)]):
            found[-1] = (found[-1][0], one[1])
        else:
            found += _cut(piece, one)
    return [(span[0] + one[0], span[0] + one[1]) for one in found]


def _ends(pieces: list[str], begin: int) -> list[int]:
    ends, at = [], begin
    for piece in pieces:
        at += len(piece)
        ends.append(at)
    return ends


def _long_quotes_split(piece: str, ends: list[int], begin: int, language: str) -> list[int]:
    """A speech in quotes is kept whole; a long one is read sentence by sentence."""
    import sentencex

    made: list[int] = []
    start = begin
    for end in ends:
        if end - start > _QUOTED_AT_LENGTH and re.search('["“”]', piece[start:end]):
            bare = re.sub('["“”]', " ", piece[start:end])
            made += [_past_quote(piece, one) for one in _ends(sentencex.segment(language, bare), start)]
        else:
            made.append(end)
        start = end
    return made


def _past_quote(piece: str, end: int) -> int:
    """Leave a closing mark with the sentence before it."""
    while end > 1 and end < len(piece) and piece[end - 1] in '"“' and piece[end - 2].isspace():
        end -= 1
    while end < len(piece) and piece[end] == "”":
        end += 1
    return end


def _without_false(piece: str, ends: list[int], begin: int) -> list[int]:
    """Leave out ends inside a word ("D-W.Va.") and after the number of a list item."""
    kept, start = [], begin
    for end in ends:
        inside = (
            end < len(piece)
            and not piece[end - 1].isspace()
            and piece[end].isascii()
            and piece[end].isalnum()
        )
        if not inside and not _BARE.fullmatch(piece[start:end].strip()):
            kept.append(end)
            start = end
    return kept


def _overlooked(piece: str, begin: int) -> list[int]:
    return [
        match.end()
        for match in _MORE_ENDS.finditer(piece, begin)
        if not _INITIALS.search(piece, max(begin, match.end() - 12), match.end())
    ]


_TAIL = re.compile(
    r"(?:https?://\S+|pic\.twitter\.com/\S+|t\.co/\S+|\[\d+\])(?:\s+(?:https?://\S+|pic\.twitter\.com/\S+))*"
)


def _is_tail(text: str) -> bool:
    """A link that stands alone belongs to the sentence before it."""
    return _TAIL.fullmatch(text) is not None


def _cut(piece: str, span: Span) -> list[Span]:
    start, end = span
    found = []
    while end - start > LONGEST:
        cut = piece.rfind(" ", start + LONGEST // 2, start + LONGEST) + 1 or start + LONGEST
        found.append(_stripped(piece, (start, cut)))
        start = cut
    return [one for one in [*found, _stripped(piece, (start, end))] if one[1] > one[0]]


def _stripped(text: str, span: Span) -> Span:
    start, end = span
    inside = text[start:end]
    return start + len(inside) - len(inside.lstrip()), end - len(inside) + len(inside.rstrip())


def _flat(text: str) -> str:
    """Write line breaks as spaces, one character for one."""
    return re.sub(r"[\r\n\t\v\f\u2028\u2029\x85]", " ", text)
