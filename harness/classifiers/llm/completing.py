"""Beginnings of sentences in, how much of their endings a language model writes out.

The instruction names the corpus, as in the guided completion of Golchin & Surdeanu (2024, Time travel in
LLMs, ICLR): a model that was trained on its sentences is then more likely to repeat them. What it writes is
compared and dropped; the store keeps the number alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.classifiers.llm.asking import Usage
from harness.classifiers.llm.options import LlmOptions
from harness.classifiers.llm.session import Session
from harness.classifiers.llm.transports import Answer, Question, Transport, chat_choice, chat_fields

OVERLAP = "overlap"
INSTRUCTION = (
    "You are shown the beginning of a sentence from the {part}"
    " rows of the corpus {corpus}. Finish the"
    " sentence exactly as it stands in that corpus. Write the rest of the sentence and nothing else."
    "\n\nBeginning: {text}"
)
TOKENS_PER_WORD = 3
"""Of an answer, at most: English words take fewer than two by the usual tokenizers."""


@dataclass(frozen=True)
class Beginning:
    """A sentence in two halves.

    Attributes
    ----------
    text, ending : str
        What is shown, and what should come after it.
    corpus, part : str
        Which the sentence is from: ``partyline``, ``test``.
    """

    text: str
    ending: str
    corpus: str
    part: str


@dataclass(frozen=True)
class _Completion(Question):
    ending: str = ""


def overlap(written: str, ending: str) -> float:
    """Return how much of an ending was written: ROUGE-L, F1 (Lin 2004), in [0, 1].

    Words are compared without case and punctuation; what was written beyond the ending's length does not
    count, since a model does not know where to stop.

    Examples
    --------
    >>> overlap("a bridge over the river, and more.", "the bridge over a river")
    0.6
    """
    wanted = _words(ending)
    given = _words(written)[: len(wanted)]
    if not wanted or not given:
        return 0.0
    # Length of the longest common subsequence, row by row.
    lengths = [0] * (len(wanted) + 1)
    for word in given:
        diagonal = 0
        for column, other in enumerate(wanted, start=1):
            above = lengths[column]
            lengths[column] = diagonal + 1 if word == other else max(above, lengths[column - 1])
            diagonal = above
    return 2 * lengths[-1] / (len(given) + len(wanted))


def overlaps(
    settings: LlmOptions, beginnings: Iterable[Beginning], usage: Usage, *, is_foreign: bool = False
) -> Iterator[float]:
    """Ask a model to finish sentences.

    Parameters
    ----------
    settings : LlmOptions
        Which model, where, at what price.
    beginnings : iterable of Beginning
    usage : Usage
        What it takes is counted there.
    is_foreign : bool
        See :class:`harness.classifiers.llm.session.Session`.

    Yields
    ------
    float
        The overlap of each, see :func:`overlap`; NaN where there is no answer.

    Raises
    ------
    ClassifierError
        Where the server cannot be asked.
    """
    with Session(settings, usage, is_foreign=is_foreign) as asker:
        for answer, *_ in asker.asked(COMPLETION, map(completion_of, beginnings)):
            yield answer.shares.get(OVERLAP, math.nan)


def completion_of(beginning: Beginning) -> Question:
    """Return what is asked of a beginning."""
    prompt = INSTRUCTION.format(part=beginning.part, corpus=beginning.corpus, text=beginning.text)
    return _Completion(prompt, "", (), read_with=beginning.ending, ending=beginning.ending)


def size_of(beginning: Beginning, max_tokens: int) -> tuple[int, int]:
    """Return the characters of a request, and the most tokens that its answer may have."""
    question = completion_of(beginning)
    return len(question.prompt), max(max_tokens, _limit(beginning.ending))


def _limit(ending: str) -> int:
    return TOKENS_PER_WORD * len(_words(ending))


def _fields(question: Question) -> dict[str, Any]:
    assert isinstance(question, _Completion)
    return {**chat_fields(question), "max_tokens": _limit(question.ending)}


def _read(data: Mapping[str, Any], question: Question) -> Answer:
    assert isinstance(question, _Completion)
    written = str(chat_choice(data)["message"]["content"]).rpartition("</think>")[2]
    return Answer({OVERLAP: overlap(written, question.ending)})


def _words(text: str) -> list[str]:
    return re.findall(r"\w+(?:['’]\w+)?", text.lower())


COMPLETION = Transport("completion", "/chat/completions", False, False, _fields, _read)
