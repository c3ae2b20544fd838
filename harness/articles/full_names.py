"""The sentences of an article in, the fullest form of every name that it gives a person out, by surname."""

from __future__ import annotations

from collections.abc import Sequence

from harness.articles.mentions import PartyMention
from harness.articles.sentences import Sentence
from harness.articles.speech import SpeechRules
from harness.articles.word_lists import NAMES, words_of

_FIRST = words_of("surnames_first", NAMES)


def fullest_names(
    sentences: Sequence[Sentence], mentions: Sequence[Sequence[PartyMention]], rules: SpeechRules
) -> dict[str, str]:
    """Map surnames to the fullest form of the name in an article.

    Of names that begin with a surname of China, Korea or Vietnam both ends count: "Lin" is "Lin Dawei".

    Parameters
    ----------
    sentences : sequence of Sentence, length n
    mentions : sequence of sequence of PartyMention, length n
    rules : SpeechRules
        Those of the article's language.
    """
    fullest: dict[str, str] = {}
    for sentence, in_sentence in zip(sentences, mentions, strict=True):
        # A byline names a person whose surname may come again.
        if sentence.in_article or sentence.kind == "byline":
            spans = [span for mention in in_sentence for span in mention.spans]
            for person in rules.people(sentence.text, spans):
                first = person.name.split(" ")[0]
                for surname in {person.surname, first} if first in _FIRST else {person.surname}:
                    previous = fullest.get(surname, "")
                    if " " in person.name and len(person.name) > len(previous):
                        fullest[surname] = person.name
    return fullest
