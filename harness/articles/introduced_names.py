"""Sentences and the forms in them in, the short names out that the article gives to parties in brackets.

"The Harbour Defence League (HDL)" makes HDL that party from there on, and "the Social Democrats (SPD)" makes
the Social Democrats the SPD, whoever else bears that name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness.articles.sentences import Sentence
from harness.articles.word_lists import NAMES, words_of
from harness.values.parties import Form
from harness.values.parties.forms import Meaning

_ACRONYM = re.compile(r"\s\(([A-Z][A-Za-z&]{0,5}[A-Z])\)")
# "Social Democrats (", "Coastal Party (": of one word alone too many parties are called.
_NAME = re.compile(r"((?:[A-ZÀ-ÖØ-Þ][\w’'-]+\s+){1,4}[A-ZÀ-ÖØ-Þa-z][\w’'-]+)\s\($")
_NOUNS = words_of("party_nouns", NAMES) | words_of("ends_of_parties", NAMES)


def add_introduced(sentences: Sequence[Sentence], forms: list[list[Form]]) -> None:
    """Add, in place, the names that an article introduces in brackets, from their introduction on.

    Parameters
    ----------
    sentences : sequence of Sentence, length n
        In order.
    forms : list of list of Form, length n
        Of each sentence, in order; changed. What is certain stays.
    """
    names: dict[str, Meaning] = {}
    for sentence, in_sentence in zip(sentences, forms, strict=True):
        for form in list(in_sentence):
            if form.certain is not None and not form.certain.leader:
                names |= {
                    name: Meaning(form.certain.party, "name") for name in _introduced(sentence.text, form)
                }
        for name, meaning in names.items():
            for match in re.finditer(rf"(?<![\w-]){re.escape(name)}(?!\w)", sentence.text):
                if not _of_a_state(sentence.text, match.start(), in_sentence):
                    _add(in_sentence, Form(*match.span(), (meaning,)))


def _introduced(text: str, form: Form) -> Iterator[str]:
    name = text[form.start : form.end]
    acronym = _ACRONYM.match(text, form.end)
    # "VARNA (AP)", "Fidesz (ECR)": an agency, a group; an acronym has the letters of the name.
    if acronym is not None and acronym[1] in _initials(name):
        yield acronym[1]
    before = _NAME.search(text[: form.start]) if text[form.end : form.end + 1] == ")" else None
    if before is not None:
        last = before[1].split()[-1]
        # "Ada Orrin (SPD)" is a member: a name is a plural or has a noun, and letters in common.
        if (last.endswith("s") or last.title() in _NOUNS) and _has_letters(before[1], name):
            yield before[1].removeprefix("The ")


def _initials(name: str) -> set[str]:
    """Return the acronyms of a name, with its small words and without."""
    words = re.findall(r"[^\W\d_]+", name)
    large = [word for word in words if word[0].isupper()]
    return {"".join(word[0].upper() for word in each) for each in (words, large)}


def _has_letters(name: str, acronym: str) -> bool:
    """Whether the large words of a name begin with letters of an acronym, in order."""
    letters = iter(acronym.upper())
    return all(word[0] in letters for word in name.split() if word[0].isupper() and word != "The")


def _of_a_state(text: str, start: int, in_sentence: Sequence[Form]) -> bool:
    """Whether a name right before says that it is somebody else's: "Varna's Social Democrats"."""
    return any(
        re.fullmatch(r"(?:[’']s?)?\s", text[form.end : start]) is not None
        and (form.certain is None or not form.certain.leader)
        for form in in_sentence
    )


def _add(in_sentence: list[Form], form: Form) -> None:
    """Put a form among those of a sentence, for what is less certain there."""
    over = [each for each in in_sentence if each.start < form.end and form.start < each.end]
    if any(each.certain is not None or each.end - each.start > form.end - form.start for each in over):
        return
    in_sentence[:] = sorted(
        [*(each for each in in_sentence if each not in over), form], key=lambda each: each.start
    )
