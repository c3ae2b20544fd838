"""The sentences of minutes, debates and dialogues in, whose turn each of them belongs to out.

In minutes the lines of speakers begin with their names ("Mr Bray: ..."), in a dialogue of French or Spanish
with a dash. What stands in a line is its speaker's to the end, and so are lines without a name that follow it
up to the next speaker.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.articles.sentences import Sentence
from harness.articles.text_kinds import SPEAKER, first_of_lines

# "—No es verdad —dijo": a dash right before the first word; behind one with a space stands an item of a list.
_DASH = re.compile(r"[—–][\w¿¡«“\"]")
# "(Applause)": what happens in between.
_ASIDE = re.compile(r"[(\[].*[)\]][.!]?")


def is_dash(sentence: Sentence) -> bool:
    """Whether a sentence opens somebody's turn in a dialogue with a dash."""
    return _DASH.match(sentence.text) is not None


def quoted_lines(sentences: Sequence[Sentence]) -> frozenset[int]:
    """Return the indices of the sentences in lines that begin with ">", as mail and Markdown quote."""
    paragraphs = {each.paragraph for each in first_of_lines(sentences) if each.text.startswith("> ")}
    return frozenset(n for n, sentence in enumerate(sentences) if sentence.paragraph in paragraphs)


def turns(sentences: Sequence[Sentence], *, transcript: bool) -> dict[int, int]:
    """Find the sentences that go on with somebody's turn.

    Parameters
    ----------
    sentences : sequence of Sentence
        All of an article.
    transcript : bool
        Whether its lines begin with their speakers; else only a line with a dash is a turn.

    Returns
    -------
    dict
        Index of a sentence → that of the sentence which opens the turn. Lines after the last speaker's are
        not in it: there the writer may speak again.
    """
    opening: int | None = None
    opened_by: dict[int, int] = {}
    last = max((n for n, each in enumerate(sentences) if transcript and SPEAKER.match(each.text)), default=-1)
    for number, sentence in enumerate(sentences):
        begins = number == 0 or sentence.paragraph != sentences[number - 1].paragraph
        if begins and (SPEAKER.match(sentence.text) if transcript else is_dash(sentence)):
            opening = number
            continue
        if sentence.kind != "body" or (begins and (not transcript or number > last)):
            opening = None
        if opening is not None and not _ASIDE.fullmatch(sentence.text):
            opened_by[number] = opening
    return opened_by
