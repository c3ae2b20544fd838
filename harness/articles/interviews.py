"""The sentences of an article in, who answers in it out: paragraphs that begin with *Q:* and *A:*.

An answer is its speaker's from the first sentence to the end of its paragraph, with or without quotation
marks; a question is the outlet's. Who answers is whom the text before the first question names first in full.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.articles.mentions import PartyMention
from harness.articles.sentences import Sentence
from harness.articles.speech import SpeechRules

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
