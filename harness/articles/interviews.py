"""The sentences of an article in, who answers in it out: "Q: ..." and "A: ...", or questions without letters.

An answer is its speaker's from the first sentence to the end of its paragraph, with or without quotation
marks; a question is the outlet's. Who answers is whom the text before the first question names first in full.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from harness.articles.mentions import PartyMention
from harness.articles.sentences import Sentence
from harness.articles.speech import SpeechRules
from harness.articles.word_lists import either

# English, German, French, Spanish.
_QUESTION = re.compile(r"(?:Q|Question|Interviewer|F|Frage|P|Pregunta)\s?[:.]\s", re.IGNORECASE)
_ANSWER = re.compile(r"(?:A|Answer|Antwort|R|Réponse|Respuesta)\s?[:.]\s", re.IGNORECASE)
MIN_TURNS = 2
"""Questions, and as many answers: one letter with a colon may be anything."""


def answered(sentences: Sequence[Sentence]) -> tuple[int, frozenset[int]] | None:
    """Find the answers of an interview.

    Returns
    -------
    (int, frozenset of int) or None
        The index of the first sentence of a question or an answer, and the indices of all sentences of
        answers; None where the text is no interview.
    """
    first: dict[int, int] = {}
    for index, sentence in enumerate(sentences):
        first.setdefault(sentence.paragraph, index)
    questions = [n for n in first.values() if _QUESTION.match(sentences[n].text)]
    answers = {n for n in first.values() if _ANSWER.match(sentences[n].text)}
    if min(len(questions), len(answers)) < MIN_TURNS:
        return None
    paragraphs = {sentences[n].paragraph for n in answers}
    spoken = frozenset(n for n, sentence in enumerate(sentences) if sentence.paragraph in paragraphs)
    return min(*questions, *answers), spoken


# "An interview with", "spoke to"; how somebody is addressed, and how somebody answers.
_INTERVIEW = re.compile(rf"(?i)\b(?:{either('interviews')})\b")
_ADDRESSED = re.compile(r"(?i)\byour?s?\b")
_FIRST_PERSON = re.compile(r"\b(?:I|[Ww]e|[Mm]y|[Oo]ur|us|me)\b")
# Paragraphs before the first question that may say that it is an interview, the headline included.
_MAX_OPENING = 6
_MIN_QUESTIONS = 3


def answered_without_labels(sentences: Sequence[Sentence]) -> tuple[int, frozenset[int]] | None:
    """Find the answers of an interview in English whose questions are paragraphs of their own.

    Three questions or more, one of which says "you"; half of the answers are in the first person; and what
    stands before or behind says that somebody was interviewed. A question is the outlet's, even where it adds
    a remark. Of what follows the last one, the first paragraph is the answer.

    Returns
    -------
    (int, frozenset of int) or None
        As of :func:`answered`.
    """
    numbered = [(n, each) for n, each in enumerate(sentences) if each.in_article]
    groups = itertools.groupby(numbered, key=lambda pair: pair[1].paragraph)
    paragraphs = [list(group) for _, group in groups]
    texts = [" ".join(sentence.text for _, sentence in paragraph) for paragraph in paragraphs]
    asking = [n for n, paragraph in enumerate(paragraphs) if _asks([each.text for _, each in paragraph])]
    if len(asking) < _MIN_QUESTIONS or asking[0] > _MAX_OPENING:
        return None
    answers = [
        range(question + 1, following)
        for question, following in itertools.pairwise([*asking, asking[-1] + 2])
    ]
    first_person = [
        any(_FIRST_PERSON.search(text) for text in texts[answer.start : answer.stop]) for answer in answers
    ]
    announced = _INTERVIEW.search(" ".join([*texts[: asking[0]], texts[-1]])) is not None
    addressed = any(_ADDRESSED.search(texts[question]) for question in asking)
    if not (announced and addressed and sum(first_person) * 2 >= len(answers)):
        return None
    spoken = [
        n for answer in answers for paragraph in paragraphs[answer.start : answer.stop] for n, _ in paragraph
    ]
    return paragraphs[asking[0]][0][0], frozenset(spoken)


def _asks(texts: Sequence[str]) -> bool:
    """Whether a paragraph is a question: it ends with one, or opens with one and adds a remark."""
    if len(texts) > 3 or any(mark in text for text in texts for mark in '“”"'):
        return False
    remarks = len(texts) == 2 and texts[0].endswith("?") and not _FIRST_PERSON.search(" ".join(texts))
    return texts[-1].endswith("?") or remarks


def who_answers(
    sentences: Sequence[Sentence], mentions: Sequence[Sequence[PartyMention]], rules: SpeechRules, until: int
) -> tuple[str, PartyMention | None]:
    """Return whom the text before an interview names first in full; of a leader, the party's mention too.

    The name is empty where it names nobody.
    """
    for sentence, in_sentence in zip(sentences[:until], mentions[:until], strict=True):
        spans = [span for mention in in_sentence for span in mention.spans]
        people = [(person.start, person.name, None) for person in rules.people(sentence.text, spans)]
        leaders = [
            (mention.spans[0][0], mention.leader, mention) for mention in in_sentence if mention.leader
        ]
        named = [each for each in (*people, *leaders) if " " in each[1]]
        if named:
            _, name, mention = min(named, key=lambda each: each[0])
            return name, mention
    return "", None
