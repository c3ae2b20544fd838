"""The sentences of an article in, what kind of text it is out: minutes, posts, a press release."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from harness.articles.quotations import blank_quotations
from harness.articles.sentences import Sentence
from harness.articles.word_lists import NOT_PEOPLE, either

SPEAKER = re.compile(
    r"^(?P<who>(?:\S+\s+)?(?:The |Mr |Mrs |Ms |Miss |Dr )?[A-ZÀ-ÖØ-Þ][\w’'-]+(?: [\w’'-]+){0,5})"
    r"(?:,(?: [\w’'-]+){1,5})?(?: \([^()]{1,40}\))*\s?: "
)
"""The speaker of a line of minutes: "Mr Bray: ", "Mr Bray (Tilla) (CU): ", "Jon Bray, Harbour Minister: "."""

# An organisation with a verb in the present: "The Guild of Bakers thanks", "Harbour Tenants today demands".
_NAMES_ITSELF = re.compile(
    rf"(?=[^,.;:]*?(?:[a-z]\s+(?:and|of|for)\s+(?:[a-z]+\s+)?[A-Z]|\b(?:{either('organisations')})\b))"
    r"(?:The\s+)?(?:[A-Z][\w’'-]*\s+(?:(?:and|of|for|the|in)\s+)*){2,8}(?:today\s+|now\s+|hereby\s+)?[a-z]+s\b"
)
# How a post begins.
_HANDLE = re.compile(r"^@\w+:|#\w|^RT @")


def is_transcript(sentences: Sequence[Sentence]) -> bool:
    """Whether lines begin with their speakers, as in minutes and debates.

    Most of them do; or a quarter do, and two speakers or more come again, as where turns have several lines.
    Labels that do not come again are topics unless they are names: "Weather: ...", "By the numbers: ...". In
    a press conference somebody answers, twice or more, what those before ask.
    """
    body = [sentence for sentence in first_of_lines(sentences) if sentence.kind == "body"]
    speakers = [match["who"] for match in map(SPEAKER.match, (each.text for each in body)) if match]
    again = [number for number in Counter(speakers).values() if number > 1]
    named = sum(map(_is_name, speakers)) * 2 >= len(speakers)
    most = len(speakers) * 2 > len(body) and (named or bool(again))
    answers = Counter(_answering(sentences))
    answered = any(number > 1 and " " in who for who, number in answers.items())
    return len(body) > 2 and (most or answered or (len(again) > 1 and sum(again) * 4 >= len(body)))


def _is_name(label: str) -> bool:
    """Whether a label of two words or more is a name or an office: "Ada Orrin", not "Supreme Court"."""
    words = label.split()
    return (
        len(words) > 1
        and words[-1][0].isupper()
        # "The Gazette" asks; of other names none has such a word.
        and (words[0] == "The" or not NOT_PEOPLE & {word.lower() for word in words})
    )


def _answering(sentences: Sequence[Sentence]) -> Iterator[str]:
    """Yield the speaker of each line behind a line with another speaker that ends with a question."""
    groups = itertools.groupby(sentences, key=lambda sentence: sentence.paragraph)
    for question, answer in itertools.pairwise(list(group) for _, group in groups):
        asks, answers = SPEAKER.match(question[0].text), SPEAKER.match(answer[0].text)
        if asks and answers and asks["who"] != answers["who"] and question[-1].text.endswith("?"):
            yield answers["who"]


def first_of_lines(sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return the sentence with which each line begins."""
    groups = itertools.groupby(sentences, key=lambda sentence: sentence.paragraph)
    return [next(group) for _, group in groups]


def are_posts(sentences: Sequence[Sentence]) -> bool:
    """Whether the text is a thread of posts, each its author's own.

    Most sentences begin with a handle; or a handle stands in the first three lines, and most lines begin in
    lower case or end without a full stop.
    """
    in_article = [sentence for sentence in sentences if sentence.in_article]
    handles = sum(bool(_HANDLE.match(sentence.text)) for sentence in in_article)
    informal = sum(
        sentence.text[:1].islower() or not re.search(r"[.!?…”\"')]$", sentence.text)
        for sentence in in_article
        if sentence.kind == "body"
    )
    announced = any(re.search(r"@\w+", sentence.text) for sentence in sentences[:3])
    return bool(in_article) and (
        handles * 2 > len(in_article) or (announced and informal * 2 > len(in_article))
    )


def opening_of_release(sentences: Sequence[Sentence]) -> Sentence | None:
    """Return the first sentence of a press release: a text whose writer speaks as "we" at least twice."""
    body = [sentence for sentence in sentences if sentence.in_article and sentence.kind == "body"]
    ours = sum(
        re.search(r"\b(?:[Ww]e|[Oo]ur|us)\b", blank_quotations(sentence.text)) is not None
        for sentence in body
    )
    return body[0] if ours >= 2 else None


def names_itself(sentence: Sentence) -> bool:
    """Whether an organisation is the subject of a sentence: "The Guild of Bakers thanks Varna"."""
    return _NAMES_ITSELF.match(sentence.text) is not None
