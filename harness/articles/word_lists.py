"""The word lists of ``english.txt`` in, sets of words and inflected verbs out.

The file has sections, ``[say]``; a line that begins with # is a comment.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

LISTS = Path(__file__).parent / "english.txt"


@cache
def _sections() -> dict[str, tuple[str, ...]]:
    sections: dict[str, list[str]] = {}
    words: list[str] = []
    for line in LISTS.read_text(encoding="utf-8").splitlines():
        heading = re.fullmatch(r"\[(\w+)\]", line)
        if heading is not None:
            words = sections.setdefault(heading.group(1), [])
        elif not line.startswith("#"):
            words += line.split()
    return {name: tuple(listed) for name, listed in sections.items()}


def words_of(section: str) -> frozenset[str]:
    """Return the words of a section of ``english.txt``."""
    return frozenset(_sections()[section])


# Past forms and participles that are not built with -ed, and those that double a letter before it.
_IRREGULAR = {
    "acquit": "acquitted",
    "admit": "admitted",
    "begin": "began begun",
    "bet": "bet",
    "brag": "bragged",
    "chant": "chanted",
    "concur": "concurred",
    "cry": "cried",
    "damn": "damned",
    "demur": "demurred",
    "dub": "dubbed",
    "extol": "extolled",
    "find": "found",
    "forecast": "forecast forecasted",
    "foresee": "foresaw foreseen",
    "foretell": "foretold",
    "forgive": "forgave forgiven",
    "fret": "fretted",
    "kid": "kidded",
    "label": "labelled labeled",
    "libel": "libelled",
    "pan": "panned",
    "prefer": "preferred",
    "purr": "purred",
    "put": "put",
    "quip": "quipped",
    "rap": "rapped",
    "rebut": "rebutted",
    "recollect": "recollected",
    "regret": "regretted",
    "rue": "rued",
    "say": "said",
    "see": "saw seen",
    "shrug": "shrugged",
    "sing": "sang sung",
    "slam": "slammed",
    "snap": "snapped",
    "sob": "sobbed",
    "submit": "submitted",
    "sum": "summed",
    "swear": "swore sworn",
    "tell": "told",
    "think": "thought",
    "tut": "tutted",
    "write": "wrote written",
}


def _inflected(verb: str) -> set[str]:
    """Return the forms of a verb: "say" gives say, says, saying, said."""
    stem = verb[:-1] if verb.endswith("e") else verb
    if verb.endswith("y") and verb[-2] not in "aeiou":
        third, regular = f"{verb[:-1]}ies", f"{verb[:-1]}ied"
    else:
        third = f"{verb}es" if verb.endswith(("s", "sh", "ch", "x", "z")) else f"{verb}s"
        regular = f"{stem}ed"
    pasts = _IRREGULAR.get(verb, regular).split()
    # "slam, slammed" doubles its last letter before -ing as well.
    doubled = [past[:-2] for past in pasts if past.endswith("ed") and past[-4] == past[-3] == verb[-1]]
    if verb in ("bet", "put"):
        doubled = [f"{verb}t"]
    return {verb, third, *(f"{base}ing" for base in doubled or [stem]), *pasts}


FORMS: dict[str, tuple[str, str]] = {
    form: (verb, kind) for kind in ("say", "judge") for verb in _sections()[kind] for form in _inflected(verb)
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
# Endings of nouns that name people ("baker", "unionist"); not those of "specimen", "illness", "cement".
AGENT_ENDING = re.compile(
    r"(?:er|or|ist|ian|(?<!hu)man|woman|(?<!peci)(?<!regi)(?<!speci)men|women|people|(?<!l)(?<!n)ess|eer|ant|(?<!m)ent)(?:s|es)?$"
)
