"""The lists of ``en.yaml`` and ``names.yaml`` in, sets of words, parts of patterns and forms of verbs out."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from harness.articles.language_files import own_folder, read_language, read_names
from harness.values.errors import ArticleError, Problem

ENGLISH, NAMES = "en", "names"
"""The files whose lists are read here: ``languages/en.yaml`` and ``names.yaml``."""


@cache
def _lists(file: str) -> dict[str, Any]:
    return read_names() if file == NAMES else read_language(file)


def words_of(key: str, file: str = ENGLISH) -> frozenset[str]:
    """Return the words of a list."""
    return frozenset(_lists(file)[key])


def either(key: str, file: str = ENGLISH) -> str:
    r"""Return the words or phrases of a list as alternatives of a regular expression.

    In a phrase a space is any white space, brackets group without capturing, and ``{views}`` stands for the
    alternatives of another list.

    Parameters
    ----------
    key : str
    file : {"en", "names"}

    Returns
    -------
    str
        ``said|no\s+one``: to be put into brackets.

    Raises
    ------
    ArticleError
        Where a phrase of a file of your own is no regular expression.
    """
    alternatives = [_alternative(phrase, file) for phrase in _lists(file)[key]]
    if own_folder() is not None:
        for phrase in alternatives:
            try:
                re.compile(phrase)
            except re.error as error:
                what = f"has {phrase!r}, which is no regular expression: {error}"
                raise ArticleError([Problem(f"{file}.yaml: {key}", what)]) from error
    return "|".join(alternatives)


def _alternative(phrase: str, file: str) -> str:
    # A space inside square brackets is one.
    spaced = re.sub(r"\[[^\]]*\]| ", lambda match: r"\s+" if match.group() == " " else match.group(), phrase)
    grouped = re.sub(r"(?<!\\)\((?!\?)", "(?:", spaced)
    return re.sub(r"\{([a-z_]+)\}", lambda match: f"(?:{either(match.group(1), file)})", grouped)


def _inflected(verb: str) -> set[str]:
    """Return the forms of a verb: "say" gives say, says, saying, said."""
    stem = verb[:-1] if verb.endswith("e") else verb
    if verb.endswith("y") and verb[-2] not in "aeiou":
        third, regular = f"{verb[:-1]}ies", f"{verb[:-1]}ied"
    else:
        third = f"{verb}es" if verb.endswith(("s", "sh", "ch", "x", "z")) else f"{verb}s"
        regular = f"{stem}ed"
    pasts = _lists(ENGLISH)["irregular"].get(verb, regular).split()
    # "slam, slammed" doubles its last letter before -ing as well.
    doubled = [past[:-2] for past in pasts if past.endswith("ed") and past[-4] == past[-3] == verb[-1]]
    if verb in ("bet", "put"):
        doubled = [f"{verb}t"]
    return {verb, third, *(f"{base}ing" for base in doubled or [stem]), *pasts}


FORMS: dict[str, tuple[str, str]] = {
    form: (verb, kind)
    for kind in ("say", "judge")
    for verb in _lists(ENGLISH)[kind]
    for form in _inflected(verb)
}
"""Every inflected form of a verb → the verb, and whether it is one of saying or of judging."""

# Forms that may be past participles: "described by Ruhl as arsonists".
PARTICIPLES = frozenset(
    form for form in FORMS if form.endswith(("ed", "en", "ld", "ought")) or form in ("put", "found")
)
NOUNS, WITH_CLAUSE, WEAK_JUDGES = words_of("nouns"), words_of("with_clause"), words_of("weak_judges")
STAFF, OFFICES, TITLES = words_of("staff"), words_of("offices"), words_of("titles")
DOCUMENTS, CAPITALS = words_of("documents"), words_of("capitals")
NOT_PEOPLE, AGENTS, NO_AGENTS, NO_HEAD = (
    words_of(name) for name in ("not_people", "agents", "no_agents", "no_head")
)
# Endings of nouns that name people: "baker", "unionists".
AGENT_ENDING = re.compile(rf"(?:{either('agent_endings')})(?:s|es)?$")
